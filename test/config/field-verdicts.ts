/**
 * What becomes of every field of Sveltos' own documents, and where that is shown. A field is judged by the longest name that
 * it begins with; docs/sveltos-fields.md says the same, row by row.
 */
export type Verdict =
  /** It has its effect in what is rendered, as this test shows. */
  | { readonly rendered: string }
  /** Delivery makes something of it, as this test shows. */
  | { readonly delivered: string }
  /** It says nothing that would not happen anyway. */
  | { readonly harmless: string }
  /** In a document whose only fault it is: a value that is warned of. */
  | { readonly warned: string }
  /** Where delivery would have to heed it, it is a warning, as this test shows. */
  | { readonly undelivered: string };

const references: Verdict = { rendered: "test/render/references.test.ts" };
const patches: Verdict = { rendered: "test/render/patches.test.ts" };
const mergePatches: Verdict = { rendered: "test/render/merge-patches.test.ts" };
const loading: Verdict = { rendered: "test/config/load-catalog.test.ts" };
const matching: Verdict = { rendered: "test/events/match-event.test.ts" };
const clusters: Verdict = { rendered: "test/model/profile-clusters.test.ts" };
const asShown: Verdict = { harmless: "a cluster is told by namespace and name" };
const delivered: Verdict = { delivered: "test/delivery/charts.test.ts" };
const rendersCharts: Verdict = { rendered: "test/render/charts.test.ts" };
const undelivered: Verdict = { undelivered: "test/delivery/charts.test.ts" };
const check = (kind: string): Verdict => ({ warned: `${kind}: [{name: a, featureID: Resources}]` });
const inResource = (field: string): Verdict => ({
  warned: `templateResourceRefs: [{identifier: a, optional: true, resource: {apiVersion: v1, kind: Secret, name: a, ${field}: "1"}}]`,
});
const ofReference = (name: string) =>
  Object.fromEntries(
    ["apiVersion", "kind", "fieldPath", "resourceVersion", "uid"].map((field) => [`${name}.${field}`, asShown]),
  );

/** Of whatever renders. */
const owners: Readonly<Record<string, Verdict>> = {
  policyRefs: references,
  "policyRefs[].path": { warned: "policyRefs: [{kind: ConfigMap, namespace: a, name: b, optional: true, path: c}]" },
  "policyRefs[].deploymentType": { rendered: "test/pipeline/local.test.ts" },
  "policyRefs[].tier": { rendered: "test/plan/claims.test.ts" },
  "policyRefs[].remoteURL": { warned: "policyRefs: [{remoteURL: {url: 'https://a'}}]" },
  helmCharts: delivered,
  "helmCharts[].helmChartAction": rendersCharts,
  "helmCharts[].releaseName": rendersCharts,
  "helmCharts[].releaseNamespace": rendersCharts,
  "helmCharts[].values": rendersCharts,
  "helmCharts[].valuesFrom": rendersCharts,
  "helmCharts[].options.dependencyUpdate": undelivered,
  "helmCharts[].options.description": undelivered,
  "helmCharts[].options.enableClientCache": undelivered,
  "helmCharts[].options.labels": undelivered,
  "helmCharts[].options.upgradeOptions.recreate": undelivered,
  "helmCharts[].options.upgradeOptions.resetThenReuseValues": undelivered,
  "helmCharts[].options.upgradeOptions.resetValues": { harmless: "releases are upgraded so anyway" },
  "helmCharts[].options.upgradeOptions.subNotes": undelivered,
  "helmCharts[].provenanceVerification": undelivered,
  "helmCharts[].registryCredentialsConfig.insecureSkipTLSVerify": undelivered,
  "helmCharts[].registryCredentialsConfig.key": undelivered,
  kustomizationRefs: delivered,
  "kustomizationRefs[].deploymentType": rendersCharts,
  "kustomizationRefs[].optional": undelivered,
  "kustomizationRefs[].remoteURL": { warned: "kustomizationRefs: [{remoteURL: {url: 'oci://a'}}]" },
  "kustomizationRefs[].skipNamespaceCreation": rendersCharts,
  "kustomizationRefs[].tier": undelivered,
  "kustomizationRefs[].values": undelivered,
  "kustomizationRefs[].valuesFrom": undelivered,
  templateResourceRefs: references,
  "templateResourceRefs[].resource.fieldPath": inResource("fieldPath"),
  "templateResourceRefs[].resource.resourceVersion": inResource("resourceVersion"),
  "templateResourceRefs[].resource.uid": inResource("uid"),
  "templateResourceRefs[].ignoreStatusChanges": { harmless: "status never counts" },
  "templateResourceRefs[].watchFields": { harmless: "what renders alike is no change" },
  syncMode: { rendered: "test/plan/apply-event.test.ts" },
  tier: { rendered: "test/plan/claims.test.ts" },
  continueOnConflict: { rendered: "test/plan/claims.test.ts" },
  stopMatchingBehavior: { rendered: "test/plan/apply-event.test.ts" },
  dependsOn: { rendered: "test/plan/compare-catalogs/profiles.test.ts" },
  extraLabels: loading,
  extraAnnotations: loading,
  patches,
  patchesFrom: mergePatches,
  driftExclusions: { warned: "driftExclusions: [{paths: [/a]}]" },
  preDeployChecks: check("preDeployChecks"),
  validateHealths: check("validateHealths"),
  preDeleteChecks: check("preDeleteChecks"),
  postDeleteChecks: check("postDeleteChecks"),
  reloader: { warned: "reloader: true" },
  maxUpdate: { warned: "maxUpdate: 3" },
};

const profiles: Readonly<Record<string, Verdict>> = {
  clusterSelector: clusters,
  clusterRefs: clusters,
  ...ofReference("clusterRefs[]"),
  setRefs: { rendered: "test/model/profile-clusters.test.ts" },
  ...owners,
  "helmCharts[].options.installOptions.recoverAfterConsecutiveFailures": undelivered,
  continueOnError: { warned: "continueOnError: true" },
  maxConsecutiveFailures: { warned: "maxConsecutiveFailures: 3" },
};

const sets: Readonly<Record<string, Verdict>> = {
  clusterSelector: { rendered: "test/events/match-event.test.ts" },
  clusterRefs: { rendered: "test/events/match-event.test.ts" },
  ...ofReference("clusterRefs[]"),
  maxReplicas: { rendered: "test/config/choose-replicas.test.ts" },
};

export const fieldVerdicts: Readonly<Record<string, Readonly<Record<string, Verdict>>>> = {
  EventSource: {
    messagingMatchCriteria: matching,
    resourceSelectors: { warned: "resourceSelectors: [{group: '', version: v1, kind: Pod}]" },
    aggregatedSelection: { warned: "aggregatedSelection: a" },
    collectResources: { warned: "collectResources: true" },
  },
  EventTrigger: {
    eventSourceName: matching,
    sourceClusterSelector: matching,
    clusterSetRefs: matching,
    destinationClusterSelector: matching,
    destinationCluster: matching,
    ...ofReference("destinationCluster"),
    oneForEvent: { rendered: "test/pipeline/aggregates.test.ts" },
    cloudEventAction: loading,
    ...owners,
    configMapGenerator: references,
    secretGenerator: references,
    profileNameFormat: { warned: "profileNameFormat: a" },
  },
  ClusterProfile: profiles,
  Profile: profiles,
  ClusterSet: sets,
  Set: sets,
};

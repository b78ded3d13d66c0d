/** Charts of a profile `p` on one cluster, and what a hub is given for them. */
import { expect } from "vitest";
import { loadCatalog } from "../../src/config/load-catalog.ts";
import { deliverChart } from "../../src/delivery/charts/deliver-chart.ts";
import type { Catalog } from "../../src/model/catalog.ts";
import type { HubDelivery } from "../../src/model/hub-delivery.ts";
import { objectPath } from "../../src/plan/paths.ts";
import { renderProfile } from "../../src/render/render-profile.ts";

const base = `apiVersion: lib.projectsveltos.io/v1beta1
kind: SveltosCluster
metadata: {name: eu-1, namespace: fleet, labels: {env: prod}}
spec: {kubeconfigName: eu, kubeconfigKeyName: re-kubeconfig}
---
apiVersion: v1
kind: Secret
metadata: {name: more, namespace: default}
stringData: {values.yaml: "password: hunter2"}
---
`;
export const profile = (name: string, spec: string) =>
  `apiVersion: config.projectsveltos.io/v1beta1\nkind: ClusterProfile\nmetadata: {name: ${name}}\nspec:\n  clusterSelector: {matchLabels: {env: prod}}\n${spec.replace(/^(?=.)/gm, "  ")}\n---\n`;
export const catalogOf = (...profiles: string[]): Catalog => {
  const { value, problems } = loadCatalog([{ path: "a.yaml", text: base + profiles.join("") }], {
    compatibility: "strict",
  });
  expect(problems.filter(({ severity }) => severity === "error")).toEqual([]);
  return value;
};
const settings = { secrets: "plain" as const, instance: "sluice" };
export const output = { stateId: "0123456789abcdef", outputPath: "rendered", instance: "sluice" };

/** By path, what a profile `p` has a hub apply of its charts. */
export function renderDelivered(spec: string, delivery: HubDelivery): ReadonlyMap<string, string> {
  const catalog = catalogOf(profile("p", spec));
  const [cluster] = catalog.clusters.values();
  const [owner] = catalog.profiles.values();
  const [rendering] = renderProfile(catalog, owner!, [cluster!], "hash", settings);
  if (rendering?.action !== "Create") throw new Error(JSON.stringify(rendering));
  const files = new Map<string, string>();
  for (const { identity, text } of rendering.manifests) {
    const path = objectPath("fleet/eu-1", owner!.owner, identity, { shards: 0, buckets: 1 });
    const delivered = deliverChart(path, text, cluster!, delivery, "sluice");
    if (delivered?.source !== undefined) files.set(`${delivered.folder}/sluice-source.yaml`, delivered.source);
    for (const [file, written] of delivered?.files ?? []) files.set(file, written);
  }
  return files;
}

export const http = "repositoryURL: https://charts.example.com, repositoryName: ex, chartName: ex/tenant";
export const oci = "repositoryURL: oci://registry.example.com/charts, chartName: tenant";
export const release = "releaseName: red, releaseNamespace: tenants";
export const everyOption = `options:
  atomic: true
  dependencyUpdate: true
  description: d
  disableHooks: true
  disableOpenAPIValidation: true
  enableClientCache: true
  installOptions: {createNamespace: false, disableHooks: true, recoverAfterConsecutiveFailures: 3, replace: false, takeOwnership: true}
  labels: {a: b}
  passCredentialsAll: true
  postRenderStrategy: combined
  runTests: true
  skipCRDs: true
  skipSchemaValidation: true
  timeout: 7m0s
  uninstallOptions: {deletionPropagation: foreground, disableHooks: true, keepHistory: true}
  upgradeOptions: {cleanupOnFail: true, disableHooks: true, force: true, maxHistory: 5, recreate: true, resetThenReuseValues: true, resetValues: true, reuseValues: true, subNotes: true, takeOwnership: true, upgradeCRDs: true}
  wait: true
  waitForJobs: true
registryCredentialsConfig: {ca: {namespace: fleet, name: ca}, credentials: {namespace: fleet, name: credentials}, insecureSkipTLSVerify: true, key: k, plainHTTP: true}
signatureVerification: {provider: Keyless, secretRef: {namespace: fleet, name: cosign}, matchOIDCIdentity: [{issuer: i, subject: s}]}
provenanceVerification: {keyringSecretRef: {namespace: fleet, name: keyring}}
values: "a: 1"`;
export const entry = (repository: string, more: string) =>
  `helmCharts:\n- ${`{${repository}, chartVersion: 1.2.3, ${release}}`.replace(/[{}]/g, "").split(", ").join("\n  ")}\n${more.replace(/^(?=.)/gm, "  ")}\n`;
export const around = `syncMode: ContinuousWithDriftDetection
driftExclusions:
- {paths: [/spec/replicas], target: {group: apps, version: v1, kind: Deployment}}
- {paths: [/a], target: {kind: Secret, labelSelector: "a=b"}}
maxConsecutiveFailures: 4
extraLabels: {team: a}
extraAnnotations: {owner: b}
patches:
- {patch: "- {op: remove, path: /spec/replicas}", target: {kind: Deployment, name: .*}}
`;

/** Every field of Sveltos' EventTrigger: whether it is rendered, and the test that shows it; or that using it is a warning. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadCatalog } from "../../src/config/load-catalog.ts";
import { findProjectRoot } from "../tools/find-project-root.ts";
import { readKeptFields } from "../tools/sveltos-fields.ts";

type Verdict =
  /** By this test. */
  | { readonly rendered: string }
  /** It says nothing that would not happen anyway. */
  | { readonly harmless: string }
  /** In a document whose only fault it is: a value that is warned of. */
  | { readonly warned: string };

const references = { rendered: "test/render/references.test.ts" };
const charts = { rendered: "test/render/charts.test.ts" };
const patches = { rendered: "test/render/patches.test.ts" };
const loading = { rendered: "test/config/load-catalog.test.ts" };
const check = (kind: string): Verdict => ({ warned: `${kind}: [{name: a, featureID: Resources}]` });
const inResource = (field: string): Verdict => ({
  warned: `templateResourceRefs: [{identifier: a, optional: true, resource: {apiVersion: v1, kind: Secret, name: a, ${field}: "1"}}]`,
});

/** A field is judged by the longest name that it begins with. */
const verdicts: Readonly<Record<string, Verdict>> = {
  eventSourceName: { rendered: "test/events/match-event.test.ts" },
  sourceClusterSelector: { rendered: "test/events/match-event.test.ts" },
  clusterSetRefs: { rendered: "test/events/match-event.test.ts" },
  destinationClusterSelector: { rendered: "test/events/match-event.test.ts" },
  destinationCluster: { rendered: "test/events/match-event.test.ts" },
  "destinationCluster.apiVersion": { harmless: "a cluster is told by namespace and name" },
  "destinationCluster.kind": { harmless: "a cluster is told by namespace and name" },
  "destinationCluster.fieldPath": { harmless: "a cluster is told by namespace and name" },
  "destinationCluster.resourceVersion": { harmless: "a cluster is told by namespace and name" },
  "destinationCluster.uid": { harmless: "a cluster is told by namespace and name" },
  oneForEvent: { rendered: "test/pipeline/aggregates.test.ts" },
  cloudEventAction: loading,
  policyRefs: references,
  "policyRefs[].path": { warned: "policyRefs: [{kind: ConfigMap, namespace: a, name: b, optional: true, path: c}]" },
  "policyRefs[].tier": { warned: "policyRefs: [{kind: ConfigMap, namespace: a, name: b, optional: true, tier: 5}]" },
  "policyRefs[].remoteURL": { warned: "policyRefs: [{remoteURL: {url: 'https://a'}}]" },
  helmCharts: charts,
  kustomizationRefs: charts,
  templateResourceRefs: references,
  "templateResourceRefs[].resource.fieldPath": inResource("fieldPath"),
  "templateResourceRefs[].resource.resourceVersion": inResource("resourceVersion"),
  "templateResourceRefs[].resource.uid": inResource("uid"),
  "templateResourceRefs[].ignoreStatusChanges": { harmless: "status never counts" },
  "templateResourceRefs[].watchFields": { harmless: "what renders alike is no change" },
  configMapGenerator: references,
  secretGenerator: references,
  syncMode: { rendered: "test/plan/apply-event.test.ts" },
  tier: { rendered: "test/plan/claims.test.ts" },
  continueOnConflict: { rendered: "test/plan/claims.test.ts" },
  stopMatchingBehavior: { rendered: "test/plan/apply-event.test.ts" },
  dependsOn: { rendered: "test/plan/compare-catalogs/profiles.test.ts" },
  extraLabels: loading,
  extraAnnotations: loading,
  patches,
  patchesFrom: patches,
  driftExclusions: { warned: "driftExclusions: [{paths: [/a]}]" },
  preDeployChecks: check("preDeployChecks"),
  validateHealths: check("validateHealths"),
  preDeleteChecks: check("preDeleteChecks"),
  postDeleteChecks: check("postDeleteChecks"),
  reloader: { warned: "reloader: true" },
  maxUpdate: { warned: "maxUpdate: 3" },
  profileNameFormat: { warned: "profileNameFormat: a" },
};

const { EventTrigger: fields = [] } = readKeptFields().fields;

function verdictOf(field: string): string | undefined {
  const isWithin = (name: string) => field === name || field.startsWith(`${name}.`) || field.startsWith(`${name}[]`);
  return Object.keys(verdicts)
    .filter(isWithin)
    .sort((a, b) => b.length - a.length)[0];
}

it("all have a verdict, and no verdict is of a field that there is not", () => {
  expect(fields.length).toBeGreaterThan(200);
  expect(fields.filter((field) => verdictOf(field) === undefined)).toEqual([]);
  expect(Object.keys(verdicts).filter((name) => !fields.includes(name))).toEqual([]);
});

describe("warned", () => {
  const warned = Object.entries(verdicts).flatMap(([field, verdict]) =>
    "warned" in verdict ? [[field, verdict.warned] as const] : [],
  );
  it.each(warned)("%s", (field, written) => {
    const text = `apiVersion: lib.projectsveltos.io/v1beta1
kind: EventSource
metadata: {name: login}
spec: {messagingMatchCriteria: [{subject: login}]}
---
apiVersion: lib.projectsveltos.io/v1beta1
kind: EventTrigger
metadata: {name: a}
spec:
  eventSourceName: login
  clusterSetRefs: []
  sourceClusterSelector: {matchLabels: {a: b}}
  ${written}
`;
    const { problems } = loadCatalog([{ path: "a.yaml", text }], { compatibility: "strict" });
    const told = problems.filter(({ code }) => code === "FIELD_WITHOUT_EFFECT");
    expect(problems.filter(({ severity }) => severity === "error")).toEqual([]);
    expect(told).toHaveLength(1);
    expect(told[0]?.message).toContain(field.split(/[.[]/).at(-1)!.replace("]", ""));
  });
});

it("tests that show what is rendered are there", () => {
  const named = Object.values(verdicts).flatMap((verdict) => ("rendered" in verdict ? [verdict.rendered] : []));
  expect(named.filter((path) => !existsSync(join(findProjectRoot(), path)))).toEqual([]);
});

/** docs/documents.md names every field that the schema knows, and says of the right ones that they have no effect. */
import { expect, it } from "vitest";
import schema from "../../schemas/documents.schema.json" with { type: "json" };
import { loadCatalog } from "../../src/config/load-catalog.ts";
import { isSourcePlace } from "../../src/model/problem.ts";
import { codeSpans, readPage, section, tableRows } from "./pages.ts";

const page = readPage("docs/documents.md");
const { definitions } = schema;

const fieldsByHeading: readonly [string, readonly string[]][] = [
  ["## EventSource", Object.keys(definitions.EventSource.properties.spec.properties)],
  [
    "## EventSource",
    Object.keys(definitions.MessagingMatchCriteria.properties).map((field) => `messagingMatchCriteria[].${field}`),
  ],
  ["## EventTrigger", Object.keys(definitions.EventTrigger.properties.spec.properties)],
  ["## ClusterSet", Object.keys(definitions.ClusterSet.properties.spec.properties)],
];

it.each(fieldsByHeading)("%s names the fields of the schema", (heading, fields) => {
  const named = new Set(
    tableRows(section(page, heading)).flatMap(([cell = ""]) => codeSpans({ path: "", text: cell })),
  );
  expect(fields.filter((field) => !named.has(field))).toEqual([]);
});

it("has a section for every kind", () => {
  const kinds = Object.entries(definitions).flatMap(([kind, definition]) =>
    "required" in definition && definition.required.includes("kind") && "apiVersion" in definition.properties
      ? kind
      : [],
  );
  expect(kinds).toContain("Profile");
  const headings = page.text
    .split("\n")
    .filter((line) => line.startsWith("## "))
    .join("\n");
  expect(kinds.filter((kind) => !new RegExp(`\\b${kind}s?\\b`).test(headings))).toEqual([]);
});

/** A value of the field that does something else than what happens anyway. */
function sampleOf(field: string): string {
  const samples: Readonly<Record<string, string>> = {
    reloader: "true",
    maxUpdate: "3",
    profileNameFormat: "a",
    syncMode: "OneTime",
    stopMatchingBehavior: "LeavePolicies",
    continueOnConflict: "true",
    optional: "true",
    tier: "5",
    eventSourceName: "a",
    cloudEventAction: "Delete",
    namespace: "a",
    name: "a",
    kind: "ConfigMap",
    path: "a",
    deploymentType: "Local",
    skipNamespaceCreation: "true",
    force: "true",
    remoteURL: "{url: a}",
    sourceClusterSelector: "{matchLabels: {a: b}}",
    destinationClusterSelector: "{matchLabels: {a: b}}",
    destinationCluster: "{name: a}",
    dependsOn: "[a]",
    driftExclusions: "[{paths: [/a]}]",
    helmCharts: "[{repositoryURL: 'https://a', chartName: a, releaseName: a, releaseNamespace: a}]",
    kustomizationRefs: "[{kind: GitRepository, namespace: a, name: b}]",
    patches: "[{patch: '- {op: remove, path: /a}', target: {kind: A}}]",
    patchesFrom: "[{kind: ConfigMap, name: a}]",
    preDeployChecks: "[{name: a, featureID: Resources}]",
    validateHealths: "[{name: a, featureID: Resources}]",
    preDeleteChecks: "[{name: a, featureID: Resources}]",
    postDeleteChecks: "[{name: a, featureID: Resources}]",
    extraLabels: "{a: b}",
    extraAnnotations: "{a: b}",
  };
  const { properties } = definitions.EventTrigger.properties.spec as { properties: Record<string, Shape> };
  return samples[field] ?? JSON.stringify(smallest(properties[field] ?? {}));
}

interface Shape {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly string[];
  readonly items?: Shape;
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly required?: readonly string[];
}

/** The smallest value that the schema takes and that is not empty: of what is in error, the error alone is said. */
function smallest(shape: Shape): unknown {
  if (shape.$ref !== undefined) {
    return smallest((definitions as Record<string, Shape>)[shape.$ref.split("/").at(-1)!]!);
  }
  if (shape.enum !== undefined) return shape.enum[0];
  if (shape.type === "array") return [smallest(shape.items ?? {})];
  if (shape.type === "object") {
    return Object.fromEntries((shape.required ?? []).map((name) => [name, smallest(shape.properties?.[name] ?? {})]));
  }
  return shape.type === "integer" ? 1 : "a";
}

it("says of exactly those fields of an EventTrigger that they have no effect of which a warning says so", () => {
  const fields = Object.keys(definitions.EventTrigger.properties.spec.properties).filter(
    (name) => name !== "policyRefs",
  );
  const refFields = Object.keys(definitions.PolicyRef.properties);
  const lines = [
    "apiVersion: lib.projectsveltos.io/v1beta1",
    "kind: EventTrigger",
    "metadata: {name: a}",
    "spec:",
    ...fields.map((field) => `  ${field}: ${sampleOf(field)}`),
    "  policyRefs:",
    "  -",
    ...refFields.map((field) => `    ${field}: ${sampleOf(field)}`),
  ];
  const { problems } = loadCatalog([{ path: "a.yaml", text: lines.join("\n") }], { compatibility: "strict" });
  const warned = problems
    .filter(({ code }) => code === "FIELD_WITHOUT_EFFECT")
    .map(({ at }) => (at !== undefined && isSourcePlace(at) ? at.line : 0))
    .map((line) => `${line > 4 + fields.length ? "policyRefs[]." : ""}${lines[line - 1]?.trim().split(":", 1)[0]}`);

  const trigger = section(page, "## EventTrigger");
  const [, without = ""] = trigger.text.split("Without effect, each with a warning:");
  const said = tableRows({ path: "", text: without }).flatMap(([cell = ""]) => codeSpans({ path: "", text: cell }));
  expect(said.filter((field) => field !== "spec").sort()).toEqual([...new Set(warned)].sort());
});

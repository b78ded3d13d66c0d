/** Putting a catalog in force: what is kept of it, and whose entities are rendered again. */
import { expect, it } from "vitest";
import { loadCatalog } from "../../src/config/load-catalog.ts";
import type { Catalog } from "../../src/model/catalog.ts";
import { parseOwner } from "../../src/plan/owner-file.ts";
import { planCatalogChange } from "../../src/plan/plan-catalog-change.ts";
import { desired, emptyState, plan, rulesOf, type State } from "./state.ts";

const documents = {
  source: `apiVersion: lib.projectsveltos.io/v1beta1
kind: EventSource
metadata: {name: user}
spec: {messagingMatchCriteria: [{subject: user}]}
`,
  trigger: (name: string, more = "") => `apiVersion: lib.projectsveltos.io/v1beta1
kind: EventTrigger
metadata: {name: ${name}}
spec:
  eventSourceName: user
  sourceClusterSelector: {matchLabels: {env: production}}
  policyRefs: [{kind: ConfigMap, namespace: default, name: content}]
${more}`,
  content: (value = "1") => `apiVersion: v1
kind: ConfigMap
metadata: {name: content, namespace: default, annotations: {projectsveltos.io/instantiate: ok}}
data: {a.yaml: "value: ${value}"}
`,
  cluster: (name: string, env = "production") => `apiVersion: lib.projectsveltos.io/v1beta1
kind: SveltosCluster
metadata: {name: ${name}, namespace: mgmt, labels: {env: ${env}}}
`,
};

const { source, trigger, content, cluster } = documents;

function catalogOf(...texts: string[]): Catalog {
  return loadCatalog([{ path: "all.yaml", text: texts.join("---\n") }], { compatibility: "strict" }).value;
}

/** Puts a catalog in force on a state; what is left to be rendered again. */
function putInForce(state: State, catalog: Catalog, left: readonly { trigger: string; after: string }[] = []) {
  const kept = [...state.keys()].filter((path) => path.startsWith("config/"));
  const owners = [...state]
    .filter(([path]) => path.startsWith("owners/"))
    .map(([path, text]) => parseOwner(text, path));
  const { inputs, pending } = planCatalogChange(catalog, kept, owners, { triggers: left, records: ["records/x"] });
  const { state: after, changeSet } = plan(state, inputs, rulesOf([]));
  return { state: after, changeSet, pending, triggers: pending.triggers.map((cursor) => cursor.trigger).sort() };
}

const first = catalogOf(source, trigger("login"), trigger("tenant"), content(), cluster("one"));

it("keeps every document, a folder for each cluster, and what owners ask for", () => {
  const { state, triggers } = putInForce(emptyState, first);

  expect([...state.keys()].filter((path) => /^(config|owners)\//.test(path)).sort()).toEqual([
    "config/core/configmap/default/content.yaml",
    "config/lib.projectsveltos.io/eventsource/_cluster/user.yaml",
    "config/lib.projectsveltos.io/eventtrigger/_cluster/login.yaml",
    "config/lib.projectsveltos.io/eventtrigger/_cluster/tenant.yaml",
    "config/lib.projectsveltos.io/sveltoscluster/mgmt/one.yaml",
    "owners/login.json",
    "owners/tenant.json",
  ]);
  expect(Object.keys(desired(state))).toEqual(["mgmt/one/sluice-cluster.yaml"]);
  expect(triggers, "triggers that are new see later events only").toEqual([]);
});

it("the documents that it keeps make the same catalog", () => {
  const { state } = putInForce(emptyState, first);
  const kept = [...state].filter(([path]) => path.startsWith("config/"));
  const files = kept.map(([path, text]) => ({ path, text }));
  expect(loadCatalog(files, { compatibility: "strict" }).value.revision).toBe(first.revision);
});

it("changes nothing when the same catalog comes again", () => {
  const { state } = putInForce(emptyState, first);
  const again = putInForce(state, catalogOf(source, trigger("login"), trigger("tenant"), content(), cluster("one")));
  expect([again.changeSet.changes, again.triggers]).toEqual([[], []]);
});

it("renders nothing again when documents only move", () => {
  const { state } = putInForce(emptyState, first);
  const moved = putInForce(state, catalogOf(cluster("one"), content(), trigger("tenant"), trigger("login"), source));
  expect([moved.changeSet.objects, moved.triggers]).toEqual([[], []]);
});

const changes: [string, Catalog, string[]][] = [
  [
    "a template",
    catalogOf(source, trigger("login"), trigger("tenant"), content("2"), cluster("one")),
    ["login", "tenant"],
  ],
  [
    "one trigger",
    catalogOf(source, trigger("login", "  tier: 50\n"), trigger("tenant"), content(), cluster("one")),
    ["login"],
  ],
  ["a trigger that goes", catalogOf(source, trigger("tenant"), content(), cluster("one")), ["login"]],
  [
    "a trigger that comes",
    catalogOf(source, trigger("login"), trigger("tenant"), trigger("third"), content(), cluster("one")),
    [],
  ],
  [
    "a cluster that comes",
    catalogOf(source, trigger("login"), trigger("tenant"), content(), cluster("one"), cluster("two")),
    ["login", "tenant"],
  ],
  [
    "a cluster's labels",
    catalogOf(source, trigger("login"), trigger("tenant"), content(), cluster("one", "staging")),
    ["login", "tenant"],
  ],
  [
    "a reference that breaks",
    catalogOf(source, trigger("login"), trigger("tenant"), cluster("one")),
    ["login", "tenant"],
  ],
];
for (const [name, next, expected] of changes) {
  it(`${name} has the entities concerned rendered again`, () => {
    const { triggers, pending } = putInForce(putInForce(emptyState, first).state, next);
    expect(triggers).toEqual(expected);
    expect(pending.triggers.every(({ after }) => after === "")).toBe(true);
    expect(pending.records, "what was pending before stays so").toEqual(["records/x"]);
  });
}

it("takes no object away: entities follow one by one", () => {
  const { state } = putInForce(emptyState, first);
  const { state: after } = putInForce(state, catalogOf(source));
  expect(Object.keys(desired(after))).toEqual(["mgmt/one/sluice-cluster.yaml"]);
  expect([...after.keys()].filter((path) => path.startsWith("owners/"))).toHaveLength(2);
  expect([...after.keys()].filter((path) => path.startsWith("config/"))).toHaveLength(1);
});

it("begins anew with a trigger that changed again while it was being rendered", () => {
  const { state } = putInForce(emptyState, first);
  const next = catalogOf(source, trigger("login", "  tier: 50\n"), trigger("tenant"), content(), cluster("one"));
  const { pending } = putInForce(state, next, [
    { trigger: "login", after: "records/login/ab" },
    { trigger: "tenant", after: "records/tenant/cd" },
  ]);
  expect([...pending.triggers].sort((a, b) => (a.trigger < b.trigger ? -1 : 1))).toEqual([
    { trigger: "login", after: "" },
    { trigger: "tenant", after: "records/tenant/cd" },
  ]);
});

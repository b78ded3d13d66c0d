/** Putting a catalog in force: what is kept of it, and whose entities are rendered again. */
import { expect, it } from "vitest";
import { loadCatalog } from "../../src/config/load-catalog.ts";
import type { Catalog } from "../../src/model/catalog.ts";
import type { Pass } from "../../src/model/change-set.ts";
import { triggerOwner } from "../../src/model/owner.ts";
import { affectedOwners } from "../../src/plan/affected-owners.ts";
import { keepWithdrawn } from "../../src/plan/keep-withdrawn.ts";
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

const output = { stateId: "s", outputPath: "rendered", instance: "sluice" };
const reviews = [{ claims: "claims/x", after: "" }];

/** Puts a catalog in force on a state whose catalog is another; what is left to be rendered again. */
function putInForce(state: State, catalog: Catalog, inForce: Catalog | undefined, passes: readonly Pass[] = []) {
  const paths = [...state.keys()].filter((path) => path.startsWith("config/"));
  const owners = [...state]
    .filter(([path]) => path.startsWith("owners/"))
    .map(([path, text]) => parseOwner(text, path));
  const wanted = keepWithdrawn(catalog, inForce);
  const kept = { paths, owners, pending: { passes, reviews }, minutes: 7 };
  const { inputs, pending } = planCatalogChange(wanted, kept, affectedOwners(inForce, wanted), output);
  const { state: after, changeSet } = plan(state, inputs, rulesOf([]));
  return {
    state: after,
    changeSet,
    pending,
    catalog: wanted,
    owners: pending.passes.map(({ owner }) => owner.name).sort(),
  };
}

const first = catalogOf(source, trigger("login"), trigger("tenant"), content(), cluster("one"));

it("keeps every document, a folder for each cluster, and what owners ask for", () => {
  const { state, owners } = putInForce(emptyState, first, undefined);

  expect([...state.keys()].filter((path) => /^(config|owners)\//.test(path)).sort()).toEqual([
    "config/core/configmap/default/content.yaml",
    "config/lib.projectsveltos.io/eventsource/_cluster/user.yaml",
    "config/lib.projectsveltos.io/eventtrigger/_cluster/login.yaml",
    "config/lib.projectsveltos.io/eventtrigger/_cluster/tenant.yaml",
    "config/lib.projectsveltos.io/sveltoscluster/mgmt/one.yaml",
    "owners/eventtrigger/login.json",
    "owners/eventtrigger/tenant.json",
  ]);
  expect(Object.keys(desired(state))).toEqual(["mgmt/one/base/sluice-cluster.yaml"]);
  expect(owners, "triggers that are new see later events only").toEqual([]);
});

it("the documents that it keeps make the same catalog", () => {
  const { state } = putInForce(emptyState, first, undefined);
  const kept = [...state].filter(([path]) => path.startsWith("config/"));
  const files = kept.map(([path, text]) => ({ path, text }));
  expect(loadCatalog(files, { compatibility: "strict" }).value.revision).toBe(first.revision);
});

it("changes nothing when the same catalog comes again", () => {
  const { state } = putInForce(emptyState, first, undefined);
  const same = catalogOf(source, trigger("login"), trigger("tenant"), content(), cluster("one"));
  const again = putInForce(state, same, first);
  expect([again.changeSet.changes, again.owners]).toEqual([[], []]);
});

it("renders nothing again when documents only move", () => {
  const { state } = putInForce(emptyState, first, undefined);
  const other = catalogOf(cluster("one"), content(), trigger("tenant"), trigger("login"), source);
  const moved = putInForce(state, other, first);
  expect([moved.changeSet.objects, moved.owners]).toEqual([[], []]);
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
    const { owners, pending } = putInForce(putInForce(emptyState, first, undefined).state, next, first);
    expect(owners).toEqual(expected);
    expect(pending.passes.every(({ after }) => after.record === "")).toBe(true);
    expect(pending.reviews, "what was pending before stays so").toEqual(reviews);
  });
}

it("takes no object away, and keeps what is gone as withdrawn: entities follow one by one", () => {
  const { state } = putInForce(emptyState, first, undefined);
  const { state: after, catalog } = putInForce(state, catalogOf(source), first);
  expect(Object.keys(desired(after))).toEqual(["mgmt/one/base/sluice-cluster.yaml"]);
  const owner = "owners/eventtrigger/login.json";
  expect(parseOwner(after.get(owner)!, owner).withdrawnAt).toBe(7);
  expect([...after.keys()].filter((path) => path.startsWith("config/")).sort()).toEqual([
    "config/core/configmap/default/content.yaml",
    "config/lib.projectsveltos.io/eventsource/_cluster/user.yaml",
    "config/lib.projectsveltos.io/eventtrigger/_cluster/login.yaml",
    "config/lib.projectsveltos.io/eventtrigger/_cluster/tenant.yaml",
  ]);
  const back = putInForce(after, first, catalog);
  expect(back.owners, "back, it is an owner that changed").toEqual(["login", "tenant"]);
  expect(parseOwner(back.state.get(owner)!, owner).withdrawnAt).toBeUndefined();
});

it("what changes while an owner is being rendered again waits for its turn; the pass under way goes on", () => {
  const { state } = putInForce(emptyState, first, undefined);
  const next = catalogOf(source, trigger("login", "  tier: 50\n"), trigger("tenant"), content(), cluster("one"));
  const running = (name: string): Pass => ({ owner: triggerOwner(name), after: { record: "records/x", cluster: "" } });
  const { pending } = putInForce(state, next, first, [running("login"), running("tenant")]);
  const told = pending.passes.map(({ owner, after }) => `${owner.name} ${after.record}`);
  expect(told).toEqual(["login records/x", "tenant records/x", "login "]);
  const again = putInForce(state, next, first, pending.passes);
  expect(again.pending.passes).toHaveLength(3);
});

/** What events do to an entity's record and objects. */
import { expect, it } from "vitest";
import { triggerOwner } from "../../src/model/owner.ts";
import { eventOf, failuresOf } from "../../src/model/record.ts";
import type { EntityInput } from "../../src/plan/apply-event.ts";
import type { PlanInput } from "../../src/plan/state-fold.ts";
import {
  again,
  desired,
  emptyState,
  entity,
  event,
  holdingsOf,
  plan,
  planAll,
  recordOf,
  remove,
  replayed,
  rulesOf,
  type State,
} from "./state.ts";

const rules = rulesOf(["login"]);
const x = ":ConfigMap default/x=1";

interface Case {
  readonly name: string;
  readonly before?: readonly PlanInput[];
  readonly input: EntityInput;
  /** Changes of the desired tree, `<action> <path below its owner>`. */
  readonly objects: readonly string[];
  /** What the record holds afterwards; undefined: there is none. */
  readonly record: { objects?: Record<string, string[]>; failures?: string[] } | undefined;
  /** The effect that is told: `<action> on <clusters>, <failed> failed`. */
  readonly effect?: string;
}

const login = (renderings: readonly string[], more: Parameters<typeof event>[3] = {}) =>
  event("login", "alice", renderings, more);
const created = login([`a/c ${x}`]);

const cases: Case[] = [
  {
    name: "a new entity's objects are created",
    input: created,
    objects: ["create a/c default/configmap/x"],
    record: { objects: { "a/c": [":ConfigMap default/x"] } },
    effect: "Create on 1, 0 failed",
  },
  {
    name: "on every cluster",
    input: login([`a/c ${x}`, `a/d ${x}`]),
    objects: ["create a/c default/configmap/x", "create a/d default/configmap/x"],
    record: { objects: { "a/c": [":ConfigMap default/x"], "a/d": [":ConfigMap default/x"] } },
    effect: "Create on 2, 0 failed",
  },
  {
    name: "an equal event changes no object",
    before: [created],
    input: login([`a/c ${x}`], { n: 2 }),
    objects: [],
    record: { objects: { "a/c": [":ConfigMap default/x"] } },
    effect: "Create on 1, 0 failed",
  },
  {
    name: "what is rendered differently is updated, what is not rendered any more deleted",
    before: [login([`a/c ${x} :ConfigMap default/y=1`])],
    input: login(["a/c :ConfigMap default/x=2 :ConfigMap default/z=1"], { n: 2 }),
    objects: ["update a/c default/configmap/x", "delete a/c default/configmap/y", "create a/c default/configmap/z"],
    record: { objects: { "a/c": [":ConfigMap default/x", ":ConfigMap default/z"] } },
    effect: "Create on 1, 0 failed",
  },
  {
    name: "Delete removes the objects, and the record with the last cluster",
    before: [created],
    input: login(["a/c Delete"], { n: 2, elsewhere: "Delete" }),
    objects: ["delete a/c default/configmap/x"],
    record: undefined,
    effect: "Delete on 1, 0 failed",
  },
  {
    name: "Delete of what isn't there is nothing",
    input: login(["a/c Delete"], { elsewhere: "Delete" }),
    objects: [],
    record: undefined,
  },
  {
    name: "Delete removes what recorded clusters have, whether they match or not",
    before: [login([`a/c ${x}`, `a/d ${x}`])],
    input: login(["a/c Delete"], { n: 2, elsewhere: "Delete" }),
    objects: ["delete a/c default/configmap/x", "delete a/d default/configmap/x"],
    record: undefined,
    effect: "Delete on 2, 0 failed",
  },
  {
    name: "Delete without any matching cluster too",
    before: [created],
    input: login([], { n: 2, elsewhere: "Delete" }),
    objects: ["delete a/c default/configmap/x"],
    record: undefined,
    effect: "Delete on 1, 0 failed",
  },
  {
    name: "a cluster that stopped matching follows stopMatchingBehavior: withdraw",
    before: [login([`a/c ${x}`, `a/d ${x}`])],
    input: login([`a/c ${x}`], { n: 2, stopMatching: "WithdrawPolicies" }),
    objects: ["delete a/d default/configmap/x"],
    record: { objects: { "a/c": [":ConfigMap default/x"] } },
    effect: "Create on 2, 0 failed",
  },
  {
    name: "a cluster that stopped matching follows stopMatchingBehavior: leave",
    before: [login([`a/c ${x}`, `a/d ${x}`])],
    input: login(["a/c :ConfigMap default/x=2"], { n: 2, stopMatching: "LeavePolicies" }),
    objects: ["update a/c default/configmap/x", "update a/d default/configmap/x"],
    record: { objects: { "a/c": [":ConfigMap default/x"] } },
    effect: "Create on 2, 0 failed",
  },
  {
    name: "a cluster of which nobody can tell whether it matches stays as it is",
    before: [login([`a/c ${x}`, `a/d ${x}`])],
    input: login(["a/c :ConfigMap default/x=2"], { n: 2, stopMatching: "keep" }),
    objects: ["update a/c default/configmap/x"],
    record: { objects: { "a/d": [":ConfigMap default/x"], "a/c": [":ConfigMap default/x"] } },
    effect: "Create on 2, 0 failed",
  },
  {
    name: "an entity that no cluster matches is remembered, and nothing is told",
    input: login([]),
    objects: [],
    record: {},
  },
  {
    name: "an entity whose last cluster stopped matching is remembered",
    before: [created],
    input: login([], { n: 2, stopMatching: "WithdrawPolicies" }),
    objects: ["delete a/c default/configmap/x"],
    record: {},
    effect: "Delete on 1, 0 failed",
  },
  {
    name: "a failure leaves the objects and is recorded",
    before: [created],
    input: login(["a/c fail"], { n: 2 }),
    objects: [],
    record: { objects: { "a/c": [":ConfigMap default/x"] }, failures: ["a/c"] },
    effect: "failed on 1, 1 failed",
  },
  {
    name: "a failure on one cluster leaves the others alone",
    before: [login([`a/c ${x}`, `a/d ${x}`])],
    input: login(["a/c fail", "a/d :ConfigMap default/x=2"], { n: 2 }),
    objects: ["update a/d default/configmap/x"],
    record: { objects: { "a/c": [":ConfigMap default/x"], "a/d": [":ConfigMap default/x"] }, failures: ["a/c"] },
    effect: "failed on 2, 1 failed",
  },
  {
    name: "a first event that fails is recorded without objects",
    input: login(["a/c fail"]),
    objects: [],
    record: { failures: ["a/c"] },
    effect: "failed on 1, 1 failed",
  },
  {
    name: "a newer good event clears the failure",
    before: [created, login(["a/c fail"], { n: 2 })],
    input: login(["a/c :ConfigMap default/x=3"], { n: 3 }),
    objects: ["update a/c default/configmap/x"],
    record: { objects: { "a/c": [":ConfigMap default/x"] } },
    effect: "Create on 1, 0 failed",
  },
  {
    name: "a newer Delete clears the failure",
    before: [login(["a/c fail"])],
    input: login(["a/c Delete"], { n: 2, elsewhere: "Delete" }),
    objects: [],
    record: undefined,
    effect: "Delete on 1, 0 failed",
  },
  {
    name: "Create without objects is remembered for the cluster",
    before: [created],
    input: login(["a/c"], { n: 2 }),
    objects: ["delete a/c default/configmap/x"],
    record: { objects: { "a/c": [] } },
    effect: "Create on 1, 0 failed",
  },
  {
    name: "OneTime renders a cluster once",
    before: [login([`a/c ${x}`], { syncMode: "OneTime" })],
    input: login(["a/c :ConfigMap default/x=2", `a/d ${x}`], { n: 2, syncMode: "OneTime" }),
    objects: ["create a/d default/configmap/x"],
    record: { objects: { "a/c": [":ConfigMap default/x"], "a/d": [":ConfigMap default/x"] } },
    effect: "Create on 2, 0 failed",
  },
  {
    name: "OneTime tries again what failed",
    before: [login(["a/c fail"], { syncMode: "OneTime" })],
    input: login([`a/c ${x}`], { n: 2, syncMode: "OneTime" }),
    objects: ["create a/c default/configmap/x"],
    record: { objects: { "a/c": [":ConfigMap default/x"] } },
    effect: "Create on 1, 0 failed",
  },
  {
    name: "OneTime renders again after a Delete",
    before: [
      login([`a/c ${x}`], { syncMode: "OneTime" }),
      login(["a/c Delete"], { n: 2, syncMode: "OneTime", elsewhere: "Delete" }),
    ],
    input: login(["a/c :ConfigMap default/x=2"], { n: 3, syncMode: "OneTime" }),
    objects: ["create a/c default/configmap/x"],
    record: { objects: { "a/c": [":ConfigMap default/x"] } },
    effect: "Create on 1, 0 failed",
  },
  {
    name: "DryRun has a record and no objects",
    before: [created],
    input: login(["a/c :ConfigMap default/x=2 :ConfigMap a/y=1"], { n: 2, syncMode: "DryRun" }),
    objects: ["delete a/c default/configmap/x"],
    record: { objects: { "a/c": [] } },
    effect: "Create on 1, 0 failed",
  },
  {
    name: "a namespace that nobody renders is generated",
    input: login(["a/c :ConfigMap team/x=1"]),
    objects: ["create a/c base/namespaces/team", "create a/c team/configmap/x"],
    record: { objects: { "a/c": [":ConfigMap team/x"] } },
    effect: "Create on 1, 0 failed",
  },
  {
    name: "and goes when nobody needs it any more",
    before: [login(["a/c :ConfigMap team/x=1"])],
    input: login(["a/c Delete"], { n: 2, elsewhere: "Delete" }),
    objects: ["delete a/c base/namespaces/team", "delete a/c team/configmap/x"],
    record: undefined,
    effect: "Delete on 1, 0 failed",
  },
  {
    name: "a namespace that is others' to make is not generated",
    input: login(["a/c :ConfigMap team/x=1!"]),
    objects: ["create a/c team/configmap/x"],
    record: { objects: { "a/c": [":ConfigMap team/x"] } },
    effect: "Create on 1, 0 failed",
  },
  {
    name: "one object that needs it suffices, and it goes with that",
    before: [login(["a/c :ConfigMap team/x=1! :ConfigMap team/y=1"])],
    input: login(["a/c :ConfigMap team/x=1!"], { n: 2 }),
    objects: ["delete a/c base/namespaces/team", "delete a/c team/configmap/y"],
    record: { objects: { "a/c": [":ConfigMap team/x"] } },
    effect: "Create on 1, 0 failed",
  },
  {
    name: "what needed its namespace and does so no more",
    before: [login(["a/c :ConfigMap team/x=1"])],
    input: login(["a/c :ConfigMap team/x=1!"], { n: 2 }),
    objects: ["delete a/c base/namespaces/team"],
    record: { objects: { "a/c": [":ConfigMap team/x"] } },
    effect: "Create on 1, 0 failed",
  },
  {
    name: "a namespace that the entity renders itself is not generated",
    input: login(["a/c :ConfigMap team/x=1 :Namespace /team=1"]),
    objects: ["create a/c _cluster/namespace/team", "create a/c team/configmap/x"],
    record: { objects: { "a/c": [":ConfigMap team/x", ":Namespace /team"] } },
    effect: "Create on 1, 0 failed",
  },
];

/** `desired/a/c/triggers/login/default/configmap/x.yaml` as `a/c default/configmap/x`. */
function short(path: string): string {
  return path.replace(/^desired\/([^/]+\/[^/]+)\/(?:triggers\/[^/]+\/)?(.*)\.yaml$/, "$1 $2");
}

for (const { name, before = [], input, objects, record, effect } of cases) {
  it(name, () => {
    const state = planAll(emptyState, [before], rules);

    const { changeSet, state: after } = plan(state, [input], rules);

    expect(changeSet.objects.map(({ action, path }) => `${action} ${short(path)}`).sort(byPath)).toEqual(
      [...objects].sort(byPath),
    );
    const kept = recordOf(after, "login", "alice");
    expect(kept === undefined).toBe(record === undefined);
    const standing = Object.entries(holdingsOf(kept)).filter(([cluster]) => !isNew(kept!, cluster));
    expect(Object.fromEntries(standing.map(([cluster, { objects }]) => [cluster, objects]))).toEqual(
      record?.objects ?? {},
    );
    expect(kept === undefined ? [] : [...failuresOf(kept).keys()]).toEqual(record?.failures ?? []);
    expect(
      changeSet.events.map(({ action, clusters, failed }) => `${action} on ${clusters}, ${failed} failed`),
    ).toEqual(effect === undefined ? [] : [effect]);
    expect(plan(after, [replayed(input)], rules).changeSet.changes, "a replay").toEqual([]);
  });
}

/** A cluster that has never had anything: its first event failed. */
function isNew(record: NonNullable<ReturnType<typeof recordOf>>, cluster: string): boolean {
  const on = record.clusters.get(cluster);
  return on?.failure !== undefined && on.objects.size === 0;
}

function byPath(a: string, b: string): number {
  return a.split(" ").slice(1).join(" ") < b.split(" ").slice(1).join(" ") ? -1 : 1;
}

it("the record keeps the last event, and when it came", () => {
  const state = planAll(emptyState, [[created], [login(["a/c fail"], { n: 2 })]], rules);
  const record = recordOf(state, "login", "alice");
  expect([record && eventOf(record)?.event.id, record?.changedAt]).toEqual(["event-2", "2026-01-01T00:00:02.000Z"]);
});

it("rendering again does not make a record newer", () => {
  const state = planAll(emptyState, [[created]], rules);
  const after = plan(state, [again("login", "alice", ["a/c :ConfigMap default/x=2"])], rules);
  expect(after.changeSet.objects).toHaveLength(1);
  expect(after.changeSet.events).toEqual([]);
  expect(recordOf(after.state, "login", "alice")?.changedAt).toBe("2026-01-01T00:00:01.000Z");
});

it("`records: identity` keeps no event", () => {
  const state = planAll(emptyState, [[created]], { ...rules, records: "identity" });
  const record = recordOf(state, "login", "alice");
  expect(record?.events).toEqual([]);
  expect([...record!.clusters.keys()]).toEqual(["a/c"]);
});

it("entities and triggers do not touch each other's records", () => {
  const two = rulesOf(["login", "tenant"]);
  const state = planAll(
    emptyState,
    [
      [event("login", "alice", [`a/c ${x}`]), event("login", "bob", ["a/c :ConfigMap default/b=1"])],
      [event("tenant", "alice", ["a/c :ConfigMap default/t=1"])],
      [event("login", "alice", ["a/c Delete"], { elsewhere: "Delete" })],
    ],
    two,
  );
  expect(Object.keys(desired(state))).toEqual([
    "a/c/triggers/login/default/configmap/b.yaml",
    "a/c/triggers/tenant/default/configmap/t.yaml",
  ]);
});

it("withdrawing takes the objects of some clusters, and remembers where they stood", () => {
  const before = planAll(emptyState, [[login([`a/c ${x}`, `a/d ${x}`])]], rules);
  const left = (state: State) => Object.keys(desired(state));
  const one = plan(before, [again("login", "alice", ["a/c withdraw"])], rules).state;
  expect(left(one)).toEqual(["a/d/triggers/login/default/configmap/x.yaml"]);
  const none = plan(one, [again("login", "alice", ["a/d withdraw"])], rules).state;
  expect(left(none)).toEqual([]);
  const record = recordOf(none, "login", "alice");
  expect(record && eventOf(record)?.event.id).toBe("event-1");
  expect(holdingsOf(record)["a/c"]).toMatchObject({ objects: [], withdrawn: [":ConfigMap default/x"] });
  const back = plan(none, [again("login", "alice", [`a/c ${x}`, `a/d ${x}`])], rules).state;
  expect(desired(back)).toEqual(desired(before));
  expect(recordOf(back, "login", "alice")).toEqual(recordOf(before, "login", "alice"));
});

it("removing takes everything, and the record", () => {
  const before = planAll(emptyState, [[login([`a/c ${x}`, `a/d ${x}`])]], rules);
  const gone = plan(before, [remove("login", "alice")], rules).state;
  expect([Object.keys(desired(gone)), recordOf(gone, "login", "alice")]).toEqual([[], undefined]);
  expect(plan(emptyState, [remove("login", "alice")], rules).changeSet.objects, "what isn't there").toEqual([]);
});

it("discarding forgets failures, and records that have nothing else", () => {
  const owner = triggerOwner("login");
  const discard = (subject: string): PlanInput => ({ kind: "discard", owner, entity: entity(subject) });
  const state = planAll(
    emptyState,
    [
      [created, login(["a/c fail"], { n: 2 })],
      [event("login", "bob", ["a/c fail"])],
      [discard("alice"), discard("bob"), discard("nobody")],
    ],
    rules,
  );
  expect(failuresOf(recordOf(state, "login", "alice")!).size).toBe(0);
  expect(Object.keys(desired(state))).toHaveLength(1);
  expect(recordOf(state, "login", "bob")).toBeUndefined();
});

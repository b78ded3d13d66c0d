/** Several who want one object: who gets it, who is told, and what happens when somebody goes. */
import { describe, expect, it } from "vitest";
import type { PlanInput } from "../../src/plan/plan-change-set.ts";
import { writeIdentity } from "../../src/plan/record-file.ts";
import { claimFiles, desired, emptyState, event, plan, planAll, recordOf, rulesOf, type State } from "./state.ts";

const rules = rulesOf(["login", "tenant", "early:50"]);
const claim = (trigger: string, subject: string, objects: string, more: Parameters<typeof event>[3] = {}) =>
  event(trigger, subject, [`a/c ${objects}`], more);
const gone = (trigger: string, subject: string) => event(trigger, subject, ["a/c Delete"], { elsewhere: "Delete" });

/** Objects of cluster a/c: `<owner> <identity path>=<value>`. */
function inPlace(state: State): string[] {
  return Object.entries(desired(state))
    .map(([path, value]) => `${path.replace(/^a\/c\/(?:triggers\/)?([^/]+)\/(.*)\.yaml$/, "$1 $2")}=${value}`)
    .sort();
}

/** What an entity has, waits for, and fails with, on cluster a/c. */
function standing(state: State, trigger: string, subject: string) {
  const record = recordOf(state, trigger, subject);
  const texts = (list: Parameters<typeof writeIdentity>[0][] | readonly Parameters<typeof writeIdentity>[0][] = []) =>
    list.map(writeIdentity).sort();
  return {
    objects: texts(record?.objects.get("a/c")),
    waiting: texts(record?.waiting.get("a/c")),
    code: record?.failures.get("a/c")?.code,
  };
}

const X = ":ConfigMap default/x";
const Y = ":ConfigMap default/y";

describe("of two that want an object, the first by order gets it", () => {
  const rivals: [string, [string, string], [string, string]][] = [
    ["two triggers", ["login", "alice"], ["tenant", "alice"]],
    ["two entities of a trigger", ["login", "alice"], ["login", "bob"]],
  ];
  for (const [name, first, second] of rivals) {
    for (const isOneBatch of [true, false]) {
      it(`${name}, ${isOneBatch ? "in one batch" : "one batch after the other"}`, () => {
        const inputs = [claim(...first, `${X}=1`), claim(...second, `${X}=2`)];
        const state = planAll(emptyState, isOneBatch ? [inputs] : inputs.map((input) => [input]), rules);

        expect(inPlace(state)).toEqual([`${first[0]} default/configmap/x=1`]);
        expect(standing(state, ...first)).toEqual({ objects: [X], waiting: [], code: undefined });
        expect(standing(state, ...second)).toEqual({ objects: [], waiting: [X], code: "OBJECT_CONFLICT" });
        expect(claimFiles(state)).toHaveLength(1);
      });
    }
  }
});

it("a lower tier comes first, whenever it comes, and whom it pushes aside is rendered again", () => {
  const before = planAll(emptyState, [[claim("login", "alice", `${X}=1`)]], rules);
  const { state, changeSet } = plan(before, [claim("early", "alice", `${X}=2`)], rules);

  expect(inPlace(state)).toEqual(["early default/configmap/x=2"]);
  expect(changeSet.revived).toHaveLength(1);
  expect(changeSet.revived[0]).toMatch(/^records\/login\//);
  const settled = planAll(state, [[claim("login", "alice", `${X}=1`, { isReplay: true })]], rules);
  expect(standing(settled, "login", "alice")).toEqual({ objects: [], waiting: [X], code: "OBJECT_CONFLICT" });
});

it("those that want the same share the object, and it goes with the last of them", () => {
  const both = planAll(emptyState, [[claim("login", "alice", `${X}=1`), claim("tenant", "bob", `${X}=1`)]], rules);
  expect(inPlace(both)).toEqual(["login default/configmap/x=1"]);
  expect(standing(both, "tenant", "bob")).toEqual({ objects: [X], waiting: [], code: undefined });

  const { state: one, changeSet } = plan(both, [gone("login", "alice")], rules);
  expect(inPlace(one)).toEqual(["tenant default/configmap/x=1"]);
  expect([claimFiles(one), changeSet.revived]).toEqual([[], []]);
  expect(inPlace(plan(one, [gone("tenant", "bob")], rules).state)).toEqual([]);
});

it("an object that is let go passes to the next, which is rendered again", () => {
  const three = planAll(
    emptyState,
    [[claim("login", "a", `${X}=1`), claim("login", "b", `${X}=2`), claim("login", "c", `${X}=3`)]],
    rules,
  );
  const { state, changeSet } = plan(three, [gone("login", "a")], rules);

  expect(inPlace(state)).toEqual(["login default/configmap/x=2"]);
  expect(changeSet.revived).toHaveLength(1);
  const settled = planAll(state, [[claim("login", "b", `${X}=2`, { isReplay: true })]], rules);
  expect(standing(settled, "login", "b")).toEqual({ objects: [X], waiting: [], code: undefined });
  expect(standing(settled, "login", "c")).toEqual({ objects: [], waiting: [X], code: "OBJECT_CONFLICT" });
});

it("an object that passed to somebody goes with them even before they are rendered again", () => {
  const state = planAll(
    emptyState,
    [[claim("login", "a", `${X}=1`), claim("login", "b", `${X}=2`)], [gone("login", "a")], [gone("login", "b")]],
    rules,
  );
  expect([inPlace(state), claimFiles(state), recordOf(state, "login", "b")]).toEqual([[], [], undefined]);
});

it("sharing ends when one of them wants something else", () => {
  const both = planAll(emptyState, [[claim("login", "a", `${X}=1`), claim("login", "b", `${X}=1`)]], rules);

  const second = planAll(both, [[claim("login", "b", `${X}=2`)]], rules);
  expect([inPlace(second), standing(second, "login", "b").waiting]).toEqual([["login default/configmap/x=1"], [X]]);

  const { state: first, changeSet } = plan(both, [claim("login", "a", `${X}=2`)], rules);
  expect(inPlace(first)).toEqual(["login default/configmap/x=2"]);
  expect(changeSet.revived, "whoever shared").toHaveLength(1);
});

it("a conflict ends when both want the same after all", () => {
  const rivals = planAll(emptyState, [[claim("login", "a", `${X}=1`), claim("login", "b", `${X}=2`)]], rules);
  const { state, changeSet } = plan(rivals, [claim("login", "b", `${X}=1`)], rules);

  expect(standing(state, "login", "b")).toEqual({ objects: [X], waiting: [], code: undefined });
  expect(changeSet.revived, "its record is written already").toEqual([]);
});

describe("continueOnConflict", () => {
  const holder = claim("login", "alice", `${X}=1`);
  const second = (continueOnConflict: boolean): PlanInput[] => [
    claim("tenant", "bob", `${Y}=1 :ConfigMap default/old=1`, { continueOnConflict }),
    holder,
    claim("tenant", "bob", `${X}=2 ${Y}=2 :ConfigMap default/new=2`, { continueOnConflict, n: 2 }),
  ];

  it("absent: nothing of the event comes through", () => {
    const state = planAll(emptyState, [second(false)], rules);
    expect(inPlace(state)).toEqual([
      "login default/configmap/x=1",
      "tenant default/configmap/old=1",
      "tenant default/configmap/y=1",
    ]);
    expect(standing(state, "tenant", "bob")).toEqual({
      objects: [":ConfigMap default/old", Y],
      waiting: [X],
      code: "OBJECT_CONFLICT",
    });
  });

  it("true: the rest of the event comes through", () => {
    const state = planAll(emptyState, [second(true)], rules);
    expect(inPlace(state)).toEqual([
      "login default/configmap/x=1",
      "tenant default/configmap/new=2",
      "tenant default/configmap/y=2",
    ]);
    expect(standing(state, "tenant", "bob")).toEqual({
      objects: [":ConfigMap default/new", Y],
      waiting: [X],
      code: "OBJECT_CONFLICT",
    });
  });

  it("absent: what waited comes in whole when its turn comes", () => {
    const { state, changeSet } = plan(planAll(emptyState, [second(false)], rules), [gone("login", "alice")], rules);
    expect(changeSet.revived).toHaveLength(1);
    const again = claim("tenant", "bob", `${X}=2 ${Y}=2 :ConfigMap default/new=2`, { isReplay: true, n: 2 });
    const settled = planAll(state, [[again]], rules);
    expect(inPlace(settled)).toEqual([
      "tenant default/configmap/new=2",
      "tenant default/configmap/x=2",
      "tenant default/configmap/y=2",
    ]);
  });
});

describe("generated namespaces", () => {
  const needs = claim("login", "alice", ":ConfigMap team/x=1");
  const renders = claim("tenant", "team", ":Namespace /team=1");
  const both = ["login team/configmap/x=1", "tenant _cluster/namespace/team=1"];

  for (const [name, inputs] of [
    ["before", [needs, renders]],
    ["after", [renders, needs]],
  ] as const) {
    it(`give way to whoever renders them, ${name} they were needed, and come back`, () => {
      const state = planAll(
        emptyState,
        inputs.map((input) => [input]),
        rules,
      );
      expect(inPlace(state)).toEqual(both);
      expect(standing(state, "tenant", "team").code).toBeUndefined();

      expect(inPlace(plan(state, [gone("tenant", "team")], rules).state)).toEqual([
        "login team/configmap/x=1",
        "namespaces team=generated",
      ]);
    });
  }

  it("are never generated for what every cluster has", () => {
    const state = planAll(
      emptyState,
      [[claim("login", "a", ":ConfigMap kube-system/x=1 :ConfigMap default/x=1")]],
      rules,
    );
    expect(inPlace(state).filter((file) => file.startsWith("namespaces"))).toEqual([]);
  });

  it("are told apart by cluster", () => {
    const input = event("login", "alice", ["a/c :ConfigMap team/x=1", "a/d :ConfigMap team/x=1"]);
    const files = Object.keys(desired(planAll(emptyState, [[input]], rules)));
    expect(files.filter((path) => path.includes("/namespaces/"))).toEqual([
      "a/c/namespaces/team.yaml",
      "a/d/namespaces/team.yaml",
    ]);
  });
});

it("the conflict names the one that is in the way, the file, and where the manifest was rendered", () => {
  const state = planAll(emptyState, [[claim("login", "alice", `${X}=1`), claim("tenant", "bob", `${X}=2`)]], rules);
  const problem = recordOf(state, "tenant", "bob")?.failures.get("a/c");
  expect(problem).toMatchObject({ code: "OBJECT_CONFLICT", at: { file: "config.yaml", line: 1, column: 1 } });
  expect(problem?.message).toContain("EventTrigger login");
  expect(problem?.message).toContain("desired/a/c/triggers/login/default/configmap/x.yaml");
});

it("claims survive their trigger: a removed one's objects are still found and let go", () => {
  const state = planAll(emptyState, [[claim("login", "alice", `${X}=1`)]], rules);
  const without = rulesOf(["tenant"]);
  const contested = planAll(state, [[claim("tenant", "bob", `${X}=2`)]], without);
  expect(standing(contested, "tenant", "bob").waiting).toEqual([X]);
  const withdrawn = planAll(
    contested,
    [[{ kind: "withdraw", trigger: "login", entity: gone("login", "alice").entity }]],
    without,
  );
  expect(inPlace(withdrawn)).toEqual(["tenant default/configmap/x=2"]);
});

it("manifests of a shared object are kept once", () => {
  const many = Array.from({ length: 50 }, (_, index) => claim("login", `user-${index}`, `${X}=1`));
  const state = planAll(emptyState, [many], rules);
  const file = JSON.parse(state.get(claimFiles(state)[0]!)!) as { claims: unknown[]; manifests: unknown[] };
  expect([file.claims.length, file.manifests.length]).toEqual([50, 1]);
});

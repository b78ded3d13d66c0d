/** Several who want one object: who gets it, who is told, and what happens when somebody goes. */
import { describe, expect, it } from "vitest";
import { parseHead } from "../../src/plan/claims-file.ts";
import type { PlanInput } from "../../src/plan/state-fold.ts";
import {
  again,
  claimFiles,
  desired,
  emptyState,
  event,
  holdingsOf,
  plan,
  planAll,
  recordOf,
  remove,
  rulesOf,
  type State,
} from "./state.ts";

const rules = rulesOf(["login", "tenant", "early:50"]);
const claim = (trigger: string, subject: string, objects: string, more: Parameters<typeof event>[3] = {}) =>
  event(trigger, subject, [`a/c ${objects}`], more);
const gone = (trigger: string, subject: string) => event(trigger, subject, ["a/c Delete"], { elsewhere: "Delete" });

/** Objects of cluster a/c: `<owner> <identity path>=<value>`. */
function inPlace(state: State): string[] {
  return Object.entries(desired(state))
    .map(([path, value]) => `${path.replace(/^a\/c\/(?:triggers\/|base\/)?([^/]+)\/(.*)\.yaml$/, "$1 $2")}=${value}`)
    .sort();
}

/** What an entity has, waits for, and fails with, on cluster a/c. */
function standing(state: State, trigger: string, subject: string) {
  const on = holdingsOf(recordOf(state, trigger, subject))["a/c"];
  return { objects: on?.objects ?? [], waiting: on?.waiting ?? [], code: on?.code };
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
  const { state, reviews } = plan(before, [claim("early", "alice", `${X}=2`)], rules);

  expect(inPlace(state), "in the folder of who had it first").toEqual(["login default/configmap/x=2"]);
  expect(reviews).toHaveLength(1);
  expect(reviews).toEqual(["claims/a/c/default/configmap/x"]);
  const settled = planAll(state, [[again("login", "alice", [`a/c ${X}=1`])]], rules);
  expect(standing(settled, "login", "alice")).toEqual({ objects: [], waiting: [X], code: "OBJECT_CONFLICT" });
});

describe("a reference's own tier", () => {
  const standings = (state: State) => ["login", "tenant"].map((trigger) => standing(state, trigger, "alice").code);

  it("decides among owners of one tier, and no more", () => {
    const before = planAll(emptyState, [[claim("login", "alice", `${X}=1`)]], rules);
    const lower = plan(before, [claim("tenant", "alice", `${X}=2~50`)], rules);
    expect(inPlace(lower.state)).toEqual(["login default/configmap/x=2"]);
    expect(lower.reviews).toHaveLength(1);
    const higher = plan(before, [claim("tenant", "alice", `${X}=2~150`)], rules);
    expect(inPlace(higher.state)).toEqual(["login default/configmap/x=1"]);
    const owners = plan(lower.state, [claim("early", "alice", `${X}=3~900`)], rules);
    expect(inPlace(owners.state), "the owner's tier comes first").toEqual(["login default/configmap/x=3"]);
  });

  it("that changes moves the claim, up and down, and leaves none behind", () => {
    const both = [[claim("login", "alice", `${X}=1`)], [claim("tenant", "alice", `${X}=2`)]];
    let state = planAll(emptyState, both, rules);
    for (const [tier, value] of [
      ["~50", "2"],
      ["~150", "1"],
      ["", "1"],
      ["~99", "2"],
    ] as const) {
      const changed = planAll(state, [[again("tenant", "alice", [`a/c ${X}=2${tier}`])]], rules);
      state = planAll(changed, [[again("login", "alice", [`a/c ${X}=1`])]], rules);
      expect(inPlace(state)).toEqual([`login default/configmap/x=${value}`]);
      const codes = [undefined, "OBJECT_CONFLICT"] as const;
      expect(standings(state)).toEqual(value === "1" ? codes : codes.toReversed());
      expect(
        [...state.keys()].filter((path) => /^claims\/.*\.json$/.test(path) && !/head|manifests/.test(path)),
      ).toHaveLength(2);
    }
    state = planAll(state, [[gone("tenant", "alice")]], rules);
    expect(inPlace(state)).toEqual(["login default/configmap/x=1"]);
    state = planAll(state, [[again("login", "alice", [`a/c ${X}=1`])], [gone("login", "alice")]], rules);
    expect([...state.keys()].filter((path) => /^(?:claims|desired|records)\//.test(path))).toEqual([]);
  });
});

it("those that want the same share the object, and it goes with the last of them", () => {
  const both = planAll(emptyState, [[claim("login", "alice", `${X}=1`), claim("tenant", "bob", `${X}=1`)]], rules);
  expect(inPlace(both)).toEqual(["login default/configmap/x=1"]);
  expect(standing(both, "tenant", "bob")).toEqual({ objects: [X], waiting: [], code: undefined });

  const { state: one, reviews } = plan(both, [gone("login", "alice")], rules);
  expect(inPlace(one), "it stays where it stands").toEqual(["login default/configmap/x=1"]);
  expect([claimFiles(one).length, reviews]).toEqual([1, []]);
  expect(inPlace(plan(one, [gone("tenant", "bob")], rules).state)).toEqual([]);
});

it("an object that is let go passes to the next, which is rendered again", () => {
  const three = planAll(
    emptyState,
    [[claim("login", "a", `${X}=1`), claim("login", "b", `${X}=2`), claim("login", "c", `${X}=3`)]],
    rules,
  );
  const { state, reviews } = plan(three, [gone("login", "a")], rules);

  expect(inPlace(state)).toEqual(["login default/configmap/x=2"]);
  expect(reviews).toHaveLength(1);
  const settled = planAll(state, [[again("login", "b", [`a/c ${X}=2`])]], rules);
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

  const { state: first, reviews } = plan(both, [claim("login", "a", `${X}=2`)], rules);
  expect(inPlace(first)).toEqual(["login default/configmap/x=2"]);
  expect(reviews, "whoever shared").toHaveLength(1);
});

it("a conflict ends when both want the same after all", () => {
  const rivals = planAll(emptyState, [[claim("login", "a", `${X}=1`), claim("login", "b", `${X}=2`)]], rules);
  const { state, reviews } = plan(rivals, [claim("login", "b", `${X}=1`)], rules);

  expect(standing(state, "login", "b")).toEqual({ objects: [X], waiting: [], code: undefined });
  expect(reviews, "its record is written already").toEqual([]);
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
    const { state, reviews } = plan(planAll(emptyState, [second(false)], rules), [gone("login", "alice")], rules);
    expect(reviews).toHaveLength(1);
    const settled = planAll(state, [[again("tenant", "bob", [`a/c ${X}=2 ${Y}=2 :ConfigMap default/new=2`])]], rules);
    expect(inPlace(settled)).toEqual([
      "login default/configmap/x=2",
      "tenant default/configmap/new=2",
      "tenant default/configmap/y=2",
    ]);
  });
});

it("what is asked of an object and comes to nothing leaves no claim behind", () => {
  const before = planAll(emptyState, [[claim("login", "a", `${X}=1`), claim("login", "b", `${Y}=1`)]], rules);
  // It would share one, and stops at the other.
  const stopped = planAll(before, [[claim("tenant", "c", `${X}=1 ${Y}=2`)]], rules);
  expect(standing(stopped, "tenant", "c")).toEqual({ objects: [], waiting: [Y], code: "OBJECT_CONFLICT" });
  const claims = (state: State) =>
    [...state.keys()].filter((path) => path.startsWith("claims/a/c/default/configmap/x/"));
  expect(claims(stopped)).toEqual([]);
  expect(inPlace(planAll(stopped, [[gone("login", "a")]], rules))).toEqual(["login default/configmap/y=1"]);
});

describe("generated namespaces", () => {
  const needs = claim("login", "alice", ":ConfigMap team/x=1");
  const renders = claim("tenant", "team", ":Namespace /team=1");
  const object = "login team/configmap/x=1";
  const orders = [
    { name: "before", inputs: [needs, renders], place: "namespaces team" },
    { name: "after", inputs: [renders, needs], place: "tenant _cluster/namespace/team" },
  ];
  for (const { name, inputs, place } of orders) {
    it(`give way to whoever renders them, ${name} they were needed, and come back`, () => {
      const state = planAll(
        emptyState,
        inputs.map((input) => [input]),
        rules,
      );
      expect(inPlace(state)).toEqual([object, `${place}=1`].sort());
      expect(standing(state, "tenant", "team").code).toBeUndefined();

      const { state: back } = plan(state, [gone("tenant", "team")], rules);
      expect(inPlace(back)).toEqual([object, `${place}=generated`].sort());
      expect(inPlace(plan(back, [gone("login", "alice")], rules).state), "and go with the last").toEqual([]);
    });
  }

  it("of a logout that takes both, nothing is left, whatever comes first", () => {
    for (const inputs of [
      [gone("tenant", "team"), gone("login", "alice")],
      [gone("login", "alice"), gone("tenant", "team")],
    ]) {
      const state = planAll(emptyState, [[renders, needs]], rules);
      const { state: after, changeSet } = plan(state, inputs, rules);
      expect(inPlace(after)).toEqual([]);
      expect(changeSet.objects.map(({ action }) => action)).toEqual(["delete", "delete"]);
      expect([...after.keys()].filter((path) => path.startsWith("claims/"))).toEqual([]);
    }
  });

  it("are counted by who needs them", () => {
    const other = claim("login", "bob", ":ConfigMap team/y=1");
    const state = planAll(emptyState, [[needs, other]], rules);
    const one = plan(state, [gone("login", "alice")], rules).state;
    expect(inPlace(one)).toEqual(["login team/configmap/y=1", "namespaces team=generated"]);
    expect(inPlace(plan(one, [gone("login", "bob")], rules).state)).toEqual([]);
  });

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
      "a/c/base/namespaces/team.yaml",
      "a/d/base/namespaces/team.yaml",
    ]);
  });
});

it("the conflict names the object, the file, and where the manifest was rendered", () => {
  const state = planAll(emptyState, [[claim("login", "alice", `${X}=1`), claim("tenant", "bob", `${X}=2`)]], rules);
  const problem = recordOf(state, "tenant", "bob")?.clusters.get("a/c")?.failure;
  expect(problem).toMatchObject({ code: "OBJECT_CONFLICT", at: { file: "config.yaml", line: 1, column: 1 } });
  expect(problem?.message).toContain("desired/a/c/triggers/login/default/configmap/x.yaml");
});

it("claims survive their trigger: a removed one's objects are still found and let go", () => {
  const state = planAll(emptyState, [[claim("login", "alice", `${X}=1`)]], rules);
  const without = rulesOf(["tenant"]);
  const contested = planAll(state, [[claim("tenant", "bob", `${X}=2`)]], without);
  expect(standing(contested, "tenant", "bob").waiting).toEqual([X]);
  const withdrawn = planAll(contested, [[remove("login", "alice")]], without);
  expect(inPlace(withdrawn)).toEqual(["login default/configmap/x=2"]);
});

it("manifests of a shared object are kept once", () => {
  const many = Array.from({ length: 50 }, (_, index) => claim("login", `user-${index}`, `${X}=1`));
  const state = planAll(emptyState, [many], rules);
  const path = claimFiles(state)[0]!;
  const head = parseHead(state.get(path)!, path);
  expect([head.claims, head.alike]).toEqual([50, 50]);
  expect([...state.keys()].filter((other) => other.includes("/manifests/"))).toEqual([]);
});

describe("one identity everywhere", () => {
  it("a kind whose case is mended is the same object: nothing is lost", () => {
    const three = ["a", "b", "c"].map((subject) => claim("login", subject, `:Configmap default/${subject}=1`));
    const state = planAll(emptyState, [three], rules);
    const mended = ["a", "b", "c"].map((subject) => again("login", subject, [`a/c :ConfigMap default/${subject}=1`]));
    const { state: after, changeSet } = plan(state, mended, rules);
    expect(changeSet.objects.map(({ action }) => action)).toEqual(["update", "update", "update"]);
    expect(inPlace(after)).toHaveLength(3);
    expect(standing(after, "login", "a").objects).toEqual([":ConfigMap default/a"]);
  });

  it("and a rival's that is written otherwise", () => {
    const state = planAll(
      emptyState,
      [[claim("login", "a", `${X}=1`), claim("tenant", "b", ":CONFIGMAP default/x=1")]],
      rules,
    );
    expect([inPlace(state).length, claimFiles(state).length]).toEqual([1, 1]);
  });
});

describe("what configuration takes and gives back stands where it stood", () => {
  const rivals = [claim("login", "a", `${X}=1`), claim("tenant", "b", `${X}=2`)];
  const settle = (state: State, ...inputs: PlanInput[]) =>
    planAll(
      state,
      inputs.map((input) => [input]),
      rules,
    );

  it("a template that changes and changes back", () => {
    const before = planAll(emptyState, [rivals], rules);
    const without = settle(before, again("login", "a", [`a/c ${Y}=1`]), again("tenant", "b", [`a/c ${X}=2`]));
    expect(inPlace(without)).toEqual(["login default/configmap/x=2", "login default/configmap/y=1"]);
    const back = settle(without, again("login", "a", [`a/c ${X}=1`]), again("tenant", "b", [`a/c ${X}=2`]));
    expect(inPlace(back)).toEqual(inPlace(before));
    expect(standing(back, "tenant", "b")).toEqual(standing(before, "tenant", "b"));
  });

  it("an owner that is withdrawn and taken back", () => {
    const before = planAll(emptyState, [rivals], rules);
    const without = settle(before, again("login", "a", ["a/c withdraw"]), again("tenant", "b", [`a/c ${X}=2`]));
    expect(standing(without, "tenant", "b").objects).toEqual([X]);
    const back = settle(without, again("tenant", "b", [`a/c ${X}=2`]), again("login", "a", [`a/c ${X}=1`]));
    expect(inPlace(back)).toEqual(inPlace(before));
  });
});

it("an event's claims cost the same, however many others there are", () => {
  const shared = (subject: string) => claim("login", subject, `:Namespace /team=1 rbac.io:Role team/r=1`);
  const many = (count: number) =>
    planAll(emptyState, [Array.from({ length: count }, (_, n) => shared(`u${n}`))], rules);
  const cost = (state: State, input: PlanInput) => {
    const { changeSet } = plan(state, [input], rules);
    const bytes = changeSet.changes.reduce((sum, one) => sum + (one.action === "write" ? one.text.length : 0), 0);
    return { files: changeSet.changes.length, bytes };
  };
  const [few, all] = [many(100), many(1000)];
  for (const input of [shared("new"), gone("login", "u50"), gone("login", "u0")]) {
    const [one, other] = [cost(few, input), cost(all, input)];
    expect(other.files).toBeLessThanOrEqual(one.files + 1);
    expect(other.bytes).toBeLessThan(one.bytes + 5000);
  }
});

/** What `deploymentType: Local` puts on the hub: in its folder, for as long as the clusters that it is put there for. */
import { describe, expect, it } from "vitest";
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
  rulesOf,
  type State,
} from "./state.ts";

const rules = rulesOf(["login", "tenant"]);
const X = "hub :ConfigMap default/x";
const placeOfX = "mgmt/mgmt/triggers/login/default/configmap/x.yaml";

function standing(state: State, cluster: string) {
  const { objects, waiting, code } = holdingsOf(recordOf(state, "login", "alice"))[cluster] ?? {};
  return { objects, waiting, code };
}

describe("what is rendered for one cluster", () => {
  const both = "a/c @:ConfigMap default/x=1 :ConfigMap default/x=2";

  it("stands on the hub, beside what stands on the cluster under the same name", () => {
    const state = planAll(emptyState, [[event("login", "alice", [both])]], rules);
    expect(desired(state)).toEqual({ "a/c/triggers/login/default/configmap/x.yaml": "2", [placeOfX]: "1" });
    expect(standing(state, "a/c")).toEqual({
      objects: [":ConfigMap default/x", X],
      waiting: [],
      code: undefined,
    });
    expect(claimFiles(state)).toEqual([]);
  });

  it("goes with the cluster, and with the event", () => {
    const state = planAll(emptyState, [[event("login", "alice", [both])]], rules);
    expect(desired(planAll(state, [[again("login", "alice", ["a/c withdraw"])]], rules))).toEqual({});
    const gone = event("login", "alice", ["a/c Delete"], { elsewhere: "Delete", n: 2 });
    const after = planAll(state, [[gone]], rules);
    expect([desired(after), recordOf(after, "login", "alice")]).toEqual([{}, undefined]);
  });

  it("needs its Namespace on the hub, and not on the cluster", () => {
    const state = planAll(emptyState, [[event("login", "alice", ["a/c @:ConfigMap team/x=1"])]], rules);
    expect(desired(state)).toEqual({
      "mgmt/mgmt/base/namespaces/team.yaml": "generated",
      "mgmt/mgmt/triggers/login/team/configmap/x.yaml": "1",
    });
    expect(desired(planAll(state, [[again("login", "alice", ["a/c withdraw"])]], rules))).toEqual({});
  });

  it("stays where LeavePolicies says so, and is whoever's claims it", () => {
    const state = planAll(emptyState, [[event("login", "alice", ["a/c @:ConfigMap default/x=1"])]], rules);
    const left = planAll(state, [[again("login", "alice", ["a/c leave"])]], rules);
    expect(Object.keys(desired(left))).toEqual([placeOfX]);
    const claimed = planAll(left, [[event("tenant", "bob", ["b/d @:ConfigMap default/x=3"])]], rules);
    expect(desired(claimed)).toEqual({ [placeOfX]: "3" });
  });
});

describe("what is rendered for two clusters", () => {
  const alike = event("login", "alice", ["a/c @:ConfigMap default/x=1", "b/d @:ConfigMap default/x=1"]);
  const shared = planAll(emptyState, [[alike]], rules);

  it("alike, is one object, and goes with the last of them", () => {
    expect(desired(shared)).toEqual({ [placeOfX]: "1" });
    const one = planAll(shared, [[again("login", "alice", ["a/c withdraw"])]], rules);
    expect(desired(one)).toEqual({ [placeOfX]: "1" });
    expect(desired(planAll(one, [[again("login", "alice", ["b/d withdraw"])]], rules))).toEqual({});
  });

  it("alike, changes with the next event, and nobody fails of it, whoever came first", () => {
    const late = planAll(
      planAll(emptyState, [[event("login", "alice", ["b/d @:ConfigMap default/x=1"])]], rules),
      [[event("login", "alice", ["a/c @:ConfigMap default/x=1", "b/d @:ConfigMap default/x=1"], { n: 2 })]],
      rules,
    );
    for (const before of [shared, late]) {
      const next = event("login", "alice", ["a/c @:ConfigMap default/x=2", "b/d @:ConfigMap default/x=2"], { n: 3 });
      const { state } = plan(before, [next], rules);
      expect(desired(state)).toEqual({ [placeOfX]: "2" });
      for (const cluster of ["a/c", "b/d"])
        expect(standing(state, cluster)).toEqual({ objects: [X], waiting: [], code: undefined });
    }
  });

  it("otherwise, is a conflict of the second, which gets it when the first one goes", () => {
    const differing = event("login", "alice", ["a/c @:ConfigMap default/x=1", "b/d @:ConfigMap default/x=2"]);
    const state = planAll(emptyState, [[differing]], rules);
    expect(desired(state)).toEqual({ [placeOfX]: "1" });
    expect(standing(state, "a/c")).toEqual({ objects: [X], waiting: [], code: undefined });
    expect(standing(state, "b/d")).toEqual({ objects: [], waiting: [X], code: "OBJECT_CONFLICT" });
    const { state: after, reviews } = plan(state, [again("login", "alice", ["a/c withdraw"])], rules);
    expect(desired(after)).toEqual({ [placeOfX]: "2" });
    expect(reviews).toEqual(["claims/mgmt/mgmt/default/configmap/x"]);
    const settled = planAll(after, [[again("login", "alice", ["b/d @:ConfigMap default/x=2"])]], rules);
    expect(standing(settled, "b/d")).toEqual({ objects: [X], waiting: [], code: undefined });
  });
});

/** What must hold of any sequence of inputs, however it is cut into batches. */
import fc from "fast-check";
import { expect, it } from "vitest";
import type { EntityInput } from "../../src/plan/apply-event.ts";
import { checkpointPath } from "../../src/plan/paths.ts";
import type { PlanInput } from "../../src/plan/state-fold.ts";
import { casesOf } from "../tools/cases-of.ts";
import { desiredTexts, naiveRecords, recordsOf } from "./compare-state.ts";
import { NaiveFold } from "./naive-fold.ts";
import { again, emptyState, event, forgetLeft, plan, planAll, remove, replayed, rulesOf, type State } from "./state.ts";

const triggers = [
  { trigger: "login", syncMode: "Continuous", continueOnConflict: false },
  { trigger: "tenant", syncMode: "Continuous", continueOnConflict: true },
  { trigger: "early", syncMode: "ContinuousWithDriftDetection", continueOnConflict: false },
  { trigger: "once", syncMode: "OneTime", continueOnConflict: true },
  { trigger: "dry", syncMode: "DryRun", continueOnConflict: false },
] as const;
const rules = rulesOf(["login", "tenant", "early:50", "once", "dry"]);

const ids = [":ConfigMap a/x", ":ConfigMap b/x", ":Configmap default/y", ":Namespace /a", "rbac.io:Role /r"];
const local = [":ConfigMap a/x", ":Namespace /a"];
const objects = fc.uniqueArray(
  fc.record({
    id: fc.constantFrom(...ids, ...local.map((id) => `@${id}`)),
    value: fc.constantFrom("1", "2", "1", "2", "1~50", "2~150"),
  }),
  { selector: ({ id }) => id, maxLength: 3 },
);
const onCluster = fc.oneof(
  { weight: 6, arbitrary: objects.map((list) => list.map(({ id, value }) => ` ${id}=${value}`).join("")) },
  { weight: 2, arbitrary: fc.constant(" Delete") },
  { weight: 1, arbitrary: fc.constantFrom(" fail", " none") },
);
const renderings = fc.uniqueArray(
  fc.tuple(fc.constantFrom("eu/one", "us/two"), onCluster).map(([cluster, what]) => cluster + what),
  { selector: (text) => text.split(" ")[0], maxLength: 2 },
);
const subjects = fc.constantFrom("alice", "bob");

const entityInputs: fc.Arbitrary<EntityInput> = fc
  .record({
    rule: fc.constantFrom(...triggers),
    subject: subjects,
    renderings,
    elsewhere: fc.constantFrom("Create", "Create", "Delete", "none"),
    stopMatching: fc.constantFrom("LeavePolicies", "WithdrawPolicies", "keep"),
  } as const)
  .map(({ rule, subject, renderings: onClusters, ...rest }) => {
    const { trigger, syncMode, continueOnConflict } = rule;
    return event(trigger, subject, onClusters, { syncMode, continueOnConflict, ...rest });
  });
const onReplayed = fc.oneof(
  { weight: 3, arbitrary: onCluster },
  { weight: 1, arbitrary: fc.constantFrom(" withdraw", " leave") },
);
const replays: fc.Arbitrary<PlanInput> = fc
  .record({
    rule: fc.constantFrom(...triggers),
    subject: subjects,
    clusters: fc.uniqueArray(
      fc.tuple(fc.constantFrom("eu/one", "us/two"), onReplayed).map(([cluster, what]) => cluster + what),
      { selector: (text) => text.split(" ")[0], maxLength: 2 },
    ),
  })
  .map(({ rule: { trigger, syncMode, continueOnConflict }, subject, clusters }) =>
    again(trigger, subject, clusters, { syncMode, continueOnConflict }),
  );
const removals: fc.Arbitrary<PlanInput> = fc
  .record({ rule: fc.constantFrom(...triggers), subject: subjects })
  .map(({ rule, subject }) => remove(rule.trigger, subject));
const everyObject = [
  ...["eu/one", "us/two"].flatMap((cluster) => ids.map((id) => `${cluster} ${id}`)),
  ...local.map((id) => `mgmt/mgmt ${id}`),
];
const forgettings: fc.Arbitrary<PlanInput> = fc.constantFrom(...everyObject).map(forgetLeft);
const inputs: fc.Arbitrary<PlanInput[]> = fc.array(
  fc.oneof(
    { weight: 10, arbitrary: entityInputs },
    { weight: 5, arbitrary: replays },
    { weight: 1, arbitrary: removals },
    { weight: 1, arbitrary: forgettings },
  ),
  { maxLength: 14 },
);

it("comes to what the plain fold comes to", () => {
  fc.assert(
    fc.property(inputs, (all) => {
      const fold = new NaiveFold(rules, 0);
      let state: State = emptyState;
      for (const input of all) {
        fold.apply(input);
        state = plan(state, [input], rules).state;
        expect(desiredTexts(state)).toEqual(Object.fromEntries(fold.desired()));
        expect(recordsOf(state)).toEqual(naiveRecords(fold));
      }
    }),
    { numRuns: casesOf(400) },
  );
});

it("comes to the same state however the inputs are cut into batches", () => {
  fc.assert(
    fc.property(inputs, fc.array(fc.boolean(), { minLength: 14, maxLength: 14 }), (all, cuts) => {
      const batches: PlanInput[][] = [[]];
      all.forEach((input, index) => {
        batches.at(-1)!.push(input);
        if (cuts[index]) batches.push([]);
      });
      const oneByOne = planAll(
        emptyState,
        all.map((input) => [input]),
        rules,
      );
      const cut = planAll(emptyState, batches, rules);
      const whole = planAll(emptyState, [all], rules);
      // Of the checkpoint only how many commits there were, and what is left to be looked at, depends on the cut.
      const without = (state: State) => [...state].filter(([path]) => path !== checkpointPath).sort();
      expect(without(cut)).toEqual(without(oneByOne));
      expect(without(whole)).toEqual(without(oneByOne));
    }),
    { numRuns: casesOf(400) },
  );
});

it("changes nothing when the last input comes again", () => {
  fc.assert(
    fc.property(inputs, (all) => {
      const last = all.at(-1);
      // A blank says nothing, so it has no record to be rendered again.
      const isBlank = last?.kind === "entity" && last.renderings.every(({ action }) => action === "none");
      if (last === undefined || isBlank) return;
      const { state } = plan(planAll(emptyState, [all.slice(0, -1)], rules), [last], rules);
      const { changes } = plan(state, [last.kind === "entity" ? replayed(last) : last], rules).changeSet;
      expect(changes.filter(({ path }) => path !== checkpointPath)).toEqual([]);
    }),
    { numRuns: casesOf(400) },
  );
});

it("leaves nothing behind once everybody is gone", () => {
  fc.assert(
    fc.property(inputs, (all) => {
      const gone = triggers.flatMap(({ trigger }) => ["alice", "bob"].map((subject) => remove(trigger, subject)));
      // What was left needs a Namespace that may have been left too: that goes last.
      const state = planAll(emptyState, [all, gone, everyObject.map(forgetLeft)], rules);
      expect([...state.keys()].filter((path) => path !== checkpointPath)).toEqual([]);
    }),
    { numRuns: casesOf(200) },
  );
});

/** What must hold of any sequence of inputs, however it is cut into batches. */
import fc from "fast-check";
import { expect, it } from "vitest";
import type { EntityInput } from "../../src/plan/apply-entity.ts";
import { parseCheckpoint } from "../../src/plan/checkpoint-file.ts";
import { checkpointPath } from "../../src/plan/paths.ts";
import type { PlanInput } from "../../src/plan/plan-change-set.ts";
import { desiredTexts, naiveRecords, recordsOf } from "./compare-state.ts";
import { NaiveFold } from "./naive-fold.ts";
import { claimFiles, emptyState, entity, event, plan, planAll, rulesOf, type State } from "./state.ts";

const triggers = [
  { trigger: "login", syncMode: "Continuous", continueOnConflict: false },
  { trigger: "tenant", syncMode: "Continuous", continueOnConflict: true },
  { trigger: "early", syncMode: "ContinuousWithDriftDetection", continueOnConflict: false },
  { trigger: "once", syncMode: "OneTime", continueOnConflict: true },
  { trigger: "dry", syncMode: "DryRun", continueOnConflict: false },
] as const;
const rules = rulesOf(["login", "tenant", "early:50", "once", "dry"]);

const objects = fc.uniqueArray(
  fc.record({
    id: fc.constantFrom(":ConfigMap a/x", ":ConfigMap b/x", ":ConfigMap default/y", ":Namespace /a", "rbac.io:Role /r"),
    value: fc.constantFrom("1", "2"),
  }),
  { selector: ({ id }) => id, maxLength: 3 },
);
const onCluster = fc.oneof(
  { weight: 6, arbitrary: objects.map((list) => list.map(({ id, value }) => ` ${id}=${value}`).join("")) },
  { weight: 2, arbitrary: fc.constant(" Delete") },
  { weight: 1, arbitrary: fc.constant(" fail") },
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
    elsewhere: fc.constantFrom("Create", "Create", "Delete"),
    stopMatching: fc.constantFrom("LeavePolicies", "WithdrawPolicies"),
  } as const)
  .map(({ rule, subject, renderings: onClusters, ...rest }) => {
    const { trigger, syncMode, continueOnConflict } = rule;
    return event(trigger, subject, onClusters, { syncMode, continueOnConflict, ...rest });
  });
const withdrawals: fc.Arbitrary<PlanInput> = fc
  .record({
    rule: fc.constantFrom(...triggers),
    subject: subjects,
    clusters: fc.constantFrom(undefined, ["eu/one"], ["eu/one", "us/two"]),
  })
  .map(({ rule, subject, clusters }) => ({
    kind: "withdraw",
    trigger: rule.trigger,
    entity: entity(subject),
    ...(clusters === undefined ? {} : { clusters: new Set(clusters) }),
  }));
const inputs: fc.Arbitrary<PlanInput[]> = fc.array(
  fc.oneof({ weight: 12, arbitrary: entityInputs }, { weight: 1, arbitrary: withdrawals }),
  { maxLength: 14 },
);

it("comes to what the plain fold comes to", () => {
  fc.assert(
    fc.property(inputs, (all) => {
      const fold = new NaiveFold(rules);
      let state: State = emptyState;
      for (const input of all) {
        fold.apply(input);
        state = plan(state, [input], rules).state;
        expect(desiredTexts(state)).toEqual(Object.fromEntries(fold.desired()));
        expect(recordsOf(state)).toEqual(naiveRecords(fold));
        expect(claimFiles(state).length).toBe(fold.contested);
      }
    }),
    { numRuns: 400 },
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
      // A checkpoint is written by every batch, even one without inputs.
      const withCheckpoint = new Map(oneByOne).set(checkpointPath, whole.get(checkpointPath)!);
      expect(new Map([...cut].sort())).toEqual(new Map([...withCheckpoint].sort()));
      expect(new Map([...whole].sort())).toEqual(new Map([...withCheckpoint].sort()));
    }),
    { numRuns: 400 },
  );
});

it("changes nothing when the last input comes again", () => {
  fc.assert(
    fc.property(inputs, (all) => {
      const last = all.at(-1);
      if (last === undefined) return;
      const { state } = plan(planAll(emptyState, [all.slice(0, -1)], rules), [last], rules);
      const again = plan(state, [last.kind === "entity" ? { ...last, isReplay: true } : last], rules).changeSet;
      expect(again).toEqual({ changes: [], objects: [], events: [], revived: [], droppedLetters: 0 });
    }),
    { numRuns: 400 },
  );
});

it("leaves nothing behind but generated namespaces once everybody is gone", () => {
  fc.assert(
    fc.property(inputs, (all) => {
      const gone = triggers.flatMap(({ trigger }) =>
        ["alice", "bob"].map((subject): PlanInput => ({ kind: "withdraw", trigger, entity: entity(subject) })),
      );
      const state = planAll(emptyState, [all, gone], rules);
      const left = [...state.keys()].filter((path) => !/^desired\/[^/]+\/[^/]+\/namespaces\//.test(path));
      expect(left).toEqual([checkpointPath]);
      expect(parseCheckpoint(state.get(checkpointPath)!).pending.records).toEqual([]);
    }),
    { numRuns: 200 },
  );
});

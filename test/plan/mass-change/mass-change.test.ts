import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { CountedEffect, EffectCause, GuardLimits } from "../../../src/model/mass-change.ts";
import { changeId } from "../../../src/plan/mass-change/change-id.ts";
import { budgetOf, chooseHeld, type GuardScope } from "../../../src/plan/mass-change/choose-held.ts";
import { EffectCount, objectKey } from "../../../src/plan/mass-change/count-effects.ts";
import { ObjectHashes } from "../../../src/plan/mass-change/object-hashes.ts";
import {
  addRemovals,
  type RemovalsOfHour,
  removalsFromJson,
  removalsToJson,
  sumOfHour,
} from "../../../src/plan/mass-change/removals-of-hour.ts";

function cause(documents: string, owner = "triggers/users", cluster = "fleet/eu", isKnown = true): EffectCause {
  return { documents: documents.split(" "), owner, cluster, isKnown };
}

function effect(removals: number, documents: string, owner?: string, cluster?: string): CountedEffect {
  return { ...cause(documents, owner, cluster), removals, additions: 0 };
}

describe("counting", () => {
  it("counts an object once, whoever loses it", () => {
    const count = new EffectCount();
    count.goes("a", cause("x"));
    count.goes("a", cause("y"));
    expect(count.effects()).toEqual([{ ...cause("x"), removals: 1, additions: 0 }]);
  });

  it("does not count what moves between owners, entities or shards, in whatever order it is met", () => {
    const places = ["triggers/a/default/configmap/x.yaml", "triggers/b/1f/default/configmap/x.yaml"];
    for (const order of [places, [...places].reverse()]) {
      const count = new EffectCount();
      for (const path of order) {
        const key = objectKey("fleet/eu", path);
        if (path === places[0]) count.goes(key, cause("x"));
        else count.comes(key, cause("y"));
      }
      expect(count.effects()).toEqual([]);
    }
  });

  it("is the difference of the sets of objects", () => {
    const objects = fc.uniqueArray(fc.integer({ min: 1, max: 60 }).map(String));
    fc.assert(
      fc.property(objects, objects, fc.boolean(), (before, after, isReversed) => {
        const count = new EffectCount();
        const steps = [
          ...before.map((object) => () => count.goes(object, cause("x"))),
          ...after.map((object) => () => count.comes(object, cause("x"))),
        ];
        for (const step of isReversed ? steps.reverse() : steps) step();
        const [counted = { removals: 0, additions: 0 }] = count.effects();
        expect(counted.removals).toBe(before.filter((object) => !after.includes(object)).length);
        expect(counted.additions).toBe(after.filter((object) => !before.includes(object)).length);
      }),
    );
  });

  it("keeps hashes apart, however many there are", () => {
    const table = new ObjectHashes();
    for (let hash = 1; hash <= 10_000; hash++) table.setFirst(table.slotOf(BigInt(hash) << 20n), hash);
    expect(table.size).toBe(10_000);
    for (let hash = 1; hash <= 10_000; hash++) expect(table.first(table.slotOf(BigInt(hash) << 20n))).toBe(hash);
    expect(() => table.slotOf(0n)).toThrow();
  });
});

describe("what went within the hour", () => {
  const hour = addRemovals(addRemovals(new Map(), 10, [effect(3, "x")]), 40, [effect(4, "y", "triggers/quota")]);

  it("adds up, and is forgotten after sixty minutes in which a leader ran", () => {
    expect(sumOfHour(hour, 40)).toMatchObject({ total: 7, clusters: new Map([["fleet/eu", 7]]) });
    expect(sumOfHour(hour, 69).total).toBe(7);
    expect(sumOfHour(hour, 70).total).toBe(4);
    expect(sumOfHour(hour, 100).total).toBe(0);
    expect([...addRemovals(hour, 75, [effect(1, "x")]).keys()]).toEqual([40, 75]);
  });

  it("is the same out of the checkpoint as into it", () => {
    expect(removalsFromJson(removalsToJson(hour))).toEqual(hour);
    expect(removalsFromJson(undefined)).toEqual(new Map());
  });

  it("keeps no minute in which nothing went", () => {
    expect(addRemovals(new Map(), 5, [effect(0, "x")])).toEqual(new Map());
  });
});

interface Case {
  readonly name: string;
  readonly effects: readonly CountedEffect[];
  readonly held: string;
  readonly limits?: Partial<GuardLimits>;
  readonly hour?: RemovalsOfHour;
  readonly totals?: Readonly<Record<string, number>>;
}

const cases: readonly Case[] = [
  { name: "a small change goes in force", effects: [effect(3, "x")], held: "" },
  { name: "as many as allowed go", effects: [effect(20, "x")], held: "" },
  { name: "one more is held", effects: [effect(21, "x")], held: "x" },
  {
    name: "the document beyond the limit is held, another team's goes",
    effects: [effect(500, "x"), effect(2, "y", "triggers/quota")],
    held: "x",
  },
  {
    name: "where no document alone is beyond and all together are, all are held",
    effects: [effect(15, "x"), effect(15, "y", "triggers/quota")],
    held: "x y",
  },
  { name: "what two documents share in counts for both", effects: [effect(30, "x y")], held: "x y" },
  {
    name: "slices add up within the hour",
    effects: [effect(15, "x")],
    hour: new Map([[50, { owners: new Map([["triggers/users", 15]]), clusters: new Map([["fleet/eu", 15]]) }]]),
    held: "x",
  },
  {
    name: "what went before holds nothing that takes nothing",
    effects: [{ ...cause("x"), removals: 0, additions: 1 }],
    hour: new Map([[50, { owners: new Map([["triggers/users", 300]]), clusters: new Map() }]]),
    held: "",
  },
  {
    name: "more than half of an owner is held",
    effects: [effect(6, "x")],
    totals: { "triggers/users": 10 },
    held: "x",
  },
  { name: "half of an owner goes", effects: [effect(5, "x")], totals: { "triggers/users": 10 }, held: "" },
  { name: "four objects are no share", effects: [effect(4, "x")], totals: { "triggers/users": 4 }, held: "" },
  {
    name: "more than half of a cluster is held, whoever had it",
    effects: [effect(3, "x"), effect(3, "x", "triggers/quota")],
    totals: { "fleet/eu": 10 },
    held: "x",
  },
  {
    name: "a share is of what there was at the beginning of the hour",
    effects: [effect(3, "x")],
    hour: new Map([[50, { owners: new Map([["triggers/users", 3]]), clusters: new Map() }]]),
    totals: { "triggers/users": 7 },
    held: "x",
  },
  { name: "additions are held too", effects: [{ ...cause("x"), removals: 0, additions: 1001 }], held: "x" },
  {
    name: "a new cluster's additions are none",
    effects: [{ ...cause("x", "triggers/users", "fleet/new", false), removals: 0, additions: 10_000 }],
    held: "",
  },
  { name: "a limit of 0 holds every removal", effects: [effect(1, "x")], limits: { removals: 0 }, held: "x" },
];

function scopeOf({ limits, hour, totals }: Pick<Case, "limits" | "hour" | "totals">): GuardScope {
  return {
    limits: { removals: 20, share: 0.5, additions: 1000, ...limits },
    hour: hour ?? new Map(),
    minute: 60,
    totals: (key) => totals?.[key] ?? 1_000_000,
  };
}

describe("what is held", () => {
  it.each(cases)("$name", (given) => {
    const { documents, exceeded } = chooseHeld(given.effects, scopeOf(given));
    expect([...documents].sort().join(" ")).toBe(given.held);
    expect(exceeded.length > 0).toBe(given.held !== "");
  });

  it("leaves within the limits whatever is not held, taken alone", () => {
    const effects = fc.array(
      fc
        .record({
          removals: fc.integer({ min: 0, max: 40 }),
          documents: fc.subarray(["w", "x", "y", "z"], { minLength: 1 }),
          owner: fc.constantFrom("triggers/a", "triggers/b"),
          cluster: fc.constantFrom("fleet/eu", "fleet/us"),
        })
        .map((parts): CountedEffect => ({ ...parts, additions: 0, isKnown: true })),
      { maxLength: 8 },
    );
    fc.assert(
      fc.property(effects, (counted) => {
        const scope = scopeOf({});
        const { documents } = chooseHeld(counted, scope);
        for (const document of ["w", "x", "y", "z"]) {
          const alone = counted.filter((one) => one.documents.includes(document));
          const removals = alone.reduce((sum, one) => sum + one.removals, 0);
          if (removals > scope.limits.removals) expect(documents).toContain(document);
        }
      }),
    );
  });
});

describe("the budget", () => {
  it("is what the limits leave, or what was approved and a tenth more", () => {
    const hour = addRemovals(new Map(), 50, [effect(15, "x")]);
    expect(budgetOf(3, false, scopeOf({ hour }))).toBe(5);
    expect(budgetOf(500, true, scopeOf({ hour }))).toBe(550);
    expect(budgetOf(1, true, scopeOf({}))).toBe(2);
  });
});

describe("a change's id", () => {
  const change = { key: "a", before: "1", after: undefined };

  it("is that of its documents before and after, in whatever order", () => {
    const other = { key: "b", before: undefined, after: "2" };
    expect(changeId([change, other])).toBe(changeId([other, change]));
    expect(changeId([change])).toMatch(/^[0-9a-f]{12}$/);
  });

  it("is another one once a document changes again", () => {
    expect(changeId([{ ...change, after: "2" }])).not.toBe(changeId([change]));
    expect(changeId([{ ...change, after: "" }])).not.toBe(changeId([change]));
    expect(changeId([{ ...change, before: "2" }])).not.toBe(changeId([change]));
  });
});

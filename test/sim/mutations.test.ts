/**
 * Deliberately broken builds, each by a function that is swapped for a wrong one: the simulation has to catch them. What
 * it would not catch it would not prove.
 */
import { afterEach, expect, it, vi } from "vitest";
import type { EntityInput } from "../../src/plan/apply-event.ts";

interface Mutation {
  readonly invariant: string;
  /** The module, from here, and what of it is other than it should be. */
  readonly module: string;
  readonly swap: (original: never) => object;
  /** What the simulation says of it. */
  readonly caught: RegExp;
}

const mutations: readonly Mutation[] = [
  {
    invariant: "the state is the fold over the inputs: a delivery finds what passes would have left",
    module: "../../src/plan/pending-work.ts",
    swap: () => ({ workAhead: () => ({ clusters: undefined, from: [] }) }),
    caught: /fold over the inputs/,
  },
  {
    invariant: "the target is the projection of the desired tree",
    module: "../../src/pipeline/branches/project-target.ts",
    swap: (original: { projectTarget: (...args: unknown[]) => Promise<{ changes: { action: string }[] }> }) => ({
      projectTarget: async (...args: unknown[]) => {
        const difference = await original.projectTarget(...args);
        return { ...difference, changes: difference.changes.filter(({ action }) => action !== "delete") };
      },
    }),
    caught: /projection of the desired tree/,
  },
  {
    invariant: "nothing is settled before its state is pushed",
    module: "../../src/pipeline/loop/batcher.ts",
    swap: (original: { Batcher: new (parts: { inForce: () => SettledEarly }) => object }) => ({
      Batcher: class extends original.Batcher {
        constructor(parts: { inForce: () => SettledEarly }) {
          super(parts);
          const commit = Reflect.get(this, "commit") as (signal: AbortSignal) => Promise<number>;
          Reflect.set(this, "commit", async (signal: AbortSignal) => {
            const bytes = await commit.call(this, signal);
            const { keeper, streams } = parts.inForce();
            for (const stream of streams) {
              const position = keeper.checkpoint.positions.get(stream.name);
              if (position !== undefined) await stream.settle(position);
            }
            return bytes;
          });
        }
      },
    }),
    caught: /settled before it was pushed/,
  },
  {
    invariant: "a rendering that fails deletes nothing",
    module: "../../src/plan/apply-event.ts",
    swap: (original: { applyEvent: (...args: [unknown, unknown, unknown, EntityInput]) => unknown }) => ({
      applyEvent: (scope: unknown, records: unknown, record: unknown, input: EntityInput) => {
        const renderings = input.renderings.map((one) =>
          one.action === "fail" ? ({ cluster: one.cluster, action: "Create", manifests: [] } as const) : one,
        );
        const outcome = original.applyEvent(scope, records, record, { ...input, renderings }) as {
          record?: { clusters: Map<string, object> };
        };
        for (const one of input.renderings) {
          const on = outcome?.record?.clusters.get(one.cluster);
          if (one.action === "fail" && on !== undefined) Object.assign(on, { failure: one.problem });
        }
        return outcome;
      },
    }),
    caught: /and objects go/,
  },
  {
    invariant: "two never lead in one term",
    module: "../../src/pipeline/state-keeper.ts",
    swap: (original: { StateKeeper: { prototype: { takeLead(holder: string): Promise<void> } } }) => {
      original.StateKeeper.prototype.takeLead = async function (this: KeeperLike, holder: string) {
        await this.commit([], { term: { number: 1, holder } });
      };
      return {};
    },
    caught: /two lead in term 1/,
  },
];

interface SettledEarly {
  readonly keeper: { readonly checkpoint: { readonly positions: ReadonlyMap<string, unknown> } };
  readonly streams: readonly { readonly name: string; settle(position: unknown): unknown }[];
}

interface KeeperLike {
  commit(inputs: readonly unknown[], change: object): Promise<void>;
}

/** So many seeds are played at most until one fails. */
const seedsMax = 60;

afterEach(() => {
  for (const { module } of mutations) vi.doUnmock(module);
  vi.resetModules();
});

it.each(mutations)("catches a build that breaks this: $invariant", async ({ module, swap, caught }) => {
  vi.resetModules();
  vi.doMock(module, async (importOriginal) => {
    const original = await importOriginal<object>();
    return { ...original, ...swap(original as never) };
  });
  const { playSeed } = await import("./play-seed.ts");
  let found: unknown;
  for (let seed = 1; seed <= seedsMax && found === undefined; seed++) {
    found = await playSeed(seed).then(
      () => undefined,
      (error: unknown) => error,
    );
  }
  expect(found, `${seedsMax} seeds found nothing`).toBeDefined();
  expect(String(found)).toMatch(caught);
});

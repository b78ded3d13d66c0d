/**
 * Deliberately broken builds, each by a function that is swapped for a wrong one: the simulation has to catch them. What
 * it would not catch it would not prove.
 */
import { afterEach, expect, it, vi } from "vitest";
import type { Catalog } from "../../src/model/catalog.ts";
import type { Backfill } from "../../src/model/change-set.ts";
import type { Delivery } from "../../src/model/delivery.ts";
import type { BranchNames, Ports } from "../../src/pipeline/branches/branch-parts.ts";
import { processDelivery } from "../../src/pipeline/process-delivery.ts";
import type { EntityInput } from "../../src/plan/apply-event.ts";
import type { GitRepository } from "../../src/ports/git.ts";
import type { RenderSettings } from "../../src/render/render-spec.ts";

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
  {
    invariant: "no commit changes nothing",
    module: "../../src/pipeline/branches/branches.ts",
    swap: (original: { Branches: { prototype: { commitState(...args: unknown[]): Promise<void> } } }) => {
      const { commitState } = original.Branches.prototype;
      original.Branches.prototype.commitState = async function (...args: unknown[]) {
        await commitState.apply(this, args);
        await commitState.call(this, { changes: [], objects: [], events: [], droppedLetters: 0 });
      };
      return {};
    },
    caught: /a state commit changes nothing/,
  },
  {
    invariant: "no object goes unasked",
    module: "../../src/plan/mass-change/choose-held.ts",
    swap: () => ({
      exceededLimits: () => [],
      chooseHeld: () => ({ documents: new Set(), exceeded: [] }),
      budgetOf: () => 1_000_000,
    }),
    caught: /an object goes unasked/,
  },
  {
    invariant: "the state never forks, and a former leader's late push changes nothing",
    module: "../../src/pipeline/branches/branches.ts",
    swap: (original: { Branches: new (...args: [BranchNames, Ports, ...unknown[]]) => object }) => ({
      Branches: class extends original.Branches {
        constructor(names: BranchNames, ports: Ports, ...rest: unknown[]) {
          super(names, { ...ports, git: forcing(ports.git, names.state) }, ...rest);
        }
      },
    }),
    caught: /the state forks/,
  },
  {
    invariant: "what was received and is lost was told",
    module: "../../src/adapters/journal/segment-writer.ts",
    swap: (original: { createSegmentWriter: (...args: unknown[]) => { append(message: unknown): boolean } }) => ({
      createSegmentWriter: (...args: unknown[]) => {
        const writer = original.createSegmentWriter(...args);
        let taken = 0;
        return { ...writer, append: (message: unknown) => ++taken % 3 === 0 || writer.append(message) };
      },
    }),
    caught: /gone untold|never comes to rest/,
  },
  {
    invariant: "a stop says how much is lost of what the disk did not take",
    module: "../../src/adapters/journal/segment-writer.ts",
    swap: (original: { createSegmentWriter: (...args: unknown[]) => { close(): Promise<number> } }) => ({
      createSegmentWriter: (...args: unknown[]) => {
        const writer = original.createSegmentWriter(...args);
        return { ...writer, close: () => writer.close().then(() => 0) };
      },
    }),
    caught: /gone untold/,
  },
  {
    invariant: "a backfill makes nothing before it has read all",
    module: "../../src/pipeline/backfill/backfill-inputs.ts",
    swap: () => ({
      backfillInputs: (catalog: Catalog, { owner }: Backfill, deliveries: readonly Delivery[], how: RenderSettings) => {
        const eventTriggers = new Map([...catalog.eventTriggers].filter(([name]) => name === owner.name));
        return deliveries.flatMap((one) => processDelivery({ ...catalog, eventTriggers }, one, how).inputs);
      },
    }),
    caught: /makes something before it has read all/,
  },
  {
    invariant: "live events pass a trigger by that is backfilled",
    module: "../../src/plan/pending-work.ts",
    swap: () => ({ isPassedBy: () => false }),
    caught: /makes something before it has read all/,
  },
  {
    invariant: "a backfill is the fold over its streams",
    module: "../../src/pipeline/backfill/backfill-inputs.ts",
    swap: (original: { backfillInputs: (...args: unknown[]) => readonly EntityInput[] }) => ({
      backfillInputs: (...args: unknown[]) =>
        original
          .backfillInputs(...args)
          .filter(({ renderings }) => renderings.every(({ action }) => action !== "Delete")),
    }),
    caught: /a backfill is the fold over its streams/,
  },
  {
    invariant: "what is desired is proposed, or was turned down",
    module: "../../src/pipeline/review/review-branch.ts",
    swap: (original: { readDifferences: (...args: unknown[]) => Promise<{ differences: { want?: string }[] }> }) => ({
      readDifferences: async (...args: unknown[]) => {
        const read = await original.readDifferences(...args);
        return { ...read, differences: read.differences.filter(({ want }) => want !== undefined) };
      },
    }),
    caught: /is neither proposed nor turned down/,
  },
  {
    invariant: "under review only people move the target",
    module: "../../src/pipeline/branches/branches.ts",
    swap: (original: { Branches: new (...args: [BranchNames, ...unknown[]]) => object }) => ({
      Branches: class extends original.Branches {
        constructor(names: BranchNames, ...rest: unknown[]) {
          super({ ...names, isReviewed: false }, ...rest);
        }
      },
    }),
    caught: /only people move the target/,
  },
];

/** Pushes the state over whatever is there. */
function forcing(git: GitRepository, state: string): GitRepository {
  const push: GitRepository["push"] = async (updates, signal) => {
    const heads = await git.fetchHeads([state], signal);
    const forced = updates.map((update) => {
      const from = heads.get(state);
      return update.branch !== state || from === undefined ? update : { ...update, from, mayRewind: true as const };
    });
    return git.push(forced, signal);
  };
  return new Proxy(git, {
    get: (target, key) => {
      if (key === "push") return push;
      const value: unknown = Reflect.get(target, key);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

interface SettledEarly {
  readonly keeper: { readonly checkpoint: { readonly positions: ReadonlyMap<string, unknown> } };
  readonly streams: readonly { readonly name: string; settle(position: unknown): unknown }[];
}

interface KeeperLike {
  commit(inputs: readonly unknown[], change: object): Promise<void>;
}

/** So many seeds are played at most until one fails as it should: what is broken may come out otherwise, too. */
const seedsMax = 250;

afterEach(() => {
  for (const { module } of mutations) vi.doUnmock(module);
  vi.resetModules();
});

/** Each takes seconds: all of them with SLUICE_TEST_ALL. */
const tried = process.env.SLUICE_TEST_ALL === undefined ? mutations.slice(0, 4) : mutations;

it.each(tried)(
  "catches a build that breaks this: $invariant",
  { timeout: 900_000 },
  async ({ module, swap, caught }) => {
    vi.resetModules();
    vi.doMock(module, async (importOriginal) => {
      const original = await importOriginal<object>();
      return { ...original, ...swap(original as never) };
    });
    const { playSeed } = await import("./play-seed.ts");
    const found = new Set<string>();
    for (let seed = 1; seed <= seedsMax && ![...found].some((text) => caught.test(text)); seed++) {
      await playSeed(seed).catch((error: unknown) => found.add(String(error).split("\n", 1)[0]!));
    }
    expect([...found].join("\n"), `what ${seedsMax} seeds found`).toMatch(caught);
  },
);

/**
 * Keeps the state: the catalog in force and the checkpoint, and makes the state commits that advance them.
 *
 * Whatever changes the state comes through here, one commit after the other: batches of deliveries, a new catalog,
 * records rendered again, commands.
 */
import type { Catalog } from "../model/catalog.ts";
import type { ChangeSet, Checkpoint } from "../model/change-set.ts";
import type { Delivery, StreamName, StreamPosition } from "../model/delivery.ts";
import { parseOwner } from "../plan/owner-file.ts";
import { catalogFolder, checkpointPath, encodePathPart, ownersFolder } from "../plan/paths.ts";
import { planCatalogChange } from "../plan/plan-catalog-change.ts";
import type { PlanInput, PlanRules } from "../plan/plan-change-set.ts";
import type { RenderSettings } from "../render/render-trigger.ts";
import type { Branches, Ports } from "./branches/branches.ts";
import { planBatch } from "./plan-batch.ts";
import { processDelivery } from "./process-delivery.ts";
import { readFolder } from "./read-folder.ts";
import { renderPendingChunk } from "./render-pending.ts";
import { reshardTree } from "./reshard-tree.ts";
import { untilAnswered } from "./until-answered.ts";

export interface KeeperOptions {
  readonly eventsMax: number;
  readonly per: "batch" | "event";
  readonly shards: number;
  readonly records: "full" | "identity";
  readonly deadLettersMax: number;
  readonly render: RenderSettings;
}

/** A delivery with what the catalog made of it. */
export interface ProcessedEntry {
  readonly delivery: Delivery;
  /** The catalog that it was rendered with. */
  readonly catalog: Catalog;
  readonly inputs: readonly PlanInput[];
}

/** Positions without effect are committed with the next effect, or after this long. */
export const idlePositionsMsMax = 60_000;
const pendingRecordsMax = 500;

export class StateKeeper {
  readonly #options: KeeperOptions;
  readonly #branches: Branches;
  readonly #ports: Ports;
  #catalog: Catalog;
  #checkpoint: Checkpoint;
  #rules: PlanRules;
  #committed: ReadonlyMap<StreamName, StreamPosition>;
  /** When the oldest position was taken that no commit holds yet, by the monotonic clock. */
  #heldSince: number | undefined;

  constructor(options: KeeperOptions, branches: Branches, ports: Ports, catalog: Catalog, checkpoint: Checkpoint) {
    this.#options = options;
    this.#branches = branches;
    this.#ports = ports;
    this.#catalog = catalog;
    this.#checkpoint = checkpoint;
    this.#committed = checkpoint.positions;
    this.#rules = rulesOf(options, catalog);
  }

  get catalog(): Catalog {
    return this.#catalog;
  }

  get checkpoint(): Checkpoint {
    return this.#checkpoint;
  }

  /** Up to where the state commits have each stream, positions that are held back apart. */
  get committed(): ReadonlyMap<StreamName, StreamPosition> {
    return this.#committed;
  }

  get heldSince(): number | undefined {
    return this.#heldSince;
  }

  get hasPending(): boolean {
    const { triggers, records } = this.#checkpoint.pending;
    return triggers.length > 0 || records.length > 0;
  }

  /** Lays the desired tree out anew, in one commit, where the settings ask for other shards than it has. */
  async reshard(): Promise<void> {
    const { shards } = this.#options;
    const tree = this.#branches.stateTree;
    if (this.#checkpoint.shards === shards) return;
    this.#checkpoint = { ...this.#checkpoint, shards };
    if (tree === undefined) return;
    const base = await reshardTree(this.#ports.git, tree, shards, this.#ports.clock.now());
    const changeSet = await planBatch(this.#ports.git, tree, [], this.#checkpoint, this.#rules);
    await this.#branches.commitState(changeSet, base);
  }

  /** Makes the catalog the one that everything is rendered with, unless it is that already. */
  async putInForce(catalog: Catalog): Promise<void> {
    const tree = this.#branches.stateTree;
    const isInForce = this.#checkpoint.catalog === catalog.revision && tree !== undefined;
    if (!isInForce) {
      const owners = [];
      const { git } = this.#ports;
      for await (const [path, text] of readFolder(git, tree, ownersFolder)) owners.push(parseOwner(text, path));
      const kept: string[] = [];
      if (tree !== undefined) for await (const path of git.listFiles(tree, catalogFolder)) kept.push(path);
      const { inputs, pending } = planCatalogChange(catalog, kept, owners, this.#checkpoint.pending);
      await this.commit(inputs, { catalog: catalog.revision, pending });
    }
    // Only now: what was rendered with the old one meanwhile is rendered anew.
    this.#catalog = catalog;
    this.#rules = rulesOf(this.#options, catalog);
  }

  /**
   * Commits deliveries, behind a chunk of the records that are to be rendered again. Where that changes nothing but
   * positions it can wait, unless `isLast`. A repository that does not answer is waited for until the signal aborts.
   */
  async commitBatch(entries: readonly ProcessedEntry[], isLast: boolean, signal: AbortSignal): Promise<void> {
    const tree = this.#branches.stateTree;
    let inputs: readonly PlanInput[] = [];
    let change: Partial<Checkpoint> = {};
    if (tree !== undefined && this.hasPending) {
      const { render } = this.#options;
      const { pending } = this.#checkpoint;
      const { git } = this.#ports;
      const chunk = await untilAnswered(this.#ports, signal, "run", () =>
        renderPendingChunk(git, tree, pending, this.#catalog, render, pendingRecordsMax),
      );
      inputs = chunk.inputs;
      change = { pending: chunk.pending };
    }
    const batches = this.#options.per === "event" && entries.length > 0 ? entries.map((entry) => [entry]) : [entries];
    for (const batch of batches) {
      const positions = new Map(this.#checkpoint.positions);
      for (const { delivery } of batch) positions.set(delivery.stream, delivery.position);
      const rendered = batch.flatMap((entry) => this.#inputsOf(entry));
      const all = [...inputs, ...rendered];
      const checkpoint = { ...this.#checkpoint, positions, ...change };
      await untilAnswered(this.#ports, signal, "run", () => this.#commit(all, checkpoint, isLast));
      // The chunk goes with the first commit, which may itself have found more to be rendered again.
      inputs = [];
      change = {};
    }
  }

  /** Commits inputs of another kind, and a change of the checkpoint with them. */
  async commit(inputs: readonly PlanInput[], change: Partial<Checkpoint>): Promise<void> {
    await this.#commit(inputs, { ...this.#checkpoint, ...change }, true);
  }

  /** What was rendered while it waited, or rendered anew if the catalog has changed since. */
  #inputsOf({ delivery, catalog, inputs }: ProcessedEntry): readonly PlanInput[] {
    return catalog === this.#catalog ? inputs : processDelivery(this.#catalog, delivery, this.#options.render).inputs;
  }

  async #commit(inputs: readonly PlanInput[], checkpoint: Checkpoint, cannotWait: boolean): Promise<void> {
    const { git } = this.#ports;
    const tree = this.#branches.stateTree;
    let changeSet = await planBatch(git, tree, inputs, checkpoint, this.#rules);
    if (changeSet.revived.length > 0) {
      const records = [...new Set([...checkpoint.pending.records, ...changeSet.revived])];
      checkpoint = { ...checkpoint, pending: { ...checkpoint.pending, records } };
      changeSet = await planBatch(git, tree, inputs, checkpoint, this.#rules);
    }
    if (changeSet.changes.length > 0 && (cannotWait || !this.#isHeld(changeSet))) {
      await this.#branches.commitState(changeSet);
      this.#heldSince = undefined;
      this.#committed = checkpoint.positions;
      if (changeSet.droppedLetters > 0) {
        const { deadLettersMax } = this.#options;
        this.#ports.log.warn("dead letters are dropped, the oldest first", {
          dropped: changeSet.droppedLetters,
          deadLettersMax,
        });
      }
    }
    // Only now: what could not be committed is not in force, and is tried again.
    this.#checkpoint = checkpoint;
  }

  /** Whether a change of nothing but the checkpoint can wait for others still. */
  #isHeld(changeSet: ChangeSet): boolean {
    if (!isOnlyCheckpoint(changeSet)) return false;
    const now = this.#ports.clock.monotonic();
    this.#heldSince ??= now;
    return now - this.#heldSince < idlePositionsMsMax;
  }
}

/** What planning under this catalog goes by. */
export function rulesOf(
  { shards, records, deadLettersMax }: Pick<KeeperOptions, "shards" | "records" | "deadLettersMax">,
  catalog: Catalog,
): PlanRules {
  const triggers = [...catalog.eventTriggers.values()];
  const owners = new Map(triggers.map(({ name, tier }) => [encodePathPart(name), { trigger: name, tier }]));
  return { shards, records, deadLettersMax, owners };
}

function isOnlyCheckpoint({ changes }: ChangeSet): boolean {
  return changes.every(({ path }) => path === checkpointPath);
}

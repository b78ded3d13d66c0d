/**
 * Keeps the state: the catalog in force and the checkpoint, and makes the state commits that advance them.
 *
 * Whatever changes the state comes through here, one commit after the other: batches of deliveries, a new catalog,
 * records rendered again, commands.
 */
import type { Catalog } from "../model/catalog.ts";
import { type ChangeSet, type Checkpoint, isPaused, type Layout, type Pass } from "../model/change-set.ts";
import type { Delivery, StreamName, StreamPosition } from "../model/delivery.ts";
import type { GuardSettings } from "../model/mass-change.ts";
import { type OwnerKey, ownerKey, triggerOwner } from "../model/owner.ts";
import type { Problem } from "../model/problem.ts";
import { type AffectedClusters, affectedOwners } from "../plan/affected-owners.ts";
import { renderer } from "../plan/checkpoint-file.ts";
import { behindPassRank, nextPassRank } from "../plan/claims-file.ts";
import { keepWithdrawn, markWithdrawn } from "../plan/keep-withdrawn.ts";
import { catalogSettings, withCatalogSettings } from "../plan/mass-change/catalog-settings.ts";
import { changeId } from "../plan/mass-change/change-id.ts";
import { readGuardState, writeGuardState } from "../plan/mass-change/guard-state.ts";
import { addRemovals, sumOfHour } from "../plan/mass-change/removals-of-hour.ts";
import { parseOwner } from "../plan/owner-file.ts";
import { catalogFolder, checkpointPath, ownerPath, ownersFolder, positionsFolder } from "../plan/paths.ts";
import { joinPass } from "../plan/pending-work.ts";
import { planCatalogChange } from "../plan/plan-catalog-change.ts";
import type { PlanInput, PlanRules } from "../plan/state-fold.ts";
import type { RenderSettings } from "../render/render-trigger.ts";
import type { Branches, Ports } from "./branches/branches.ts";
import { type Folded, foldInputs } from "./fold-inputs.ts";
import { findEmptyClusters, findPurgeable } from "./forget-withdrawn.ts";
import { type CountScope, countPasses, countRemovals } from "./mass-change/count-change.ts";
import { processDelivery } from "./process-delivery.ts";
import { randomId } from "./random-id.ts";
import { readFolder } from "./read-folder.ts";
import { renderAgain } from "./render-again.ts";
import { chunkLimits, type PendingChunk, renderPendingChunk } from "./render-pending.ts";
import { reshardTree } from "./reshard-tree.ts";
import { rulesOf } from "./rules-of.ts";
import { takeOverVersion1 } from "./take-over-version-1.ts";
import { untilAnswered } from "./until-answered.ts";

export interface KeeperOptions {
  readonly eventsMax: number;
  readonly per: "batch" | "event";
  readonly layout: Layout;
  readonly records: "full" | "identity";
  readonly deadLettersMax: number;
  readonly render: RenderSettings;
  /** `output.path`: with the state's id it names what a cluster has once. */
  readonly outputPath: string;
  readonly guard: GuardSettings;
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
const minuteMs = 60_000;
/** Approvals of what never came are forgotten, the oldest first. */
const approvalsMax = 50;
const minutesBetweenPurges = 60;

export class StateKeeper {
  readonly #options: KeeperOptions;
  readonly #branches: Branches;
  readonly #ports: Ports;
  /** As it was loaded, and with the owners that are withdrawn. */
  #loaded: Catalog;
  #catalog: Catalog;
  #checkpoint: Checkpoint;
  #rules: PlanRules;
  /** As the state has it: positions that are held back are not in it. */
  #stored: Checkpoint;
  /** When the oldest position was taken that no commit holds yet; by the monotonic clock. */
  #heldSince: number | undefined;
  /** Up to when the checkpoint's minutes are counted; by the monotonic clock. */
  #countedUntil: number;
  /** Whether chunks go with the next batch: while events wait, they take at most half of the turns. */
  #isChunksTurn = true;
  /** Whether folders of clusters may have become empty since they were looked for. */
  #mayForget = true;
  /** Objects that events deleted within the last minute, by the monotonic clock. */
  #deletions: { readonly at: number; readonly count: number }[] = [];
  /** The checkpoint's minutes when withdrawn owners were last looked at. */
  #purgedAt: number | undefined;

  /** `catalog`: the one in force, as the state keeps it. */
  constructor(options: KeeperOptions, branches: Branches, ports: Ports, catalog: Catalog, checkpoint: Checkpoint) {
    this.#options = options;
    this.#branches = branches;
    this.#ports = ports;
    this.#loaded = catalog;
    // Loaded with the settings of now; what it is compared with later is what was in force, with the settings of then.
    this.#catalog = withCatalogSettings(catalog, readGuardState(checkpoint.parts).settings);
    this.#checkpoint = checkpoint;
    this.#stored = checkpoint;
    this.#countedUntil = ports.clock.monotonic();
    this.#rules = rulesOf({ ...options, layout: checkpoint.layout, instance: options.render.instance }, this.#catalog);
  }

  /** Goes on from here with other settings. */
  changeOver(options: KeeperOptions, branches: Branches): StateKeeper {
    const keeper = new StateKeeper(options, branches, this.#ports, this.#loaded, this.#checkpoint);
    keeper.#catalog = this.#catalog;
    keeper.#stored = this.#stored;
    keeper.#heldSince = this.#heldSince;
    keeper.#countedUntil = this.#countedUntil;
    return keeper;
  }

  /** What everything is rendered with: owners whose documents are gone are in it, as withdrawn. */
  get catalog(): Catalog {
    return this.#catalog;
  }

  /** The catalog in force as it was loaded: what the next one is loaded with. */
  get loaded(): Catalog {
    return this.#loaded;
  }

  get checkpoint(): Checkpoint {
    return this.#checkpoint;
  }

  get isPaused(): boolean {
    return isPaused(this.#checkpoint);
  }

  /** Up to where the state commits have each stream, positions that are held back apart. */
  get committed(): ReadonlyMap<StreamName, StreamPosition> {
    return this.#stored.positions;
  }

  get heldSince(): number | undefined {
    return this.#heldSince;
  }

  get hasPending(): boolean {
    const { passes, reviews } = this.#checkpoint.pending;
    return passes.some(({ held }) => held === undefined) || reviews.length > 0;
  }

  /**
   * Takes over a state that an older version wrote, and lays the desired tree out anew, in one commit, where the settings
   * ask for another layout than it has.
   */
  async reshard(): Promise<void> {
    const { layout } = this.#options;
    const { git, clock, log } = this.#ports;
    let base = this.#branches.stateTree;
    const isTakenOver = base !== undefined && this.#checkpoint.stateId === "";
    if (base !== undefined && isTakenOver) {
      const kept = await this.#branches.keepStateAs("v1");
      log.warn("the state moves to format 2: versions before it can't go on from here", { kept });
      const taken = await takeOverVersion1(git, base, this.#checkpoint, clock.now());
      base = taken.tree;
      this.#checkpoint = taken.checkpoint;
      // Positions have files of their own now, and none is there yet.
      this.#stored = { ...taken.checkpoint, positions: new Map() };
    }
    const { shards, buckets } = this.#checkpoint.layout;
    const isLaidOut = shards === layout.shards && buckets === layout.buckets;
    if (!isLaidOut) {
      this.#checkpoint = { ...this.#checkpoint, layout };
      if (base !== undefined) base = await reshardTree(git, base, layout, clock.now());
    }
    await this.#markWithdrawn();
    this.#rules = this.#rulesFor(this.#catalog);
    if (base === undefined || (isLaidOut && !isTakenOver)) return;
    // The clusters' own files have their new names at once.
    const { inputs } = isTakenOver ? await this.#planCatalog(this.#catalog, new Map()) : { inputs: [] };
    await this.#commit(inputs, {}, true, base);
  }

  /** Begins a new term. Nothing may be handed on before the commit that says so has arrived. */
  async takeLead(holder: string): Promise<void> {
    const { number } = this.#checkpoint.term;
    await this.commit([], { term: { number: number + 1, holder } });
  }

  /** What counting a change needs, on the state as it is now; undefined: there is no state yet. */
  get countScope(): CountScope | undefined {
    const tree = this.#branches.stateTree;
    if (tree === undefined) return undefined;
    this.#countMinutes();
    const { outputPath, render } = this.#options;
    const rules = { ...this.#options, layout: this.#checkpoint.layout, instance: render.instance };
    return { git: this.#ports.git, tree, checkpoint: this.#checkpoint, rules, render, outputPath };
  }

  /** Held changes that a person has approved and that are not in force yet. */
  get approvals(): readonly string[] {
    return readGuardState(this.#checkpoint.parts).approvals;
  }

  get guard(): GuardSettings {
    return this.#options.guard;
  }

  /**
   * Makes the catalog the one that everything is rendered with, unless it is that already. `grant`: how many objects its
   * passes may take besides what earlier ones still may, and which approvals that uses up.
   */
  async putInForce(loaded: Catalog, grant: Grant): Promise<void> {
    const catalog = keepWithdrawn(loaded, this.#catalog);
    const settings = catalogSettings(catalog);
    const state = readGuardState(this.#checkpoint.parts);
    // What renders otherwise than what rendered the state is a catalog of its own: everything may differ.
    const isRenderedSo = this.#checkpoint.renderer === renderer;
    const isSame = this.#checkpoint.catalog === catalog.revision && state.settings === settings && isRenderedSo;
    const isInForce = isSame && grant.approved.length === 0 && this.#branches.stateTree !== undefined;
    if (!isInForce) {
      const affected = affectedOwners(isRenderedSo ? this.#catalog : undefined, catalog);
      const { inputs, pending } = await this.#planCatalog(catalog, affected);
      const catalogRank = nextPassRank(this.#checkpoint.nextRank);
      const ranks = { catalogRank, nextRank: behindPassRank(catalogRank) };
      const left = this.hasPending ? (state.budget ?? 0) : 0;
      const approvals = state.approvals.filter((id) => !grant.approved.includes(id));
      const parts = writeGuardState(this.#checkpoint.parts, {
        ...state,
        settings,
        approvals,
        budget: left + grant.budget,
      });
      await this.commit(inputs, { catalog: catalog.revision, renderer, pending, parts, ...ranks });
      this.#mayForget = true;
    }
    // Only now: what was rendered with the old one meanwhile is rendered anew.
    this.#loaded = loaded;
    this.#catalog = catalog;
    this.#rules = this.#rulesFor(catalog);
  }

  /** Keeps that a person has approved a held change. */
  async approve(id: string): Promise<void> {
    const state = readGuardState(this.#checkpoint.parts);
    const approvals = [...new Set([...state.approvals, id])].slice(-approvalsMax);
    await this.commit([], { parts: writeGuardState(this.#checkpoint.parts, { ...state, approvals }) });
  }

  /** Passes that would have taken more than they may. */
  get heldPasses(): readonly Pass[] {
    return this.#checkpoint.pending.passes.filter(({ held }) => held !== undefined);
  }

  /** Lets a held pass go on, with what it takes and a tenth more. False: there is none of that id. */
  async approvePass(id: string): Promise<boolean> {
    const scope = this.countScope;
    const { pending } = this.#checkpoint;
    const pass = pending.passes.find(({ held }) => held === id);
    if (scope === undefined || pass === undefined) return false;
    const { held: _, ...freed } = pass;
    const none = { documents: [], isKnown: true };
    const effects = await countPasses(scope, this.#catalog, [freed], () => none);
    const counted = effects.reduce((sum, { removals }) => sum + removals, 0);
    const state = readGuardState(this.#checkpoint.parts);
    const budget = (state.budget ?? 0) + counted + Math.ceil(counted / 10);
    await this.commit([], {
      pending: { ...pending, passes: pending.passes.map((other) => (other === pass ? freed : other)) },
      parts: writeGuardState(this.#checkpoint.parts, { ...state, budget }),
    });
    return true;
  }

  /** A state that was just read says which of its owners' documents are gone. */
  async #markWithdrawn(): Promise<void> {
    const names = new Set<string>();
    for await (const [path, text] of readFolder(this.#ports.git, this.#branches.stateTree, ownersFolder)) {
      const { owner, withdrawnAt } = parseOwner(text, path);
      if (withdrawnAt !== undefined) names.add(owner.name);
    }
    this.#catalog = markWithdrawn(this.#catalog, names);
  }

  #rulesFor(catalog: Catalog): PlanRules {
    return rulesOf({ ...this.#options, instance: this.#options.render.instance }, catalog);
  }

  /** Has all records of these triggers rendered again. */
  async renderAgain(triggers: readonly string[]): Promise<void> {
    const { pending } = this.#checkpoint;
    const passes = triggers.reduce((all, name) => joinPass(all, triggerOwner(name)), pending.passes);
    await this.commit([], { pending: { ...pending, passes } });
  }

  /**
   * Commits deliveries, behind a chunk of the records that are to be rendered again. Where that changes nothing but
   * positions it can wait, unless `isLast`. A repository that does not answer is waited for until the signal aborts.
   */
  async commitBatch(entries: readonly ProcessedEntry[], isLast: boolean, signal: AbortSignal): Promise<void> {
    const tree = this.#branches.stateTree;
    const hasTurn = entries.length === 0 || this.#isChunksTurn;
    this.#isChunksTurn = !hasTurn || entries.length === 0;
    if (tree !== undefined && this.hasPending && hasTurn) {
      const { pending } = this.#checkpoint;
      const scope = { git: this.#ports.git, tree, catalog: this.#catalog, settings: this.#options.render };
      const chunk = await untilAnswered(this.#ports, signal, "run", () =>
        renderPendingChunk(scope, pending, chunkLimits),
      );
      await untilAnswered(this.#ports, signal, "run", () => this.#commitChunk(chunk));
    }
    const batches = this.#options.per === "event" && entries.length > 0 ? entries.map((entry) => [entry]) : [entries];
    for (const batch of batches) {
      const positions = new Map(this.#checkpoint.positions);
      for (const { delivery } of batch) positions.set(delivery.stream, delivery.position);
      const inputs = batch.flatMap((entry) => this.#inputsOf(entry));
      const changeSet = await untilAnswered(this.#ports, signal, "run", () =>
        this.#commit(inputs, { positions }, isLast),
      );
      await untilAnswered(this.#ports, signal, "run", () => this.#watchEventRemovals(changeSet));
    }
    if (entries.length === 0 && !this.hasPending) {
      await untilAnswered(this.#ports, signal, "run", () => this.#forgetWithdrawn());
    }
  }

  /** A chunk of a pass takes its removals from the budget; one that would take more is not committed, and the pass held. */
  async #commitChunk({ inputs, pending }: Pick<PendingChunk, "inputs" | "pending">): Promise<void> {
    this.#countMinutes();
    const tree = this.#branches.stateTree;
    const folded = await this.#fold(inputs, { pending }, tree);
    const removals = countRemovals(folded.changeSet);
    const total = removals.reduce((sum, effect) => sum + effect.removals, 0);
    const state = readGuardState(this.#checkpoint.parts);
    const { guard } = this.#options;
    const { minutes } = this.#checkpoint;
    const left = state.budget ?? Math.max(0, guard.removals - sumOfHour(state.hour, minutes).total);
    const before = this.#checkpoint.pending;
    const running = before.reviews.length > 0 ? undefined : before.passes.find(({ held }) => held === undefined);
    if (total > left && running !== undefined) {
      const key = ownerKey(running.owner);
      const id = changeId([{ key, before: JSON.stringify(running.after), after: this.#checkpoint.catalog }]);
      const passes = before.passes.map((pass) => (pass === running ? { ...pass, held: id } : pass));
      await this.#commit([], { pending: { ...before, passes } }, true);
      this.#ports.log.problem(passHeld(id, key, total, left));
      return;
    }
    const parts =
      total === 0
        ? this.#checkpoint.parts
        : writeGuardState(this.#checkpoint.parts, {
            ...state,
            budget: Math.max(0, left - total),
            hour: addRemovals(state.hour, minutes, removals),
          });
    const isDone = !pending.passes.some(({ held }) => held === undefined) && pending.reviews.length === 0;
    const rest = isDone ? writeGuardState(parts, { ...readGuardState(parts), budget: undefined }) : parts;
    // Most chunks take nothing: what was folded to count them is what is committed.
    if (rest === this.#checkpoint.parts) await this.#store(folded, true, tree);
    else await this.#commit(inputs, { pending, parts: rest }, true);
  }

  /** Beyond so many objects that events deleted within a minute the service pauses, where the settings say so. */
  async #watchEventRemovals(changeSet: ChangeSet): Promise<void> {
    const { eventRemovals } = this.#options.guard;
    if (eventRemovals === 0) return;
    const now = this.#ports.clock.monotonic();
    const count = countRemovals(changeSet).reduce((sum, { removals }) => sum + removals, 0);
    this.#deletions = this.#deletions.filter(({ at }) => at > now - minuteMs);
    if (count > 0) this.#deletions.push({ at: now, count });
    const total = this.#deletions.reduce((sum, deletion) => sum + deletion.count, 0);
    if (total <= eventRemovals || this.isPaused) return;
    this.#deletions = [];
    await this.#commit([], { pauses: [...this.#checkpoint.pauses, {}] }, true);
    this.#ports.log.problem(pausedByEvents(total, eventRemovals));
  }

  /** Commits inputs of another kind, and a change of the checkpoint with them. */
  async commit(inputs: readonly PlanInput[], change: Partial<Checkpoint>): Promise<void> {
    await this.#commit(inputs, change, true);
  }

  /** What was rendered while it waited, or rendered anew if the catalog has changed since. */
  #inputsOf({ delivery, catalog, inputs }: ProcessedEntry): readonly PlanInput[] {
    return catalog === this.#catalog ? inputs : processDelivery(this.#catalog, delivery, this.#options.render).inputs;
  }

  async #planCatalog(catalog: Catalog, affected: ReadonlyMap<OwnerKey, AffectedClusters>) {
    const { git } = this.#ports;
    const tree = this.#branches.stateTree;
    const owners = [];
    for await (const [path, text] of readFolder(git, tree, ownersFolder)) owners.push(parseOwner(text, path));
    const paths: string[] = [];
    if (tree !== undefined) for await (const path of git.listFiles(tree, catalogFolder)) paths.push(path);
    this.#nameState();
    const { pending, minutes, stateId } = this.#checkpoint;
    const { outputPath, render } = this.#options;
    const output = { stateId, outputPath, instance: render.instance };
    return planCatalogChange(catalog, { paths, owners, pending, minutes }, affected, output);
  }

  /** A state that has no id yet gets one with its first commit. */
  #nameState(): void {
    if (this.#checkpoint.stateId !== "") return;
    this.#checkpoint = { ...this.#checkpoint, stateId: randomId(this.#ports.chance) };
  }

  /** Clusters and owners that are gone, as soon as nothing is left of them. */
  async #forgetWithdrawn(): Promise<void> {
    const { git } = this.#ports;
    const tree = this.#branches.stateTree;
    this.#countMinutes();
    const { minutes } = this.#checkpoint;
    const isDue = minutes - (this.#purgedAt ?? Number.NEGATIVE_INFINITY) >= minutesBetweenPurges;
    if (tree === undefined || (!isDue && !this.#mayForget)) return;
    this.#purgedAt = minutes;
    const { keepWithdrawnMinutes } = this.#options.guard;
    const inputs: PlanInput[] = [];
    inputs.push(...(await findEmptyClusters(git, tree, this.#catalog)));
    const purgeable = await findPurgeable(git, tree, this.#catalog, minutes - keepWithdrawnMinutes);
    for (const owner of purgeable) inputs.push({ kind: "purge", owner });
    this.#mayForget = false;
    if (inputs.length === 0) return;
    const forgotten = new Set(purgeable.map(({ name }) => name));
    if (forgotten.size > 0) {
      const catalog = keepWithdrawn(this.#loaded, this.#catalog, forgotten);
      this.#catalog = catalog;
      this.#rules = this.#rulesFor(catalog);
      const kept = await this.#planCatalog(catalog, new Map());
      const gone = new Set(purgeable.map(ownerPath));
      // The purge deletes the owners' own files.
      inputs.unshift(...kept.inputs.filter((input) => !(input.kind === "file" && gone.has(input.path))));
    }
    await this.#commit(inputs, {}, true);
    for (const owner of purgeable) this.#ports.log.info("forgot an owner that is gone", { owner: ownerKey(owner) });
  }

  #countMinutes(): void {
    const passed = Math.floor((this.#ports.clock.monotonic() - this.#countedUntil) / minuteMs);
    if (passed <= 0) return;
    this.#countedUntil += passed * minuteMs;
    this.#checkpoint = { ...this.#checkpoint, minutes: this.#checkpoint.minutes + passed };
  }

  async #commit(
    inputs: readonly PlanInput[],
    change: Partial<Checkpoint>,
    cannotWait: boolean,
    base = this.#branches.stateTree,
  ): Promise<ChangeSet> {
    this.#nameState();
    return this.#store(await this.#fold(inputs, change, base), cannotWait, base);
  }

  /** Commits what was folded on `base`, unless it is nothing but positions that can wait. */
  async #store({ changeSet, checkpoint }: Folded, cannotWait: boolean, base: string | undefined): Promise<ChangeSet> {
    const hasChanged = changeSet.changes.length > 0;
    if (hasChanged && (cannotWait || !this.#isHeld(changeSet))) {
      await this.#branches.commitState(changeSet, base);
      this.#heldSince = undefined;
      this.#stored = checkpoint;
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
    return changeSet;
  }

  #fold(inputs: readonly PlanInput[], change: Partial<Checkpoint>, tree: string | undefined): Promise<Folded> {
    const catalog = this.#catalog;
    const { render } = this.#options;
    const scope = {
      git: this.#ports.git,
      tree,
      rules: this.#rules,
      renderAgain: (record: Parameters<typeof renderAgain>[1], clusters: "all" | ReadonlySet<string>) =>
        renderAgain(catalog, record, { clusters }, render).input,
    };
    return foldInputs(scope, inputs, this.#stored, { ...this.#checkpoint, ...change });
  }

  /** Whether a change of nothing but positions can wait for others still. */
  #isHeld(changeSet: ChangeSet): boolean {
    if (!isOnlyPositions(changeSet)) return false;
    const now = this.#ports.clock.monotonic();
    this.#heldSince ??= now;
    return now - this.#heldSince < idlePositionsMsMax;
  }
}

/** How many objects a catalog's passes may take, and the approvals that this uses up. */
export interface Grant {
  readonly budget: number;
  readonly approved: readonly string[];
}

function passHeld(id: string, owner: string, removals: number, left: number): Problem {
  return {
    code: "CHANGE_HELD",
    severity: "error",
    message: `rendering the entities of ${owner} again would remove ${removals} objects, ${left} were allowed: held as ${id}`,
    hint: `See sluice status; allow it with: sluice approve ${id}`,
  };
}

function pausedByEvents(removals: number, allowed: number): Problem {
  return {
    code: "CHANGE_HELD",
    severity: "error",
    message: `events deleted ${removals} objects within a minute, guard.eventRemovals allows ${allowed}: paused`,
    hint: "Look at who sends them; sluice resume lets the service go on.",
  };
}

function isOnlyPositions({ changes }: ChangeSet): boolean {
  return changes.every(({ path }) => path === checkpointPath || path.startsWith(`${positionsFolder}/`));
}

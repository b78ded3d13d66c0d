/**
 * Keeps the state: whatever changes it comes through here, one commit after the other. Batches of deliveries, a new
 * catalog, records rendered again, commands. How a commit is made is `keeper/state-commits.ts`.
 */
import {
  chooseDelivery,
  explainDelivery,
  handOverId,
  readDelivered,
  withDelivery,
  writeDeliveryInForce,
} from "../delivery/delivery-in-force.ts";
import { type Delivered, describeChange } from "../delivery/hand-over/hand-over.ts";
import type { Catalog } from "../model/catalog.ts";
import { type Checkpoint, isPaused, type Pass, type Pause } from "../model/change-set.ts";
import type { Delivery, StreamName, StreamPosition } from "../model/delivery.ts";
import type { JsonObject } from "../model/json.ts";
import type { Problem } from "../model/problem.ts";
import { affectedOwners } from "../plan/affected-owners.ts";
import { renderer } from "../plan/checkpoint-file.ts";
import { behindPassRank, nextPassRank } from "../plan/claims-file.ts";
import { keepWithdrawn } from "../plan/keep-withdrawn.ts";
import { catalogSettings } from "../plan/mass-change/catalog-settings.ts";
import { readGuardState, writeGuardState } from "../plan/mass-change/guard-state.ts";
import { areAnyToCome, isPassedBy, joinPass } from "../plan/pending-work.ts";
import type { PlanInput } from "../plan/state-fold.ts";
import { checkName, moveTo, readPlaces } from "../plan/target-place.ts";
import type { RenderSettings } from "../render/render-spec.ts";
import type { Ports } from "./branches/branch-parts.ts";
import type { Branches } from "./branches/branches.ts";
import { EventRemovals } from "./keeper/event-removals.ts";
import { Forgetting } from "./keeper/forgetting.ts";
import { HandingOver } from "./keeper/handing-over.ts";
import { HistoryBound } from "./keeper/history-bound.ts";
import type { KeeperOptions } from "./keeper/keeper-options.ts";
import { layOutState } from "./keeper/lay-out-state.ts";
import { PassBudget } from "./keeper/pass-budget.ts";
import { StateCommits } from "./keeper/state-commits.ts";
import type { CountScope } from "./mass-change/count-change.ts";
import type { PlaceScope } from "./mass-change/judge-place.ts";
import { processDelivery } from "./process-delivery.ts";
import { chunkLimits, renderPendingChunk } from "./render-pending.ts";
import { untilAnswered } from "./until-answered.ts";

/** A delivery with what the catalog made of it. */
export interface ProcessedEntry {
  readonly delivery: Delivery;
  /** The catalog that it was rendered with. */
  readonly catalog: Catalog;
  readonly inputs: readonly PlanInput[];
}

/** How many objects a catalog's passes may take, and the approvals that this uses up. */
export interface Grant {
  readonly budget: number;
  readonly approved: readonly string[];
}

/** Approvals of what never came are forgotten, the oldest first. */
const approvalsMax = 50;

export class StateKeeper {
  readonly #commits: StateCommits;
  readonly #budget: PassBudget;
  readonly #eventRemovals: EventRemovals;
  readonly #forgetting: Forgetting;
  readonly #handingOver: HandingOver;
  readonly #history: HistoryBound;
  #loaded: Catalog;
  /** Whether chunks go with the next batch: while events wait, they take at most half of the turns. */
  #isChunksTurn = true;

  /** `loaded`: the catalog in force, as the state keeps it. */
  constructor(loaded: Catalog, commits: StateCommits) {
    this.#loaded = loaded;
    this.#commits = commits;
    this.#budget = new PassBudget(commits);
    this.#eventRemovals = new EventRemovals(commits);
    this.#forgetting = new Forgetting(commits);
    this.#handingOver = new HandingOver(commits);
    this.#history = new HistoryBound(commits);
  }

  /** `catalog`: the one in force, as the state keeps it. */
  static open(
    options: KeeperOptions,
    branches: Branches,
    ports: Ports,
    catalog: Catalog,
    checkpoint: Checkpoint,
  ): StateKeeper {
    return new StateKeeper(catalog, new StateCommits(options, branches, ports, catalog, checkpoint));
  }

  /** Goes on from here with other settings. */
  changeOver(options: KeeperOptions, branches: Branches): StateKeeper {
    return new StateKeeper(this.#loaded, this.#commits.changeOver(options, branches, this.#loaded));
  }

  /** What everything is rendered with: owners whose documents are gone are in it, as withdrawn. */
  get catalog(): Catalog {
    return this.#commits.catalog;
  }

  /** The catalog in force as it was loaded: what the next one is loaded with. */
  get loaded(): Catalog {
    return this.#loaded;
  }

  get checkpoint(): Checkpoint {
    return this.#commits.checkpoint;
  }

  get isPaused(): boolean {
    return isPaused(this.#commits.checkpoint);
  }

  /** Up to where the state commits have each stream, positions that are held back apart. */
  get committed(): ReadonlyMap<StreamName, StreamPosition> {
    return this.#commits.committed;
  }

  get heldSince(): number | undefined {
    return this.#commits.heldSince;
  }

  get hasPending(): boolean {
    return this.#commits.hasPending;
  }

  /** What counting a change needs, on the state as it is now; undefined: there is no state yet. */
  get countScope(): CountScope | undefined {
    return this.#commits.countScope;
  }

  /** What it takes to tell whether manifests may stand elsewhere. */
  get placeScope(): PlaceScope {
    const { tree, checkpoint, catalog, ports } = this.#commits;
    return { git: ports.git, tree, checkpoint, limits: catalog.guard };
  }

  /** Held changes that a person has approved and that are not in force yet. */
  get approvals(): readonly string[] {
    return readGuardState(this.#commits.checkpoint.parts).approvals;
  }

  /** What rendering goes by, as it is in force. */
  get rendering(): RenderSettings {
    return this.#commits.rendering;
  }

  /** Passes that would have taken more than they may. */
  get heldPasses(): readonly Pass[] {
    return this.#budget.heldPasses;
  }

  /** What of the wanted delivery is not in force and waits for a person; undefined: all of it is, or is on its way. */
  get heldDelivery(): Problem | undefined {
    if (this.#handingOver.exclusive !== undefined) return undefined;
    return explainDelivery(this.#delivered, this.#wantedDelivery);
  }

  get handingOver(): HandingOver {
    return this.#handingOver;
  }

  /** By which id a person begins the hand-over to the delivery that is wanted; undefined: none is held. */
  get heldDeliveryId(): string | undefined {
    return this.heldDelivery === undefined ? undefined : handOverId(this.#delivered, this.#wantedDelivery);
  }

  /** Begins the hand-over to the delivery that is wanted. False: that is not what the id is of. */
  async beginDelivery(id: string): Promise<boolean> {
    if (this.heldDeliveryId !== id) return false;
    const [from, to] = [this.#delivered, this.#wantedDelivery];
    await this.#handingOver.begin(id, { kind: "delivery", from, to });
    return true;
  }

  get #delivered(): Delivered {
    return readDelivered(this.#commits.checkpoint.parts, this.#commits.branches.names.outputPath);
  }

  get #wantedDelivery(): Delivered {
    return wantedIn(this.#loaded, this.#commits);
  }

  /** What was just read, as this version and these settings have it; to be called before anything is committed. */
  reshard(): Promise<void> {
    return layOutState(this.#commits);
  }

  /**
   * Notes where on the target manifests stand from now on; `approved`: what let them, which is used up. Throws
   * SETTINGS_INVALID where the state is another name's.
   */
  async notePlace(approved?: string): Promise<void> {
    const commits = this.#commits;
    const before = commits.checkpoint.parts;
    checkName(before, commits.options.render.instance);
    const state = readGuardState(before);
    const approvals = state.approvals.filter((id) => id !== approved);
    const isUsed = approvals.length < state.approvals.length;
    const parts = this.#placed(isUsed ? writeGuardState(before, { ...state, approvals }) : before);
    // Where there is no state yet, the first commit notes it.
    if (parts === before || commits.tree === undefined) return;
    // What was not known goes with the next commit: nothing has moved.
    if (readPlaces(before).now === undefined) commits.amend({ parts });
    else await this.commit([], { parts });
  }

  /** The checkpoint's parts with the place of now. */
  #placed(parts: JsonObject): JsonObject {
    const { branches, options } = this.#commits;
    const { target: branch, outputPath: path } = branches.names;
    return moveTo(parts, { branch, path }, options.render.instance) ?? parts;
  }

  /** Begins a new term. Nothing may be handed on before the commit that says so has arrived. */
  async takeLead(holder: string): Promise<void> {
    const { number } = this.#commits.checkpoint.term;
    await this.commit([], { term: { number: number + 1, holder } });
  }

  /**
   * Makes the catalog the one that everything is rendered with, unless it is that already. `grant`: how many objects its
   * passes may take besides what earlier ones still may, and which approvals that uses up.
   */
  async putInForce(loaded: Catalog, grant: Grant): Promise<void> {
    const commits = this.#commits;
    const { checkpoint } = commits;
    // Documents wait for the end of a hand-over: which unit has what must not change twice.
    if (this.#handingOver.isFreezing) {
      commits.use(withDelivery(commits.catalog, this.#delivered.delivery));
      return;
    }
    const delivery = chooseDelivery(this.#delivered, wantedIn(loaded, commits));
    const catalog = withDelivery(keepWithdrawn(loaded, commits.catalog), delivery);
    const settings = catalogSettings(catalog);
    const state = readGuardState(checkpoint.parts);
    // What renders otherwise than what rendered the state is a catalog of its own: everything may differ.
    const isRenderedSo = checkpoint.renderer === renderer;
    const isSame = checkpoint.catalog === catalog.revision && state.settings === settings && isRenderedSo;
    const isKnown = ![...commits.catalog.contents.values()].some(({ broken }) => broken?.code === "SECRET_UNREADABLE");
    const takenBack = this.#handingOver.findTakenBack(catalog);
    const isAsked = grant.approved.length > 0 || takenBack !== undefined;
    const isInForce = isSame && isKnown && !isAsked && (await commits.knowsProfiles(catalog));
    if (!isInForce) {
      const affected = affectedOwners(isRenderedSo ? commits.catalog : undefined, catalog);
      const { inputs, pending } = await commits.planCatalog(catalog, affected);
      const catalogRank = nextPassRank(checkpoint.nextRank);
      const ranks = { catalogRank, nextRank: behindPassRank(catalogRank) };
      const left = areAnyToCome(checkpoint.pending) ? (state.budget ?? 0) : 0;
      const approvals = state.approvals.filter((id) => !grant.approved.includes(id));
      const guard = { ...state, settings, approvals, budget: left + grant.budget };
      const guarded = writeDeliveryInForce(this.#placed(writeGuardState(commits.checkpoint.parts, guard)), delivery);
      const parts = takenBack === undefined ? guarded : this.#handingOver.takeBack(guarded, takenBack);
      const catalogAt = new Date(commits.ports.clock.now()).toISOString();
      await this.commit(inputs, { catalog: catalog.revision, catalogAt, renderer, pending, parts, ...ranks });
      this.#forgetting.hint();
      if (takenBack !== undefined) {
        const what = describeChange(takenBack.change);
        commits.ports.log.warn("hand-over taken back: what is in force keeps the former name", {
          id: takenBack.id,
          what,
        });
      }
    }
    // Only now: what was rendered with the old one meanwhile is rendered anew.
    this.#loaded = loaded;
    commits.use(catalog);
    await commits.forgetHidden();
  }

  /** An outbox file was told; `left`: what is still to be told of it. It goes with the next commit. */
  noteTold(path: string, left: string | undefined): void {
    this.#commits.noteTold(path, left);
  }

  /** Keeps that a person has approved a held change. */
  async approve(id: string): Promise<void> {
    const { parts } = this.#commits.checkpoint;
    const state = readGuardState(parts);
    const approvals = [...new Set([...state.approvals, id])].slice(-approvalsMax);
    await this.commit([], { parts: writeGuardState(parts, { ...state, approvals }) });
  }

  /** Lets a held pass go on, with what it takes and a tenth more. False: there is none of that id. */
  approvePass(id: string): Promise<boolean> {
    return this.#budget.approve(id);
  }

  /** Has records rendered again, for some clusters or all. What that takes is within the limits as they are now. */
  async addPasses(wanted: readonly Pick<Pass, "owner" | "clusters">[]): Promise<void> {
    const { pending, parts } = this.#commits.checkpoint;
    const passes = wanted.reduce((all, { owner, clusters }) => joinPass(all, owner, clusters), pending.passes);
    const state = readGuardState(parts);
    const budget = areAnyToCome(pending) ? state.budget : undefined;
    await this.commit([], { pending: { ...pending, passes }, parts: writeGuardState(parts, { ...state, budget }) });
  }

  /** Holds back deliveries, or renders nothing for some owners or clusters, from now on. */
  async setPauses(pauses: readonly Pause[]): Promise<void> {
    await this.commit([], { pauses });
    this.#commits.use(this.#commits.catalog);
  }

  /** See HistoryBound. */
  followHistory(signal: AbortSignal): Promise<void> {
    return this.#history.follow(signal);
  }

  /** See HistoryBound. */
  startAnew(signal: AbortSignal): Promise<void> {
    return this.#history.startAnew(signal);
  }

  /** Commits inputs of another kind, and a change of the checkpoint with them. */
  async commit(inputs: readonly PlanInput[], change: Partial<Checkpoint>): Promise<void> {
    await this.#commits.commit(inputs, change);
  }

  /**
   * Commits deliveries, behind a chunk of the records that are to be rendered again. Where that changes nothing but
   * positions it can wait, unless `isLast`. A repository that does not answer is waited for until the signal aborts.
   */
  async commitBatch(entries: readonly ProcessedEntry[], isLast: boolean, signal: AbortSignal): Promise<void> {
    const commits = this.#commits;
    const { ports } = commits;
    await this.#commitChunk(entries.length > 0, signal);
    const isEach = commits.options.per === "event" && entries.length > 0;
    for (const batch of isEach ? entries.map((entry) => [entry]) : [entries]) {
      const positions = new Map(commits.checkpoint.positions);
      for (const { delivery } of batch) positions.set(delivery.stream, delivery.position);
      const inputs = batch.flatMap((entry) => this.#inputsOf(entry));
      const changeSet = await untilAnswered(ports, signal, "run", () =>
        commits.commit(inputs, { positions }, { mayWait: !isLast }),
      );
      await untilAnswered(ports, signal, "run", () => this.#eventRemovals.note(changeSet));
    }
    if (entries.length > 0 || this.hasPending) return;
    await untilAnswered(ports, signal, "run", () => this.#forgetting.forget(this.#loaded));
  }

  async #commitChunk(areEventsWaiting: boolean, signal: AbortSignal): Promise<void> {
    const { tree, ports, checkpoint, renderScope } = this.#commits;
    const hasTurn = !areEventsWaiting || this.#isChunksTurn;
    this.#isChunksTurn = !hasTurn || !areEventsWaiting;
    if (tree === undefined || !this.hasPending || !hasTurn) return;
    const scope = { ...renderScope, tree };
    const chunk = await untilAnswered(ports, signal, "run", () =>
      renderPendingChunk(scope, checkpoint.pending, chunkLimits),
    );
    await untilAnswered(ports, signal, "run", () => this.#budget.commitChunk(chunk));
  }

  /** What was rendered while it waited, or rendered anew if the catalog has changed since. */
  #inputsOf({ delivery, catalog, inputs }: ProcessedEntry): readonly PlanInput[] {
    const { catalog: current, rendering, checkpoint } = this.#commits;
    const rendered =
      catalog === current ? inputs : processDelivery(current, delivery, rendering, checkpoint.stateId).inputs;
    if (checkpoint.pending.backfill === undefined) return rendered;
    const isTaken = (input: PlanInput) =>
      input.kind !== "entity" || !isPassedBy(checkpoint.pending, input.owner, delivery.stream);
    return rendered.filter(isTaken);
  }
}

/** What the settings want to be delivered. */
function wantedIn({ delivery }: Catalog, { options: { outputPath } }: StateCommits): Delivered {
  return delivery === undefined ? { outputPath } : { delivery, outputPath };
}

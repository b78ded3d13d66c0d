/**
 * Leading: reads streams in order, renders, plans, commits and pushes; one batch after the other.
 *
 * A position is in the same commit as its effect, so wherever this stops, the next start goes on behind what had its
 * effect and repeats nothing else. Reader, batcher, pusher and watcher each do one of these things, in turns; this
 * joins, starts and stops them.
 */
import type { Catalog } from "../../model/catalog.ts";
import type { ChangeSet } from "../../model/change-set.ts";
import type { StreamName } from "../../model/delivery.ts";
import type { HeldChange } from "../../model/mass-change.ts";
import type { OutboxBatch } from "../../model/outcome.ts";
import { ownerKey } from "../../model/owner.ts";
import { readGuardState } from "../../plan/mass-change/guard-state.ts";
import { ownersFolder } from "../../plan/paths.ts";
import { checkName } from "../../plan/target-place.ts";
import type { EventStream, StreamStatus } from "../../ports/event-stream.ts";
import type { GitReader, ObjectId } from "../../ports/git.ts";
import type { Metrics } from "../../ports/metrics.ts";
import type { BranchNames, Ports } from "../branches/branch-parts.ts";
import type { Branches } from "../branches/branches.ts";
import { namesInForce } from "../branches/names-in-force.ts";
import { OvertakenError } from "../branches/state-chain.ts";
import type { ControlCommand } from "../execute-command.ts";
import { OutcomeTeller } from "../outcomes/outcome-teller.ts";
import { randomId } from "../random-id.ts";
import { StateKeeper } from "../state-keeper.ts";
import { untilAnswered } from "../until-answered.ts";
import { Absences } from "./absences.ts";
import { Batcher } from "./batcher.ts";
import { Commands } from "./commands.ts";
import { Documents, hasOwner } from "./documents.ts";
import { Effects } from "./effects.ts";
import { HandOvers } from "./hand-overs.ts";
import { type NewSettings, placeSettings } from "./held-place.ts";
import type { InForce, LeadingSettings } from "./in-force.ts";
import { Inbox } from "./inbox.ts";
import { LeftBehind } from "./left-behind.ts";
import { loadKeptCatalog } from "./load-kept-catalog.ts";
import { createLook, type Look } from "./look.ts";
import { Places } from "./places.ts";
import type { PreparedSettings } from "./prepare-settings.ts";
import { Pusher } from "./pusher.ts";
import { type InboxEntry, Reader } from "./reader.ts";
import { Requests } from "./requests.ts";
import { Reviewing } from "./reviewing.ts";
import { SecretConnections, type TakeDerived } from "./secret-connections.ts";
import { SettingsExchange } from "./settings-exchange.ts";
import type { LeadingSnapshot } from "./snapshot.ts";
import { makeSnapshot } from "./snapshot.ts";
import { Turns } from "./turns.ts";
import { Watcher } from "./watcher.ts";

export interface LeadingPorts extends Ports {
  readonly metrics: Metrics;
  /** Told of every push that went through. */
  readonly onPushed?: () => void;
}

export interface LeadingParts extends LeadingPorts, LeadingSettings {
  readonly branches: Branches;
  /**
   * Whether this service still leads: asked before anything is done on the outside that the state does not fence. Absent:
   * nobody else is to be asked.
   */
  readonly mayAct?: () => Promise<boolean>;
  /** Opens connections that profiles describe; absent: nobody does. */
  readonly takeDerived?: TakeDerived;
  /** The catalog of a state's tree, of settings as the checkpoint has them, where somebody has it loaded. */
  readonly readKept?: (tree: ObjectId | undefined, settings: string | undefined) => Promise<Catalog>;
  /** Called once when every stream is subscribed or has said what keeps it from that. */
  readonly onReady: () => void;
}

/** Which state is led, and for the how manieth time leadership changed. */
export interface Lead {
  readonly stateId: string;
  readonly term: number;
}

const inboxBytesMax = 64 * 1024 * 1024;

export class Leading {
  readonly #ports: LeadingPorts;
  #inForce: InForce;
  readonly #inbox: Inbox<InboxEntry>;
  readonly #absences: Absences;
  readonly #documents: Documents;
  readonly #leftBehind: LeftBehind;
  readonly #secrets: SecretConnections | undefined;
  readonly #places: Places;
  readonly #settings: SettingsExchange;
  readonly #requests: Requests;
  readonly #reader: Reader;
  readonly #batcher: Batcher;
  readonly #pusher: Pusher;
  readonly #watcher: Watcher;
  readonly #reviewing: Reviewing;
  readonly #commands: Commands;
  readonly #handOvers: HandOvers;
  readonly #teller: OutcomeTeller;
  /** Who leads: this service, for as long as it runs. */
  readonly #holder: string;
  readonly #turns: Turns;
  #fail: (error: unknown) => void = () => undefined;

  private constructor(
    ports: LeadingPorts,
    inForce: InForce,
    { onReady, mayAct = async () => true, takeDerived }: Pick<LeadingParts, "onReady" | "mayAct" | "takeDerived">,
  ) {
    this.#ports = ports;
    this.#inForce = inForce;
    this.#holder = randomId(ports.chance);
    const { clock, log, metrics } = ports;
    const current = () => this.#inForce;
    const effects = new Effects();
    const shared = { clock, chance: ports.chance, log, metrics, effects, inForce: current };
    this.#inbox = new Inbox({ entriesMax: 2 * inForce.options.eventsMax, bytesMax: inboxBytesMax });
    this.#absences = new Absences(log);
    this.#requests = new Requests(() => this.#turns.wake());
    this.#documents = new Documents({ ...shared, absences: this.#absences });
    if (takeDerived !== undefined)
      this.#secrets = new SecretConnections({ git: ports.git, log, inForce: current, take: takeDerived });
    this.#leftBehind = new LeftBehind({ git: ports.git, log, inForce: current });
    this.#reader = new Reader({
      ...shared,
      inbox: this.#inbox,
      settled: () => this.#pusher.settled,
      onReady,
      onFailure: (error) => this.#fail(error),
    });
    this.#batcher = new Batcher({ ...shared, inbox: this.#inbox });
    const onPushed = ports.onPushed === undefined ? {} : { onPushed: ports.onPushed };
    this.#teller = new OutcomeTeller({ ...shared, git: ports.git, onTold: () => this.#turns.wake() });
    const onArrived = (outbox: readonly OutboxBatch[]) => this.#teller.add(outbox);
    this.#pusher = new Pusher({ ...shared, ...onPushed, mayAct, onArrived });
    this.#pusher.begin(inForce.keeper.committed);
    this.#turns = new Turns({
      clock,
      log,
      inForce: current,
      requests: this.#requests,
      batcher: this.#batcher,
      pusher: this.#pusher,
      onPushDone: async () => {
        if (this.#reader.isReading) await this.#followSecrets();
      },
    });
    this.#watcher = new Watcher({
      ...shared,
      absences: this.#absences,
      documents: this.#documents,
      requests: this.#requests,
      readCommit: (commit) => ports.git.readCommit(commit),
      push: (signal) => this.#turns.push(signal),
      onLooked: async (signal) => {
        await this.#places.follow();
        await this.#readStreams(signal);
        await this.#teller.look();
        await this.#inForce.keeper.followHistory(signal);
      },
    });
    this.#reviewing = new Reviewing({
      requests: this.#requests,
      mayAct,
      inForce: current,
      push: (signal) => this.#turns.push(signal),
      onFailure: (error) => this.#fail(error),
    });
    const standing = {
      log,
      inForce: current,
      takeOver: (next: InForce) => {
        this.#inForce = next;
      },
      documents: this.#documents,
      leftBehind: this.#leftBehind,
      reviewing: this.#reviewing,
      teller: this.#teller,
    };
    this.#places = new Places(standing);
    this.#settings = new SettingsExchange({
      ...standing,
      clock,
      places: this.#places,
      requests: this.#requests,
      watcher: this.#watcher,
      readStreams: (signal) => this.#readStreams(signal),
      push: (signal) => this.#turns.push(signal),
    });
    this.#handOvers = new HandOvers({
      git: ports.git,
      clock,
      log,
      inForce: current,
      change: (work) =>
        this.#requests.add(async (signal) => {
          await work();
          await this.#turns.push(signal);
        }),
      held: () => this.#documents.held,
      onStep: () => this.#places.followNames(),
    });
    this.#commands = new Commands({
      git: ports.git,
      log,
      requests: this.#requests,
      documents: this.#documents,
      held: () => this.#held,
      leftBehind: this.#leftBehind,
      watcher: this.#watcher,
      handOvers: this.#handOvers,
      inForce: current,
      push: (signal) => this.#turns.push(signal),
      cut: this.#turns.cut,
    });
    inForce.branches.observe((changeSet) => {
      effects.add(changeSet);
      this.#teller.drop(changeSet.droppedOutbox);
      countEvents(metrics, changeSet);
      this.#inForce.review?.note(changeSet);
    });
  }

  /** Opens the branches, puts the catalog in force and brings the target to the state. */
  static async start(parts: LeadingParts, signal: AbortSignal): Promise<Leading> {
    for (;;) {
      try {
        return await Leading.#startFrom(parts, signal);
      } catch (error) {
        // Who led before has pushed in between: the term begins behind that.
        if (!(error instanceof OvertakenError) || signal.aborted) throw error;
        parts.log.info("the former leader has pushed meanwhile: this one begins anew behind that");
      }
    }
  }

  /** From what the server has now. */
  static async #startFrom(parts: LeadingParts, signal: AbortSignal): Promise<Leading> {
    const { branches, git, clock, chance, log, metrics, onPushed, onReady, readKept, ...rest } = parts;
    const { mayAct, takeDerived, ...settings } = rest;
    const ports = { git, clock, chance, log, metrics, ...(onPushed === undefined ? {} : { onPushed }) };
    const opened = await untilAnswered(ports, signal, "start", () => branches.open());
    const checkpoint = await untilAnswered(ports, signal, "start", async () => branches.judgeOrigin(opened));
    // With the settings of then: those of now are compared with them.
    const then = readGuardState(checkpoint.parts).settings;
    const kept =
      readKept ?? ((tree) => loadKeptCatalog(git, tree, settings.loadCatalog, then, settings.options.hidden));
    const catalog = await untilAnswered(ports, signal, "start", () => kept(branches.stateTree, then));
    checkName(checkpoint.parts, settings.options.render.instance);
    const { approvals } = readGuardState(checkpoint.parts);
    const placed = await untilAnswered(ports, signal, "start", () =>
      placeSettings(
        { git, tree: branches.stateTree, checkpoint, limits: catalog.guard },
        settings,
        branches.names,
        approvals,
      ),
    );
    const placedBranches = branches.renamed(namesInForce(placed.names, checkpoint.parts));
    const keeper = StateKeeper.open(placed.settings.options, placedBranches, ports, catalog, checkpoint);
    const leading = new Leading(
      ports,
      { ...placed.settings, streams: settings.streams, names: placed.names, branches: placedBranches, keeper },
      {
        onReady,
        ...(mayAct === undefined ? {} : { mayAct }),
        ...(takeDerived === undefined ? {} : { takeDerived }),
      },
    );
    await untilAnswered(ports, signal, "start", async () => {
      if (placed.held !== undefined) await placedBranches.refreshTarget();
      leading.#places.hold(placed.held);
      await keeper.reshard();
      await keeper.notePlace(placed.approved);
      await leading.#watcher.begin();
      await leading.#leftBehind.look();
      // Where there is no state yet, none is made before there is something to lead.
      if (placedBranches.stateTree !== undefined) await leading.#takeLead();
    });
    await leading.#turns.push(signal);
    await untilAnswered(ports, signal, "start", () => leading.#teller.begin());
    return leading;
  }

  /** Runs until the signal aborts; what was taken by then is committed and pushed first. */
  async run(signal: AbortSignal): Promise<void> {
    const ending = new AbortController();
    const stop = () => {
      ending.abort();
      this.#turns.wake();
    };
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    const failures: unknown[] = [];
    this.#fail = (error) => {
      failures.push(error);
      stop();
    };
    const watching = this.#watcher.run(ending.signal).catch(this.#fail);
    const handingOver = this.#handOvers.run(ending.signal).catch(this.#fail);
    const telling = this.#teller.run(ending.signal).catch(this.#fail);
    try {
      this.#reviewing.start();
      await this.#readStreams(ending.signal);
      await this.#turns.run(ending.signal);
      if (failures.length > 0) throw failures[0];
    } finally {
      signal.removeEventListener("abort", stop);
      ending.abort();
      // Nobody carries them out any more, and somebody may wait for them.
      this.#requests.end();
      await Promise.all([this.#reader.stop(), this.#reviewing.stop(), watching, telling, handingOver]);
      await this.#inForce.outcomes?.publisher.close();
    }
  }

  /** Carries out a command between two pushes; resolves, when its effect is pushed, to what there is to tell. */
  execute(command: ControlCommand): Promise<string> {
    return this.#commands.execute(command);
  }

  /** Another instance leads: what is under way is given up, and what is not pushed is nobody's. To be stopped then. */
  abandon(): void {
    this.#turns.giveUp();
  }

  /** For how many milliseconds the push under way has had no answer; 0: there is none. */
  get unansweredMs(): number {
    return this.#pusher.unansweredMs;
  }

  /** Somebody says that something has changed on the forge: looks at once. */
  hint(): void {
    this.#watcher.hint();
    this.#inForce.review?.hint(true);
  }

  get statuses(): ReadonlyMap<StreamName, StreamStatus> {
    return this.#reader.statuses;
  }

  get catalog(): Catalog {
    return this.#inForce.keeper.catalog;
  }

  /** The state's id and the term: consumers that belong to a leader are named by them. */
  get lead(): Lead {
    const { stateId, term } = this.#inForce.keeper.checkpoint;
    return { stateId, term: term.number };
  }

  snapshot(): LeadingSnapshot {
    return makeSnapshot({
      keeper: this.#inForce.keeper,
      streams: this.#inForce.streams,
      reader: this.#reader,
      pusher: this.#pusher,
      absences: this.#absences,
      leftBehind: this.#leftBehind.places,
      handOvers: this.#handOvers.shown,
      outcomes: this.#teller.snapshot,
      branches: this.#inForce.branches,
      held: this.#held,
      waiting: this.#inbox.size,
    });
  }

  /** What people look up beside it. */
  get look(): Look {
    return createLook(this.#ports, () => this.#inForce);
  }

  /** See SettingsExchange. */
  prepare(settings: NewSettings, names: BranchNames): Promise<PreparedSettings> {
    return this.#settings.prepare(settings, names);
  }

  /** See SettingsExchange. */
  exchange(prepared: PreparedSettings, takeStreams: () => readonly EventStream[]): Promise<void> {
    return this.#settings.exchange(prepared, takeStreams);
  }

  /** Changes that wait for somebody to approve them. */
  get #held(): readonly HeldChange[] {
    return [...this.#documents.held, ...this.#places.held];
  }

  /** Until a catalog with an owner has been in force no delivery is taken: streams wait. */
  async #readStreams(signal: AbortSignal): Promise<void> {
    const { branches, keeper } = this.#inForce;
    const { git } = this.#ports;
    if (!this.#reader.isReading && !(await hasHadOwner(keeper, git, branches.stateTree))) {
      const message = "no EventTrigger has been in force yet: no event is taken until one is";
      this.#absences.raise("owners", { code: "CONFIG_MISSING", severity: "warning", message });
      return;
    }
    this.#absences.clear("owners");
    if (await this.#takeLead()) if (!(await this.#turns.push(signal))) return;
    if (!(await this.#followSecrets())) await this.#reader.read(this.#inForce.streams);
  }

  /** Reads what profiles' Secrets on the target say is to be read. False: there is nothing new of that. */
  async #followSecrets(): Promise<boolean> {
    const taken = await this.#secrets?.look();
    if (taken === undefined) return false;
    this.#inForce = { ...this.#inForce, streams: taken.streams };
    await this.#reader.read(taken.streams);
    await taken.closeOthers();
    return true;
  }

  /** Begins a term of its own, unless it has; nothing is handed on before that has arrived. True: it has to be pushed. */
  async #takeLead(): Promise<boolean> {
    const { keeper } = this.#inForce;
    if (keeper.checkpoint.term.holder === this.#holder) return false;
    await keeper.takeLead(this.#holder);
    return true;
  }
}

/** By the name of a trigger, or the key of a profile; labels are bounded where they are kept. */
function countEvents(metrics: Metrics, { events }: ChangeSet): void {
  for (const { owner, action } of events) {
    const trigger = owner.kind === "EventTrigger" ? owner.name : ownerKey(owner);
    metrics.count("sluice_events_total", { trigger, result: action });
  }
}

/** Whether an owner is in force, or has been: then there may be positions behind which streams hold what is due. */
async function hasHadOwner(keeper: StateKeeper, git: GitReader, tree: ObjectId | undefined): Promise<boolean> {
  if (hasOwner(keeper.catalog) || keeper.checkpoint.positions.size > 0) return true;
  return tree !== undefined && (await git.findEntry(tree, ownersFolder)) !== undefined;
}

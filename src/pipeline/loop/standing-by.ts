/**
 * Standing by: ready to lead as soon as it is this instance's turn. The branches' heads are looked at, so that everything
 * is here; the catalog of the state is loaded; nothing is written, consumed or kept.
 */
import type { Catalog } from "../../model/catalog.ts";
import type { Layout } from "../../model/change-set.ts";
import { dispositionOf } from "../../model/disposition.ts";
import { type Problem, SluiceError } from "../../model/problem.ts";
import { catalogSettings } from "../../plan/mass-change/catalog-settings.ts";
import { readGuardState } from "../../plan/mass-change/guard-state.ts";
import { catalogFolder } from "../../plan/paths.ts";
import type { GitRepository, ObjectId } from "../../ports/git.ts";
import type { HiddenTexts } from "../../ports/hidden-texts.ts";
import type { Clock, Log } from "../../ports/system.ts";
import { readHead } from "../branches/head.ts";
import { readCheckpoint } from "../read-checkpoint.ts";
import type { LoadCatalog } from "./in-force.ts";
import { loadKeptCatalog } from "./load-kept-catalog.ts";

/** Who competes has read the heads within so long. */
const headsMsMax = 60_000;
/** Before there is a state: whoever makes it goes on under its id, and must not seem gone to who does not know that yet. */
const firstLookMs = 2_000;

/**
 * What this process knows of its own settings while it leads and while it stands by: that the state had them in force.
 * One for as long as the settings' file stays as it is.
 */
export interface SettingsMemory {
  wereInForce: boolean;
}

export interface StandingByParts {
  readonly git: GitRepository;
  readonly clock: Clock;
  readonly log: Log;
  readonly names: { readonly target: string; readonly state: string };
  readonly loadCatalog: LoadCatalog;
  readonly hidden?: HiddenTexts;
  readonly layout: Layout;
  readonly lookMs: number;
  readonly memory: SettingsMemory;
}

export class StandingBy {
  readonly #parts: StandingByParts;
  /** When the heads were last read, by the monotonic clock. */
  #readAt = Number.NEGATIVE_INFINITY;
  #stateCommit: ObjectId | undefined;
  #stateId: string | undefined;
  /** Of the state, by the id of its folder and the settings of then. */
  #kept: { readonly key: string; readonly catalog: Catalog } | undefined;
  #problem: Problem | undefined;
  /** Why this instance must not lead, for as long as it is so. */
  #obstacle: Problem | undefined;

  constructor(parts: StandingByParts) {
    this.#parts = parts;
  }

  /** Undefined: there is no state yet, or nothing was read. */
  get stateId(): string | undefined {
    return this.#stateId;
  }

  /** What is wrong: the repository can't be read, or the state is none that this instance may go on from. */
  get problem(): Problem | undefined {
    return this.#obstacle ?? this.#problem;
  }

  get mayCompete(): boolean {
    return this.#obstacle === undefined && this.#parts.clock.monotonic() - this.#readAt <= headsMsMax;
  }

  /** Looks until the signal aborts. Throws what is a bug. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, lookMs } = this.#parts;
    while (!signal.aborted) {
      await this.#lookQuietly(signal);
      const isFirst = this.#stateId === undefined && this.#problem === undefined;
      const lookMsMax = isFirst ? firstLookMs : headsMsMax / 2;
      await clock.sleep(Math.min(lookMs, lookMsMax), signal);
    }
  }

  /** The catalog of a state's tree, of settings as its checkpoint has them: that of the last one is kept. */
  async readKept(tree: ObjectId | undefined, settings: string | undefined): Promise<Catalog> {
    const { git, loadCatalog, hidden } = this.#parts;
    const folder = tree === undefined ? undefined : (await git.findEntry(tree, catalogFolder))?.id;
    const key = `${folder} ${settings}`;
    if (this.#kept?.key !== key) {
      this.#kept = { key, catalog: await loadKeptCatalog(git, tree, loadCatalog, settings, hidden) };
    }
    return this.#kept.catalog;
  }

  async #lookQuietly(signal: AbortSignal): Promise<void> {
    try {
      await this.#look(signal);
      this.#problem = undefined;
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof SluiceError) || dispositionOf(error, "run") === "crash") throw error;
      if (this.#problem?.code !== error.problem.code) this.#parts.log.problem(error.problem);
      this.#problem = error.problem;
    }
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { git, clock, names } = this.#parts;
    const heads = await git.fetchHeads([names.state, names.target], signal);
    const commit = heads.get(names.state);
    if (commit !== this.#stateCommit || this.#obstacle !== undefined) {
      const head = await readHead(git, commit);
      await this.#readState(head?.tree);
      this.#stateCommit = commit;
    }
    this.#readAt = clock.monotonic();
  }

  async #readState(tree: ObjectId | undefined): Promise<void> {
    const { git } = this.#parts;
    if (tree === undefined) {
      this.#stateId = undefined;
      this.#setObstacle(undefined);
      return;
    }
    const checkpoint = await readCheckpoint(git, tree).catch((error: unknown) => {
      if (!(error instanceof SluiceError) || error.problem.code !== "STATE_INVALID") throw error;
      this.#setObstacle(error.problem);
      return undefined;
    });
    if (checkpoint === undefined) return;
    this.#stateId = checkpoint.stateId === "" ? undefined : checkpoint.stateId;
    const { settings } = readGuardState(checkpoint.parts);
    await this.readKept(tree, settings);
    const { layout, loadCatalog } = this.#parts;
    const isInForce = settings === settingsOf(loadCatalog) && isSameLayout(checkpoint.layout, layout);
    const { memory } = this.#parts;
    if (isInForce) memory.wereInForce = true;
    this.#setObstacle(!isInForce && memory.wereInForce ? olderSettings : undefined);
  }

  #setObstacle(obstacle: Problem | undefined): void {
    const { log } = this.#parts;
    if (obstacle !== undefined && this.#obstacle?.code !== obstacle.code) {
      log.problem({ ...obstacle, message: `this instance stands by and does not compete: ${obstacle.message}` });
    }
    if (obstacle === undefined && this.#obstacle !== undefined) log.info("this instance competes again");
    this.#obstacle = obstacle;
  }
}

/** Whether what a catalog in force was loaded with is what these settings say. */
export function areInForce(loadCatalog: LoadCatalog, catalog: Catalog): boolean {
  return catalogSettings(catalog) === settingsOf(loadCatalog);
}

function settingsOf(loadCatalog: LoadCatalog): string {
  return catalogSettings(loadCatalog([], undefined).value);
}

function isSameLayout(one: Layout, other: Layout): boolean {
  return one.shards === other.shards && one.buckets === other.buckets;
}

const olderSettings: Problem = {
  code: "SETTINGS_INVALID",
  severity: "warning",
  message: "its settings were in force and others have followed them",
  hint: "Give this instance the new settings, or start it anew if its own are meant.",
};

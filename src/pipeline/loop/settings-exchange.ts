/** Changing settings while a service leads: new ones are prepared beside those in force, and take over between two batches. */
import type { EventStream } from "../../ports/event-stream.ts";
import type { Clock } from "../../ports/system.ts";
import type { BranchNames } from "../branches/branch-parts.ts";
import { namesInForce } from "../branches/names-in-force.ts";
import type { NewSettings } from "./held-place.ts";
import type { Places, PlacesParts } from "./places.ts";
import { type PreparedSettings, prepareSettings } from "./prepare-settings.ts";
import type { Requests } from "./requests.ts";
import type { Watcher } from "./watcher.ts";

/** What new settings would do is counted for so long before they take over, and beside the loop from then on. */
const countMsMax = 2000;

export interface SettingsExchangeParts extends PlacesParts {
  readonly clock: Clock;
  readonly places: Places;
  readonly requests: Requests;
  readonly watcher: Watcher;
  /** Reads the streams that are in force, unless it is too early for that. */
  readonly readStreams: (signal: AbortSignal) => Promise<void>;
  /** False: stopped before that. */
  readonly push: (signal: AbortSignal) => Promise<boolean>;
}

export class SettingsExchange {
  readonly #parts: SettingsExchangeParts;

  constructor(parts: SettingsExchangeParts) {
    this.#parts = parts;
  }

  /** See prepareSettings. */
  prepare(settings: NewSettings, names: BranchNames): Promise<PreparedSettings> {
    const { clock, inForce } = this.#parts;
    const began = clock.monotonic();
    return prepareSettings(inForce(), settings, names, () => clock.monotonic() - began < countMsMax);
  }

  /**
   * Lets prepared settings take over between two batches: tip, checkpoint, inbox and positions stay as they are. What of
   * them is held, or not counted yet, stays as it is in force. Where their first commit can't be made it throws, and what was
   * in force stays; else the streams are asked for that are to be read now.
   */
  exchange(given: PreparedSettings, takeStreams: () => readonly EventStream[]): Promise<void> {
    return this.#parts.requests.add(async (signal) => {
      const { inForce, takeOver, log, places, documents, leftBehind, reviewing, teller, watcher } = this.#parts;
      const { branches: before, keeper: old, outcomes: told } = inForce();
      // Documents that came in force meanwhile were neither read nor counted.
      const isCounted = given.wanted.previous === old.loaded;
      const asked = given.placed.held ?? given.placed;
      const ready = isCounted ? given : await this.prepare(asked.settings, asked.names);
      const { placed, wanted, verdict } = ready;
      const { settings, names } = placed;
      // The tip has gone on since they were prepared.
      const branches = before.renamed(namesInForce(names, old.checkpoint.parts));
      await branches.refreshTarget();
      const keeper = old.changeOver(settings.options, branches);
      await keeper.reshard();
      await keeper.notePlace(placed.approved);
      if (verdict?.catalog === undefined) await keeper.putInForce(old.loaded, { budget: 0, approved: [] });
      else await keeper.putInForce(verdict.catalog, verdict);
      // From here on nothing can keep it from taking over.
      takeOver({ ...settings, streams: takeStreams(), names, branches, keeper });
      places.hold(placed.held);
      for (const problem of wanted.problems) log.problem(problem);
      if (verdict === undefined) watcher.judgeAtOnce();
      else documents.adopt(wanted, verdict.held);
      await leftBehind.look();
      await teller.exchange(told);
      await reviewing.exchange();
      await this.#parts.readStreams(signal);
      await this.#parts.push(signal);
    });
  }
}

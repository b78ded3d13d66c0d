/**
 * Watches the settings and every file that they are read from, whatever the host is doing meanwhile.
 *
 * What the files looked like is noted before they are read: a change while they are read, or while the service is being
 * put together, is seen by the next look.
 */
import { dispositionOf } from "../../model/disposition.ts";
import { type Problem, SluiceError } from "../../model/problem.ts";
import type { ServiceConfig } from "../read-config.ts";
import type { HostParts } from "./host-parts.ts";
import { plainText } from "./plain-text.ts";

const lookMs = 1_000;
/** What is refused is tried again after so long: what it lacks may be there by then. */
const retryMs = 30_000;

export class SettingsWatch {
  readonly #parts: Pick<HostParts, "clock" | "log" | "readConfig" | "fingerprint" | "settingsFile">;
  #files: readonly string[];
  #seen = "";
  #refused: Problem | undefined;
  /** What the log says of it. */
  #told: string | undefined;
  /** When it is tried again, by the monotonic clock. */
  #retryAt = Number.POSITIVE_INFINITY;

  constructor(parts: Pick<HostParts, "clock" | "log" | "readConfig" | "fingerprint" | "settingsFile">) {
    this.#parts = parts;
    this.#files = [parts.settingsFile];
  }

  /** Why the settings that the files hold now are not in force; undefined: they are. */
  get refused(): Problem | undefined {
    return this.#refused;
  }

  /** The settings at the start, with what is wrong about them; undefined: they can't be used. */
  async first(): Promise<{ readonly value: ServiceConfig | undefined; readonly problems: readonly Problem[] }> {
    return this.#read(false);
  }

  /**
   * Good settings that say something else than those, once there are some; undefined when the signal aborts first. Bad
   * ones are told once, and what is in force stays; they are tried again now and then.
   */
  async next(current: ServiceConfig, signal: AbortSignal): Promise<ServiceConfig | undefined> {
    const { clock, fingerprint, log } = this.#parts;
    for (;;) {
      await clock.sleep(lookMs, signal);
      if (signal.aborted) return undefined;
      const hasChanged = (await fingerprint(this.#files)) !== this.#seen;
      if (!hasChanged && clock.monotonic() < this.#retryAt) continue;
      this.#retryAt = Number.POSITIVE_INFINITY;
      const { value, problems } = await this.#read(true);
      if (hasChanged) {
        this.#told = undefined;
        for (const problem of problems) log.problem(problem);
      }
      if (value === undefined) this.#refuseAs(problems.find(({ severity }) => severity === "error"));
      else if (plainText([value.settings, value.connections]) !== plainText([current.settings, current.connections])) {
        this.#refused = undefined;
        return value;
      } else this.#refused = undefined;
    }
  }

  /** Until the files have changed since they were read last, or the signal aborts. */
  async untilTouched(signal: AbortSignal): Promise<void> {
    const { clock, fingerprint } = this.#parts;
    do await clock.sleep(lookMs, signal);
    while (!signal.aborted && (await fingerprint(this.#files)) === this.#seen);
  }

  /** What was read last does not take over: told once, and tried again after a while. */
  refuse(problem: Problem): void {
    if (this.#told !== textOf(problem)) this.#parts.log.problem(problem);
    this.#refuseAs(problem);
  }

  #refuseAs(problem: Problem | undefined): void {
    const { clock, log } = this.#parts;
    const text = textOf(problem);
    if (this.#told !== text) {
      log.error("the new settings are refused; the old ones stay in force", { code: problem?.code });
    }
    this.#told = text;
    this.#refused = problem;
    this.#retryAt = clock.monotonic() + retryMs;
  }

  async #read(isStrict: boolean) {
    const { fingerprint, readConfig } = this.#parts;
    const seen = await fingerprint(this.#files);
    const read = await readConfig(isStrict);
    this.#seen = seen;
    const files = read.value?.files ?? this.#files;
    // Other files than were noted: what they looked like is not known, so the next look reads them once more.
    this.#files = files;
    return read;
  }
}

function textOf(problem: Problem | undefined): string {
  return `${problem?.code} ${problem?.message}`;
}

/** Settings are refused for this error, and what was in force stays; what is a bug is thrown on. */
export function refuse(watch: SettingsWatch, error: unknown): void {
  if (!(error instanceof SluiceError) || dispositionOf(error, "change") === "crash") throw error;
  watch.refuse(error.problem);
}

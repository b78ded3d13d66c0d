/**
 * Failures of events in the log: each a line, until they are a flood. Then the first of each code and stream in a minute are
 * told, the others counted, so that a sender gone wrong fills no disk and hides nothing else.
 */
import type { Problem } from "../../model/problem.ts";
import type { Clock, Log, LogFields } from "../../ports/system.ts";

/** So many lines a minute for each code and stream. */
const linesMax = 20;
const minuteMs = 60_000;

interface Window {
  since: number;
  told: number;
  untold: number;
}

export class FailureLog {
  readonly #parts: { readonly clock: Clock; readonly log: Log };
  readonly #windows = new Map<string, Window>();

  constructor(parts: { readonly clock: Clock; readonly log: Log }) {
    this.#parts = parts;
  }

  tell(problem: Problem, stream: string, fields: LogFields): void {
    const { clock, log } = this.#parts;
    const now = clock.monotonic();
    const key = `${problem.code} ${stream}`;
    const window = this.#windows.get(key) ?? { since: now, told: 0, untold: 0 };
    this.#windows.set(key, window);
    if (now - window.since >= minuteMs) {
      this.#tellUntold(problem.code, stream, window);
      Object.assign(window, { since: now, told: 0, untold: 0 });
    }
    if (window.told < linesMax) {
      window.told++;
      log.problem(problem, { ...fields, stream });
      return;
    }
    window.untold++;
    // At once, and then at each power of ten: who looks at the log now sees how many there are.
    if (Number.isInteger(Math.log10(window.untold))) this.#tellUntold(problem.code, stream, window);
  }

  #tellUntold(code: string, stream: string, { untold }: Window): void {
    if (untold === 0) return;
    const message = "more events fail for the same reason than are told one by one; sluice show has them all";
    this.#parts.log.warn(message, { code, stream, untold });
  }
}

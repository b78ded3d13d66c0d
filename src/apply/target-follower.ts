/**
 * Where the target is: fetched when somebody says that it has moved, and every so often besides. One for all clusters of a
 * process.
 */
import { type Problem, SluiceError } from "../model/problem.ts";
import type { ObjectId } from "../ports/git.ts";
import type { Clock } from "../ports/system.ts";
import { Bell } from "./bell.ts";

export interface TargetHead {
  readonly commit: ObjectId;
  /** The commit's first parent; undefined: it has none, or it is not known. */
  readonly parent?: ObjectId;
  readonly tree: ObjectId;
  /** Of the state branch, for what the catalog in force says; undefined: there is none. */
  readonly stateTree?: ObjectId;
}

export interface TargetFollowerParts {
  /** Undefined: there is no such branch. Throws like `fetchHeads`. */
  readonly fetch: (signal: AbortSignal) => Promise<TargetHead | undefined>;
  readonly clock: Clock;
  readonly pollMs: number;
  /** Told once for each kind of trouble, and undefined when it is over. */
  readonly onTrouble: (problem: Problem | undefined) => void;
}

const retryMsMax = 60_000;

export class TargetFollower {
  readonly #parts: TargetFollowerParts;
  /** Rings when the head is another one. */
  readonly moved: Bell;
  readonly #hints: Bell;
  #head: TargetHead | undefined;

  constructor(parts: TargetFollowerParts) {
    this.#parts = parts;
    this.moved = new Bell(parts.clock);
    this.#hints = new Bell(parts.clock);
  }

  /** Undefined: not read yet. */
  get head(): TargetHead | undefined {
    return this.#head;
  }

  /** It has moved, perhaps. */
  hint(): void {
    this.#hints.ring();
  }

  async run(signal: AbortSignal): Promise<void> {
    const { fetch, clock, pollMs, onTrouble } = this.#parts;
    let failures = 0;
    let told: string | undefined;
    while (!signal.aborted) {
      const { rings } = this.#hints;
      try {
        const head = await fetch(signal);
        if (head === undefined) throw new SluiceError({ code: "TARGET_MISSING", message: "the target is not there" });
        failures = 0;
        if (told !== undefined) onTrouble(undefined);
        told = undefined;
        if (head.commit !== this.#head?.commit || head.stateTree !== this.#head.stateTree) {
          this.#head = head;
          this.moved.ring();
        }
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof SluiceError)) throw error;
        failures++;
        if (told !== error.problem.message) onTrouble(error.problem);
        told = error.problem.message;
      }
      const waitMs = failures === 0 ? pollMs : Math.min(500 * 2 ** failures, retryMsMax);
      // While the repository is away, being told of a push does not bring it back.
      if (failures > 1) await clock.sleep(waitMs, signal);
      else await this.#hints.wait(rings, waitMs, signal);
    }
  }
}

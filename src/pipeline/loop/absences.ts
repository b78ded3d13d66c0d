/**
 * What is not there and must be, as it is now: by what it is, with the problem. Told at error when it begins, not at
 * every look, and told again when it is over.
 */
import type { Problem } from "../../model/problem.ts";
import type { Log } from "../../ports/system.ts";

/**
 * What may be absent: the repository, where it can't be looked at; either branch, or what belongs to it, the wanted documents,
 * an owner among those in force, the wanted delivery.
 */
export type AbsentPart = "repository" | "target" | "state" | "documents" | "owners" | "delivery";

export class Absences {
  readonly #log: Log;
  readonly #problems = new Map<AbsentPart, Problem>();

  constructor(log: Log) {
    this.#log = log;
  }

  get current(): ReadonlyMap<AbsentPart, Problem> {
    return this.#problems;
  }

  /** `isTold`: it stands in the log already. */
  raise(part: AbsentPart, problem: Problem, isTold = false): void {
    const known = this.#problems.get(part);
    this.#problems.set(part, problem);
    if (isTold || (known?.code === problem.code && known.message === problem.message)) return;
    this.#log.problem(problem);
  }

  clear(part: AbsentPart): void {
    const known = this.#problems.get(part);
    if (known === undefined) return;
    this.#problems.delete(part);
    this.#log.info("is there again", { what: part, code: known.code });
  }
}

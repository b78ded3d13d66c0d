/**
 * Tells of files on the target that are not Sluice's, once for each, since every push meets them again; and once more where
 * one comes to be in the way.
 */
import type { Problem } from "../../model/problem.ts";
import type { Log } from "../../ports/system.ts";
import type { ForeignPath } from "./project-target.ts";

/** They are told one by one up to so many. */
const foreignToldMax = 20;

export class ForeignReport {
  readonly #log: Log;
  readonly #told: Set<string>;

  /** `from`: what that one has told is not told again. */
  constructor(log: Log, from?: ForeignReport) {
    this.#log = log;
    this.#told = new Set(from === undefined ? [] : from.#told);
  }

  tell(foreign: readonly ForeignPath[], targetName: string): void {
    const news = foreign.filter((one) => !this.#told.has(keyOf(one)));
    for (const one of news) this.#told.add(keyOf(one));
    const log = this.#log;
    for (const { path, isInTheWay } of news.slice(0, foreignToldMax)) {
      if (!isInTheWay) log.warn("left alone a file that is not Sluice's", { path });
      else {
        log.problem(inTheWayProblem(path, targetName));
      }
    }
    if (news.length > foreignToldMax) {
      log.warn("left alone more files that are not Sluice's", { count: news.length - foreignToldMax });
    }
  }
}

/** What people see of it, wherever they look. */
export function inTheWayProblem(path: string, targetName: string): Problem {
  return {
    code: "OUTPUT_FOREIGN",
    severity: "warning",
    message: `${path} on ${targetName} is not Sluice's, and in the way of what should stand there: that is withheld`,
    hint: "Move it elsewhere. What is in the way is left alone until then.",
  };
}

function keyOf({ path, isInTheWay }: ForeignPath): string {
  return `${isInTheWay ? "in the way" : "beside"} ${path}`;
}

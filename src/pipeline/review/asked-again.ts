/** People's requests to propose again what was turned down, until the next look at the reviews answers them. */
import { SluiceError } from "../../model/problem.ts";
import type { ReviewRecord } from "../../model/review.ts";

/** By group, how many manifests are proposed again. */
export type ProposedAgain = ReadonlyMap<string, number>;

interface Asked {
  /** Undefined: all of them. */
  readonly group: string | undefined;
  readonly resolve: (proposed: ProposedAgain) => void;
  readonly reject: (error: unknown) => void;
}

export class AskedAgain {
  #asked: Asked[] = [];
  #end: SluiceError | undefined;

  get isEmpty(): boolean {
    return this.#asked.length === 0;
  }

  /** Resolves when the state says so. Rejects with NOT_FOUND where the group has nothing turned down. */
  ask(group: string | undefined): Promise<ProposedAgain> {
    return new Promise((resolve, reject) => {
      if (this.#end !== undefined) reject(this.#end);
      else this.#asked.push({ group, resolve, reject });
    });
  }

  /** Nobody will answer any more. */
  end(error: SluiceError): void {
    this.#end = error;
    for (const { reject } of this.#asked.splice(0)) reject(error);
  }

  /** Answers all: `remember` makes the state say what is left. */
  async answer(
    reviews: ReadonlyMap<string, ReviewRecord>,
    remember: (changed: readonly ReviewRecord[]) => Promise<void>,
  ): Promise<void> {
    const asked = this.#asked.splice(0);
    const answered = asked.filter(({ group, reject }) => {
      if (group === undefined || (reviews.get(group)?.rejected.size ?? 0) > 0) return true;
      reject(nothingTurnedDown(group, reviews));
      return false;
    });
    const isMeant = ({ group }: ReviewRecord) => answered.some((one) => one.group === undefined || one.group === group);
    const meant = [...reviews.values()].filter((review) => review.rejected.size > 0 && isMeant(review));
    try {
      if (meant.length > 0) await remember(meant.map(withoutRejected));
    } catch (error) {
      for (const { reject } of answered) reject(error);
      throw error;
    }
    for (const { group, resolve } of answered) {
      const own = meant.filter((review) => group === undefined || review.group === group);
      resolve(new Map(own.map((review) => [review.group, review.rejected.size])));
    }
  }
}

function withoutRejected({ rejected: _, rejectedIn: __, ...review }: ReviewRecord): ReviewRecord {
  return { ...review, rejected: new Map() };
}

function nothingTurnedDown(group: string, reviews: ReadonlyMap<string, ReviewRecord>): SluiceError {
  const groups = [...reviews.values()].filter(({ rejected }) => rejected.size > 0).map((review) => review.group);
  const hint = groups.length === 0 ? "Nothing is turned down anywhere." : `There is in ${groups.sort().join(", ")}.`;
  return new SluiceError({ code: "NOT_FOUND", message: `nothing is turned down in group ${group}`, hint });
}

/** Waiting for a repository that does not answer: again and again, with growing pauses. */
import { dispositionOf, type Where } from "../model/disposition.ts";
import { SluiceError } from "../model/problem.ts";
import type { Chance, Clock, Log } from "../ports/system.ts";

const backoffMsMin = 200;
const backoffMsMax = 30_000;

interface Ports {
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: Log;
}

/** Twice as long each time up to a bound, and spread, so that instances do not come all at once. */
export function backOff({ clock, chance }: Omit<Ports, "log">, attempt: number, signal: AbortSignal): Promise<void> {
  const ceiling = Math.min(backoffMsMax, backoffMsMin * 2 ** attempt);
  return clock.sleep(ceiling * (0.5 + chance.next() / 2), signal);
}

/**
 * Does work that leaves nothing half done until it succeeds, or until told to stop; then it throws what came last. What
 * is not to be waited for there is thrown at once.
 */
export async function untilAnswered<T>(
  ports: Ports,
  signal: AbortSignal,
  where: Where,
  work: () => Promise<T>,
): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof SluiceError) || dispositionOf(error, where) !== "wait" || signal.aborted) throw error;
      ports.log.problem(error.problem);
      await backOff(ports, attempt, signal);
    }
  }
}

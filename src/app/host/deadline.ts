/** Work that has only so long. */
import { SluiceError } from "../../model/problem.ts";
import type { Clock } from "../../ports/system.ts";

/**
 * The work's result; where it takes longer its controller is aborted, and it throws SERVICE_BUSY. What the work comes to
 * after all is given to `onLate`. Once `lifted` aborts the work may take as long as it does.
 */
export async function within<T>(
  clock: Clock,
  milliseconds: number,
  controller: AbortController,
  work: Promise<T>,
  onLate: (value: T) => unknown,
  lifted: AbortSignal = new AbortController().signal,
): Promise<T> {
  const late = Symbol();
  const done = new AbortController();
  try {
    const time = clock.sleep(milliseconds, AbortSignal.any([done.signal, controller.signal, lifted]));
    const timed = async () => {
      await time;
      return lifted.aborted ? work : late;
    };
    const first = await Promise.race([work, timed()]);
    if (first !== late) return first as T;
    controller.abort();
    work.then(onLate).catch(() => undefined);
    throw new SluiceError({
      code: "SERVICE_BUSY",
      message: `what the new settings need was not there within ${milliseconds / 1000} s`,
      hint: "See that the repository answers; it is tried again.",
    });
  } finally {
    done.abort();
  }
}

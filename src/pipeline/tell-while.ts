/** Work that takes long says so. */
import type { Clock, Log } from "../ports/system.ts";

/** It says so after so much, and then every minute. */
const firstWordMs = 10_000;
const nextWordMs = 60_000;

/** What the work comes to. While it goes on `tell` is called with the seconds that it has taken so far; a text is logged. */
export async function tellWhile<T>(
  { clock, log }: { readonly clock: Clock; readonly log: Log },
  tell: string | ((seconds: number) => void),
  work: Promise<T>,
): Promise<T> {
  const over = new AbortController();
  const speak = async () => {
    const since = clock.monotonic();
    for (let waitMs = firstWordMs; ; waitMs = nextWordMs) {
      await clock.sleep(waitMs, over.signal);
      if (over.signal.aborted) return;
      const seconds = Math.round((clock.monotonic() - since) / 1000);
      if (typeof tell === "string") log.info(tell, { seconds });
      else tell(seconds);
    }
  };
  void speak();
  try {
    return await work;
  } finally {
    over.abort();
  }
}

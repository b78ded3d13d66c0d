/**
 * How many messages wait on the server behind the last one handed on. Each delivery says it as of then; while nobody asks
 * for the next one, because nothing can be pushed, more may come, and the stream itself is asked.
 */

/** What a stream says of itself. */
export interface StreamExtent {
  readonly messages: number;
  readonly firstSequence: number;
  readonly lastSequence: number;
}

export interface Backlog {
  readonly pending: number;
  /** A message is handed on, `pending` more waiting behind it; until `resume` nobody asks for the next one. */
  hold(sequence: number, pending: number): void;
  resume(): void;
  stop(): void;
}

const askMs = 5_000;

/** `ask`: absent where not all of the stream is read, so that it can't tell; it may fail, and then is asked again. */
export function watchBacklog(pending: number, ask: (() => Promise<StreamExtent>) | undefined): Backlog {
  let known = pending;
  let held: { readonly sequence: number } | undefined;
  let before: typeof held;

  async function look(): Promise<void> {
    const at = held;
    const isLong = at !== undefined && at === before;
    before = at;
    if (!isLong || ask === undefined) return;
    const { messages, firstSequence, lastSequence } = await ask();
    if (held === at) known = Math.min(messages, Math.max(0, lastSequence - Math.max(at.sequence, firstSequence - 1)));
  }

  // Trouble with the stream is the reading's.
  const timer = setInterval(() => void look().catch(() => undefined), askMs);
  timer.unref();
  return {
    get pending() {
      return known;
    },
    hold(sequence, behind) {
      known = behind;
      held = { sequence };
    },
    resume() {
      held = undefined;
    },
    stop: () => clearInterval(timer),
  };
}

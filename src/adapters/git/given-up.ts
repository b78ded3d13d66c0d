/** Why a conversation with the Git server was given up on this side, before it had come to its end. */
import { SluiceError } from "../../model/problem.ts";

/** Nothing moved for too long. What became of a push is not known. Another way to ask the same would only take as long again. */
export class SilenceError extends SluiceError {
  constructor(silenceMsMax: number) {
    super({
      code: "GIT_UNAVAILABLE",
      message: `the Git server was silent for ${Math.round(silenceMsMax / 1000)} s: not a byte moved either way`,
      hint: "Look at the server and at what stands between; Sluice compares the branches before it goes on.",
    });
  }
}

/** Whoever asked wants it no more. What became of a push is not known. */
export function abortedError(what: string): SluiceError {
  return new SluiceError({
    code: "GIT_UNAVAILABLE",
    message: `${what} was given up: Sluice is stopping, or its time was over`,
    hint: "The branches are compared before Sluice goes on.",
  });
}

/** Calls back once when one of the signals aborts, at once where one has; the answer takes it back. */
export function onAbort(signals: readonly (AbortSignal | undefined)[], callback: () => void): () => void {
  const stop = () => {
    for (const signal of signals) signal?.removeEventListener("abort", call);
  };
  const call = () => {
    stop();
    callback();
  };
  if (signals.some((signal) => signal?.aborted)) call();
  else for (const signal of signals) signal?.addEventListener("abort", call, { once: true });
  return stop;
}

/** Does work under a signal that aborts with the first of these; none where one has. Nothing of it stays at signals that live long. */
export async function underSignals<T>(
  signals: readonly (AbortSignal | undefined)[],
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  if (signals.some((signal) => signal?.aborted)) throw abortedError("the exchange with the Git server");
  const any = new AbortController();
  const stop = onAbort(signals, () => any.abort());
  try {
    return await work(any.signal);
  } finally {
    stop();
  }
}

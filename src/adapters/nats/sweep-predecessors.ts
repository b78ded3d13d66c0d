/** Once a minute, while a stream is read whose consumers own messages: no other consumer of the same reader may stay. */
import type { ConsumerOwner } from "./consumer-names.ts";
import { explainPermission, findForbidden } from "./explain-stream-error.ts";
import type { JetStreamApi } from "./list-consumers.ts";
import { removePredecessors } from "./remove-consumers.ts";

const intervalMs = 60_000;

/** `fail` is told that the user may not; other trouble is the reading's own. */
export function sweepPredecessors(
  api: JetStreamApi,
  stream: string,
  owner: ConsumerOwner,
  inUse: string,
  fail: (error: unknown) => void,
): { stop(): void } {
  const timer = setInterval(() => {
    removePredecessors(api, stream, owner, inUse).catch((error) => {
      const forbidden = findForbidden(error);
      if (forbidden !== undefined) fail(explainPermission(forbidden));
    });
  }, intervalMs);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}

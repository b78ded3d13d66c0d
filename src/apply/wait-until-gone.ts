/** Waits for a deletion to come to its end: finalizers may take their time. */
import { ClusterRefusal } from "../model/cluster-refusal.ts";
import type { ClusterReader, ObjectRef } from "../ports/cluster.ts";
import type { Clock } from "../ports/system.ts";

const goneMsMax = 30_000;
const lookMs = 200;

/** Throws a refusal where that very object is still there after half a minute. */
export async function waitUntilGone(
  { reader, clock }: { readonly reader: ClusterReader; readonly clock: Clock },
  ref: ObjectRef,
  uid: string,
): Promise<void> {
  const until = clock.monotonic() + goneMsMax;
  while ((await reader.readMetadata(ref))?.uid === uid) {
    if (clock.monotonic() > until) {
      throw new ClusterRefusal("conflict", "it was deleted to be made anew, and something keeps it from going");
    }
    await clock.sleep(lookMs);
  }
}

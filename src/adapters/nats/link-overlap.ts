/**
 * Two links that bring the same messages for a while: a message is taken as often as the link that brought it more often
 * did. Messages are told apart by subject, headers and payload, only for that while.
 */
import { createHash } from "node:crypto";
import type { Msg } from "@nats-io/transport-node";

export interface LinkOverlap {
  /** The new link is about to subscribe: from now on both may bring the same. What comes before is the old one's. */
  begin(): void;
  take(link: "old" | "new", message: Msg): void;
  /** The old link has brought its last: calls back when what the new one brings late can be no second copy any more. */
  end(then: () => void): void;
}

/** The new link may be slower than the old one was by so much. */
const lagMs = 2_000;

export function createLinkOverlap(receive: (message: Msg) => void): LinkOverlap {
  const counts = new Map<string, { old: number; new: number }>();
  let hasBegun = false;
  return {
    begin() {
      hasBegun = true;
    },
    take(link, message) {
      if (!hasBegun) {
        receive(message);
        return;
      }
      const key = hashMessage(message);
      const count = counts.get(key) ?? { old: 0, new: 0 };
      counts.set(key, count);
      const taken = Math.max(count.old, count.new);
      count[link]++;
      if (count[link] > taken) receive(message);
    },
    end(then) {
      setTimeout(then, lagMs).unref();
    },
  };
}

function hashMessage({ subject, headers, data }: Msg): string {
  const hash = createHash("sha256").update(`${subject}\n`);
  if (headers !== undefined) hash.update(JSON.stringify([...headers]));
  return hash.update("\n").update(data).digest("base64");
}

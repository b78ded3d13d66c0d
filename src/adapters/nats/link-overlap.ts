/**
 * Two links that bring the same messages for a while: a message is taken as often as the link that brought it more often
 * did, in the order in which the old one brought it. What the new one brings first waits for the old one, which may only
 * be slower: a logout would else be taken before the login in front of it. Messages are told apart by subject, headers
 * and payload, only for that while.
 */
import { createHash } from "node:crypto";
import type { Msg } from "@nats-io/transport-node";

export interface LinkOverlap {
  /** The new link is about to subscribe: from now on both may bring the same. What comes before is the old one's. */
  begin(): void;
  take(link: "old" | "new", message: Msg): void;
  /**
   * The old link has brought its last: what waits is taken. Calls back when what the new one brings late can be no second
   * copy any more.
   */
  end(then: () => void): void;
}

/** One link may be slower than the other by so much; nothing waits for longer either. */
const lagMs = 2_000;

interface Count {
  /** How often each link has brought it. */
  old: number;
  new: number;
  /** Those that only the new one has brought so far, and that are not taken yet: oldest first. */
  readonly waiting: Msg[];
}

export function createLinkOverlap(receive: (message: Msg) => void): LinkOverlap {
  const counts = new Map<string, Count>();
  /** All that wait, oldest first. */
  const waiting = new Map<Msg, Count>();
  let timer: NodeJS.Timeout | undefined;
  let hasBegun = false;
  let hasEnded = false;

  function hold(message: Msg, count: Count): void {
    count.waiting.push(message);
    waiting.set(message, count);
    timer ??= setTimeout(release, lagMs).unref();
  }

  function release(): void {
    clearTimeout(timer);
    timer = undefined;
    for (const [message, count] of [...waiting]) {
      waiting.delete(message);
      count.waiting.shift();
      receive(message);
    }
  }

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
      const count = counts.get(key) ?? { old: 0, new: 0, waiting: [] };
      counts.set(key, count);
      const isFirst = ++count[link] > count[link === "old" ? "new" : "old"];
      if (link === "new") {
        if (isFirst && !hasEnded) hold(message, count);
        else if (isFirst) receive(message);
        return;
      }
      const copy = count.waiting.shift();
      if (copy !== undefined) waiting.delete(copy);
      if (isFirst || copy !== undefined) receive(message);
    },
    end(then) {
      hasEnded = true;
      release();
      setTimeout(then, lagMs).unref();
    },
  };
}

function hashMessage({ subject, headers, data }: Msg): string {
  const hash = createHash("sha256").update(`${subject}\n`);
  if (headers !== undefined) hash.update(JSON.stringify([...headers]));
  return hash.update("\n").update(data).digest("base64");
}

/** Receiving over core NATS: subscribed for as long as it runs, whatever happens to the server or the settings. */
import type { Msg } from "@nats-io/transport-node";
import type { Problem } from "../../model/problem.ts";
import { createBackoff } from "./backoff.ts";
import { createCoreSubscriptions, type WantedSubjects } from "./core-subscriptions.ts";
import { explainLoss } from "./explain-stream-error.ts";
import { createLinkOverlap, type LinkOverlap } from "./link-overlap.ts";
import type { NatsLink } from "./nats-link.ts";
import { untilAborted } from "./until-aborted.ts";

/** Where to receive from, and what. */
export interface CoreSource extends WantedSubjects {
  /** Released by the receiver. */
  readonly link: NatsLink;
}

export interface CoreReceiverOptions {
  readonly receive: (message: Msg) => void;
  /** The server has the subscriptions. */
  readonly onSubscribed: () => void;
  readonly onTrouble: (problem: Problem) => void;
}

export interface CoreReceiver {
  /**
   * Receives as the source says from now on. Where only subjects change, the new subscriptions stand before the old ones
   * go. Where the link changes, both are subscribed until the new one has answered and the old one is drained, and what
   * both bring is taken once.
   */
  follow(source: CoreSource): void;
  /** Receives what is under way, and ends. */
  close(): Promise<void>;
}

export function createCoreReceiver(options: CoreReceiverOptions): CoreReceiver {
  let current: LinkReceiver | undefined;
  /** Of another link: it is to follow `current` once the server has its subscriptions. */
  let next: LinkReceiver | undefined;
  /** Of the last exchange. */
  let overlap: LinkOverlap | undefined;
  const ending = new Set<Promise<void>>();

  /** `then`: with it has ended what the receiver began. */
  function end(receiver: LinkReceiver, then: () => void = () => undefined): void {
    const ended = receiver
      .close()
      .then(then)
      .finally(() => ending.delete(ended));
    ending.add(ended);
  }

  function exchange(old: LinkReceiver, source: CoreSource): void {
    if (next !== undefined) {
      // It was never said to be subscribed, and the old one brings what it has brought.
      next.take = () => undefined;
      end(next);
    }
    const both = createLinkOverlap((message) => receiver.take(message));
    overlap = both;
    const onSubscribed = () => {
      options.onSubscribed();
      if (next !== receiver) return;
      current = receiver;
      next = undefined;
      end(old, () =>
        both.end(() => {
          receiver.receive = (message) => receiver.take(message);
        }),
      );
    };
    const receiver = startLinkReceiver(source, {
      onTrouble: options.onTrouble,
      onSubscribed,
      onConnected: both.begin,
      take: options.receive,
    });
    // What the old one takes, from whichever links before it, is one side; the other is what this one brings.
    old.take = (message) => both.take("old", message);
    receiver.receive = (message) => both.take("new", message);
    next = receiver;
  }

  return {
    follow(source) {
      const latest = next ?? current;
      if (latest === undefined) {
        current = startLinkReceiver(source, { ...options, onConnected: () => undefined, take: options.receive });
      } else if (latest.link === source.link) {
        latest.want(source);
        // One share more than the receiver needs.
        void source.link.release();
      } else if (current !== undefined) exchange(current, source);
    },
    async close() {
      if (next !== undefined) end(next);
      if (current !== undefined) end(current);
      await Promise.all(ending);
      // What the new link alone has brought, also where its server has not answered yet.
      overlap?.end(() => undefined);
    },
  };
}

interface LinkReceiver {
  readonly link: NatsLink;
  /** Is given what the link brings. */
  receive: (message: Msg) => void;
  /** Is given what is taken of it, and of the links before it. */
  take: (message: Msg) => void;
  want(wanted: WantedSubjects): void;
  close(): Promise<void>;
}

interface LinkEvents extends Pick<CoreReceiverOptions, "onSubscribed" | "onTrouble"> {
  /** It is about to subscribe. */
  readonly onConnected: () => void;
  readonly take: (message: Msg) => void;
}

/** Receives over one link, which it dials anew when it was lost. */
function startLinkReceiver(source: CoreSource, events: LinkEvents): LinkReceiver {
  const { onConnected, onSubscribed, onTrouble, take } = events;
  const { link } = source;
  const closing = new AbortController();
  const { signal } = closing;
  const backoff = createBackoff();
  let wanted: WantedSubjects = source;
  let rewant: () => void = () => undefined;

  /** Resolves when the signal aborts; rejects when the connection or a subscription is lost. */
  async function receiveOnce(): Promise<void> {
    const { connection } = await untilAborted(link.connect(), signal);
    let lose: (error: unknown) => void = () => undefined;
    const lost = new Promise<never>((_, reject) => {
      lose = reject;
    });
    lost.catch(() => undefined);
    const subscriptions = createCoreSubscriptions(connection, (message) => receiver.receive(message), lose);
    connection.closed().then((error) => lose(explainLoss(error)));
    const subscribe = async () => {
      await Promise.race([subscriptions.want(wanted), lost]);
      onSubscribed();
      backoff.reset();
    };
    rewant = () => void subscribe().catch(lose);
    try {
      onConnected();
      await untilAborted(subscribe(), signal);
      await untilAborted(lost, signal);
    } finally {
      rewant = () => undefined;
      await subscriptions.drain();
    }
  }

  async function receiveAlways(): Promise<void> {
    while (!signal.aborted) {
      try {
        await receiveOnce();
      } catch (error) {
        if (!signal.aborted) onTrouble(explainLoss(error).problem);
      }
      await backoff.wait(signal);
    }
  }

  const receiver: LinkReceiver = {
    link,
    receive: (message) => receiver.take(message),
    take,
    want(next) {
      wanted = next;
      rewant();
    },
    async close() {
      closing.abort();
      await running;
      await link.release();
    },
  };
  const running = receiveAlways();
  return receiver;
}

/** A link to NATS whose one subscription brings what a test says. */
import type { Msg, MsgCallback, NatsConnection } from "@nats-io/transport-node";
import type { NatsLink } from "../../src/adapters/nats/nats-link.ts";

export interface FakeLink {
  readonly link: NatsLink;
  /** Undefined: nothing is subscribed yet. */
  bring: ((text: string) => void) | undefined;
  /** What its subscription still brings while it is drained. */
  late: readonly string[];
}

/** `answers`: whether its server ever says that it has the subscriptions; `draining`: what draining them waits for. */
export function createFakeLink(answers = true, draining: Promise<void> = Promise.resolve()): FakeLink {
  const never = new Promise<never>(() => undefined);
  const fake = { bring: undefined, late: [] } as Omit<FakeLink, "link"> as FakeLink;
  const subscribe = (subject: string, { callback }: { readonly callback: MsgCallback<Msg> }) => {
    fake.bring = (text) =>
      void callback(null, { subject, data: new TextEncoder().encode(text), headers: undefined } as unknown as Msg);
    return {
      drain: async () => {
        await draining;
        for (const text of fake.late) fake.bring?.(text);
      },
    };
  };
  const flush = () => (answers ? Promise.resolve() : never);
  const connection = { subscribe, flush, closed: () => never, isClosed: () => false } as unknown as NatsConnection;
  const link: NatsLink = {
    domain: {},
    connect: async () => ({ connection, inboxPrefix: undefined, onForbidden: () => () => undefined }),
    share: () => link,
    isReleased: false,
    release: async () => undefined,
  };
  return Object.assign(fake, { link });
}

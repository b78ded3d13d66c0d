/** A receiver that is closed while it exchanges its link takes all that either link has brought. */
import type { Msg, MsgCallback, NatsConnection } from "@nats-io/transport-node";
import { expect, it } from "vitest";
import { createCoreReceiver } from "../../../src/adapters/nats/core-receiver.ts";
import type { NatsLink } from "../../../src/adapters/nats/nats-link.ts";

interface FakeLink {
  readonly link: NatsLink;
  /** Undefined: nothing is subscribed yet. */
  bring: ((text: string) => void) | undefined;
  /** What its subscription still brings while it is drained. */
  late: readonly string[];
}

/** `answers`: whether its server ever says that it has the subscriptions; `draining`: what draining them waits for. */
function fakeLink(answers: boolean, draining: Promise<void>): FakeLink {
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

it.each([
  ["before the new link's server has answered", false],
  ["while the old link is drained", true],
])("%s", async (_, answers) => {
  const taken: string[] = [];
  let subscribed = 0;
  const receiver = createCoreReceiver({
    receive: ({ data }) => taken.push(new TextDecoder().decode(data)),
    onSubscribed: () => {
      subscribed++;
    },
    onTrouble: (problem) => {
      throw new Error(problem.message);
    },
  });
  let drain: () => void = () => undefined;
  const draining = new Promise<void>((resolve) => {
    drain = resolve;
  });
  const [old, fresh] = [fakeLink(true, draining), fakeLink(answers, draining)];
  const wanted = { subjects: ["a"], excluded: [] };
  receiver.follow({ link: old.link, ...wanted });
  await expect.poll(() => subscribed).toBe(1);
  old.late = ["2", "3"];
  receiver.follow({ link: fresh.link, ...wanted });
  await expect.poll(() => fresh.bring).toBeDefined();
  old.bring?.("1");
  fresh.bring?.("3");
  fresh.bring?.("4");
  fresh.late = ["5"];
  const closed = receiver.close();
  drain();
  await closed;
  expect(taken).toEqual(["1", "2", "3", "4", "5"]);
});

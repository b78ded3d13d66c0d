/** Acknowledgements that the server does not answer: it is said, another consumer is bound, and nothing comes twice. */
import { RetentionPolicy } from "@nats-io/jetstream";
import { afterEach, describe, expect, it } from "vitest";
import { numbers, until, useNatsBench } from "./nats-bench.ts";
import { type NatsProxy, startNatsProxy } from "./nats-proxy.ts";
import { isSubscribed, texts } from "./read-stream.ts";

const bench = useNatsBench();
const { Interest, Workqueue } = RetentionPolicy;
let proxy: NatsProxy | undefined;
afterEach(() => proxy?.close());

/** While `isLost` says so, acknowledgements go to where the server takes none. */
async function openThroughProxy(isLost: () => boolean) {
  proxy = await startNatsProxy(bench.server.port, {
    fromClient: (lines) => (isLost() ? lines.replace(/^(H?PUB \$JS\.)ACK\./gm, "$1NIL.") : lines),
  });
  const streams = [{ name: "USERS", subjects: ["user.>"] }];
  return bench.open({ jetstream: { url: proxy.url, authorization: {}, streams } });
}

describe.each([Workqueue, Interest])("a %s stream", (retention) => {
  it.each([
    {
      name: "within 10 s no answer",
      isHeard: true,
      says: "did not confirm an acknowledgement on $JS.ACK.USERS.> within",
    },
    { name: "nobody is there to answer", isHeard: false, says: "nobody takes acknowledgements on $JS.ACK.USERS.>" },
  ])("$name: a warning, another consumer, and each message once", async ({ isHeard, says }) => {
    await bench.addStream({ retention });
    if (isHeard) bench.nats.subscribe("$JS.NIL.>", { callback: () => undefined });
    let isLost = true;
    const stream = await openThroughProxy(() => isLost);
    const reading = bench.read(stream);
    await reading.until(isSubscribed);
    const [first] = await bench.consumers();
    await bench.publish(1, 4);
    await until(reading, 4);
    stream.settle(reading.deliveries[2]!.position);

    await expect.poll(() => bench.warnings(), { timeout: 60_000 }).toEqual([expect.stringContaining(says)]);
    isLost = false;
    await expect.poll(() => bench.consumers(), { timeout: 60_000 }).not.toContain(first);
    await expect.poll(() => bench.messagesLeft(), { timeout: 60_000 }).toBe(1);
    await bench.publish(5, 6);
    await until(reading, 6);
    stream.settle(reading.deliveries[5]!.position);
    await expect.poll(() => bench.messagesLeft(), { timeout: 60_000 }).toBe(0);
    expect(texts(reading.deliveries)).toEqual(numbers(1, 6));
    expect(await bench.consumers()).toHaveLength(1);
    expect(bench.warnings()).toHaveLength(1);
  });
});

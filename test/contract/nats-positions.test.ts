/** Where reading goes on, and what is acknowledged: nothing twice, nothing lost, and a word where something was. */
import { setTimeout as sleep } from "node:timers/promises";
import { RetentionPolicy } from "@nats-io/jetstream";
import { describe, expect, it } from "vitest";
import { numbers, until, useNatsBench } from "./nats-bench.ts";
import { shiftStamps } from "./nats-stamps.ts";
import { isSubscribed, texts } from "./read-stream.ts";

const bench = useNatsBench();
const { Interest, Limits, Workqueue } = RetentionPolicy;

describe("an interest stream", () => {
  it("keeps what was handed on and not pushed, through a restart of the server and a crash of the reader", async () => {
    await bench.addStream({ retention: Interest });
    const first = bench.open();
    const reading = bench.read(first);
    await reading.until(isSubscribed);
    await bench.publish(1, 300);
    await until(reading, 300);
    first.settle(reading.deliveries[0]!.position);
    await expect.poll(bench.messagesLeft).toBe(299);

    await bench.restart();
    await reading.until(({ statuses }) => statuses.some(({ state }) => state === "degraded"));
    await reading.until(isSubscribed);
    expect(await bench.messagesLeft()).toBe(299);
    expect(texts(reading.deliveries)).toEqual(numbers(1, 300));

    await bench.closeReaders();
    const second = bench.open({}, { term: () => 2 });
    const again = bench.read(second, reading.deliveries[0]!.position);
    await until(again, 299);
    expect(texts(again.deliveries)).toEqual(numbers(2, 300));
    second.settle(again.deliveries.at(-1)!.position);
    await expect.poll(bench.messagesLeft).toBe(0);
    expect(bench.warnings()).toEqual([]);
  });

  it("acknowledges in the new consumer what came again", async () => {
    await bench.addStream({ retention: Interest });
    const stream = bench.open();
    const reading = bench.read(stream);
    await reading.until(isSubscribed);
    await bench.publish(1, 10);
    await until(reading, 10);
    const [own] = await bench.consumers();
    await bench.manager.consumers.delete("USERS", own!);
    await reading.until(({ statuses }) => statuses.some(({ state }) => state === "degraded"));
    await reading.until(isSubscribed);
    await bench.publish(11, 12);
    await until(reading, 12);
    stream.settle(reading.deliveries[11]!.position);
    await expect.poll(bench.messagesLeft).toBe(0);
  });

  it("tells of what was published while its consumer was gone", async () => {
    await bench.addStream({ retention: Interest });
    const first = bench.open();
    const reading = bench.read(first);
    await reading.until(isSubscribed);
    await bench.publish(1, 3);
    await until(reading, 3);
    const position = reading.deliveries[2]!.position;
    first.settle(position);
    await expect.poll(bench.messagesLeft).toBe(0);
    await bench.closeReaders();
    for (const name of await bench.consumers()) await bench.manager.consumers.delete("USERS", name);
    await bench.publish(4, 8);

    const again = bench.read(bench.open(), position);
    await again.until(isSubscribed);
    await expect
      .poll(bench.warnings)
      .toEqual([expect.stringContaining("5 messages were dropped unread: sequences 4 to 8")]);
    expect(bench.warnings()[0]).toContain(position.time);
    await bench.publish(9, 9);
    await until(again, 1);
    expect(texts(again.deliveries)).toEqual(["9"]);
  });

  it("tells of it as possible where only some of its subjects are read", async () => {
    await bench.addStream({ retention: Interest });
    const reading = bench.read(bench.open(bench.reading("user.login")));
    await reading.until(isSubscribed);
    await bench.publish(1, 1);
    await until(reading, 1);
    await bench.closeReaders();
    for (const name of await bench.consumers()) await bench.manager.consumers.delete("USERS", name);
    await bench.publish(2, 3, "user.other");

    const again = bench.read(bench.open(bench.reading("user.login")), reading.deliveries[0]!.position);
    await again.until(isSubscribed);
    await expect.poll(bench.warnings).toEqual([expect.stringContaining("possibly up to 2 messages were dropped")]);
  });

  it("keeps the consumer of another connection that reads the stream too", async () => {
    await bench.addStream({ retention: Interest });
    const one = bench.read(bench.open());
    await one.until(isSubscribed);
    const other = bench.read(bench.open({ name: "second" }));
    await other.until(isSubscribed);
    await bench.publish(1, 3);
    await until(one, 3);
    await until(other, 3);
    expect(await bench.consumers()).toHaveLength(2);
  });
});

describe.each([Interest, Workqueue])("a %s stream that is read on in another way while it runs", (retention) => {
  it.each([
    ["nothing of it is pushed", 0],
    ["some of it is pushed", 4],
  ])("keeps what was handed on: %s", async (_, pushed) => {
    await bench.addStream({ retention });
    const first = bench.open(bench.reading("user.login"));
    const reading = bench.read(first);
    await reading.until(isSubscribed);
    await bench.publish(1, 10);
    await until(reading, 10);
    const settled = reading.deliveries[pushed - 1]?.position;
    if (settled !== undefined) first.settle(settled);
    await reading.stop();
    const handed = reading.deliveries[9]!.position;

    const second = bench.open(bench.reading("user.login", "user.logout"));
    const again = bench.read(second, handed, { pushed: settled });
    await again.until(isSubscribed);
    await first.close();
    await bench.publish(11, 11, "user.logout");
    await until(again, 1);
    expect(texts(again.deliveries)).toEqual(["11"]);
    expect(await bench.messagesLeft()).toBe(11 - pushed);
    second.settle(handed);
    await expect.poll(bench.messagesLeft).toBe(1);
  });
});

describe("subjects that come to be read", () => {
  it("are read on a work-queue stream from below the position, and only once", async () => {
    await bench.addStream({ retention: Workqueue });
    const first = bench.open(bench.reading("user.login"));
    const reading = bench.read(first);
    await reading.until(isSubscribed);
    await bench.publish(1, 20, "user.waiting");
    await bench.publish(21, 22);
    await until(reading, 2);
    first.settle(reading.deliveries[1]!.position);
    await expect.poll(bench.messagesLeft).toBe(20);
    await bench.closeReaders();

    const second = bench.open(bench.reading("user.login", "user.waiting"));
    const again = bench.read(second, reading.deliveries[1]!.position);
    await until(again, 20);
    expect(texts(again.deliveries)).toEqual(numbers(1, 20));
    expect(await bench.messagesLeft()).toBe(20);
    second.settle(again.deliveries[9]!.position);
    await expect.poll(bench.messagesLeft).toBe(10);
    await bench.closeReaders();

    // The rest, from the cursor that the position has; then what comes new, without one.
    const third = bench.open(bench.reading("user.login", "user.waiting"));
    const rest = bench.read(third, again.deliveries[9]!.position);
    await bench.publish(23, 24);
    await until(rest, 12);
    expect(texts(rest.deliveries)).toEqual([...numbers(11, 20), "23", "24"]);
    third.settle(rest.deliveries[11]!.position);
    await expect.poll(bench.messagesLeft).toBe(0);
    expect(rest.deliveries[11]!.position.added).toBeUndefined();
    expect(bench.warnings()).toEqual([]);
  });

  it("are read though the server may send only few messages that are not acknowledged", async () => {
    await bench.addStream({ retention: Workqueue, consumer_limits: { max_ack_pending: 4 } });
    const first = bench.open(bench.reading("user.login"));
    const reading = bench.read(first);
    await reading.until(isSubscribed);
    await bench.publish(1, 10, "user.waiting");
    await bench.publish(11, 11);
    await until(reading, 1);
    first.settle(reading.deliveries[0]!.position);
    await expect.poll(bench.messagesLeft).toBe(10);
    await bench.closeReaders();

    const second = bench.open(bench.reading("user.>"));
    const again = bench.read(second, reading.deliveries[0]!.position);
    for (let count = 2; count <= 10; count += 2) {
      await until(again, count);
      second.settle(again.deliveries[count - 1]!.position);
    }
    expect(texts(again.deliveries)).toEqual(numbers(1, 10));
  });

  it.each([Limits, Interest])("are read on a %s stream from the position on, and it says so", async (retention) => {
    await bench.addStream({ retention });
    const reading = bench.read(bench.open(bench.reading("user.login")));
    await reading.until(isSubscribed);
    await bench.publish(1, 3, "user.other");
    await bench.publish(4, 5);
    await until(reading, 2);
    const { position } = reading.deliveries[1]!;
    expect(position.subjects).toEqual(["user.login"]);
    await bench.closeReaders();

    const again = bench.read(bench.open(bench.reading("user.login", "user.other")), position);
    await again.until(isSubscribed);
    await bench.publish(6, 6, "user.other");
    await until(again, 1);
    expect(texts(again.deliveries)).toEqual(["6"]);
    expect(bench.log.lines).toContainEqual(expect.stringContaining("user.other came to be read, from sequence 5 on"));
  });
});

describe("what a stream dropped before it was read", () => {
  it("is told with its sequences: expired", async () => {
    await bench.addStream({ max_age: 1_000_000_000 });
    const reading = bench.read(bench.open());
    await bench.publish(1, 2);
    await until(reading, 2);
    await bench.closeReaders();
    await bench.publish(3, 52);
    await expect.poll(bench.messagesLeft, { timeout: 5_000 }).toBe(0);

    const again = bench.read(bench.open(), reading.deliveries[1]!.position);
    await again.until(isSubscribed);
    await expect
      .poll(bench.warnings)
      .toEqual([expect.stringContaining("50 messages were dropped unread: sequences 3 to 52")]);
    await bench.publish(53, 53);
    await until(again, 1);
    expect(texts(again.deliveries)).toEqual(["53"]);
  });

  it("is told with its sequences: discarded for room", async () => {
    await bench.addStream({ max_msgs: 30 });
    const reading = bench.read(bench.open());
    await bench.publish(1, 1);
    await until(reading, 1);
    await bench.closeReaders();
    await bench.publish(2, 101);

    const again = bench.read(bench.open(), reading.deliveries[0]!.position);
    await until(again, 30);
    expect(texts(again.deliveries)).toEqual(numbers(72, 101));
    await expect
      .poll(bench.warnings)
      .toEqual([expect.stringContaining("70 messages were dropped unread: sequences 2 to 71")]);
  });

  it.each([Limits, Workqueue, Interest])("is told with its sequences: removed in the midst, %s", async (retention) => {
    await bench.addStream({ retention });
    const first = bench.open();
    const reading = bench.read(first);
    await reading.until(isSubscribed);
    await bench.publish(1, 2);
    await until(reading, 2);
    await bench.closeReaders();
    await bench.publish(3, 9);
    for (const sequence of [4, 6, 7]) await bench.manager.streams.deleteMessage("USERS", sequence);

    const again = bench.read(bench.open(), reading.deliveries[1]!.position);
    await until(again, 4);
    expect(texts(again.deliveries)).toEqual(["3", "5", "8", "9"]);
    await expect
      .poll(bench.warnings)
      .toEqual([expect.stringContaining("3 messages were dropped unread: sequences 4, 6 to 7")]);
  });
});

describe("a server whose clock steps back", () => {
  it.each([Limits, Workqueue, Interest])("changes nothing of what is read, %s", async (retention) => {
    await bench.addStream({ retention });
    const stamps = await shiftStamps(bench.server.port, { behind: 10, seconds: -5 });
    const parts = () => ({
      jetstream: { url: stamps.url, authorization: {}, streams: [{ name: "USERS", subjects: ["user.>"] }] },
    });
    try {
      const first = bench.open(parts());
      const reading = bench.read(first);
      await reading.until(isSubscribed);
      await bench.publish(1, 15);
      await until(reading, 15);
      const { position } = reading.deliveries[9]!;
      expect(reading.deliveries[10]!.position.time < position.time).toBe(true);
      await bench.closeReaders();

      for (const from of [position, reading.deliveries[12]!.position]) {
        const stream = bench.open(parts());
        const again = bench.read(stream, from);
        await until(again, 15 - from.sequence);
        await sleep(100);
        expect(texts(again.deliveries)).toEqual(numbers(from.sequence + 1, 15));
        expect(again.deliveries[0]?.position.epoch).toBe(position.epoch);
        await bench.closeReaders();
      }
      expect(bench.warnings()).toEqual([]);
    } finally {
      await stamps.close();
    }
  });
});

/** Core subjects that a stream of our own keeps: none is lost while nobody listens, and nobody is answered in our name. */
import { expect, it } from "vitest";
import type { Connection } from "../../src/model/connection.ts";
import type { StreamPosition } from "../../src/model/delivery.ts";
import { numbers, until, useNatsBench } from "./nats-bench.ts";
import { isSubscribed, texts } from "./read-stream.ts";

const bench = useNatsBench();
const capture = { maxAgeMs: 3_600_000, maxBytes: 1024 * 1024 };
const stream = "sluice-s1-bus";

const core = (subjects: readonly string[], more: Partial<Connection> = {}): Partial<Connection> => ({
  core: { url: bench.server.url, authorization: {}, subjects },
  jetstream: undefined as never,
  ...more,
});
const captured = (...subjects: string[]) => core(subjects, { capture });
/** No journal from before, as on a new machine. */
const fresh = { hasJournal: () => false };

async function publishCore(first: number, last: number, subject = "user.login"): Promise<void> {
  for (let number = first; number <= last; number++) bench.nats.publish(subject, String(number));
  await bench.nats.flush();
}

it("keeps what is published while nobody listens, and is read behind a position", async () => {
  const opened = bench.open(captured("user.>"), fresh);
  expect(opened.name).toBe("bus/@capture");
  const reading = bench.read(opened);
  await reading.until(isSubscribed);
  await publishCore(1, 5);
  await until(reading, 5);
  const last = reading.deliveries.at(-1)!;
  expect(last.stream).toBe("bus/@capture");
  await bench.closeReaders();

  await publishCore(6, 9);
  const again = bench.read(bench.open(captured("user.>"), fresh), last.position);
  await until(again, 4);
  expect(texts(again.deliveries)).toEqual(numbers(6, 9));
});

it("has a stream of its own that answers nobody, and that stays", async () => {
  const opened = bench.open(captured("ask.>"), fresh);
  const reading = bench.read(opened);
  await reading.until(isSubscribed);
  const { config } = await bench.manager.streams.info(stream);
  expect(config).toMatchObject({ no_ack: true, retention: "limits", discard: "old", storage: "file" });
  expect(config).toMatchObject({ subjects: ["ask.>"], max_bytes: 1024 * 1024, max_age: 3_600_000 * 1_000_000 });
  const responder = bench.nats.subscribe("ask.time", { callback: (_, message) => void message.respond("noon") });
  expect((await bench.nats.request("ask.time", "1")).string()).toBe("noon");
  await until(reading, 1);
  responder.unsubscribe();
  await bench.closeReaders();
  expect((await bench.manager.streams.info(stream)).state.messages).toBe(1);
});

it("is kept to its subjects", async () => {
  const first = bench.read(bench.open(captured("user.>"), fresh));
  await first.until(isSubscribed);
  await bench.closeReaders();
  const reading = bench.read(bench.open(captured("user.>", "tenant.*"), fresh));
  await reading.until(isSubscribed);
  expect((await bench.manager.streams.info(stream)).config.subjects).toEqual(["tenant.*", "user.>"]);
  await publishCore(1, 1, "tenant.a");
  await until(reading, 1);
});

it("comes behind what the journal has, of this run and of one before", async () => {
  const before = bench.openAll(core(["user.>"]));
  const journal = before.streams[0]!;
  const reading = bench.read(journal);
  await reading.until(isSubscribed);
  await publishCore(1, 3);
  await until(reading, 3);
  const second: StreamPosition = reading.deliveries[1]!.position;
  await bench.closeReaders();

  // A start with a journal that was not read to its end.
  const { streams } = bench.openAll(captured("user.>"));
  expect(streams.map(({ name }) => name)).toEqual(["bus/@journal", "bus/@capture"]);
  const order: string[] = [];
  const capturing = bench.read(streams[1]!);
  await expect
    .poll(() =>
      bench.manager.streams.info(stream).then(
        () => true,
        () => false,
      ),
    )
    .toBe(true);
  await publishCore(4, 6);
  expect(capturing.deliveries).toEqual([]);
  const left = bench.read(streams[0]!, second);
  await until(left, 1);
  await until(capturing, 3);
  order.push(...texts(left.deliveries), ...texts(capturing.deliveries));
  expect(order).toEqual(numbers(3, 6));
});

it("takes over from the journal while messages come, and misses none", async () => {
  const connection: Connection = { name: "bus", connectTo: new Map(), ...core(["user.>"]) };
  const opened = bench.openAll(core(["user.>"]));
  const journal = bench.read(opened.streams[0]!);
  await journal.until(isSubscribed);
  let count = 0;
  const flood = setInterval(() => bench.nats.publish("user.login", String(++count)), 1);
  await until(journal, 50);
  opened.change({ ...connection, capture });
  const capturing = bench.read(opened.streams[1]!);
  await until(capturing, 50);
  clearInterval(flood);
  await bench.nats.flush();
  await until(capturing, 50);
  await expect.poll(() => Number(texts(capturing.deliveries).at(-1))).toBe(count);
  const received = texts(journal.deliveries);
  expect(received).toEqual(numbers(1, received.length));
  // What came while it began is in both.
  const first = Number(texts(capturing.deliveries)[0]);
  expect(first).toBeLessThanOrEqual(received.length + 1);
  expect(texts(capturing.deliveries)).toEqual(numbers(first, count));
  expect(bench.log.entries.some(({ message }) => message.includes("takes effect twice, in order"))).toBe(true);

  // And back.
  opened.change(connection);
  await capturing.stop();
  bench.nats.publish("user.login", "back");
  await expect.poll(() => texts(journal.deliveries).at(-1)).toBe("back");
});

it("says where another stream holds the subjects, and is there as soon as that is mended", async () => {
  await bench.addStream();
  const reading = bench.read(bench.open(captured("user.login"), fresh));
  await reading.until(({ statuses }) => statuses.some(({ state }) => state === "degraded"));
  expect(JSON.stringify(reading.statuses)).toContain("another stream holds some of it already");
  await bench.manager.streams.delete("USERS");
  await reading.until(isSubscribed);
});

it("takes no stream of others for its own", async () => {
  await bench.manager.streams.add({ name: stream, subjects: ["user.>"] });
  const reading = bench.read(bench.open(captured("user.>"), fresh));
  await reading.until(({ statuses }) => statuses.some(({ state }) => state === "degraded"));
  expect(JSON.stringify(reading.statuses)).toContain("is none that captures");
});

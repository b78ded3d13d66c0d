import type { NatsConnection } from "@nats-io/transport-node";
import { expect, it } from "vitest";
import { createOwnedMessages } from "../../../src/adapters/nats/owned-messages.ts";

function createConnection() {
  const acknowledged: string[] = [];
  const connection = {
    isClosed: () => false,
    publish: (reply: string) => acknowledged.push(reply),
    flush: async () => undefined,
  };
  return { connection: connection as unknown as NatsConnection, acknowledged };
}

const time = (second: number) => `2026-01-01T00:00:${String(second).padStart(2, "0")}.000000000Z`;
const at = (sequence: number, epoch = "E") => ({ epoch, sequence, time: time(sequence) });

it("acknowledges what is settled, hands on what is new, and keeps what was handed on for settling", async () => {
  const { connection, acknowledged } = createConnection();
  const messages = createOwnedMessages(at(2), () => expect.fail("not renewed"));
  messages.rebind(connection, "E");

  expect(messages.accept(1, time(1), "r1")).toBeUndefined();
  expect(messages.accept(2, time(2), "r2")).toBeUndefined();
  expect(messages.accept(3, time(3), "r3")).toEqual(at(3));
  expect(messages.accept(4, time(4), "r4")).toEqual(at(4));
  expect(messages.accept(3, time(3), "r3 again")).toBeUndefined();
  expect(acknowledged).toEqual(["r1", "r2"]);
  await messages.settle(at(3));
  expect(acknowledged).toEqual(["r1", "r2", "r3", "r3 again"]);

  const second = createConnection();
  messages.rebind(second.connection, "E");
  expect(messages.accept(3, time(3), "s3")).toBeUndefined();
  expect(messages.accept(4, time(4), "s4")).toBeUndefined();
  expect(messages.accept(5, time(5), "s5")).toEqual(at(5));
  await messages.settle(at(5));
  expect(second.acknowledged).toEqual(["s3", "s4", "s5"]);
});

it("tells a restored stream by a message that is later and yet lower, and goes on by time", async () => {
  const { connection, acknowledged } = createConnection();
  const renewed: string[] = [];
  const messages = createOwnedMessages(at(5), (why) => renewed.push(why));
  messages.rebind(connection, "E");

  expect(messages.accept(2, time(2), "r2")).toBeUndefined();
  expect(messages.accept(3, time(8), "r3")).toEqual({ epoch: "E+1", sequence: 3, time: time(8) });
  expect(messages.accept(4, time(9), "r4")).toEqual({ epoch: "E+1", sequence: 4, time: time(9) });
  await messages.settle({ epoch: "E+1", sequence: 3, time: time(8) });

  expect(renewed).toHaveLength(1);
  expect(acknowledged).toEqual(["r2", "r3"]);
});

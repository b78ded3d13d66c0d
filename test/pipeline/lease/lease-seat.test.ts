/** The lease's rules, by instances that share a server in memory and have a clock each. */
import { describe, expect, it } from "vitest";
import { LeaseSeat } from "../../../src/pipeline/lease/lease-seat.ts";
import type { Tenure } from "../../../src/pipeline/lease/tenure.ts";
import { describeLease } from "../../contract/lease-contract.ts";
import { createFakeClock } from "../../fakes/fake-clock.ts";
import { FakeLeaseServer } from "../../fakes/fake-lease.ts";
import { createFakeLog } from "../../fakes/fake-log.ts";
import { turns } from "../service-bench.ts";

describeLease("the fake", async () => {
  const server = new FakeLeaseServer();
  return {
    connect: () => server.connect().lease,
    remove: async () => server.recreate(),
    close: async () => undefined,
  };
});

const durationMs = 10_000;

function openInstance(server: FakeLeaseServer, name: string) {
  const clock = createFakeClock();
  clock.holdSleepers();
  const log = createFakeLog();
  const link = server.connect();
  const seat = new LeaseSeat({ lease: link.lease, clock, log, holder: name, address: `${name}:8080`, durationMs });
  const instance = {
    name,
    clock,
    log,
    link,
    seat,
    mayCompete: true,
    /** The process is stopped: its clock goes on, and it does nothing. */
    isStopped: false,
    tenure: undefined as Tenure | undefined,
    renewals: 0,
    stop: new AbortController(),
    begin(): void {
      instance.stop = new AbortController();
      void lead();
    },
    async end(): Promise<void> {
      const { tenure } = instance;
      instance.stop.abort();
      instance.tenure = undefined;
      await tenure?.release();
    },
    get leads(): boolean {
      return instance.tenure !== undefined && instance.tenure.takenBy === undefined;
    },
  };
  async function lead(): Promise<void> {
    const { signal } = instance.stop;
    instance.tenure = await seat.take(() => instance.mayCompete, signal);
    await instance.tenure?.run(signal, () => instance.renewals++);
  }
  instance.begin();
  return instance;
}

type Instance = ReturnType<typeof openInstance>;

/** Lets so many seconds pass for all of them, tenth by tenth. */
async function pass(seconds: number, ...instances: readonly Instance[]): Promise<void> {
  for (let tenth = 0; tenth < seconds * 10; tenth++) {
    for (const { clock, isStopped } of instances) if (!isStopped) clock.advance(100);
    await turns(2);
  }
}

async function openPair() {
  const server = new FakeLeaseServer();
  const one = openInstance(server, "one");
  await pass(1, one);
  const other = openInstance(server, "other");
  await pass(1, one, other);
  expect([one.leads, other.leads]).toEqual([true, false]);
  return { server, one, other };
}

describe("who stands by", () => {
  it("knows who leads, and waits for as long as the lease is renewed", async () => {
    const { one, other } = await openPair();
    await pass(120, one, other);
    expect([one.leads, other.leads]).toEqual([true, false]);
    expect(other.seat.holder).toMatchObject({ holder: "one", address: "one:8080" });
    expect(one.renewals).toBe(60);
  });

  it("takes the lease when it was not renewed for a whole duration, and not before", async () => {
    const { one, other } = await openPair();
    one.isStopped = true;
    await pass(9, one, other);
    expect(other.leads).toBe(false);
    await pass(3, one, other);
    expect(other.leads).toBe(true);
  });

  it("counts no time without answers", async () => {
    const { one, other } = await openPair();
    one.isStopped = true;
    await pass(5, one, other);
    other.link.isCut = true;
    await pass(60, one, other);
    other.link.isCut = false;
    await pass(3, one, other);
    expect(other.leads).toBe(false);
    await pass(4, one, other);
    expect(other.leads).toBe(true);
  });

  it("counts no time in which it was stopped itself", async () => {
    const { one, other } = await openPair();
    one.isStopped = true;
    await pass(5, one, other);
    other.clock.advance(600_000);
    await turns(5);
    expect(other.leads).toBe(false);
    await pass(6, one, other);
    expect(other.leads).toBe(true);
  });

  it("does not compete where it may not, and takes the lease once it may", async () => {
    const { one, other } = await openPair();
    other.mayCompete = false;
    await one.end();
    await pass(60, other);
    expect(other.leads).toBe(false);
    other.mayCompete = true;
    await pass(2, other);
    expect(other.leads).toBe(true);
  });

  it("is one of many that take it: never two", async () => {
    const server = new FakeLeaseServer();
    const all = Array.from({ length: 5 }, (_, index) => openInstance(server, `number ${index}`));
    await pass(2, ...all);
    for (let round = 0; round < 5; round++) {
      const leaders = all.filter(({ leads }) => leads);
      expect(leaders).toHaveLength(1);
      leaders[0]!.isStopped = true;
      await pass(13, ...all);
      expect(all.filter(({ leads, isStopped }) => leads && !isStopped)).toHaveLength(1);
      leaders[0]!.isStopped = false;
      leaders[0]!.clock.advance(2_000);
      await pass(3, ...all);
      leaders[0]!.begin();
    }
  });
});

describe("who holds it", () => {
  it("is followed at once where it gives it up", async () => {
    const { one, other } = await openPair();
    await one.end();
    await pass(1.2, other);
    expect(other.leads).toBe(true);
  });

  it("is followed at once also where the answer to its last renewal got lost", async () => {
    const { one, other } = await openPair();
    one.link.losesAnswers = true;
    await pass(2, one, other);
    one.link.losesAnswers = false;
    await one.end();
    await pass(1.2, other);
    expect(other.leads).toBe(true);
  });

  it("has not lost what it can't reach, says so once, and goes on", async () => {
    const { one, other } = await openPair();
    one.link.isCut = true;
    other.link.isCut = true;
    await pass(60, one, other);
    expect([one.leads, other.leads]).toEqual([true, false]);
    expect(one.log.problems).toMatchObject([{ code: "NATS_UNAVAILABLE" }]);
    one.link.isCut = false;
    await pass(3, one, other);
    expect(one.tenure?.problem).toBeUndefined();
    other.link.isCut = false;
    await pass(60, one, other);
    expect([one.leads, other.leads]).toEqual([true, false]);
  });

  it("learns that it was taken while it was cut off, and by whom", async () => {
    const { one, other } = await openPair();
    one.link.isCut = true;
    await pass(13, one, other);
    expect(other.leads).toBe(true);
    one.link.isCut = false;
    await pass(3, one, other);
    expect(one.tenure?.takenBy).toMatchObject({ holder: "other" });
  });

  it("asks before it acts, after a stop that was longer than the duration", async () => {
    const { one, other } = await openPair();
    one.isStopped = true;
    await pass(13, one, other);
    one.clock.advance(0);
    expect(one.tenure?.isStale).toBe(false);
    const { tenure } = one;
    // It comes to itself: its clock has gone on, and nothing of it has run yet.
    one.clock.holdSleepers();
    one.isStopped = false;
    one.clock.advance(13_000);
    expect(tenure?.isStale).toBe(true);
    expect(await tenure?.mayAct()).toBe(false);
  });

  it("keeps it where an answer got lost", async () => {
    const { one, other } = await openPair();
    one.link.losesAnswers = true;
    await pass(4, one, other);
    one.link.losesAnswers = false;
    await pass(60, one, other);
    expect([one.leads, other.leads]).toEqual([true, false]);
  });

  it("writes it again where its bucket was made anew, and nobody else takes it", async () => {
    const { server, one, other } = await openPair();
    server.recreate();
    await pass(30, one, other);
    expect([one.leads, other.leads]).toEqual([true, false]);
    expect(server.entry?.value.holder).toBe("one");
  });

  it("that gets nowhere gives others the first turn, and competes again after two durations", async () => {
    const { one, other } = await openPair();
    other.mayCompete = false;
    one.seat.rest();
    await one.end();
    one.begin();
    await pass(19, one, other);
    expect(one.leads).toBe(false);
    await pass(3, one, other);
    expect(one.leads).toBe(true);
  });

  it("that gave it up to another competes with it as ever", async () => {
    const { one, other } = await openPair();
    one.seat.rest();
    await one.end();
    one.begin();
    await pass(5, one, other);
    expect(other.leads).toBe(true);
    await other.end();
    await pass(2, one);
    expect(one.leads).toBe(true);
  });
});

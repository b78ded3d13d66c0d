/** Two hosts and a lease: one leads, the other stands by; whose turn it is changes, and nobody acts out of turn. */
import { describe, expect, it } from "vitest";
import { SluiceError } from "../../../src/model/problem.ts";
import { FakeLeaseServer } from "../../fakes/fake-lease.ts";
import { turns } from "../../pipeline/service-bench.ts";
import { baseSettings, createHostBench, type HostBench } from "./host-bench.ts";

const withLease = baseSettings('lease: {connection: bus}\nserver: {address: "127.0.0.1:8082"}');

/** Lets so many seconds pass for all. */
async function pass(seconds: number, ...benches: readonly HostBench[]): Promise<void> {
  for (let tenth = 0; tenth < seconds * 10; tenth++) {
    for (const { clock } of benches) clock.advance(100);
    await turns(3);
  }
}

async function openPair() {
  const leases = new FakeLeaseServer();
  const one = createHostBench(withLease, leases, "one");
  const other = createHostBench(withLease, leases, "other");
  const ended = [one.run()];
  await pass(1, one);
  ended.push(other.run());
  await pass(1, one, other);
  expect([one.state(), other.state()]).toEqual(["leading", "standing by"]);
  return {
    one,
    other,
    leases,
    async end(): Promise<void> {
      for (const bench of [one, other]) bench.stop();
      await pass(2, one, other);
      expect(await Promise.all(ended)).toEqual([true, true]);
      expect([one.leaks(), other.leaks()]).toEqual([[], []]);
    },
  };
}

describe("a standby", () => {
  it("is ready and leads nothing, opens no stream, and names the leader to whoever asks", async () => {
    const { one, other, end } = await openPair();
    expect(one.health()).toMatchObject({ isReady: true, isLeader: true });
    expect(other.health()).toEqual({ state: "standing by", isReady: true, isLeader: false });
    expect(other.opened.filter((line) => line.startsWith("connection"))).toEqual([]);
    await expect(other.answer({ command: "pause" })).rejects.toMatchObject({
      problem: { code: "LEADER_LOST", message: expect.stringContaining("one:8080") },
    });
    expect(other.host.snapshot()).toMatchObject({ lease: { address: "one:8080", isOurs: false } });
    expect(one.host.snapshot()).toMatchObject({ lease: { address: "one:8080", isOurs: true } });
    await end();
  });

  it("takes over at once from a leader that stops in order, once that has pushed what it had", async () => {
    const { one, other, end } = await openPair();
    one.stop();
    await pass(2, one, other);
    expect(one.hasEnded).toBe(true);
    expect(other.state()).toBe("leading");
    expect(other.health()).toMatchObject({ isReady: true, isLeader: true });
    await end();
  });

  it("takes over from a leader that is gone after a duration", async () => {
    const { other, end } = await openPair();
    await pass(9, other);
    expect(other.state()).toBe("standing by");
    await pass(3, other);
    expect(other.state()).toBe("leading");
    await end();
  });

  it("follows its settings: new ones begin anew, bad ones change nothing", async () => {
    const { one, other, end } = await openPair();
    other.write("nonsense: true\n");
    await pass(3, one, other);
    expect(other.state()).toBe("standing by");
    other.write(withLease.replace("branch: main", "branch: next"));
    await pass(3, one, other);
    expect(other.opened.filter((line) => line.includes("standby"))).toEqual([
      "standby main",
      "close standby main",
      "standby next",
    ]);
    one.stop();
    await pass(3, one, other);
    expect(other.leaders.map(({ settings }) => settings)).toEqual(["next"]);
    await end();
  });

  it("that may not compete says why, and does not", async () => {
    const { one, other, end } = await openPair();
    other.standing.mayCompete = false;
    other.standing.problem = { code: "STATE_INVALID", severity: "error", message: "a newer format" };
    one.stop();
    await pass(30, one, other);
    expect(other.state()).toBe("standing by");
    expect(other.host.snapshot()).toMatchObject({ problem: { code: "STATE_INVALID" } });
    other.standing.mayCompete = true;
    await pass(2, other);
    expect(other.state()).toBe("leading");
    await end();
  });
});

describe("a leader", () => {
  it("that loses the lease gives up what is under way, stands by and competes again", async () => {
    const { one, other, end } = await openPair();
    one.leaseLink!.isCut = true;
    await pass(13, one, other);
    expect([one.state(), other.state()]).toEqual(["leading", "leading"]);
    one.leaseLink!.isCut = false;
    await pass(3, one, other);
    expect(one.state()).toBe("standing by");
    expect(one.leaders[0]?.isAbandoned).toBe(true);
    expect(one.log.problems.map(({ code }) => code)).toContain("LEADER_LOST");
    other.stop();
    await pass(3, one, other);
    expect(one.state()).toBe("leading");
    await end();
  });

  it("that can't reach the lease goes on", async () => {
    const { one, other, end } = await openPair();
    one.leaseLink!.isCut = true;
    other.leaseLink!.isCut = true;
    await pass(120, one, other);
    expect([one.state(), other.state()]).toEqual(["leading", "standing by"]);
    one.leaseLink!.isCut = false;
    other.leaseLink!.isCut = false;
    await pass(30, one, other);
    expect([one.state(), other.state()]).toEqual(["leading", "standing by"]);
    await end();
  });

  it("that is deposed by the state stands by, and does not take back at once", async () => {
    const { one, other, leases, end } = await openPair();
    other.standing.mayCompete = false;
    one.leaders[0]?.fail(new SluiceError({ code: "LEADER_LOST", message: "another instance leads" }));
    await pass(1, one, other);
    expect(one.state()).toBe("standing by");
    expect(leases.entry?.value.holder).toBe("");
    await pass(18, one, other);
    expect(one.state()).toBe("standing by");
    await pass(4, one, other);
    expect(one.state()).toBe("leading");
    await end();
  });

  it("whose pushes have had no answer for a minute gives the lease up, and the other takes it", async () => {
    const { one, other, end } = await openPair();
    one.leaders[0]!.unansweredMs = 59_000;
    await pass(5, one, other);
    expect(one.state()).toBe("leading");
    one.leaders[0]!.unansweredMs = 61_000;
    await pass(5, one, other);
    expect([one.state(), other.state()]).toEqual(["standing by", "leading"]);
    expect(one.leaders[0]?.isAbandoned).toBe(true);
    await end();
  });

  it("that was stopped for longer than the lease lasts asks before it acts, and stands by", async () => {
    const { one, other, end } = await openPair();
    await pass(13, other);
    expect(other.state()).toBe("leading");
    // It comes to itself: all its timers are due, and the first thing that wants to act asks.
    const asked = one.leaders[0]!.mayAct!();
    one.clock.advance(13_000);
    const askedLate = one.leaders[0]!.mayAct!();
    await turns(5);
    expect(await asked).toBe(true);
    expect(await askedLate).toBe(false);
    await pass(3, one, other);
    expect(one.state()).toBe("standing by");
    await end();
  });
});

it("a change of the lease is a start anew, and closes the old one", async () => {
  const { one, other, end } = await openPair();
  one.write(withLease.replace("lease: {connection: bus}", "lease: {connection: bus, bucket: others}"));
  await pass(5, one, other);
  expect(one.opened.filter((line) => line.includes("lease"))).toEqual(["lease one", "close lease one", "lease one"]);
  await end();
});

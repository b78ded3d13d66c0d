/** One applier a cluster: who holds the Lease, for how long, and how the next one comes to it. */
import { beforeEach, expect, it } from "vitest";
import { LeaseKeeper } from "../../src/apply/lease-keeper.ts";
import type { Clock } from "../../src/ports/system.ts";
import { createFakeClock, type FakeClock } from "../fakes/fake-clock.ts";
import { FakeCluster } from "../fakes/fake-cluster.ts";

const name = { namespace: "default", name: "sluice-0123456789ab" };
const signal = new AbortController().signal;

let cluster: FakeCluster;
let clock: FakeClock;

beforeEach(() => {
  cluster = new FakeCluster();
  clock = createFakeClock();
});

const keeper = (holder: string, on: Clock = clock) => new LeaseKeeper(cluster, name, holder, on);
const elsewhere = { problem: { code: "APPLIER_ELSEWHERE" } };

it("is held for as long as it is renewed, and stops well before others may take it", async () => {
  const one = keeper("one");
  expect(() => one.assertHeld()).toThrow(/is not ours/);
  expect(await one.acquire(false, signal)).toBe("free");
  one.assertHeld();
  clock.advance(15_500);
  one.assertHeld();
  clock.advance(1_000);
  expect(() => one.assertHeld()).toThrow(/is not ours/);
});

it("that was given up is free at once", async () => {
  const one = keeper("one");
  await one.acquire(false, signal);
  await one.release();
  expect(one.isHeld).toBe(false);
  expect(await keeper("two").acquire(false, signal)).toBe("free");
  expect(clock.sleeps).toEqual([]);
});

it("of one who has fallen silent is taken over once it was watched, unchanged, for as long as it lasts", async () => {
  await keeper("one").acquire(false, signal);
  const before = clock.monotonic();
  expect(await keeper("two").acquire(false, signal)).toBe("taken-over");
  expect(clock.monotonic() - before).toBeGreaterThanOrEqual(20_000);
});

it("of one who is alive is not taken: who is patient waits, who is not says whose it is", async () => {
  const one = keeper("one");
  await one.acquire(false, signal);
  // Whenever the other sleeps, this one renews.
  const busy: Clock = {
    ...clock,
    sleep: async (milliseconds) => {
      await clock.sleep(milliseconds);
      const state = await cluster.readLease(name);
      await cluster.takeLease(name, { holder: "one", durationSeconds: 15, now: clock.now() }, state);
    },
  };
  await expect(keeper("two", busy).acquire(false, signal)).rejects.toMatchObject(elsewhere);
  await expect(keeper("two", busy).acquire(false, signal)).rejects.toThrow(/one has it/);
  const stop = new AbortController();
  const patient = keeper("two", busy).acquire(true, stop.signal);
  for (let turns = 0; turns < 100; turns++) await new Promise((resolve) => setImmediate(resolve));
  stop.abort();
  await expect(patient).rejects.toMatchObject(elsewhere);
  expect(clock.monotonic()).toBeGreaterThan(20_000);
  expect((await cluster.readLease(name))?.holder).toBe("one");
});

it("that another has taken is lost, whatever this one believed", async () => {
  const one = keeper("one");
  await one.acquire(false, signal);
  const state = await cluster.readLease(name);
  await cluster.takeLease(name, { holder: "two", durationSeconds: 15, now: 1 }, state);
  await one.keep(signal);
  expect(() => one.assertHeld()).toThrow(/is not ours/);
  await one.release();
  expect((await cluster.readLease(name))?.holder, "it is not this one's to give up").toBe("two");
});

it("lapses where the server is away for too long, and is kept through less", async () => {
  const one = keeper("one");
  await one.acquire(false, signal);
  cluster.isDown = true;
  await one.keep(signal);
  expect(one.isHeld).toBe(false);
  expect(clock.monotonic()).toBeGreaterThanOrEqual(16_000);
  expect(clock.sleeps.length, "how often it was tried").toBeGreaterThan(4);
});

it.each([3_600_000, -3_600_000])(
  "goes by what passes, not by what the wall clock says: set by %i ms",
  async (jumpMs) => {
    const one = keeper("one");
    await one.acquire(false, signal);
    clock.setBy(jumpMs);
    one.assertHeld();
    const before = clock.monotonic();
    const lookMs = 1_000;
    let looks = 0;
    // While the other watches the clock jumps at each look.
    const jumping: Clock = {
      ...clock,
      sleep: async (milliseconds, stop) => {
        await clock.sleep(milliseconds, stop);
        looks++;
        clock.setBy(looks % 2 === 0 ? jumpMs : -jumpMs);
      },
    };
    expect(await keeper("two", jumping).acquire(false, signal)).toBe("taken-over");
    const waited = clock.monotonic() - before;
    expect(waited).toBeGreaterThanOrEqual(20_000);
    expect(waited).toBeLessThan(20_000 + 2 * lookMs);
    expect(() => one.assertHeld()).toThrow(/is not ours/);
  },
);

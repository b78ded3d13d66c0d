/** What every Lease promises: over the fake in every run, over a NATS KV bucket too. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Lease } from "../../src/ports/lease.ts";

/** A server, and instances that ask it. */
export interface LeaseWorld {
  connect(): Lease;
  /** Removes what the lease is kept in. */
  remove(): Promise<void>;
  close(): Promise<void>;
}

const value = (holder: string, count = 1) => ({ holder, address: `${holder}.example:8080`, count });

export function describeLease(name: string, openWorld: () => Promise<LeaseWorld>): void {
  describe(name, () => {
    let world: LeaseWorld;
    let one: Lease;
    let other: Lease;

    beforeEach(async () => {
      world = await openWorld();
      one = world.connect();
      other = world.connect();
    });
    afterEach(async () => {
      await one.close();
      await other.close();
      await world.close();
    });

    it("is nobody's at first, and is what was written", async () => {
      expect(await one.read()).toBeUndefined();
      const revision = await one.write(value("one"), undefined);
      expect(revision).toBeGreaterThan(0);
      expect(await other.read()).toEqual({ value: value("one"), revision });
    });

    it("is made by one alone, however many try at once", async () => {
      const tries = [one, other, one, other].map((lease, index) => lease.write(value(`number ${index}`), undefined));
      const revisions = (await Promise.all(tries)).filter((revision) => revision !== undefined);
      expect(revisions).toHaveLength(1);
      expect((await one.read())?.revision).toBe(revisions[0]);
    });

    it("is written at its own revision and at no other; revisions rise", async () => {
      const first = await one.write(value("one"), undefined);
      const second = await one.write(value("one", 2), first);
      expect(second).toBeGreaterThan(first!);
      expect(await other.write(value("other"), first)).toBeUndefined();
      expect(await other.write(value("other"), undefined)).toBeUndefined();
      expect((await other.read())?.value).toEqual(value("one", 2));
      expect(await other.write(value("other"), second)).toBeGreaterThan(second!);
      expect((await one.read())?.value).toEqual(value("other"));
    });

    it("is nobody's when what it was kept in is gone, and can be written again", async () => {
      const revision = await one.write(value("one"), undefined);
      await one.write(value("one", 2), revision);
      await world.remove();
      await expect(atLast(() => one.read())).resolves.toBeUndefined();
      const again = await other.write(value("other"), undefined);
      expect((await one.read())?.revision).toBe(again);
    });
  });
}

/** The first call after the loss may fail; what was lost is noticed by it. */
async function atLast<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch {
    return call();
  }
}

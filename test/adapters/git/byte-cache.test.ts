/** A cache bounded in bytes: what is used stays, what is not goes. */
import { expect, it } from "vitest";
import { ByteCache } from "../../../src/adapters/git/byte-cache.ts";

const entry = Buffer.alloc(750);
/** Entries cost their bytes and 250 more: five of them in each generation. */
const room = 10_000;

it("keeps what is used, and forgets what nobody asked for since the bound was reached twice", () => {
  const cache = new ByteCache(room);
  cache.set("used", entry);
  cache.set("unused", entry);
  for (let number = 0; number < 20; number++) {
    cache.set(`other-${number}`, entry);
    expect(cache.get("used")).toBe(entry);
  }
  expect(cache.get("unused")).toBeUndefined();
});

it("takes nothing that is larger than half of it", () => {
  const cache = new ByteCache(room);
  cache.set("large", Buffer.alloc(5000));
  expect(cache.get("large")).toBeUndefined();
});

it("what is deleted makes room", () => {
  const cache = new ByteCache(room);
  cache.set("kept", entry);
  for (let number = 0; number < 100; number++) {
    cache.set(`other-${number}`, entry);
    cache.delete(`other-${number}`);
    expect(cache.get(`other-${number}`)).toBeUndefined();
  }
  expect(cache.get("kept")).toBe(entry);
  cache.delete("never there");
  cache.clear();
  expect(cache.get("kept")).toBeUndefined();
});

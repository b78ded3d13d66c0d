import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { DiskHiddenTexts } from "../../../src/adapters/system/hidden-texts.ts";

let directory = "";
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "sluice-hidden-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const modeOf = async (path: string) => ((await stat(join(directory, path))).mode & 0o777).toString(8);

it("keeps texts for this user alone, and forgets those that nothing names any more", async () => {
  const texts = new DiskHiddenTexts({ directory, mayKeep: true });
  const [one, two] = ["one", "two"].map((text) => texts.digestOf(text)) as [string, string];
  await texts.keep(
    new Map([
      [one, "one"],
      [two, "two"],
    ]),
  );

  expect(await texts.read(one)).toBe("one");
  expect(await modeOf("hidden")).toBe("700");
  expect(await modeOf(`hidden/${one}`)).toBe("600");
  expect(await modeOf("hmac-key")).toBe("600");

  await texts.keepOnly(new Set([two]));
  expect(await readdir(join(directory, "hidden"))).toEqual([two]);
  expect(await texts.read(one)).toBeUndefined();
});

it("has one key for as long as the directory is there, or the settings'", () => {
  const digest = (options: { mayKeep: boolean; key?: string }) =>
    new DiskHiddenTexts({ directory, ...options }).digestOf("text");
  const reader = digest({ mayKeep: false });
  const first = digest({ mayKeep: true });

  expect(first).toMatch(/^[0-9a-f]{40}$/);
  expect(reader, "a command that reads leaves no key behind").not.toBe(first);
  expect(digest({ mayKeep: true })).toBe(first);
  expect(digest({ mayKeep: false })).toBe(first);
  expect(digest({ mayKeep: true, key: "another" })).not.toBe(first);
});

it("says what the disk does not do", async () => {
  await writeFile(join(directory, "hidden"), "no folder");
  const texts = new DiskHiddenTexts({ directory, mayKeep: true });

  await expect(texts.keep(new Map([["00", "text"]]))).rejects.toMatchObject({ problem: { code: "DISK_UNAVAILABLE" } });
});

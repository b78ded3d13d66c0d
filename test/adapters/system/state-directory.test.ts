/** Who has the folder of a service, and what lies in it. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { holdReaderFolder, holdStateDirectory } from "../../../src/adapters/system/state-directory.ts";

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "sluice-state-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8);

it.each(["state", `${"a-long-name/".repeat(16)}state`])(
  "is one service's alone, for this user only: %s",
  async (name) => {
    const directory = join(root, name);
    const held = await holdStateDirectory(directory);
    expect(modeOf(directory)).toBe("700");
    const others = await Promise.allSettled([1, 2, 3].map(() => holdStateDirectory(directory)));
    for (const other of others) {
      expect(other).toMatchObject({ status: "rejected", reason: { problem: { code: "JOURNAL_LOCKED" } } });
    }
    await held.close();
    await (await holdStateDirectory(directory)).close();
  },
);

it("of four that want it at once one gets it at most, and somebody can have it afterwards", async () => {
  const directory = join(root, "state");
  const all = await Promise.allSettled([1, 2, 3, 4].map(() => holdStateDirectory(directory)));
  const held = all.filter((one) => one.status === "fulfilled");
  expect(held.length).toBeLessThanOrEqual(1);
  for (const { value } of held) await value.close();
  await (await holdStateDirectory(directory)).close();
});

it("is taken from nobody's eyes where it was open to all, and rid of what a killed service left of secrets", async () => {
  const directory = join(root, "state");
  mkdirSync(join(directory, "secrets/sluice-old"), { recursive: true, mode: 0o755 });
  writeFileSync(join(directory, "secrets/sluice-old/key"), "a key");
  const held = await holdStateDirectory(directory);
  expect([modeOf(directory), existsSync(join(directory, "secrets"))]).toEqual(["700", false]);
  await held.close();
});

it("gives each command that reads a folder of its own, and the same one again later", async () => {
  const directory = join(root, "state");
  const service = await holdStateDirectory(directory);
  const readers = await Promise.all(Array.from({ length: 20 }, () => holdReaderFolder(directory)));
  const paths = readers.map(({ path }) => path);
  expect(new Set(paths).size).toBe(20);
  for (const path of paths) expect(modeOf(path)).toBe("700");
  mkdirSync(join(paths[0]!, "secrets"));
  for (const reader of readers) await reader.close();
  const throwaway = paths.filter((path) => !path.startsWith(directory));
  expect(throwaway.filter((path) => existsSync(path))).toEqual([]);

  const again = await holdReaderFolder(directory);
  expect([paths.includes(again.path), readdirSync(again.path).includes("secrets")]).toEqual([true, false]);
  await again.close();
  await service.close();
});

it("is no obstacle to who reads where it can't be made", async () => {
  writeFileSync(join(root, "state"), "a file");
  const reader = await holdReaderFolder(join(root, "state"));
  expect(existsSync(reader.path)).toBe(true);
  await reader.close();
  expect(existsSync(reader.path)).toBe(false);
  await expect(holdStateDirectory(join(root, "state"))).rejects.toMatchObject({
    // The service does not start: nothing is tried again.
    problem: { code: "DISK_UNAVAILABLE", hint: expect.not.stringContaining("again") },
  });
});

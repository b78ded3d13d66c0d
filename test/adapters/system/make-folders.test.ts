/** Folders that are made with those on their way. */
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { makeFolders } from "../../../src/adapters/system/make-folders.ts";

const root = mkdtempSync(join(tmpdir(), "sluice-folders-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

it("are made with all that is missing, once, by however many", async () => {
  const path = join(root, "a", "b", "c");
  await Promise.all([1, 2, 3, 4].map(() => makeFolders(path, 0o700)));
  await makeFolders(path);
  for (const one of ["a", "a/b", "a/b/c"]) expect(statSync(join(root, one)).mode & 0o777, one).toBe(0o700);
});

it("are not where a file is in the way", async () => {
  writeFileSync(join(root, "file"), "");
  await expect(makeFolders(join(root, "file"))).rejects.toMatchObject({ code: "EEXIST" });
  await expect(makeFolders(join(root, "file", "a"))).rejects.toMatchObject({ code: "ENOTDIR" });
});

it.skipIf(process.platform !== "linux")("are not where none can be made, and that is told", async () => {
  await expect(makeFolders("/proc/sluice/a/b")).rejects.toMatchObject({ code: "ENOENT" });
});

import { execFileSync } from "node:child_process";
import { link, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readUnlinkedFile, writeUnlinkedFile } from "../../src/app/unlinked-files.ts";

let outside: string;
let work: string;
beforeEach(async () => {
  const folder = await mkdtemp(join(tmpdir(), "sluice-links-"));
  [outside, work] = [join(folder, "outside"), join(folder, "work")];
  await mkdir(outside);
  await mkdir(work);
  await writeFile(join(outside, "passwd"), "root:x:0\n");
});
afterEach(() => rm(join(work, ".."), { recursive: true, force: true }));

const refused = { problem: { code: "USAGE" } };
const prepared: Readonly<Record<string, () => Promise<unknown>>> = {
  "a link out": () => symlink(join(outside, "passwd"), join(work, "report.json")),
  "a link within": async () => {
    await writeFile(join(work, "kept"), "root:x:0\n");
    await symlink("kept", join(work, "report.json"));
  },
  "a dangling link": () => symlink(join(outside, "new"), join(work, "report.json")),
  "a folder": () => mkdir(join(work, "report.json")),
  "a pipe": async () => execFileSync("mkfifo", [join(work, "report.json")]),
};

describe("writing", () => {
  it("makes the file and its folders, and writes it anew", async () => {
    await writeUnlinkedFile(work, "out/report.json", "a longer text", "the report");
    await writeUnlinkedFile(work, join(work, "out", "report.json"), "text", "the report");
    expect(await readFile(join(work, "out", "report.json"), "utf8")).toBe("text");
  });

  for (const [name, prepare] of Object.entries(prepared)) {
    it(`refuses ${name}`, async () => {
      await prepare();
      await expect(writeUnlinkedFile(work, "report.json", "text", "the report")).rejects.toMatchObject(refused);
      expect(await readFile(join(outside, "passwd"), "utf8")).toBe("root:x:0\n");
      await expect(readFile(join(outside, "new"))).rejects.toThrow();
    });
  }

  it("refuses a hard link, and a folder on the way that is a link", async () => {
    await link(join(outside, "passwd"), join(work, "report.json"));
    await expect(writeUnlinkedFile(work, "report.json", "text", "the report")).rejects.toMatchObject(refused);
    await symlink(outside, join(work, "out"));
    await expect(writeUnlinkedFile(work, "out/passwd", "text", "the report")).rejects.toMatchObject(refused);
    expect(await readFile(join(outside, "passwd"), "utf8")).toBe("root:x:0\n");
  });

  it("may be reached by a link that is the user's own", async () => {
    await symlink(work, join(outside, "workspace"));
    await writeUnlinkedFile(join(outside, "workspace"), "report.json", "text", "the report");
    expect(await readFile(join(work, "report.json"), "utf8")).toBe("text");
  });
});

describe("reading", () => {
  it("takes a regular file of a bounded size", async () => {
    await writeFile(join(work, "report.json"), "text");
    expect(await readUnlinkedFile(work, "report.json", 4, "the report")).toBe("text");
    await expect(readUnlinkedFile(work, "report.json", 3, "the report")).rejects.toMatchObject(refused);
    await expect(readUnlinkedFile(work, "other.json", 3, "the report")).rejects.toMatchObject(refused);
  });

  for (const [name, prepare] of Object.entries(prepared)) {
    it(`refuses ${name}`, async () => {
      await prepare();
      await expect(readUnlinkedFile(work, "report.json", 1000, "the report")).rejects.toMatchObject(refused);
    });
  }

  it("refuses a folder on the way that is a link", async () => {
    await symlink(outside, join(work, "in"));
    await expect(readUnlinkedFile(work, "in/passwd", 1000, "the report")).rejects.toMatchObject(refused);
  });
});

/** The same files on disk and in a commit are the same documents: one reader, two trees. */
import { mkdirSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openCheckout } from "../../src/adapters/checkout/open-checkout.ts";
import { DiskFileTree } from "../../src/adapters/system/disk-file-tree.ts";
import { listWorkingFiles, readWorkingFile } from "../../src/adapters/system/working-files.ts";
import { findWorkingRoot } from "../../src/adapters/system/working-root.ts";
import { SluiceError } from "../../src/model/problem.ts";
import { GitFileTree } from "../../src/pipeline/config-folder/git-file-tree.ts";
import { readConfigFolder } from "../../src/pipeline/config-folder/read-config-folder.ts";
import type { FileTree } from "../../src/ports/file-tree.ts";
import { GitSandbox } from "../tools/git-sandbox.ts";

let sandbox: GitSandbox;
let work: string;
let outside: string;

const write = (path: string, text: string | Uint8Array) => {
  mkdirSync(dirname(join(work, path)), { recursive: true });
  writeFileSync(join(work, path), text);
};
const link = (path: string, target: string) => {
  mkdirSync(dirname(join(work, path)), { recursive: true });
  symlinkSync(target, join(work, path));
};

beforeAll(() => {
  sandbox = new GitSandbox();
  work = join(realpathSync(sandbox.folder), "work");
  outside = join(realpathSync(sandbox.folder), "outside");
  mkdirSync(outside);
  writeFileSync(join(outside, "secret.yaml"), "secret: hunter2\n");
  mkdirSync(work);
  sandbox.git(work, "init", "-q", "-b", "main");
  write("config/a.yaml", "a\n");
  write("config/sub/b.json", "{}");
  write("config/latin.yaml", Uint8Array.of(0x6d, 0xfc));
  write("config/pointer.yaml", "version https://git-lfs.github.com/spec/v1\n");
  write("config/.sluiceignore", "values.yaml\n");
  write("config/chart/values.yaml", "v\n");
  write("shared/t.yaml", "t\n");
  write("shared/more/m.yaml", "m\n");
  link("config/t.yaml", "../shared/t.yaml");
  link("config/more", "../shared/more");
  link("config/out.yaml", "../../outside/secret.yaml");
  link("config/absolute.yaml", join(outside, "secret.yaml"));
  link("config/dangling.yaml", "nowhere.yaml");
  link("config/around.yaml", "around.yaml");
  link("config/up", "..");
  link("linked", "config/sub");
  link("linked-out", "../outside");
  sandbox.git(work, "add", "-A");
  sandbox.git(work, "commit", "-q", "-m", "all");
});
afterAll(() => sandbox.remove());

const commitTree = async (): Promise<FileTree> => {
  const checkout = await openCheckout(work);
  const { tree } = await checkout.readCommit(await checkout.findCommit("HEAD"));
  return new GitFileTree(checkout, tree);
};

async function read(tree: FileTree, path: string) {
  const files = await readConfigFolder(tree, { path, exclude: [], show: (below) => below });
  return files.map(({ path: file, text, fault }) =>
    fault === undefined ? `${file}=${text.trim()}` : `${file}! ${fault.message}`,
  );
}

it.each(["config", "linked"])("%s is read alike from the disk and from a commit", async (path) => {
  const fromDisk = await read(new DiskFileTree(work), path);
  expect(fromDisk).toEqual(await read(await commitTree(), path));
  if (path === "linked") expect(fromDisk).toEqual(["b.json={}"]);
  else {
    expect(fromDisk.filter((file) => !file.includes("!"))).toEqual([
      "a.yaml=a",
      "more/m.yaml=m",
      "sub/b.json={}",
      "t.yaml=t",
    ]);
    const faulty = fromDisk.filter((file) => file.includes("!")).map((file) => file.split("!")[0]);
    expect(faulty.sort()).toEqual([
      "absolute.yaml",
      "around.yaml",
      "dangling.yaml",
      "latin.yaml",
      "out.yaml",
      "pointer.yaml",
      "up",
    ]);
  }
  expect(fromDisk.join()).not.toContain("hunter2");
});

it("a folder that leads out is not there", async () => {
  for (const tree of [new DiskFileTree(work), await commitTree()]) {
    await expect(read(tree, "linked-out")).rejects.toMatchObject({ problem: { code: "CONFIG_MISSING" } });
  }
});

it("a file that becomes a link after it was listed is not followed", async () => {
  const tree = new DiskFileTree(work);
  expect(await tree.readFiles(["config/out.yaml", "config/a.yaml"])).toEqual(
    new Map([["config/a.yaml", Buffer.from("a\n")]]),
  );
  expect(await tree.list("linked")).toBeUndefined();
});

it("the root of a path is its checkout, and where a link lies between the outermost", async () => {
  const root = (path: string, fallback = path) => findWorkingRoot(path, fallback);
  expect(await root(join(work, "config/sub"))).toEqual({ real: work, path: "config/sub" });
  expect(await root(work)).toEqual({ real: work, path: "" });
  expect(await root(join(work, "linked-out/x"))).toEqual({ real: work, path: "linked-out/x" });
  expect(await root(outside)).toEqual({ real: outside, path: "" });
  expect(await root(join(outside, "x"), outside)).toEqual({ real: outside, path: "x" });
});

it("files that people name are read, unless a link leads out of the repository", async () => {
  expect(await readWorkingFile(join(work, "config/t.yaml"))).toBe("t\n");
  expect(await readWorkingFile(join(work, "config/nope.yaml"))).toBeUndefined();
  expect(await readWorkingFile(join(work, "config"))).toBeUndefined();
  await expect(readWorkingFile(join(work, "config/latin.yaml"))).rejects.toMatchObject({
    problem: { code: "FILE_UNREADABLE", at: { line: 1, column: 2 } },
  });
  for (const path of ["config/out.yaml", "config/absolute.yaml", "linked-out/secret.yaml"]) {
    await expect(readWorkingFile(join(work, path))).rejects.toBeInstanceOf(SluiceError);
  }
  await expect(listWorkingFiles(join(work, "config"))).rejects.toMatchObject({ problem: { code: "FILE_UNREADABLE" } });
  expect(await listWorkingFiles(join(work, "shared"))).toEqual([join(work, "shared/t.yaml")]);
  // Outside of a checkout whoever names a link means what it leads to; what is found in a folder must stay in it.
  symlinkSync(join(work, "shared/t.yaml"), join(outside, "in.json"));
  expect(await readWorkingFile(join(outside, "in.json"))).toBe("t\n");
  await expect(listWorkingFiles(outside)).rejects.toBeInstanceOf(SluiceError);
});

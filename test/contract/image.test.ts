/**
 * What the image consists of, without Docker: the files that the Dockerfile copies, put together in a folder that can't be
 * written, run by another user.
 */
import { execFile, execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { cp, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { findProjectRoot } from "../tools/find-project-root.ts";

const run = promisify(execFile);
const root = findProjectRoot();
const dockerfile = readFileSync(join(root, "deploy", "Dockerfile"), "utf8");
const copies = [...dockerfile.matchAll(/^COPY --from=build (.+) (\S+)$/gm)].flatMap(([, from = "", to = ""]) =>
  from.split(" ").map((path) => [path.replace("/src/", ""), to] as const),
);
const isRoot = process.getuid?.() === 0;
let folder = "";

beforeAll(async () => {
  // Where another user may enter; the tests' own temporary folder is this one's alone.
  folder = await mkdtemp(join(isRoot ? "/tmp" : tmpdir(), "sluice-image-"));
  for (const [from, to] of copies) {
    const target = to.endsWith("/") ? join(folder, to, from) : join(folder, to);
    await mkdir(dirname(target), { recursive: true });
    await cp(join(root, from), target, { recursive: true });
  }
  execFileSync("chmod", ["-R", "a-w,a+rX", folder]);
});
afterAll(async () => {
  execFileSync("chmod", ["-R", "u+w", folder]);
  await rm(folder, { recursive: true, force: true });
});

/** As the image's user, where this test may become another one. */
async function sluice(...args: readonly string[]): Promise<string> {
  const command = [process.execPath, join(folder, "dist", "program", "sluice.js"), ...args];
  const as = isRoot ? ["setpriv", "--reuid=65532", "--regid=65532", "--clear-groups", ...command] : command;
  const env = { PATH: process.env.PATH, HOME: "/tmp", NODE_DISABLE_COMPILE_CACHE: "1" };
  return (await run(as[0]!, as.slice(1), { cwd: join(folder, "examples", "user-namespaces"), env })).stdout;
}

it("copies what is there, and runs as nobody in particular", () => {
  expect(copies.length).toBeGreaterThan(3);
  expect(dockerfile).toMatch(/^USER 65532:65532$/m);
});

it("runs from what is copied alone: no packages beside it", async () => {
  expect(await sluice("version", "-o", "json")).toContain('"stateFormat": 3');
  expect(await sluice("render", "--event", "login.json")).toContain("kind: Namespace");
  expect(await sluice("validate")).toContain("0 errors");
  expect(await sluice("run", "--help")).toContain("sluice run");
  expect(await sluice("doctor", "--help")).toContain("doctor");
});

/**
 * Workflows as GitHub reads them, by actionlint: our own, and those that `init` writes. Expressions, contexts, inputs of
 * actions that it knows, events, permissions.
 *
 * Needs actionlint (`npm run tools actionlint`), then `npm run test:all`.
 */
import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildTool, isBuilt } from "../tools/build-tool.ts";
import { findProjectRoot } from "../tools/find-project-root.ts";
import { runCommand } from "../tools/run-command.ts";

const root = findProjectRoot();
const isReady = process.env.SLUICE_TEST_ALL !== undefined && (await isBuilt("actionlint"));

/** What it finds in the checkout's workflows, or in these files; "" is nothing. */
async function lint(checkout: string, ...files: readonly string[]): Promise<string> {
  // Without programs of the machine, of which every one has others.
  const args = ["-no-color", "-oneline", "-shellcheck=", "-pyflakes=", ...files];
  const found = promisify(execFile)(await buildTool("actionlint"), args, { cwd: checkout });
  return found.then(
    ({ stdout }) => stdout,
    ({ stdout, stderr }: { stdout: string; stderr: string }) => stdout + stderr,
  );
}

describe.skipIf(!isReady)("needs actionlint (npm run tools actionlint): workflows", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "sluice-workflows-"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("of this repository are as GitHub wants them", async () => {
    expect(await lint(root)).toBe("");
  });

  it.each(["none", "flux", "argocd", "applier"])("that init writes for delivery %s are too", async (delivery) => {
    const checkout = join(folder, delivery);
    execFileSync("git", ["init", "--quiet", checkout]);
    const args = ["init", ".", "--url", "https://github.com/acme/fleet.git", "--delivery", delivery];
    expect((await runCommand(checkout, args)).code).toBe(0);
    expect(readdirSync(join(checkout, ".github", "workflows"))).not.toEqual([]);
    expect(await lint(checkout)).toBe("");
  });

  it("that are wrong are found to be", async () => {
    const file = join(folder, "wrong.yaml");
    const job = "runs-on: ubuntu-latest\n    steps: [{run: 'echo ${{ github.event.issue.title }}', wiht: {}}]";
    writeFileSync(file, `on: pull_requests\njobs:\n  one:\n    ${job}\n`);
    const found = await lint(folder, file);
    for (const what of ["pull_requests", "wiht", "potentially untrusted"]) expect(found).toContain(what);
  });
});

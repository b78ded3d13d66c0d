/**
 * `npm test`: everything that needs no more than Node, Git and nats-server; with `--all` or CI=true all of it, and then a
 * missing tool is a failure. The cheapest suites run first. The last line is `N passed, N failed`.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fail, prepare, root } from "./prepare.mjs";

const isAll = process.argv.includes("--all") || process.env.CI === "true";
prepare();
const bin = (name) => join(root, "node_modules", name);
let passed = 0;
let failed = 0;
let skipped = 0;

/** A step counts as one failure where it has no tests of its own to count. */
function check(name, script, args) {
  const { status } = spawnSync(process.execPath, [script, ...args], { cwd: root, stdio: "inherit" });
  if (status === 0) return;
  process.stderr.write(`${name} failed\n`);
  failed++;
}

function runTests(project, env) {
  const directory = mkdtempSync(join(tmpdir(), "sluice-test-"));
  const report = join(directory, "report.json");
  const args = [bin("vitest/vitest.mjs"), "run", "--project", project, "--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: "inherit", env: { ...process.env, ...env } });
  try {
    const { numPassedTests, numFailedTests, numPendingTests, numTodoTests } = JSON.parse(readFileSync(report, "utf8"));
    passed += numPassedTests;
    failed += numFailedTests;
    skipped += numPendingTests + numTodoTests;
    // A suite that could not even be loaded has no failed test.
    if (status !== 0 && numFailedTests === 0) failed++;
  } catch {
    failed++;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

if (isAll) {
  check("the type check", bin("typescript/bin/tsc"), ["--noEmit"]);
  check("the style check", bin("@biomejs/biome/bin/biome"), ["check", "."]);
}
runTests("unit", {});
const { buildTool } = await import(join(root, "dist/test/tools/build-tool.js"));
const server = await buildTool("nats-server").catch((error) => fail(error.message));
runTests("integration", { NATS_SERVER: server, ...(isAll ? { SLUICE_TEST_ALL: "1" } : {}) });

if (skipped > 0) process.stdout.write(`${skipped} skipped: those that need further tools run with: npm run test:all\n`);
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed > 0 ? 1 : 0;

/**
 * `npm test`: everything that needs no more than Node, Git and nats-server; with `--all` all of it, and then a missing
 * tool is a failure. The cheapest suites run first. The last line is `N passed, N failed`. `--unit` and `--integration` run
 * only these; words are parts of the paths of the files that are run.
 *
 * The tests get a temporary folder and a home of their own, and leave nothing in them: what is found there afterwards
 * counts as a failure. Something is printed at least every 30 seconds.
 */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { fail, prepare, root } from "./prepare.mjs";

const silenceMsMax = 25_000;
const isAll = process.argv.includes("--all");
const files = process.argv.slice(2).filter((word) => !word.startsWith("--"));
const projects = ["unit", "integration"].filter((name) => process.argv.includes(`--${name}`));
const isWanted = (name) => projects.length === 0 || projects.includes(name);
const isCheckedToo = isAll || process.env.CI === "true";
prepare();
const bin = (name) => join(root, "node_modules", name);
const sandbox = mkdtempSync(join(tmpdir(), "sluice-test-"));
const home = join(sandbox, "home");
const temporary = join(sandbox, "tmp");
const gnupg = join(sandbox, "gnupg");
for (const folder of [home, temporary, gnupg]) mkdirSync(folder, { mode: 0o700 });
const env = {
  ...process.env,
  HOME: home,
  TMPDIR: temporary,
  // gpg makes one where it is run by a key's name, as the settings may have it.
  GNUPGHOME: gnupg,
  // Tools that were built, and what Go and npm have fetched, are kept where they are.
  XDG_CACHE_HOME: process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"),
  GOPATH: process.env.GOPATH ?? join(homedir(), "go"),
  npm_config_cache: process.env.npm_config_cache ?? join(homedir(), ".npm"),
};
let passed = 0;
let failed = 0;
const skipped = [];

/** Runs a Node script with our streams; says that it still runs where it has been silent for long. */
function run(args, moreEnv = {}) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"], env: { ...env, ...moreEnv } });
    const startedAt = performance.now();
    let spokenAt = startedAt;
    for (const [from, to] of [[child.stdout, process.stdout], [child.stderr, process.stderr]]) {
      from.on("data", (chunk) => {
        spokenAt = performance.now();
        to.write(chunk);
      });
    }
    const heartbeat = setInterval(() => {
      if (performance.now() - spokenAt < silenceMsMax) return;
      spokenAt = performance.now();
      process.stdout.write(`… still running, ${Math.round((spokenAt - startedAt) / 1000)} s\n`);
    }, 1000);
    child.on("close", (status) => {
      clearInterval(heartbeat);
      resolve(status);
    });
  });
}

/** A step counts as one failure where it has no tests of its own to count. */
async function check(name, args) {
  if ((await run(args)) === 0) return;
  process.stderr.write(`${name} failed\n`);
  failed++;
}

async function runTests(project, moreEnv) {
  const report = join(sandbox, `${project}.json`);
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const status = await run([bin("vitest/vitest.mjs"), "run", "--project", project, ...reporters, ...files], moreEnv);
  try {
    const { numPassedTests, numFailedTests, testResults } = JSON.parse(readFileSync(report, "utf8"));
    passed += numPassedTests;
    failed += numFailedTests;
    for (const { assertionResults } of testResults)
      for (const { status: result, fullName } of assertionResults)
        if (result !== "passed" && result !== "failed") skipped.push(fullName);
    // A suite that could not even be loaded has no failed test.
    if (status !== 0 && numFailedTests === 0) failed++;
  } catch {
    failed++;
  }
}

/** What the tests left in the temporary folder and in the home that they were given; Node's compile cache apart. */
function checkLeftovers() {
  const left = [home, temporary].flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)));
  const isKnown = (path) => /\/(?:node-compile-cache|go-build[0-9]*|\.config)$/.test(path);
  for (const path of left.filter((path) => !isKnown(path))) {
    const inside = statSync(path).isDirectory() ? `: ${readdirSync(path).slice(0, 10).join(", ") || "empty"}` : "";
    process.stderr.write(`left behind by a test: ${path}${inside}\n`);
    failed++;
  }
}

if (isCheckedToo) {
  await check("the type check", [bin("typescript/bin/tsc"), "--noEmit"]);
  await check("the style check", [bin("@biomejs/biome/bin/biome"), "check", "."]);
}
const moreEnv = isAll ? { SLUICE_TEST_ALL: "1" } : {};
if (isWanted("unit")) await runTests("unit", moreEnv);
if (isWanted("integration")) {
  const { buildTool } = await import(join(root, "dist/test/tools/build-tool.js"));
  const server = await buildTool("nats-server").catch((error) => fail(error.message));
  await runTests("integration", { NATS_SERVER: server, ...moreEnv });
}
checkLeftovers();
rmSync(sandbox, { recursive: true, force: true });

if (skipped.length > 0) {
  process.stdout.write("Skipped (npm run test:all runs them, and builds the tools that they need):\n");
  for (const name of skipped) process.stdout.write(`  ${name}\n`);
}
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed > 0 ? 1 : 0;

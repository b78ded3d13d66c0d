/**
 * `npm run soak -- [--minutes N] [--users N] [--hostile N] [--legitimate N]`: steady load on the built program for as long
 * as that, with restarts and kills in between. Says every half minute what it takes; at the end the repository must hold
 * exactly what the events came to. Then PyYAML judges the guard, by default over 200,000 hostile and 20,000 legitimate
 * templates, and the unit suite passes with random seeds for its properties.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { BenchSite, type MeasuredService } from "../bench/bench-site.ts";
import { findProjectRoot } from "../tools/find-project-root.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "10" },
    users: { type: "string", default: "20000" },
    hostile: { type: "string", default: "200000" },
    legitimate: { type: "string", default: "20000" },
  },
});
const durationMs = Number(values.minutes) * 60_000;
const users = Number(values.users);
/** Events that may wait before publishing pauses: the service is kept busy, not buried. */
const backlogMax = 5_000;
const publishedAtOnce = 500;
const reportMs = 30_000;

const site = await BenchSite.open({ clusters: 1, shards: 2 });
const seen = new Set<number>();
const started = performance.now();
let service = await site.startService();
let restarts = 0;
let reportedAt = started;
let slowestReadyMs = 0;

/** Restarts in turn in order and by kill; how long until it is ready again. */
async function restart(running: MeasuredService): Promise<MeasuredService> {
  if (restarts++ % 2 === 0) await running.stop();
  else await running.kill();
  const from = performance.now();
  const next = await site.startService();
  slowestReadyMs = Math.max(slowestReadyMs, performance.now() - from);
  return next;
}

function report(): void {
  const { cpuSeconds, currentMiB } = service.usage();
  const packs = readdirSync(join(site.folder, "state", "git", "objects", "pack")).filter((name) =>
    name.endsWith(".pack"),
  );
  const seconds = Math.round((performance.now() - started) / 1000);
  const figures = [
    `${seconds} s`,
    `${site.published} published`,
    `${site.pushedSequence()} pushed`,
    `${seen.size} users`,
    `${currentMiB.toFixed(0)} MiB`,
    `CPU ${cpuSeconds.toFixed(1)} s since start`,
    `${packs.length} packs here`,
    `${restarts} restarts, slowest ready after ${(slowestReadyMs / 1000).toFixed(1)} s`,
  ];
  console.log(figures.join(", "));
}

while (performance.now() - started < durationMs) {
  const batch = Array.from({ length: publishedAtOnce }, () => Math.floor(Math.random() * users));
  for (const user of batch) seen.add(user);
  await site.publish(batch);
  while (site.published - site.pushedSequence() > backlogMax) await sleep(100);
  if (performance.now() - reportedAt > reportMs) {
    report();
    reportedAt = performance.now();
    if (Math.random() < 0.25) service = await restart(service);
  }
}
service = await restart(service);
await site.untilPushed();
report();
await service.stop();

const git = (...args: string[]) =>
  execFileSync("git", ["-C", site.repository, ...args], { maxBuffer: 1 << 30 }).toString();
const rendered = git("ls-tree", "-r", "--name-only", "main", "rendered/").split("\n");
const found = new Set(rendered.flatMap((path) => /user-(\d+)\.yaml$/.exec(path)?.[1] ?? []).map(Number));
const wrong = [...seen].filter((user) => !found.has(user)).length + [...found].filter((user) => !seen.has(user)).length;
git("fsck", "--strict");
console.log(wrong === 0 ? `${found.size} users, all as they should be` : `${wrong} users are wrong`);
await site.close();
const fuzzGuard = join(findProjectRoot(), "dist", "test", "tools", "fuzz-guard.js");
const guarded = run(process.execPath, [fuzzGuard, "--cases", values.hostile, "--legitimate", values.legitimate]);
// Properties with other seeds than `npm test` has: what fails prints the seed that replays it.
const tested = run("npx", ["vitest", "run", "--project", "unit", "--reporter=dot"], { SLUICE_PROPERTY_SEED: "random" });
process.exit(wrong === 0 && guarded && tested ? 0 : 1);

/** Whether a program ends well. What it says is seen. */
function run(program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): boolean {
  return spawnSync(program, args, { stdio: "inherit", env: { ...process.env, ...env } }).status === 0;
}

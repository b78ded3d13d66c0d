/**
 * The Git adapter alone, against Git itself: events per second (a manifest and a record each, in batches to two
 * branches) against `git fast-import` of the same files and commits with one push at the end, and lone commits against
 * `git commit` and `git push`. Both sides push to a server of the same kind, and each has a copy of the same repository.
 *
 *     npm run build && node dist/test/bench/git.js [--existing N] [--events N] [--batch N] [--lone N] [--via path|http]
 */
import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { openGitRepository } from "../../src/adapters/git/open-git-repository.ts";
import type { GitRepository, TreeChange } from "../../src/ports/git.ts";
import type { Log } from "../../src/ports/system.ts";
import { GitHttpServer } from "../tools/git-http.ts";

const { values } = parseArgs({
  options: {
    existing: { type: "string", default: "0" },
    events: { type: "string", default: "20000" },
    batch: { type: "string", default: "1000" },
    lone: { type: "string", default: "200" },
    via: { type: "string", default: "http" },
  },
});
const existing = Number(values.existing);
const events = Number(values.events);
const batch = Number(values.batch);
const lone = Number(values.lone);

const identity = { name: "sluice", email: "sluice@example.com" };
const quiet: Log = { debug() {}, info() {}, warn: console.error, error: console.error, problem: console.error };
const env = {
  ...process.env,
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_AUTHOR_NAME: identity.name,
  GIT_AUTHOR_EMAIL: identity.email,
  GIT_COMMITTER_NAME: identity.name,
  GIT_COMMITTER_EMAIL: identity.email,
};

interface Files {
  readonly manifestPath: string;
  readonly recordPath: string;
  readonly manifest: string;
  readonly record: string;
}

/** What an event of the entity leaves, as design.md 7 lays it out with shards 2. */
function filesOf(entity: number, version: number): Files {
  const subject = `user-${entity}`;
  const hash = createHash("sha256").update(subject).digest("hex");
  const shard = `${hash.slice(0, 2)}/${hash.slice(2, 4)}`;
  const manifestPath = `default/cluster-1/triggers/login/${shard}/_cluster/namespace/${subject}.yaml`;
  return {
    manifestPath,
    recordPath: `records/login/${shard}/${hash}.json`,
    manifest: `apiVersion: v1\nkind: Namespace\nmetadata:\n  annotations:\n    sluice.dev/entity: ${hash.slice(0, 32)}\n  labels:\n    app.kubernetes.io/managed-by: sluice\n    organization: engineering-${version}\n    sluice.dev/owner: login\n  name: ${subject}\n`,
    record: `${JSON.stringify({
      version: 1,
      source: "auth.example.com",
      subject,
      event: {
        specversion: "1.0",
        id: hash.slice(0, 24),
        type: "auth.example.com.login",
        time: new Date(1_790_000_000_000 + entity * 1000).toISOString(),
        data: { message: `User login ${version}`, organization: `engineering-${version}` },
      },
      clusters: [{ namespace: "default", name: "cluster-1", objects: [manifestPath] }],
    })}\n`,
  };
}

/** Spreads numbers over the entities, the same way each time. */
function scatter(index: number): number {
  return Number((BigInt(index) * 2_654_435_761n) % BigInt(Math.max(1, existing)));
}

/** The events of the throughput run: of entities that exist, or new ones where none do. */
function eventFiles(index: number): Files {
  return existing === 0 ? filesOf(index, 1) : filesOf(scatter(index), 2 + index);
}

const work = mkdtempSync(join(process.env.BENCH_DIR ?? tmpdir(), "sluice-bench-git-"));
const git = (folder: string, ...args: string[]) =>
  execFileSync("git", args, { cwd: folder, env, encoding: "utf8", maxBuffer: 1 << 30 });

function initServer(name: string): string {
  const folder = join(work, name);
  git(work, "init", "-q", "--bare", "-b", "main", folder);
  git(folder, "config", "http.receivepack", "true");
  git(folder, "config", "uploadpack.allowFilter", "true");
  // On both sides alike: when git tidies up is chance.
  git(folder, "config", "receive.autogc", "false");
  return folder;
}

/** Feeds fast-import; `commits` yields text for its standard input. */
async function fastImport(folder: string, commits: Iterable<string>): Promise<void> {
  const child = spawn("git", ["fast-import", "--quiet", "--force"], {
    cwd: folder,
    env,
    stdio: ["pipe", "inherit", "inherit"],
  });
  for (const text of commits) if (!child.stdin.write(text)) await once(child.stdin, "drain");
  child.stdin.end();
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`fast-import ended with ${code}`);
}

function* importBatches(
  count: number,
  perCommit: number,
  files: (index: number) => Files,
  continues: boolean,
): Generator<string> {
  let mark = 0;
  for (let start = 0; start < count; start += perCommit) {
    const marks: [Files, number, number][] = [];
    for (let index = start; index < Math.min(count, start + perCommit); index++) {
      const file = files(index);
      marks.push([file, mark + 1, mark + 2]);
      yield `blob\nmark :${++mark}\n${data(file.manifest)}blob\nmark :${++mark}\n${data(file.record)}`;
    }
    const head = (branch: string) =>
      `commit refs/heads/${branch}\ncommitter sluice <sluice@example.com> 1790000000 +0000\n${data("batch")}${continues && start === 0 ? `from refs/heads/${branch}^0\n` : ""}`;
    yield head("sluice/state");
    for (const [file, manifest, record] of marks) {
      yield `M 100644 :${manifest} desired/${file.manifestPath}\nM 100644 :${record} ${file.recordPath}\n`;
    }
    yield `\n${head("main")}`;
    for (const [file, manifest] of marks) yield `M 100644 :${manifest} rendered/${file.manifestPath}\n`;
    yield "\n";
  }
}

function data(text: string): string {
  return `data ${Buffer.byteLength(text)}\n${text}\n`;
}

interface Timed<T> {
  readonly value: T;
  readonly ms: number;
  /** Of this process, and of the programs that it started and that have ended. */
  readonly cpuMs: number;
}

async function timed<T>(action: () => Promise<T>): Promise<Timed<T>> {
  const [start, cpuStart] = [performance.now(), readCpuMs()];
  const value = await action();
  return { value, ms: performance.now() - start, cpuMs: readCpuMs() - cpuStart };
}

/** The kernel counts in hundredths of a second: user and system time, own and of children. */
function readCpuMs(): number {
  const fields = readFileSync("/proc/self/stat", "utf8").split(") ")[1]!.split(" ");
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks) * 10, 0);
}

async function fetchBoth(repository: GitRepository) {
  const heads = await repository.fetchHeads(["main", "sluice/state"]);
  const treeOf = async (id: string | undefined) =>
    id === undefined ? undefined : (await repository.readCommit(id)).tree;
  const [main, state] = [heads.get("main"), heads.get("sluice/state")];
  return { main, state, mainTree: await treeOf(main), stateTree: await treeOf(state) };
}

type Heads = Awaited<ReturnType<typeof fetchBoth>>;

/** Writes one batch on both branches as the pipeline does: the target takes its folder from the state whole. */
async function writeBatch(repository: GitRepository, heads: Heads, files: readonly Files[]): Promise<Heads> {
  const changes: TreeChange[] = files.flatMap((file) => [
    { path: `desired/${file.manifestPath}`, action: "write", text: file.manifest },
    { path: file.recordPath, action: "write", text: file.record },
  ]);
  const when = { message: "batch", time: 1_790_000_000_000 };
  const state = await repository.writeCommit({
    base: heads.stateTree,
    changes,
    parents: heads.state === undefined ? [] : [heads.state],
    ...when,
  });
  const desired = await repository.findEntry(state.tree, "desired");
  const place: TreeChange[] = [{ path: "rendered", action: "place", id: desired!.id, mode: desired!.mode }];
  const main = await repository.writeCommit({
    base: heads.mainTree,
    changes: place,
    parents: heads.main === undefined ? [] : [heads.main],
    ...when,
  });
  return { main: main.id, mainTree: main.tree, state: state.id, stateTree: state.tree };
}

async function pushBoth(repository: GitRepository, from: Heads, to: Heads): Promise<void> {
  const outcomes = await repository.push([
    { branch: "sluice/state", from: from.state, to: to.state! },
    { branch: "main", from: from.main, to: to.main! },
  ]);
  for (const [branch, outcome] of outcomes)
    if (outcome.kind !== "pushed") throw new Error(`${branch}: ${JSON.stringify(outcome)}`);
}

/** Commits that may wait for the push before theirs: what a server takes for a push hardly depends on their number. */
const unpushedMax = 10;

/** Writes batches while others are being pushed; each push takes along all that is written by then. */
async function runBatches(repository: GitRepository, start: Heads): Promise<Heads> {
  let [pushed, heads] = [start, start];
  let pushing: Promise<void> | undefined;
  let failure: unknown;
  let [unpushed, pushes, written] = [0, 0, 0];
  const startPush = (): Promise<void> => {
    const from = pushed;
    [pushed, unpushed] = [heads, 0];
    pushes++;
    const push = pushBoth(repository, from, pushed).catch((error: unknown) => {
      failure = error;
    });
    return push.then(() => {
      pushing = undefined;
    });
  };
  for (let index = 0; index < events; index += batch) {
    const files = Array.from({ length: Math.min(batch, events - index) }, (_, offset) => eventFiles(index + offset));
    const since = performance.now();
    // What the pipeline reads of a batch: the records that are there.
    const records = files.map(({ recordPath }) => recordPath);
    if (heads.stateTree !== undefined) await repository.readFiles(heads.stateTree, records);
    heads = await writeBatch(repository, heads, files);
    unpushed++;
    written += performance.now() - since;
    // The server's answer comes in between, as it does while the pipeline renders.
    await new Promise((resolve) => setImmediate(resolve));
    if (unpushed >= unpushedMax) await pushing;
    pushing ??= startPush();
    if (failure !== undefined) throw failure;
  }
  while (pushing !== undefined || unpushed > 0) {
    await pushing;
    if (failure !== undefined) throw failure;
    if (unpushed > 0) pushing = startPush();
  }
  console.log(`  ${pushes} pushes; ${written.toFixed(0)} ms of reading and writing`);
  return heads;
}

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!;
}

function describeTimes(name: string, times: number[]): number {
  times.sort((a, b) => a - b);
  const [p50, p99] = [quantile(times, 0.5), quantile(times, 0.99)];
  console.log(`${name}: p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms, n ${times.length}`);
  return p50;
}

async function main(): Promise<void> {
  const ours = initServer("ours.git");
  const theirs = join(work, "theirs.git");
  const imported = join(work, "imported.git");
  if (existing > 0) {
    await fastImport(
      ours,
      importBatches(existing, existing, (index) => filesOf(index, 1), false),
    );
    git(ours, "repack", "-adq", "--threads=2");
  }
  cpSync(ours, theirs, { recursive: true });
  cpSync(ours, imported, { recursive: true });

  const server = values.via === "http" ? await GitHttpServer.start({ root: work }) : undefined;
  const urlOf = (folder: string) => server?.urlOf(folder) ?? join(work, folder);
  console.log(`${existing} existing, ${events} events in batches of ${batch}, via ${values.via}`);

  const import_ = await timed(() => fastImport(imported, importBatches(events, batch, eventFiles, existing > 0)));
  const push = await timed(async () => {
    const child = spawn("git", ["push", "-q", urlOf("theirs.git"), "main", "sluice/state"], {
      cwd: imported,
      env,
      stdio: "inherit",
    });
    await once(child, "close");
  });
  const theirRate = (events / (import_.ms + push.ms)) * 1000;
  console.log(
    `fast-import ${import_.ms.toFixed(0)} ms + push ${push.ms.toFixed(0)} ms (CPU ${import_.cpuMs + push.cpuMs} ms): ${theirRate.toFixed(0)} events/s`,
  );

  const repository = await openGitRepository({
    url: urlOf("ours.git"),
    directory: join(work, "store"),
    author: identity,
    log: quiet,
  });
  const opening = await timed(() => fetchBoth(repository));
  console.log(`open and fetch ${opening.ms.toFixed(0)} ms`);
  const run = await timed(() => runBatches(repository, opening.value));
  const ourRate = (events / run.ms) * 1000;
  console.log(`sluice ${run.ms.toFixed(0)} ms (CPU ${run.cpuMs} ms): ${ourRate.toFixed(0)} events/s`);
  console.log(
    `ratio ${(ourRate / theirRate).toFixed(2)} (goal 1.0), by CPU ${((import_.cpuMs + push.cpuMs) / run.cpuMs).toFixed(2)}, peak ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MiB`,
  );
  const [a, b] = [
    git(ours, "rev-parse", "main^{tree}", "sluice/state^{tree}"),
    git(theirs, "rev-parse", "main^{tree}", "sluice/state^{tree}"),
  ];
  if (a !== b) throw new Error("the two sides did not make the same trees");

  await measureLone(repository, run.value, urlOf);
  await repository.close();
  await server?.stop();
}

/** One event at a time; Git's side is a worktree that commits and pushes one file on one branch. */
async function measureLone(repository: GitRepository, start: Heads, urlOf: (folder: string) => string): Promise<void> {
  let heads = start;
  const ourTimes: number[] = [];
  for (let index = 0; index < lone; index++) {
    const { ms, value } = await timed(async () => {
      const next = await writeBatch(repository, heads, [filesOf(existing + events + index, 1)]);
      await pushBoth(repository, heads, next);
      return next;
    });
    ourTimes.push(ms);
    heads = value;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const ourMedian = describeTimes("sluice, lone event", ourTimes);

  const clone = join(work, "clone");
  git(work, "clone", "-q", urlOf("theirs.git"), clone);
  const theirTimes: number[] = [];
  for (let index = 0; index < Math.min(lone, existing > 0 ? 20 : lone); index++) {
    const { manifestPath, manifest } = filesOf(existing + events + index, 1);
    mkdirSync(join(clone, "rendered", manifestPath, ".."), { recursive: true });
    writeFileSync(join(clone, "rendered", manifestPath), manifest);
    git(clone, "add", join("rendered", manifestPath));
    const { ms } = await timed(async () => {
      const commit = spawn("git", ["commit", "-q", "-m", "event"], { cwd: clone, env, stdio: "inherit" });
      await once(commit, "close");
      const push = spawn("git", ["push", "-q", "origin", "main"], { cwd: clone, env, stdio: "inherit" });
      await once(push, "close");
    });
    theirTimes.push(ms);
  }
  const theirMedian = describeTimes("git commit && git push", theirTimes);
  console.log(`ratio ${(ourMedian / theirMedian).toFixed(2)} (goal 0.5)`);
}

try {
  await main();
} finally {
  rmSync(work, { recursive: true, force: true });
}

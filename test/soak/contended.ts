/**
 * `npm run soak:contended -- [--every MS] [--latency MS] [--seconds S] [--rate N]`: somebody pushes to the target all the time, over
 * http, as fast as a pusher can who knows where the branch is; a Sluice whose events come at a steady rate has to make progress all the
 * same. Says how long events take to the state and to the target, and how often each of the two had its turn.
 */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs, promisify } from "node:util";
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { openGitRepository } from "../../src/adapters/git/open-git-repository.ts";
import type { GitRepository } from "../../src/ports/git.ts";
import type { Log } from "../../src/ports/system.ts";
import { loggedInUsers } from "../e2e/users-config.ts";
import { clusterDocument, SluiceProcess, until } from "../e2e/workbench.ts";
import { GitHttpServer } from "../tools/git-http.ts";
import { startNatsServer } from "../tools/nats-server.ts";

const run = promisify(execFile);
const silent: Log = { debug() {}, info() {}, warn() {}, error() {}, problem() {} };
const identity = { name: "Ada", email: "ada@example.com" };
const subject = "users";

const { values } = parseArgs({
  options: {
    every: { type: "string", default: "100" },
    latency: { type: "string", default: "0" },
    seconds: { type: "string", default: "30" },
    rate: { type: "string", default: "10" },
  },
});
const [everyMs, latencyMs, seconds, rate] = [values.every, values.latency, values.seconds, values.rate].map(Number) as [
  number,
  number,
  number,
  number,
];

const folder = await mkdtemp(join(tmpdir(), "sluice-contended-"));
const nats = await startNatsServer({ jetstream: true });
const bare = join(folder, "fleet.git");
const bareGit = async (...args: readonly string[]) =>
  (await run("git", ["-C", bare, ...args], { maxBuffer: 256 * 1024 * 1024 })).stdout;
await run("git", ["init", "--quiet", "--bare", "--initial-branch=main", bare]);
await bareGit("config", "http.receivepack", "true");
const git = await GitHttpServer.start({ root: folder });
if (latencyMs > 0) git.fault = () => ({ kind: "late", milliseconds: latencyMs });
const link = await connect({ servers: nats.url });
await (await jetstreamManager(link)).streams.add({ name: "USERS", subjects: [subject] });
await write("bus.json", {
  jetstream: { configuration: { url: nats.url, authorization: {}, streams: [{ name: "USERS", subjects: [subject] }] } },
});
await write(
  "sluice.yaml",
  `apiVersion: sluice.dev/v1alpha1
kind: Settings
repository: {url: "${git.urlOf("fleet.git")}", branch: main, pollInterval: 1s, author: {name: sluice, email: sluice@example.com}}
config: {path: config}
connections: [{name: bus, file: ./bus.json}]
state: {directory: ./state}
`,
);
const person = await openGitRepository({
  url: bare,
  directory: join(folder, "person"),
  author: identity,
  log: silent,
});
await pushFiles(person, {
  "config/eu.yaml": clusterDocument("eu-1", { env: "production" }),
  "config/users.yaml": loggedInUsers(subject, '{number: "{{ .CloudEvent.id }}"}'),
});
await person.close();

const service = new SluiceProcess(folder, {});
await service.untilLogged("ready", 120_000);
const rival = await openGitRepository({
  url: git.urlOf("fleet.git"),
  directory: join(folder, "rival"),
  author: identity,
  log: silent,
});
/** When each event was published, and was there. */
const published = new Map<number, number>();
const onTarget: number[] = [];
const onState: number[] = [];
let rivals = { pushed: 0, lost: 0 };
let isOver = false;
const pushing = pushAllTheTime();
const looking = lookAllTheTime();
const js = jetstream(link);
const began = performance.now();
for (let id = 1; performance.now() - began < seconds * 1000; id++) {
  await js.publish(
    subject,
    JSON.stringify({ specversion: "1.0", id: String(id), source: "auth", type: "login", subject: "ada" }),
  );
  published.set(id, performance.now());
  await sleep(Math.max(0, began + (id * 1000) / rate - performance.now()));
}
const events = published.size;
const endOfLoad = performance.now();
let isThere = true;
await until(() => onTarget.length >= events, "the last event on the target", 60_000).catch(() => {
  isThere = false;
});
const catchUpMs = performance.now() - endOfLoad;
isOver = true;
await Promise.all([pushing, looking]);
const ours = (await bareGit("log", "--format=%an", "main")).split("\n").filter((name) => name === "sluice").length;
await service.stop();
const requests = git.requests.length;
console.log(
  `a push every ${everyMs} ms, latency ${latencyMs} ms, ${events} events in ${seconds} s: to the state p50 ${at(onState, 0.5)} s, worst ${at(onState, 1)} s; ` +
    `to the target p50 ${at(onTarget, 0.5)} s, worst ${at(onTarget, 1)} s${isThere ? "" : `, ${events - onTarget.length} never within a minute`}; ` +
    `caught up ${(catchUpMs / 1000).toFixed(1)} s after the last; ` +
    `pushes to the target: ours ${ours}, the rival's ${rivals.pushed} (${rivals.lost} lost); ` +
    `our lost ones ${service.count("GIT_MOVED")}; ${requests} requests`,
);
await rival.close();
await link.close();
await nats.stop();
await git.stop();
await rm(folder, { recursive: true, force: true, maxRetries: 10 });

async function write(path: string, content: unknown): Promise<void> {
  await mkdir(dirname(join(folder, path)), { recursive: true });
  await writeFile(join(folder, path), typeof content === "string" ? content : JSON.stringify(content));
}

async function pushFiles(repository: GitRepository, files: Readonly<Record<string, string>>): Promise<void> {
  const changes = Object.entries(files).map(([path, text]) => ({ path, text, action: "write" as const }));
  const request = { base: undefined, changes, parents: [], message: "Begin\n", time: Date.now() };
  const { id } = await repository.writeCommit(request);
  await repository.push([{ branch: "main", from: undefined, to: id }]);
}

/** Who knows where the branch is pushes at once; who has lost a race fetches first, as people do. */
async function pushAllTheTime(): Promise<void> {
  let head = (await rival.fetchHeads(["main"])).get("main")!;
  for (let next = performance.now(); !isOver; ) {
    await sleep(Math.max(0, next - performance.now()));
    next = Math.max(performance.now(), next + everyMs);
    const { tree } = await rival.readCommit(head);
    const text = `${rivals.pushed}`;
    const changes = [{ path: "notes/rival.txt", text, action: "write" as const }];
    const commit = await rival.writeCommit({
      base: tree,
      changes,
      parents: [head],
      message: "Rival\n",
      time: Date.now(),
    });
    const outcome = (await rival.push([{ branch: "main", from: head, to: commit.id }])).get("main");
    if (outcome?.kind === "pushed") {
      head = commit.id;
      rivals = { ...rivals, pushed: rivals.pushed + 1 };
    } else {
      rivals = { ...rivals, lost: rivals.lost + 1 };
      head = (await rival.fetchHeads(["main"])).get("main")!;
    }
  }
}

/** Sees what has arrived by now; in steps of some 20 ms. */
async function lookAllTheTime(): Promise<void> {
  while (!isOver) {
    await sleep(20);
    const texts = await Promise.all([
      bareGit("show", "sluice/state:positions/bus.json").catch(() => "{}"),
      bareGit("show", "main:rendered/fleet/eu-1/triggers/users/default/configmap/ada.yaml").catch(() => ""),
    ]);
    const { streams = {} } = JSON.parse(texts[0]) as { streams?: Record<string, { sequence: number }> };
    note(onState, Object.values(streams)[0]?.sequence ?? 0);
    note(onTarget, Number(/number: "?(\d+)/.exec(texts[1])?.[1] ?? 0));
  }
}

function note(list: number[], upTo: number): void {
  const now = performance.now();
  for (let id = list.length + 1; id <= upTo; id++) list.push(now - (published.get(id) ?? now));
}

function at(list: readonly number[], share: number): string {
  const sorted = list.toSorted((a, b) => a - b);
  return ((sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN) / 1000).toFixed(2);
}

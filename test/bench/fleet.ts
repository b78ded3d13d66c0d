/**
 * An applier with a hundred clusters of twenty thousand objects each, before stand-ins of their API servers: what it takes, and
 * what it takes from the service beside it.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { setPriority, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { childPriority } from "../../src/adapters/programs/kept-child.ts";
import { WatchedObjects } from "../../src/apply/watched-objects.ts";
import { findProjectRoot } from "../tools/find-project-root.ts";
import { fleetScript } from "../tools/kube-fleet.ts";
import { type BenchOptions, type BenchRow, formatNumber, percentile } from "./bench-row.ts";
import { BenchSite } from "./bench-site.ts";
import { git, gitEnv } from "./run-timed.ts";

const program = join(findProjectRoot(), "dist", "program", "sluice.js");
/** What the service gives its child. */
const heapMiB = 512;
const residentMiBMax = 800;

export async function benchFleet({ isQuick }: BenchOptions): Promise<readonly BenchRow[]> {
  const [clusters, objects] = isQuick ? [20, 5_000] : [100, 20_000];
  const folder = mkdtempSync(join(tmpdir(), "sluice-bench-fleet-"));
  const children: ChildProcess[] = [];
  try {
    const rows: BenchRow[] = [];
    await writeFleet(folder, clusters, objects);
    const servers = spawn(process.execPath, [fleetScript, folder], { stdio: ["ignore", "pipe", "inherit"] });
    children.push(servers);
    const [port] = (await once(servers.stdout!, "data")) as [Buffer];
    writeSettings(folder, clusters, Number(String(port)));
    const applier = new FleetApplier(folder, clusters);
    children.push(applier.child);
    const started = performance.now();
    await applier.all;
    const seconds = (performance.now() - started) / 1000;
    await sleep(5_000);
    const { peakMiB, currentMiB, cpuSeconds } = applier.usage();
    rows.push({
      name: `${clusters} clusters of ${objects} objects: peak memory of the applier by ${residentMiBMax} MiB`,
      ratio: peakMiB / residentMiBMax,
      goal: { atMost: 1 },
      detail: `peak ${formatNumber(peakMiB)} MiB with a heap of at most ${heapMiB} MiB, afterwards ${formatNumber(currentMiB)} MiB; all read in ${formatNumber(seconds)} s, CPU ${formatNumber(cpuSeconds)} s`,
    });
    rows.push(await benchBeside(folder, applier, isQuick ? 60 : 300));
    rows.push(benchWatched(clusters * objects));
    await end(applier.child);
    await end(servers);
    return rows;
  } finally {
    for (const child of children) child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What is kept of an object whose drift is watched. */
function benchWatched(objects: number): BenchRow {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  collect();
  const before = process.memoryUsage().heapUsed;
  const watched = new WatchedObjects();
  for (let index = 0; index < objects; index++) {
    const key = `user-${index}/configmap/settings`;
    const file = { path: `triggers/users/${key}.yaml`, id: createHash("sha1").update(key).digest("hex") };
    watched.set(key, { file, mark: file.id.slice(0, 16) });
  }
  collect();
  const bytes = (process.memoryUsage().heapUsed - before) / watched.size;
  return {
    name: `bytes kept of each of ${objects} objects whose drift is watched, by 200`,
    ratio: bytes / 200,
    goal: { atMost: 1 },
    detail: `${formatNumber(bytes)} bytes`,
  };
}

/** A lone event's p50 of `run`, while the applier follows a target that moves every second, and while it stands still: in turns. */
async function benchBeside(folder: string, applier: FleetApplier, events: number): Promise<BenchRow> {
  const site = await BenchSite.open({ clusters: 1, shards: 0 });
  const times: Record<"beside" | "alone", number[]> = { beside: [], alone: [] };
  try {
    const service = await site.startService();
    await site.publish([0]);
    await site.untilPushed();
    let user = 1;
    for (let turn = 0; user <= events * 2; turn++) {
      const side = turn % 2 === 0 ? "alone" : "beside";
      applier.child.kill(side === "alone" ? "SIGSTOP" : "SIGCONT");
      const moving = side === "beside" ? moveTarget(folder, turn) : undefined;
      for (let index = 0; index < events / 5; index++, user++) {
        const pushed = site.nextPush("main");
        const started = performance.now();
        await site.publish([user]);
        await pushed;
        times[side].push(performance.now() - started);
        await site.untilPushed();
        service.checkRuns();
      }
      await moving;
    }
    await service.stop();
  } finally {
    applier.child.kill("SIGCONT");
    await site.close();
  }
  const [beside, alone] = [percentile(times.beside, 0.5), percentile(times.alone, 0.5)];
  return {
    name: "lone event of run, p50 beside that applier by p50 without it",
    ratio: beside / alone,
    goal: { atMost: 1.1 },
    detail: `beside ${formatNumber(beside)} ms, alone ${formatNumber(alone)} ms, of ${times.beside.length} each`,
  };
}

/** One object of one cluster changes. */
async function moveTarget(folder: string, turn: number): Promise<void> {
  const text = manifestOf("o-0", `turn ${turn}`);
  await importCommits(folder, [
    "commit refs/heads/main",
    "committer sluice <sluice@example.com> 1700000000 +0000",
    data(`Turn ${turn}`),
    "from refs/heads/main^0",
    "M 100644 inline rendered/fleet/c-0/triggers/users/default/configmap/o-0.yaml",
    data(text),
  ]);
}

class FleetApplier {
  readonly child: ChildProcess;
  /** Resolves when each cluster has had its first pass. */
  readonly all: Promise<void>;
  #peakKiB = 0;
  #log = "";

  constructor(folder: string, clusters: number) {
    const args = [`--max-old-space-size=${heapMiB}`, program, "apply", "--all", "--watch", "--log-format", "json"];
    this.child = spawn(process.execPath, [...args, "--file", join(folder, "sluice.yaml")], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    // As the service starts its own.
    setPriority(this.child.pid!, childPriority);
    const done = new Set<string>();
    this.all = new Promise((resolve, reject) => {
      let rest = "";
      this.child.stderr?.setEncoding("utf8").on("data", (text: string) => {
        this.#log = (this.#log + text).slice(-4_000);
        const lines = (rest + text).split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) {
          const { message, cluster } = JSON.parse(line) as { message?: string; cluster?: string };
          if (message === "applied" && cluster !== undefined) done.add(cluster);
        }
        if (done.size === clusters) resolve();
      });
      this.child.once("exit", () => reject(new Error(`the applier ended:\n${this.#log}`)));
    });
    this.all.catch(() => undefined);
    const sampling = setInterval(() => this.#sample(), 200);
    this.child.once("exit", () => clearInterval(sampling));
  }

  usage(): { readonly peakMiB: number; readonly currentMiB: number; readonly cpuSeconds: number } {
    const fields = readFileSync(`/proc/${this.child.pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
    const cpuSeconds = (Number(fields[11]) + Number(fields[12])) / 100;
    return { peakMiB: this.#peakKiB / 1024, currentMiB: this.#sample() / 1024, cpuSeconds };
  }

  #sample(): number {
    try {
      const status = readFileSync(`/proc/${this.child.pid}/status`, "utf8");
      const now = Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0);
      this.#peakKiB = Math.max(this.#peakKiB, now);
      return now;
    } catch {
      return 0;
    }
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
}

function manifestOf(name: string, user: string): string {
  return `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\n  namespace: default\n  labels:\n    sluice.dev/owner: EventTrigger.users\ndata:\n  organization: engineering\n  user: ${user}\n`;
}

const data = (text: string) => `data ${Buffer.byteLength(text)}\n${text}`;

async function importCommits(folder: string, lines: readonly string[]): Promise<void> {
  const child = spawn("git", ["-C", join(folder, "fleet.git"), "fast-import", "--quiet", "--force"], {
    env: gitEnv,
    stdio: ["pipe", "ignore", "inherit"],
  });
  child.stdin?.end(`${lines.join("\n")}\n`);
  const [code] = (await once(child, "exit")) as [number];
  if (code !== 0) throw new Error("git fast-import failed");
}

/** The clusters share the trees of their objects: the repository is small, and what is read of it is not. */
async function writeFleet(folder: string, clusters: number, objects: number): Promise<void> {
  const repository = join(folder, "fleet.git");
  mkdirSync(repository);
  await git(repository, "init", "--quiet", "--bare", "--initial-branch=main");
  const head = ["commit refs/heads/main", "committer sluice <sluice@example.com> 1700000000 +0000"];
  const entries: { name: string; blob: string }[] = [];
  const lines = [...head, data("Objects")];
  for (let index = 0; index < objects; index++) {
    const text = manifestOf(`o-${index}`, `user-${index}`);
    const id = createHash("sha1")
      .update(`blob ${Buffer.byteLength(text)}\0${text}`)
      .digest("hex");
    entries.push({ name: `o-${index}`, blob: id.slice(0, 20) });
    lines.push(`M 100644 inline rendered/fleet/c-0/triggers/users/default/configmap/o-${index}.yaml`, data(text));
  }
  await importCommits(folder, lines);
  writeFileSync(join(folder, "objects.json"), JSON.stringify(entries));
  const tree = (await git(repository, "rev-parse", "main:rendered/fleet/c-0/triggers")).trim();
  const parent = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: sluice-benchbench00, namespace: default}\n";
  const more = [...head, data("Clusters"), "from refs/heads/main^0"];
  for (let cluster = 0; cluster < clusters; cluster++) {
    more.push(`M 100644 inline rendered/fleet/c-${cluster}/base/sluice-cluster.yaml`, data(parent));
    if (cluster > 0) more.push(`M 040000 ${tree} rendered/fleet/c-${cluster}/triggers`);
  }
  await importCommits(folder, more);
}

function writeSettings(folder: string, clusters: number, port: number): void {
  const kubeconfigs = Array.from({ length: clusters }, (_, index) => {
    const config = {
      "current-context": "it",
      contexts: [{ name: "it", context: { cluster: "it" } }],
      clusters: [{ name: "it", cluster: { server: `http://127.0.0.1:${port}/c-${index}` } }],
    };
    writeFileSync(join(folder, `c-${index}.kubeconfig`), JSON.stringify(config));
    return `    fleet/c-${index}: {file: ./c-${index}.kubeconfig}`;
  });
  writeFileSync(
    join(folder, "sluice.yaml"),
    `apiVersion: sluice.dev/v1alpha1
kind: Settings
repository: {url: ${folder}/fleet.git, branch: main, pollInterval: 1s}
connections: []
state: {directory: ${folder}/state}
delivery:
  kind: applier
  kubeconfigs:
${kubeconfigs.join("\n")}
`,
  );
}

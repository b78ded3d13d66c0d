/**
 * The applier on a real API server with etcd: a lone event from publishing to its Namespace in the cluster, and a thousand
 * Namespaces at once beside kubectl with the same files. All on this machine, the API server included.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { openKubeCluster } from "../../src/adapters/kube/kube-cluster.ts";
import { fileKubeconfig } from "../../src/adapters/kube/kubeconfig.ts";
import { createRedactor } from "../../src/adapters/system/redactor.ts";
import { buildTool } from "../tools/build-tool.ts";
import { findProjectRoot } from "../tools/find-project-root.ts";
import { startFlux } from "../tools/start-flux.ts";
import { type KubeApiServer, startKubeApiServer } from "../tools/start-kube-apiserver.ts";
import { type BenchOptions, type BenchRow, formatNumber, percentile } from "./bench-row.ts";
import { BenchSite } from "./bench-site.ts";
import { git, runTimed } from "./run-timed.ts";

const program = join(findProjectRoot(), "dist", "program", "sluice.js");
/** What Sveltos took from event to Namespace on such a machine, and what is wanted here, in milliseconds. */
const sveltosMs = 8_000;
const loneMsMax = 500;

export async function benchApply({ isQuick }: BenchOptions): Promise<readonly BenchRow[]> {
  const server = await startKubeApiServer();
  try {
    return [
      ...(await benchLone(server, isQuick ? 30 : 300)),
      ...(await benchMany(server, isQuick ? 200 : 1000)),
      await benchOneOfMany(server, isQuick ? 500 : 2000, isQuick ? 3 : 10),
    ];
  } finally {
    await server.stop();
  }
}

async function benchLone(server: KubeApiServer, events: number): Promise<readonly BenchRow[]> {
  const settings = `delivery: {kind: applier, kubeconfigs: {fleet/c-0: {file: ${server.kubeconfigFile}}}}`;
  const site = await BenchSite.open({ clusters: 1, shards: 0, settings });
  const cluster = openKubeCluster({
    kubeconfig: fileKubeconfig(server.kubeconfigFile),
    redactor: createRedactor(),
    env: {},
  });
  const stop = new AbortController();
  const waiting = new Map<string, () => void>();
  const watching = (async () => {
    const kind = (await cluster.findKind("", "Namespace"))!;
    for await (const event of cluster.watchMetadata(kind, {}, stop.signal, () => undefined)) {
      if (event.type === "present") waiting.get(event.metadata.name)?.();
    }
  })();
  try {
    const service = await site.startService();
    const times: number[] = [];
    // The first makes what later ones find, and opens the connections.
    for (let user = 0; user <= events; user++) {
      const there = new Promise<void>((resolve) => waiting.set(`user-${user}`, resolve));
      const started = performance.now();
      await site.publish([user]);
      await there;
      if (user > 0) times.push(performance.now() - started);
      service.checkRuns();
      await site.untilPushed();
    }
    await service.stop();
    const [p50, p99] = [percentile(times, 0.5), percentile(times, 0.99)];
    const detail = `p50 ${formatNumber(p50)} ms, p99 ${formatNumber(p99)} ms of ${events}; Sveltos took ${sveltosMs} ms at the median`;
    return [
      {
        name: "lone event, published to its Namespace in the cluster, p50 by half a second",
        ratio: p50 / loneMsMax,
        goal: { atMost: 1 },
        detail,
      },
    ];
  } finally {
    stop.abort();
    await watching;
    cluster.close();
    await site.close();
  }
}

/** One object of many changes, again and again: by us, who follow the repository, and by Flux, whose source is served to it. */
async function benchOneOfMany(server: KubeApiServer, objects: number, rounds: number): Promise<BenchRow> {
  const folder = mkdtempSync(join(tmpdir(), "sluice-bench-one-"));
  const config = (index: number, value: string) =>
    `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: o-${index}\n  namespace: default\n  labels:\n    sluice.dev/owner: EventTrigger.users\ndata:\n  value: "${value}"\n`;
  const valueAt = async (name: string) => {
    const { body } = await server.request("GET", `/api/v1/namespaces/default/configmaps/${name}`);
    return (body as { data?: { value?: string } }).data?.value;
  };
  // Thousands of objects take it minutes where the machine is busy.
  const flux = await startFlux(server, { waitMsMax: 600_000 });
  let child: ChildProcess | undefined;
  try {
    const checkout = join(folder, "fleet");
    const cluster = join(checkout, "rendered", "fleet", "c-0");
    const pathOf = (index: number) => join(cluster, "triggers", "users", "default", "configmap", `o-${index}.yaml`);
    const theirs = join(folder, "theirs");
    mkdirSync(dirname(pathOf(0)), { recursive: true });
    mkdirSync(theirs);
    for (let index = 0; index < objects; index++) {
      writeFileSync(pathOf(index), config(index, "first"));
      // With a name of its own: the two would fight.
      writeFileSync(join(theirs, `o-${index}.yaml`), config(index, "first").replace(`name: o-`, "name: theirs-"));
    }
    await commitFolder(folder, checkout, cluster, "pollInterval: 1s");
    const args = ["apply", "--watch", "--cluster", "fleet/c-0", "--kubeconfig", server.kubeconfigFile];
    child = spawn(process.execPath, [program, ...args, "--file", join(folder, "sluice.yaml")], { stdio: "ignore" });
    while ((await valueAt(`o-${objects - 1}`)) === undefined) await sleep(200);
    await flux.sync(theirs);
    // What the first pass leaves to be done is done.
    await sleep(3_000);
    const before = { own: readCpuSeconds(child.pid!), flux: await flux.cpuSeconds() };
    let [ownMs, fluxMs] = [0, 0];
    for (let round = 1; round <= rounds; round++) {
      const value = `round ${round}`;
      let started = performance.now();
      writeFileSync(pathOf(round), config(round, value));
      await git(checkout, "commit", "--quiet", "--all", "--message=Render");
      while ((await valueAt(`o-${round}`)) !== value) await sleep(20);
      ownMs += performance.now() - started;
      writeFileSync(join(theirs, `o-${round}.yaml`), config(round, value).replace("name: o-", "name: theirs-"));
      started = performance.now();
      await flux.sync(theirs);
      fluxMs += performance.now() - started;
    }
    const own = (readCpuSeconds(child.pid!) - before.own) / rounds;
    const rival = ((await flux.cpuSeconds()) - before.flux) / rounds;
    const seconds = (total: number) => formatNumber(total / rounds / 1000);
    return {
      name: `one object of ${objects} changes, CPU seconds of kustomize-controller by ours`,
      ratio: rival / own,
      goal: { atLeast: 20 },
      detail: `Sluice ${formatNumber(own)} s of CPU (its looks at the repository each second included) in ${seconds(ownMs)} s; kustomize-controller ${formatNumber(rival)} s of CPU (without source-controller) in ${seconds(fluxMs)} s; ${rounds} changes each`,
    };
  } finally {
    child?.kill("SIGKILL");
    await flux.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

const clockTicksPerSecond = 100;

/** Of a process, its own and that of children that it has waited for. */
function readCpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return [11, 12, 13, 14].reduce((sum, index) => sum + Number(fields[index]), 0) / clockTicksPerSecond;
}

/** The same files, with names of their own for each of the three. */
async function benchMany(server: KubeApiServer, namespaces: number): Promise<readonly BenchRow[]> {
  const folder = mkdtempSync(join(tmpdir(), "sluice-bench-apply-"));
  try {
    await writeRepository(folder, namespaces, "ours");
    const config = `--kubeconfig ${server.kubeconfigFile}`;
    const run = async (command: string) => {
      const started = performance.now();
      const cpu = await runTimed(command);
      return { seconds: (performance.now() - started) / 1000, cpu };
    };
    const kubectl = await buildTool("kubectl");
    const ours = await run(
      `node ${program} apply --file ${folder}/sluice.yaml --cluster fleet/c-0 ${config} >/dev/null`,
    );
    writeManifests(join(folder, "theirs"), namespaces, "theirs");
    const theirs = await run(`${kubectl} ${config} apply --server-side -R -f ${folder}/theirs >/dev/null`);
    writeManifests(join(folder, "pruned"), namespaces, "pruned");
    const set = "--prune --applyset=configmaps/rival --namespace=default";
    const pruned = await run(
      `KUBECTL_APPLYSET=true ${kubectl} ${config} apply --server-side ${set} -R -f ${folder}/pruned >/dev/null 2>${folder}/error || { cat ${folder}/error >&2; false; }`,
    );
    const row = (name: string, rival: typeof ours): BenchRow => ({
      name: `${namespaces} Namespaces at once, seconds of ${name} by ours`,
      ratio: rival.seconds / ours.seconds,
      goal: { atLeast: 2 },
      detail: `Sluice ${formatNumber(ours.seconds)} s, CPU ${formatNumber(ours.cpu)} s; kubectl ${formatNumber(rival.seconds)} s, CPU ${formatNumber(rival.cpu)} s`,
    });
    return [row("kubectl apply --server-side", theirs), row("kubectl apply --server-side --prune", pruned)];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function writeManifests(folder: string, count: number, prefix: string): void {
  for (let index = 0; index < count; index++) {
    const name = `${prefix}-${index}`;
    const file = join(folder, "triggers", "users", "_cluster", "namespace", `${name}.yaml`);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(
      file,
      `apiVersion: v1\nkind: Namespace\nmetadata:\n  name: ${name}\n  labels:\n    sluice.dev/owner: EventTrigger.users\n`,
    );
  }
}

async function writeRepository(folder: string, count: number, prefix: string): Promise<void> {
  const checkout = join(folder, "fleet");
  const cluster = join(checkout, "rendered", "fleet", "c-0");
  writeManifests(cluster, count, prefix);
  await commitFolder(folder, checkout, cluster, "");
}

async function commitFolder(folder: string, checkout: string, cluster: string, more: string): Promise<void> {
  mkdirSync(join(cluster, "base"), { recursive: true });
  const parent = `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: sluice-benchbench00, namespace: default}\n`;
  writeFileSync(join(cluster, "base", "sluice-cluster.yaml"), parent);
  await git(checkout, "init", "--quiet", "--initial-branch=main");
  await git(checkout, "add", "--all");
  await git(checkout, "commit", "--quiet", "--message=Render");
  writeFileSync(
    join(folder, "sluice.yaml"),
    `apiVersion: sluice.dev/v1alpha1
kind: Settings
repository: {url: ${checkout}/.git, branch: main${more === "" ? "" : `, ${more}`}}
connections: []
state: {directory: ${folder}/state}
`,
  );
}

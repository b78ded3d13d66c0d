/**
 * The applier on a real API server with etcd: a lone event from publishing to its Namespace in the cluster, and a thousand
 * Namespaces at once beside kubectl with the same files. All on this machine, the API server included.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { openKubeCluster } from "../../src/adapters/kube/kube-cluster.ts";
import { fileKubeconfig } from "../../src/adapters/kube/kubeconfig.ts";
import { createRedactor } from "../../src/adapters/system/redactor.ts";
import { buildTool } from "../tools/build-tool.ts";
import { startFlux } from "../tools/start-flux.ts";
import { type KubeApiServer, startKubeApiServer } from "../tools/start-kube-apiserver.ts";
import { AppliedFolder, writeBelow } from "./applied-folder.ts";
import { type BenchOptions, type BenchRow, formatNumber, percentile } from "./bench-row.ts";
import { BenchSite } from "./bench-site.ts";
import { runTimed } from "./run-timed.ts";

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
  const pathOf = (index: number) => `triggers/users/default/configmap/o-${index}.yaml`;
  const config = (name: string, value: string) =>
    `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\n  namespace: default\n  labels:\n    sluice.dev/owner: EventTrigger.users\ndata:\n  value: "${value}"\n`;
  const valueAt = async (name: string) => {
    const { body } = await server.request("GET", `/api/v1/namespaces/default/configmaps/${name}`);
    return (body as { data?: { value?: string } }).data?.value;
  };
  const indices = Array.from({ length: objects }, (_, index) => index);
  const folder = await AppliedFolder.create(
    Object.fromEntries(indices.map((index) => [pathOf(index), config(`o-${index}`, "first")])),
  );
  // Thousands of objects take it minutes where the machine is busy.
  const flux = await startFlux(server, { waitMsMax: 600_000 });
  try {
    const theirs = join(folder.directory, "theirs");
    // With a name of its own: the two would fight.
    const writeTheirs = (index: number, value: string) =>
      writeBelow(theirs, `o-${index}.yaml`, config(`theirs-${index}`, value));
    for (const index of indices) writeTheirs(index, "first");
    const child = folder.watch(server.kubeconfigFile);
    while ((await valueAt(`o-${objects - 1}`)) === undefined) await sleep(200);
    await flux.sync(theirs);
    // What the first pass leaves to be done is done.
    await sleep(3_000);
    const before = { own: readCpuSeconds(child.pid!), flux: await flux.cpuSeconds() };
    let [ownMs, fluxMs] = [0, 0];
    for (let round = 1; round <= rounds; round++) {
      const value = `round ${round}`;
      let started = performance.now();
      await folder.commit({ [pathOf(round)]: config(`o-${round}`, value) });
      while ((await valueAt(`o-${round}`)) !== value) await sleep(20);
      ownMs += performance.now() - started;
      writeTheirs(round, value);
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
    await flux.stop();
    await folder.close();
  }
}

const clockTicksPerSecond = 100;

/** Of a process, its own and that of children that it has waited for. */
function readCpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return [11, 12, 13, 14].reduce((sum, index) => sum + Number(fields[index]), 0) / clockTicksPerSecond;
}

/**
 * The same files, with names of their own for each: by us, by kubectl in both ways, and by nobody: the bare requests, which is
 * what the server takes.
 */
async function benchMany(server: KubeApiServer, namespaces: number): Promise<readonly BenchRow[]> {
  const folder = await AppliedFolder.create(writeManifests(namespaces, "ours"));
  try {
    const { directory } = folder;
    const config = `--kubeconfig ${server.kubeconfigFile}`;
    const run = async (command: string) => {
      const started = performance.now();
      const cpu = await runTimed(command);
      return { seconds: (performance.now() - started) / 1000, cpu };
    };
    const kubectl = await buildTool("kubectl");
    const rival = (name: string, command: string) => {
      for (const [path, text] of Object.entries(writeManifests(namespaces, name))) {
        writeBelow(join(directory, name), path, text);
      }
      return run(
        `${command} -R -f ${directory}/${name} >/dev/null 2>${directory}/error || { cat ${directory}/error >&2; false; }`,
      );
    };
    const ours = await run(`${folder.commandOf(server.kubeconfigFile).join(" ")} >/dev/null`);
    const theirs = await rival("theirs", `${kubectl} ${config} apply --server-side`);
    const set = "--prune --applyset=configmaps/rival --namespace=default";
    const pruned = await rival("pruned", `KUBECTL_APPLYSET=true ${kubectl} ${config} apply --server-side ${set}`);
    const floor = await sendBare(server, namespaces);
    const said = `Sluice ${formatNumber(ours.seconds)} s, CPU ${formatNumber(ours.cpu)} s`;
    const row = (name: string, other: typeof ours): BenchRow => ({
      name: `${namespaces} Namespaces at once, seconds of ${name} by ours`,
      ratio: other.seconds / ours.seconds,
      goal: { atLeast: 2 },
      detail: `${said}; kubectl ${formatNumber(other.seconds)} s, CPU ${formatNumber(other.cpu)} s`,
    });
    return [
      row("kubectl apply --server-side", theirs),
      row("kubectl apply --server-side --prune", pruned),
      {
        name: `${namespaces} Namespaces at once, our seconds by those of the bare requests`,
        ratio: ours.seconds / floor.seconds,
        goal: { atMost: 1.25 },
        detail: `${said}; the same requests in a loop, ${floorAtOnce} at a time, ${formatNumber(floor.seconds)} s, CPU ${formatNumber(floor.cpu)} s`,
      },
    ];
  } finally {
    await folder.close();
  }
}

/** As many as the applier sends at once. */
const floorAtOnce = 32;

/** A server-side apply of each, from a program that is running already, and nothing else. */
async function sendBare(server: KubeApiServer, namespaces: number): Promise<{ seconds: number; cpu: number }> {
  const bodies = Object.values(writeManifests(namespaces, "bare")).map((text, index) => ({
    text,
    name: `bare-${index}`,
  }));
  const before = process.cpuUsage();
  const started = performance.now();
  const work = async () => {
    for (let body = bodies.pop(); body !== undefined; body = bodies.pop()) {
      const { status } = await server.apply(
        `/api/v1/namespaces/${body.name}`,
        body.text,
        "fieldManager=sluice&force=false",
      );
      if (status !== 201) throw new Error(`${body.name}: ${status}`);
    }
  };
  await Promise.all(Array.from({ length: floorAtOnce }, work));
  const { user, system } = process.cpuUsage(before);
  return { seconds: (performance.now() - started) / 1000, cpu: (user + system) / 1e6 };
}

function writeManifests(count: number, prefix: string): Readonly<Record<string, string>> {
  const files = Array.from({ length: count }, (_, index) => {
    const name = `${prefix}-${index}`;
    const text = `apiVersion: v1\nkind: Namespace\nmetadata:\n  name: ${name}\n  labels:\n    sluice.dev/owner: EventTrigger.users\n`;
    return [`triggers/users/_cluster/namespace/${name}.yaml`, text];
  });
  return Object.fromEntries(files);
}

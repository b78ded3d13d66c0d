/**
 * The applier on a real API server with etcd: a lone event from publishing to its Namespace in the cluster, and a thousand
 * Namespaces at once beside kubectl with the same files. All on this machine, the API server included.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { openKubeCluster } from "../../src/adapters/kube/kube-cluster.ts";
import { fileKubeconfig } from "../../src/adapters/kube/kubeconfig.ts";
import { createRedactor } from "../../src/adapters/system/redactor.ts";
import { findProjectRoot } from "../tools/find-project-root.ts";
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
    return [...(await benchLone(server, isQuick ? 30 : 300)), ...(await benchMany(server, isQuick ? 200 : 1000))];
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
    const kubectl = process.env.KUBECTL ?? "kubectl";
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
repository: {url: ${checkout}/.git, branch: main}
connections: []
state: {directory: ${folder}/state}
`,
  );
}

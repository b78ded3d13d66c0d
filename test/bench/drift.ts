/**
 * What others change in a cluster, and how soon it is as the folder has it again: a label of ours, a field of ours that
 * another manager takes, an object that is deleted. And what another manager has for himself, which stays.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { type KubeApiServer, startKubeApiServer } from "../tools/start-kube-apiserver.ts";
import { AppliedFolder } from "./applied-folder.ts";
import { type BenchOptions, type BenchRow, formatNumber, percentile } from "./bench-row.ts";

/** "Within seconds" is promised. */
const correctedMsMax = 1_000;
/** So soon after one correction another is no fight: each object is changed once. */
const waitMsMax = 60_000;
const pathOf = (index: number) => `/api/v1/namespaces/default/configmaps/o-${index}`;

interface LiveObject {
  readonly metadata: { readonly uid: string; readonly labels?: Readonly<Record<string, string>> };
  readonly data?: Readonly<Record<string, string>>;
}

interface Trouble {
  readonly name: string;
  /** Somebody does it. */
  readonly make: (server: KubeApiServer, index: number) => Promise<unknown>;
  readonly isMended: (now: LiveObject | undefined, before: LiveObject) => boolean;
}

const merge = (server: KubeApiServer, index: number, change: object) =>
  server.request("PATCH", `${pathOf(index)}?fieldManager=person`, change, "application/merge-patch+json");

const troubles: readonly Trouble[] = [
  {
    name: "a label changed",
    make: (server, index) => merge(server, index, { metadata: { labels: { team: "theirs" } } }),
    isMended: (now) => now?.metadata.labels?.team === "ours",
  },
  {
    name: "a field taken by another manager, with force",
    make: (server, index) =>
      server.apply(
        pathOf(index),
        `{apiVersion: v1, kind: ConfigMap, metadata: {name: o-${index}}, data: {value: theirs}}`,
        "fieldManager=controller&force=true",
      ),
    isMended: (now) => now?.data?.value === "ours",
  },
  {
    name: "an object deleted",
    make: (server, index) => server.request("DELETE", pathOf(index)),
    isMended: (now, before) => now !== undefined && now.metadata.uid !== before.metadata.uid,
  },
];

export async function benchDrift({ isQuick }: BenchOptions): Promise<readonly BenchRow[]> {
  const [objects, rounds] = isQuick ? [200, 10] : [2000, 100];
  const server = await startKubeApiServer();
  const folder = await AppliedFolder.create(writeFiles(objects), {
    "config/lib.projectsveltos.io/eventtrigger/_cluster/users.yaml":
      "apiVersion: lib.projectsveltos.io/v1beta1\nkind: EventTrigger\nmetadata: {name: users}\nspec: {syncMode: ContinuousWithDriftDetection}\n",
  });
  const read = async (index: number): Promise<LiveObject | undefined> => {
    const { status, body } = await server.request("GET", pathOf(index));
    return status === 200 ? (body as LiveObject) : undefined;
  };
  try {
    folder.watch(server.kubeconfigFile);
    const until = async (what: string, isSo: () => Promise<boolean>) => {
      const deadline = performance.now() + waitMsMax;
      while (!(await isSo())) {
        if (performance.now() > deadline) throw new Error(`not within ${waitMsMax} ms: ${what}`);
        await sleep(5);
      }
    };
    await until("the last object", async () => (await read(objects - 1)) !== undefined);
    // The watches begin when the first pass is over.
    await sleep(3_000);
    const theirs = Array.from({ length: rounds }, (_, index) => objects - 1 - index);
    for (const index of theirs) await merge(server, index, { data: { more: "theirs" } });
    const rows: BenchRow[] = [];
    let next = 0;
    for (const { name, make, isMended } of troubles) {
      const times: number[] = [];
      for (let round = 0; round < rounds / troubles.length; round++, next++) {
        const index = next;
        const before = (await read(index))!;
        const started = performance.now();
        await make(server, index);
        await until(`${name}: o-${index}`, async () => isMended(await read(index), before));
        times.push(performance.now() - started);
      }
      const [p50, p99] = [percentile(times, 0.5), percentile(times, 0.99)];
      rows.push({
        name: `drift, ${name}: until it is corrected, p50 by a second`,
        ratio: p50 / correctedMsMax,
        goal: { atMost: 1 },
        detail: `p50 ${formatNumber(p50)} ms, p99 ${formatNumber(p99)} ms of ${times.length}, among ${objects} objects that are watched`,
      });
    }
    const kept = (await Promise.all(theirs.map(read))).filter((now) => now?.data?.more === "theirs").length;
    rows.push({
      name: "drift, what another manager has for himself: share that stays",
      ratio: kept / theirs.length,
      goal: { atLeast: 1 },
      detail: `${kept} of ${theirs.length}, while all else was corrected`,
    });
    return rows;
  } finally {
    await folder.close();
    await server.stop();
  }
}

function writeFiles(objects: number): Readonly<Record<string, string>> {
  const files = Array.from({ length: objects }, (_, index) => [
    `triggers/users/default/configmap/o-${index}.yaml`,
    `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: o-${index}\n  namespace: default\n  labels: {sluice.dev/owner: EventTrigger.users, team: ours}\ndata: {value: ours}\n`,
  ]);
  return Object.fromEntries(files);
}

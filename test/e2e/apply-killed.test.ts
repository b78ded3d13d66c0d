/**
 * `sluice apply --watch`, killed at random while its folder changes: the cluster ends as the folder is, nothing foreign is
 * touched, and nothing is left over.
 *
 * Needs kube-apiserver and etcd: `npm run tools kube-apiserver etcd` builds them (minutes), then `npm run test:all`.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isBuilt } from "../tools/build-tool.ts";
import { findProjectRoot } from "../tools/find-project-root.ts";
import { type KubeApiServer, startKubeApiServer } from "../tools/start-kube-apiserver.ts";
import { until } from "./workbench.ts";

const isReady =
  process.env.SLUICE_TEST_ALL !== undefined && (await isBuilt("kube-apiserver")) && (await isBuilt("etcd"));
const program = join(findProjectRoot(), "dist", "src", "app", "main.js");

const objects = Number(process.env.SLUICE_KILL_OBJECTS ?? 2_000);
const rounds = Number(process.env.SLUICE_KILL_ROUNDS ?? 20);
/** A machine that others work on too needs minutes for a full pass with thousands of writes. */
const endMsMax = 400_000;
const seed = Number(process.env.SLUICE_SEED ?? 7);

/** The same numbers for the same seed (mulberry32). */
function createRandom(from: number): () => number {
  let state = from;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

describe.skipIf(!isReady)("needs kube-apiserver and etcd (npm run tools kube-apiserver etcd): killed at random", () => {
  let server: KubeApiServer;
  let folder: string;
  const children = new Set<ChildProcess>();

  beforeAll(async () => {
    server = await startKubeApiServer();
    folder = mkdtempSync(join(tmpdir(), "sluice-killed-"));
  });
  afterAll(async () => {
    for (const child of children) child.kill("SIGKILL");
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const git = (...args: string[]) =>
    execFileSync("git", [
      "-C",
      join(folder, "fleet"),
      "-c",
      "user.name=Ada",
      "-c",
      "user.email=ada@example.com",
      ...args,
    ]);

  function write(path: string, text: string): void {
    const file = join(folder, "fleet", "rendered", "fleet", "eu", path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }

  const pathOf = (index: number) => `triggers/users/default/configmap/o-${index}.yaml`;
  const manifest = (index: number, value: string) =>
    `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: o-${index}\n  namespace: default\n  labels:\n    sluice.dev/owner: EventTrigger.users\ndata:\n  value: "${value}"\n`;

  function start(): ChildProcess {
    const args = ["apply", "--watch", "--cluster", "fleet/eu", "--kubeconfig", server.kubeconfigFile];
    const child = spawn(process.execPath, [program, ...args, "--file", join(folder, "sluice.yaml")], {
      stdio: "ignore",
    });
    children.add(child);
    return child;
  }

  async function kill(child: ChildProcess): Promise<void> {
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
    children.delete(child);
    // It is dead for certain. Left to itself the next one would watch the Lease for as long as the whole round lasts, and the
    // kills would meet nobody at work.
    const lease = "/apis/coordination.k8s.io/v1/namespaces/default/leases/sluice-0123456789ab";
    await server.request("PATCH", lease, { spec: { holderIdentity: "" } }, "application/merge-patch+json");
  }

  async function readCluster(): Promise<Map<string, string>> {
    const { body } = await server.request("GET", "/api/v1/namespaces/default/configmaps");
    const { items } = body as { items: { metadata: { name: string }; data?: Record<string, string> }[] };
    return new Map(items.map(({ metadata, data }) => [metadata.name, data?.value ?? ""]));
  }

  it(`${objects} objects change ${rounds} times (seed ${seed})`, async () => {
    const random = createRandom(seed);
    mkdirSync(join(folder, "fleet"));
    git("init", "--quiet", "--initial-branch=main");
    write(
      "base/sluice-cluster.yaml",
      "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: sluice-0123456789ab, namespace: default}\n",
    );
    writeFileSync(
      join(folder, "sluice.yaml"),
      `apiVersion: sluice.dev/v1alpha1
kind: Settings
repository: {url: ${folder}/fleet/.git, branch: main, pollInterval: 200ms}
connections: []
state: {directory: ${folder}/state}
`,
    );
    const theirs = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "o-1" }, data: { value: "theirs" } };
    const foreign = async () => (await server.request("GET", "/api/v1/namespaces/default/configmaps/o-1")).body;
    await server.request("POST", "/api/v1/namespaces/default/configmaps", theirs);
    const before = await foreign();

    const wanted = new Map<string, string>();
    let child: ChildProcess | undefined;
    let kills = 0;
    for (let round = 0; round < rounds; round++) {
      for (let index = 0; index < objects; index++) {
        const fate = random();
        if (fate < 0.2) {
          if (wanted.delete(`o-${index}`)) rmSync(join(folder, "fleet", "rendered", "fleet", "eu", pathOf(index)));
        } else if (fate < 0.8 || round === 0) {
          wanted.set(`o-${index}`, `${round}-${index}`);
          write(pathOf(index), manifest(index, `${round}-${index}`));
        }
      }
      git("add", "--all");
      git("commit", "--quiet", "--message=Render");
      if (child === undefined || random() < 0.7) {
        if (child !== undefined) {
          await kill(child);
          kills++;
        }
        child = start();
      }
      await sleep(random() * 3_000);
    }
    if (child !== undefined) await kill(child);
    child = start();
    wanted.set("o-1", "theirs");
    await until(
      async () => {
        const found = await readCluster();
        const ours = [...found].filter(([name]) => name.startsWith("o-"));
        return ours.length === wanted.size && ours.every(([name, value]) => wanted.get(name) === value);
      },
      "the cluster to be as the folder is",
      endMsMax,
    );
    expect(await foreign()).toEqual(before);
    expect(kills).toBeGreaterThan(rounds / 3);
    await kill(child);
  });
});

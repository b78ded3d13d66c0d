/**
 * Hand-overs with the built program and Flux's kustomize-controller on a hub: 500 Namespaces go from unit to unit, with the
 * controller stopped when it begins, and none is deleted. Hub and cluster are one API server; sources are served here.
 *
 * Needs kube-apiserver, etcd and kustomize-controller: `npm run tools`, then `npm run test:all`.
 */
import { execFile } from "node:child_process";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { HostSnapshot } from "../../src/app/host/host-snapshot.ts";
import { addKubeconfig } from "../tools/add-kubeconfig.ts";
import { isBuilt } from "../tools/build-tool.ts";
import { type Flux, startFlux } from "../tools/start-flux.ts";
import { type KubeApiServer, startKubeApiServer } from "../tools/start-kube-apiserver.ts";
import { usersConfig, usersConnection, usersTrigger } from "./users-config.ts";
import { until, Workbench } from "./workbench.ts";

const tools = ["etcd", "kube-apiserver", "kustomize-controller"] as const;
const isAll = process.env.SLUICE_TEST_ALL !== undefined;
const hasTools = isAll && (await Promise.all(tools.map((name) => isBuilt(name)))).every(Boolean);
const run = promisify(execFile);
const users = 500;
const waitMs = 300_000;

const trigger = `${usersTrigger}  cloudEventAction: '{{ if eq .CloudEvent.type "logout" }}Delete{{ else }}Create{{ end }}'
  stopMatchingBehavior: LeavePolicies
`;

let server: KubeApiServer;
let flux: Flux;
let bench: Workbench;
let sources = ["fleet"];
const stopFollowing = new AbortController();
let following: Promise<void>;

/** Offers each commit of the target to Flux, as source-controller does. */
async function follow(): Promise<void> {
  let last = "";
  const folder = join(bench.folder, "source");
  while (!stopFollowing.signal.aborted) {
    const head = (await bench.git("rev-parse", "main").catch(() => "")).trim();
    const text = `${head} ${sources.join()}`;
    const hasHub = head !== "" && (await bench.git("ls-tree", "main", "delivery/hub").catch(() => "")) !== "";
    if (hasHub && text !== last) {
      await rm(folder, { recursive: true, force: true });
      await mkdir(folder);
      await run("bash", ["-c", `git -C ${join(bench.folder, "fleet.git")} archive ${head} | tar -x -C ${folder}`]);
      await flux.offer(folder, head, sources);
      last = text;
    }
    await sleep(200, undefined, { signal: stopFollowing.signal }).catch(() => undefined);
  }
}

beforeAll(async () => {
  if (!hasTools) return;
  server = await startKubeApiServer();
  flux = await startFlux(server, { path: "./delivery/hub" });
  bench = await Workbench.open({
    config: { ...usersConfig, "trigger.yaml": trigger },
    connection: usersConnection,
    settings: `output: {secrets: plain}
delivery: {kind: flux, retryInterval: 1s, timeout: 60s, hub: {kubeconfig: {file: ${server.kubeconfigFile}}}}`,
  });
  await addKubeconfig(server, { namespace: "fleet", secret: "eu-sveltos-kubeconfig", key: "kubeconfig" });
  await bench.start();
  following = follow();
}, 120_000);

afterAll(async () => {
  stopFollowing.abort();
  await following;
  await bench?.close();
  await flux?.stop();
  await server?.stop();
});

async function send(type: string, ...subjects: readonly string[]): Promise<void> {
  for (const subject of subjects) {
    await bench.publish(
      "user-operation",
      JSON.stringify({ specversion: "1.0", id: `${type}-${subject}`, type, source: "auth", subject }),
    );
  }
}

/** The users' Namespaces that are not on their way out, with their uids. */
async function namespaces(): Promise<ReadonlyMap<string, string>> {
  const { body } = await server.request("GET", "/api/v1/namespaces");
  const { items } = body as {
    items: readonly { metadata: { name: string; uid: string; deletionTimestamp?: string } }[];
  };
  const there = items.filter(
    ({ metadata: { name, deletionTimestamp } }) => /^user-|^late-|^gone-/.test(name) && deletionTimestamp === undefined,
  );
  return new Map(there.map(({ metadata: { name, uid } }) => [name, uid]));
}

async function leading(): Promise<NonNullable<HostSnapshot["leading"]>> {
  const { stdout, stderr } = await bench.sluice("status", "-o", "json");
  if (stdout === "") throw new Error(stderr);
  return (JSON.parse(stdout) as HostSnapshot).leading!;
}

describe.skipIf(!hasTools)("units are handed over beside Flux (npm run tools, then npm run test:all)", () => {
  let before: ReadonlyMap<string, string>;

  it(
    `brings ${users} Namespaces`,
    async () => {
      await send("login", ...Array.from({ length: users }, (_, index) => `user-${index}`));
      await until(async () => (await namespaces()).size === users, "the Namespaces", waitMs);
      before = await namespaces();
    },
    waitMs,
  );

  it.each([
    ["buckets 1 → 4", (text: string) => text.replace("kind: flux,", "kind: flux, buckets: 4,"), ["fleet"]],
    [
      "another source",
      (text: string) => text.replace("kind: flux,", "kind: flux, source: {name: other},"),
      ["fleet", "other"],
    ],
    ["cluster → owner", (text: string) => text.replace("kind: flux,", "kind: flux, split: owner,"), ["fleet", "other"]],
  ] as const)(
    "%s: with the hub stopped it waits, and no Namespace is deleted",
    async (name, change, wantedSources) => {
      const [late, gone] = [`late-${name.length}`, `gone-${name.length}`];
      await send("login", gone);
      await until(async () => (await namespaces()).has(gone), "another Namespace", waitMs);
      sources = [...wantedSources];
      await flux.halt();
      await bench.changeSettings(change);
      await until(async () => (await leading()).absent.delivery !== undefined, "the change is held", waitMs);
      const [, id = ""] = /sluice approve ([0-9a-f]{12})/.exec((await leading()).absent.delivery?.hint ?? "") ?? [];
      expect(await bench.sluice("approve", id)).toMatchObject({ code: 0 });

      // A login, a logout, and many looks at a hub where nothing happens.
      await send("logout", gone);
      await send("login", late);
      await sleep(8000);
      const waiting = (await leading()).handOvers;
      expect(waiting).toMatchObject([{ steps: expect.stringMatching(/^1 of/), sees: true }]);
      expect(waiting[0]!.unseenCount).toBeGreaterThan(0);

      const started = performance.now();
      await flux.resume();
      await until(async () => (await leading()).handOvers.length === 0, "the hand-over is done", waitMs);
      console.log(
        `${name}: ${Math.round((performance.now() - started) / 1000)} s, controller ${(await flux.cpuSeconds()).toFixed(1)} CPU s`,
      );
      // What was deleted meanwhile goes, what came is there, and nothing else has changed.
      await until(
        async () => !(await namespaces()).has(gone) && (await namespaces()).has(late),
        "login and logout",
        waitMs,
      );
      const after = await namespaces();
      const changed = [...before].filter(([one, uid]) => after.get(one) !== uid);
      expect(changed).toEqual([]);
      const { body } = await server.request("GET", "/apis/kustomize.toolkit.fluxcd.io/v1/kustomizations");
      const units = (
        body as { items: readonly { metadata: { name: string }; spec: { prune: boolean; suspend?: boolean } }[] }
      ).items;
      expect(units.filter(({ spec }) => !spec.prune || spec.suspend === true)).toEqual([]);
    },
    waitMs * 2,
  );

  it(
    "a cluster is given up whose kubeconfig is gone: everything stays in it",
    async () => {
      const all = await namespaces();
      await bench.commitConfig({
        "others.yaml": usersConfig["others.yaml"].replace("name: eu, namespace: fleet", "name: us, namespace: fleet"),
      });
      await until(
        async () => (await leading()).held.length > 0 || (await leading()).catalog.clusters === 1,
        "the change is seen",
        waitMs,
      );
      for (const { id } of (await leading()).held) await bench.sluice("approve", id);
      await until(
        async () => (await bench.git("ls-tree", "-r", "--name-only", "main", "rendered/fleet/us")) !== "",
        "the other cluster",
        waitMs,
      );
      await server.request("DELETE", "/api/v1/namespaces/fleet/secrets/eu-sveltos-kubeconfig");

      expect(await bench.sluice("retire", "fleet/eu")).toMatchObject({ code: 0 });
      await until(async () => (await leading()).handOvers.length === 0, "the hand-over is done", waitMs);

      expect(
        await bench.git("ls-tree", "-r", "--name-only", "main", "rendered/fleet/eu", "delivery/hub/fleet/eu"),
      ).toBe("");
      await until(
        async () => {
          const { body } = await server.request(
            "GET",
            "/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/fleet/kustomizations",
          );
          return (body as { items: readonly { metadata: { name: string } }[] }).items.every(
            ({ metadata }) => !metadata.name.includes("-eu-"),
          );
        },
        "the units are gone",
        waitMs,
      );
      const after = await namespaces();
      expect([...all].filter(([name, uid]) => after.get(name) !== uid)).toEqual([]);
    },
    waitMs,
  );
});

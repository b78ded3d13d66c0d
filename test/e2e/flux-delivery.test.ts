/**
 * The built program beside Flux's kustomize-controller on a hub: one root Kustomization over `delivery/hub`, and all that
 * follows comes and goes by itself. Hub and cluster are one API server here; Flux reaches the cluster by its kubeconfig.
 *
 * Needs kube-apiserver, etcd and kustomize-controller: `npm run tools`, then `npm run test:all`.
 */
import { execFile } from "node:child_process";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
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

const trigger = `${usersTrigger}  cloudEventAction: '{{ if eq .CloudEvent.type "logout" }}Delete{{ else }}Create{{ end }}'
`;

let server: KubeApiServer;
let flux: Flux;
let bench: Workbench;

beforeAll(async () => {
  if (!hasTools) return;
  server = await startKubeApiServer();
  flux = await startFlux(server, { path: "./delivery/hub" });
  bench = await Workbench.open({
    config: { ...usersConfig, "trigger.yaml": trigger },
    connection: usersConnection,
    settings: "output: {secrets: plain}\ndelivery: {kind: flux, retryInterval: 1s, timeout: 30s}",
  });
  await bench.start();
}, 120_000);

afterAll(async () => {
  await bench?.close();
  await flux?.stop();
  await server?.stop();
});

async function send(type: string, subject: string): Promise<void> {
  await bench.publish(
    "user-operation",
    JSON.stringify({ specversion: "1.0", id: `${type}-${subject}`, type, source: "auth", subject }),
  );
}

/** What was pushed, as Flux gets it; resolves when root and units have tried it. */
async function sync() {
  const folder = join(bench.folder, "source");
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder);
  await run("bash", ["-c", `git -C ${join(bench.folder, "fleet.git")} archive main | tar -x -C ${folder}`]);
  const root = await flux.sync(folder);
  return { root, units: await flux.others() };
}

const statusOf = async (name: string) => (await server.request("GET", `/api/v1/namespaces/${name}`)).status;
const isGoing = async (name: string) => {
  const { status, body } = await server.request("GET", `/api/v1/namespaces/${name}`);
  return (
    status === 404 || (body as { metadata: { deletionTimestamp?: string } }).metadata.deletionTimestamp !== undefined
  );
};

describe.skipIf(!hasTools)("Flux on a hub, beside sluice run (npm run tools, then npm run test:all)", () => {
  it("brings a login to the cluster and takes it away with the logout, for each unit and nothing else", async () => {
    await send("login", "alice");
    await until(async () => (await bench.rendered()).length === 1, "alice's namespace");
    const folders = (await bench.git("ls-tree", "-r", "--name-only", "main", "delivery/hub")).trim().split("\n");
    const cluster = folders.find((path) => !path.endsWith("/sluice-delivery.yaml"))!;
    const [, , namespace = "", name = ""] = cluster.slice(0, -".yaml".length).split("/");
    await addKubeconfig(server, { namespace, secret: `${name}-sveltos-kubeconfig`, key: "kubeconfig" });

    const created = await sync();
    expect(created.root).toMatchObject({ isReady: true });
    expect([...created.units.values()]).toMatchObject([{ isReady: true }, { isReady: true }]);
    expect(await statusOf("alice")).toBe(200);

    await send("login", "bob");
    await send("logout", "alice");
    await until(async () => (await bench.rendered()).join().includes("bob"), "bob's namespace");
    await until(async () => !(await bench.rendered()).join().includes("alice"), "alice's logout");
    await sync();
    expect(await isGoing("alice")).toBe(true);
    expect(await statusOf("bob")).toBe(200);

    // The last object of a cluster: its folder is still there, so Flux prunes.
    await send("logout", "bob");
    await until(async () => (await bench.rendered()).length === 0, "bob's logout");
    const emptied = await sync();
    expect([...emptied.units.values()]).toMatchObject([{ isReady: true }, { isReady: true }]);
    expect(await isGoing("bob")).toBe(true);
  }, 180_000);

  it("leaves in the cluster what LeavePolicies leaves, and what was forgotten after Flux had seen the mark", async () => {
    await bench.commitConfig({ "trigger.yaml": `${trigger}  stopMatchingBehavior: LeavePolicies\n` });
    await send("login", "carol");
    await until(async () => (await bench.rendered()).length === 1, "carol's namespace");
    await sync();
    expect(await statusOf("carol")).toBe(200);

    await bench.commitConfig({ "trigger.yaml": undefined });
    await until(
      async () => (await bench.git("grep", "-l", "sluice.dev/left", "main").catch(() => "")) !== "",
      "the mark",
    );
    await sync();
    expect((await bench.sluice("forget", "--left")).code).toBe(0);
    await until(async () => (await bench.rendered()).length === 0, "forgotten");
    await sync();
    expect(await isGoing("carol")).toBe(false);
  }, 180_000);
});

/**
 * Clusters whose kubeconfigs are Secrets of a hub, on the built program: taken up as they come, followed when they are renewed,
 * and never led astray.
 *
 * Needs kube-apiserver and etcd: `npm run tools kube-apiserver etcd` builds them (minutes), then `npm run test:all`.
 */
import { readFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { isBuilt } from "../tools/build-tool.ts";
import { type KubeApiServer, startKubeApiServer } from "../tools/start-kube-apiserver.ts";
import { usersConfig, usersConnection, usersTrigger } from "./users-config.ts";
import { clusterDocument, until, Workbench } from "./workbench.ts";

const isReady =
  process.env.SLUICE_TEST_ALL !== undefined && (await isBuilt("kube-apiserver")) && (await isBuilt("etcd"));

describe.skipIf(!isReady)("needs kube-apiserver and etcd (npm run tools kube-apiserver etcd): a hub's Secrets", () => {
  let hub: KubeApiServer;
  let cluster: KubeApiServer;
  let workbench: Workbench;

  beforeAll(async () => {
    [hub, cluster] = await Promise.all([startKubeApiServer(), startKubeApiServer()]);
    await hub.request("POST", "/api/v1/namespaces", {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: "fleet" },
    });
  });
  afterAll(async () => {
    await Promise.all([hub?.stop(), cluster?.stop()]);
  });
  beforeEach(async () => {
    const settings = `output: {secrets: plain}\ndelivery: {kind: applier, hub: {kubeconfig: {file: ${hub.kubeconfigFile}}}}`;
    const config = { ...usersConfig, "trigger.yaml": usersTrigger };
    workbench = await Workbench.open({ config, connection: usersConnection, settings });
  });
  afterEach(async () => {
    await workbench.close();
  });

  /** A kubeconfig as a Secret holds it: nothing of it is a file. */
  function kubeconfigOf(server: KubeApiServer, user: object = { token: server.token }): string {
    const ca = readFileSync(server.caFile).toString("base64");
    return JSON.stringify({
      "current-context": "it",
      contexts: [{ name: "it", context: { cluster: "it", user: "it" } }],
      clusters: [{ name: "it", cluster: { server: server.url, "certificate-authority-data": ca } }],
      users: [{ name: "it", user }],
    });
  }

  async function putSecret(name: string, text: string, key = "kubeconfig"): Promise<void> {
    const metadata = { name, namespace: "fleet" };
    const secret = { apiVersion: "v1", kind: "Secret", metadata, stringData: { [key]: text } };
    const { status } = await hub.apply(`/api/v1/namespaces/fleet/secrets/${name}`, JSON.stringify(secret));
    expect(status).toBeLessThan(300);
  }

  const login = (subject: string) =>
    workbench.publish(
      "user-operation",
      JSON.stringify({ specversion: "1.0", id: "1", type: "login", source: "auth", subject }),
    );
  const has = async (server: KubeApiServer, name: string) =>
    (await server.request("GET", `/api/v1/namespaces/${name}`)).status === 200;

  it("are waited for, followed when they are renewed, and refused where they lead elsewhere", async () => {
    const service = await workbench.start();
    await login("alice");
    await until(() => service.count("KUBECONFIG_INVALID") > 0, "the Secret to be missed");
    await putSecret("eu-sveltos-kubeconfig", kubeconfigOf(cluster, { token: "expired" }));
    await until(() => service.count("CLUSTER_AUTH") > 0, "the credentials to be refused");
    await putSecret("eu-sveltos-kubeconfig", kubeconfigOf(cluster));
    await until(async () => has(cluster, "alice"), "the Namespace, once the Secret is renewed", 90_000);
    const state = async () => {
      const { stdout } = await workbench.sluice("status", "-o", "json");
      const { applier } = JSON.parse(stdout) as {
        applier: { clusters: { cluster: string; commit: string; problem?: object }[] };
      };
      return applier.clusters.find(({ cluster: name }) => name === "fleet/eu");
    };
    const head = (await workbench.git("rev-parse", "main")).trim();
    await until(async () => (await state())?.commit === head, "status to say what is applied");
    expect((await state())?.problem).toBeUndefined();

    // Another cluster's Secret that leads to the same place: its folder is another's, and nothing is pruned by it.
    await putSecret("us-sveltos-kubeconfig", kubeconfigOf(cluster));
    await workbench.commitConfig({ "us.yaml": clusterDocument("us", { env: "production" }) });
    await until(() => service.count("CLUSTER_MISTAKEN") > 0, "the mistaken cluster");
    expect(await has(cluster, "alice")).toBe(true);

    // Programs and files of this machine are none of a Secret's business.
    const exec = { apiVersion: "client.authentication.k8s.io/v1", command: "touch", args: ["/tmp/sluice-was-here"] };
    await putSecret("us-sveltos-kubeconfig", kubeconfigOf(cluster, { exec }));
    const refused = await workbench.sluice("apply", "--cluster", "fleet/us");
    expect(refused).toMatchObject({ code: 3, stderr: expect.stringContaining("exec is not taken from a Secret") });

    const doctor = await workbench.sluice("doctor", "-o", "json");
    const found = JSON.parse(doctor.stdout) as { subject: string; facts: string[]; problems: { code: string }[] }[];
    expect(found.find(({ subject }) => subject === "cluster fleet/eu")).toMatchObject({ problems: [] });
    expect(found.find(({ subject }) => subject === "cluster fleet/us")?.problems).toEqual([
      expect.objectContaining({ code: "KUBECONFIG_INVALID" }),
    ]);
    expect(await service.stop()).toBe(0);
  });
});

/**
 * The Kubernetes adapter against a real API server with etcd.
 *
 * Needs both: `npm run tools kube-apiserver etcd` builds them (minutes), then `npm run test:all`.
 */
import { afterAll, beforeAll, describe } from "vitest";
import { openKubeCluster } from "../../src/adapters/kube/kube-cluster.ts";
import { fileKubeconfig } from "../../src/adapters/kube/kubeconfig.ts";
import { createRedactor } from "../../src/adapters/system/redactor.ts";
import { isBuilt } from "../tools/build-tool.ts";
import { type KubeApiServer, startKubeApiServer } from "../tools/start-kube-apiserver.ts";
import { describeCluster } from "./cluster-contract.ts";

const isReady =
  process.env.SLUICE_TEST_ALL !== undefined && (await isBuilt("kube-apiserver")) && (await isBuilt("etcd"));

describe.skipIf(!isReady)("needs kube-apiserver and etcd (npm run tools kube-apiserver etcd): the cluster", () => {
  let server: KubeApiServer;
  let namespaces = 0;

  beforeAll(async () => {
    server = await startKubeApiServer();
  });
  afterAll(async () => {
    await server?.stop();
  });

  describeCluster("an API server", async () => {
    const namespace = `contract-${++namespaces}`;
    const metadata = { name: namespace };
    await server.request("POST", "/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata });
    const cluster = openKubeCluster({
      kubeconfig: fileKubeconfig(server.kubeconfigFile),
      redactor: createRedactor(),
      env: {},
    });
    return { cluster, namespace, close: async () => cluster.close() };
  });
});

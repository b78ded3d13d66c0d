/** The fake keeps what the port promises. */
import { describeCluster } from "../contract/cluster-contract.ts";
import { FakeCluster } from "../fakes/fake-cluster.ts";

describeCluster("a cluster in memory", async () => {
  const cluster = new FakeCluster();
  return { cluster, namespace: "default", close: async () => {} };
});

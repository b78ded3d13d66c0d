/** The management cluster of `delivery.hub`: only read. */
import { openKubeCluster } from "../../adapters/kube/kube-cluster.ts";
import { fileKubeconfig } from "../../adapters/kube/kubeconfig.ts";
import type { HubSettings } from "../../model/settings.ts";
import type { Cluster, ClusterReader } from "../../ports/cluster.ts";
import type { CliContext } from "../cli/context.ts";

export type Hub = ClusterReader & Pick<Cluster, "close">;

export function openHub({ redactor }: CliContext, { kubeconfigFile }: HubSettings): Hub {
  return openKubeCluster({ kubeconfig: fileKubeconfig(kubeconfigFile), redactor, env: process.env });
}

/** What Flux's objects for a cluster have in common: where they are, and how Flux reaches the cluster. */
import type { Cluster } from "../../model/cluster.ts";
import type { FluxDelivery } from "../../model/hub-delivery.ts";
import type { JsonObject } from "../../model/json.ts";
import { findKubeconfig, type KubeconfigReference } from "../../model/kubeconfig-reference.ts";
import { fields } from "../hub-object.ts";

/** `hub`: the cluster that Flux is in itself. */
export type FluxReach = KubeconfigReference | { readonly kind: "hub" };
export type FluxKubeconfig = Exclude<FluxReach, { readonly kind: "none" }>;

export function fluxReach(cluster: Cluster): FluxReach {
  return cluster.isHub ? { kind: "hub" } : findKubeconfig(cluster);
}

/**
 * In the cluster's namespace, since a kubeconfig is referred to by name alone; of the hub's own in the source's, which is
 * there.
 */
export function fluxNamespace({ namespace, isHub }: Cluster, { source }: Pick<FluxDelivery, "source">): string {
  return isHub ? source.namespace : namespace;
}

/** The member `kubeConfig`; undefined on the hub. */
export function kubeConfigField(kubeconfig: FluxKubeconfig): JsonObject | undefined {
  if (kubeconfig.kind === "hub") return undefined;
  return fields({ secretRef: fields({ name: kubeconfig.name, key: kubeconfig.key }) });
}

/** How Argo CD is told of a cluster: by the name that it knows it by; its own it knows by its address. */
import type { Cluster } from "../../model/cluster.ts";

export type Destination = { readonly name: string } | { readonly server: string };

export function destinationOf({ name, isHub }: Cluster): Destination {
  return isHub ? ownCluster : { name };
}

/** Argo CD's own. */
export const ownCluster = { server: "https://kubernetes.default.svc" } as const;

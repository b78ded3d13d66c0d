/** The file that each cluster's folder has: it keeps the folder from vanishing, which Flux and Argo CD take amiss. */
import type { Cluster } from "../model/cluster.ts";
import { outputId } from "./paths.ts";

/** Whose output it is: of which state, at which `output.path`, by which Sluice. */
export interface OutputOwner {
  readonly stateId: string;
  readonly outputPath: string;
  readonly instance: string;
}

/** A ConfigMap that no two Sluices share, and that people and generators can read the cluster's labels from. */
export function writeClusterFile({ namespace, name, labels }: Cluster, owner: OutputOwner): string {
  const sorted = [...labels].sort(([a], [b]) => (a < b ? -1 : 1));
  return `apiVersion: v1
kind: ConfigMap
metadata:
  name: sluice-${outputId(owner.stateId, owner.outputPath)}
  namespace: default
  labels:
    app.kubernetes.io/managed-by: sluice
    sluice.dev/instance: ${JSON.stringify(owner.instance)}
data:
  labels: ${JSON.stringify(JSON.stringify(Object.fromEntries(sorted)))}
  name: ${JSON.stringify(name)}
  namespace: ${JSON.stringify(namespace)}
`;
}

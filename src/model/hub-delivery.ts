/** How a hub brings the manifests to clusters: Settings' `delivery`, where its kind is one that objects are made for. */

interface HubDeliveryBase {
  /** Folder of the target for what the hub applies. */
  readonly path: string;
  /** Whether all triggers of a cluster are one unit, or each trigger has one of its own. */
  readonly split: "cluster" | "owner";
  /** Units that each cluster's triggers, or those of each owner, are spread over: 1, 4, 16 or 64. */
  readonly buckets: number;
}

/** Flux's controllers on a hub. Durations are Go's, written as they are given. */
export interface FluxDelivery extends HubDeliveryBase {
  readonly kind: "flux";
  /** The GitRepository that has the target. */
  readonly source: { readonly name: string; readonly namespace: string };
  /** Each unit is taken from an artifact of its own, which source-watcher makes of the repository. */
  readonly artifacts: boolean;
  readonly interval: string;
  readonly retryInterval: string;
  readonly timeout: string;
  /** Secrets are encrypted; the Secret beside the Kustomizations that has the key, if it is one. */
  readonly decryption?: { readonly secret?: string };
}

export interface ArgocdDelivery extends HubDeliveryBase {
  readonly kind: "argocd";
  /** Where Argo CD runs, and its Applications are. */
  readonly namespace: string;
  readonly project: string;
  /** The repository as Argo CD knows it, and the target branch. */
  readonly repoURL: string;
  readonly revision: string;
}

export type HubDelivery = FluxDelivery | ArgocdDelivery;

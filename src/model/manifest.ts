/** Manifests: what rendering yields and the repository holds, one Kubernetes object a file. */
import type { ClusterKey } from "./cluster.ts";
import type { Problem, SourcePlace } from "./problem.ts";

/** What identifies an object within a cluster; `namespace` is empty for cluster-scoped objects. */
export interface ObjectIdentity {
  readonly group: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

export interface Manifest {
  readonly identity: ObjectIdentity;
  /** Canonical YAML with provenance (labels and annotation), ending in a newline. */
  readonly text: string;
  /** Of the template that printed it. */
  readonly at: SourcePlace;
}

/** What an object carries to say whose it is. Nothing in it changes with each event. */
export interface Provenance {
  /** `EventTrigger/<name>`, in a form that is a valid label value. */
  readonly owner: string;
  /** Hash of (connection, source, subject). */
  readonly entity: string;
}

/** What an event asks for on one cluster. */
export type ClusterRendering =
  | { readonly cluster: ClusterKey; readonly action: "Create"; readonly manifests: readonly Manifest[] }
  | { readonly cluster: ClusterKey; readonly action: "Delete" }
  | { readonly cluster: ClusterKey; readonly action: "fail"; readonly problem: Problem };

/** Manifests: what rendering yields and the repository holds, one Kubernetes object a file. */
import type { ClusterKey } from "./cluster.ts";
import type { JsonObject } from "./json.ts";
import type { Problem, SourcePlace } from "./problem.ts";

/** What identifies an object within a cluster; `namespace` is empty for cluster-scoped objects. */
export interface ObjectIdentity {
  readonly group: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  /** It stands on the hub (`deploymentType: Local`), whichever cluster it is rendered for. */
  readonly isLocal?: true;
}

/** As objects write it; the core group is empty. */
export function apiVersionOf({ group, version }: { readonly group: string; readonly version: string }): string {
  return group === "" ? version : `${group}/${version}`;
}

/** The group of an apiVersion; empty: the core group. */
export function groupOf(apiVersion: string): string {
  return apiVersion.slice(0, Math.max(0, apiVersion.indexOf("/")));
}

/**
 * The identity of an object wherever one is needed as a key. Kinds are told apart by no server and no path by their
 * case, so it is folded: `Configmap` and `ConfigMap` are one object.
 */
export function identityKey({ group, kind, namespace, name, isLocal }: ObjectIdentity): string {
  return `${isLocal ? "hub " : ""}${group}:${kind.toLowerCase()} ${namespace}/${name}`;
}

/** Whether the object is of this kind of the core group, however the kind's case is written. */
export function isCoreKind({ group, kind }: ObjectIdentity, wanted: "Namespace" | "Secret"): boolean {
  return group === "" && kind.toLowerCase() === wanted.toLowerCase();
}

export interface Manifest {
  readonly identity: ObjectIdentity;
  /** Canonical YAML with provenance (labels and annotation), ending in a newline. */
  readonly text: string;
  /** The Namespace that it is in is others' to make. */
  readonly skipsNamespace?: true;
  /** Of the reference that it comes of, where it says one: it decides among claims of one tier of owners. */
  readonly tier?: number;
  /** Of the template that printed it. */
  readonly at: SourcePlace;
  /** A Secret, or a chart with values of one, that is to be encrypted before it is planned: in `text` they are `***`. */
  readonly unsealed?: UnsealedSecret;
}

export interface UnsealedSecret {
  /** The Secret as it was rendered; a chart's: one of its values. */
  readonly object: JsonObject;
  /** Nothing of it comes of an event: the config folder has it as it is. */
  readonly isConstant: boolean;
}

/** What an object carries to say whose it is. Nothing in it changes with each event. */
export interface Provenance {
  /** `EventTrigger/<name>`, in a form that is a valid label value. */
  readonly owner: string;
  /** Hash of (connection, source, subject). */
  readonly entity: string;
  /** The name of the Sluice that made it: settings' `name`. */
  readonly instance: string;
}

/** What an event asks for on one cluster. */
export type ClusterRendering =
  | { readonly cluster: ClusterKey; readonly action: "Create"; readonly manifests: readonly Manifest[] }
  | { readonly cluster: ClusterKey; readonly action: "Delete" }
  /** The event is none of the owner's here: it changes nothing. */
  | { readonly cluster: ClusterKey; readonly action: "none" }
  | { readonly cluster: ClusterKey; readonly action: "fail"; readonly problem: Problem };

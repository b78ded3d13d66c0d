/** Where resources are, as paths of the API. */
import type { ObjectRef, ResourceKind } from "../../ports/cluster.ts";

/** Of a kind, in one namespace or in all. */
export function collectionPath({ group, version, plural }: ResourceKind, namespace = ""): string {
  const base = group === "" ? `/api/${version}` : `/apis/${group}/${version}`;
  return `${base}${namespace === "" ? "" : `/namespaces/${encodeURIComponent(namespace)}`}/${plural}`;
}

export function objectPath({ kind, namespace, name }: ObjectRef): string {
  return `${collectionPath(kind, kind.isNamespaced ? namespace : "")}/${encodeURIComponent(name)}`;
}

export function queryOf(parameters: Readonly<Record<string, string | undefined>>): string {
  const pairs = Object.entries(parameters).filter((pair): pair is [string, string] => pair[1] !== undefined);
  return pairs.length === 0 ? "" : `?${new URLSearchParams(pairs)}`;
}

/** How documents are told apart. */

/** `<kind>/<namespace>/<name>`, the namespace empty where the kind has none. */
export type DocumentKey = string;

interface DocumentName {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** Of the kinds that are read, those that live in no namespace. */
const clusterScopedKinds = new Set([
  "EventSource",
  "EventTrigger",
  "ClusterSet",
  "ClusterProfile",
  "CustomResourceDefinition",
]);

export function isClusterScoped(kind: string): boolean {
  return clusterScopedKinds.has(kind);
}

export function documentKey({ kind, namespace, name }: DocumentName): DocumentKey {
  return `${kind}/${isClusterScoped(kind) ? "" : namespace}/${name}`;
}

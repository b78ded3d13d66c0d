/** How documents are told apart. */
import type { RawDocument } from "../model/catalog.ts";

/** `<kind>/<namespace>/<name>`, the namespace empty where the kind has none. */
export type DocumentKey = string;

export function documentKey({ kind, namespace, name }: Pick<RawDocument, "kind" | "namespace" | "name">): DocumentKey {
  return `${kind}/${namespace}/${name}`;
}

/** How owners name documents of the catalog: by text, by the cluster's fields, or by what an event says. */
import { type DocumentKey, documentKey, isClusterScoped } from "./document-key.ts";
import type { SourcePlace } from "./problem.ts";
import type { Template } from "./template.ts";

/** A document that an owner refers to. */
export interface DocumentRef {
  readonly kind: string;
  /** Empty: the cluster's namespace, as in Sveltos. */
  readonly namespace: Template;
  readonly name: Template;
  /** Whether it may be missing. */
  readonly optional: boolean;
  readonly at: SourcePlace;
}

/** How the name of what is referred to comes about. */
export type Naming = "constant" | "by cluster" | "by event";

/** Functions that read what templateResourceRefs name: documents that an event may name, or that are made of what it says. */
export const documentFunctions = ["getResource", "copy", "getField", "setField", "removeField"] as const;

/** What says another thing for each event although nothing of the data stands there; `now` is when the event was. */
const readsEvent = new RegExp(`(?<![\\w.$-])(?:${[...documentFunctions, "now"].join("|")})(?![\\w-])`);

/** A template that only `.Cluster` is put into says the same for every event. */
export function namingOf(...templates: readonly Template[]): Naming {
  const isByEvent = ({ reads, source: { text } }: Template) =>
    reads.chains.some(([root]) => root !== "Cluster") ||
    readsEvent.test(text.slice(Math.max(0, text.indexOf("{{")), text.lastIndexOf("}}") + 1));
  if (templates.some(isByEvent)) return "by event";
  return templates.some(({ source }) => isTemplate(source.text)) ? "by cluster" : "constant";
}

/** The key of what is named outright, whatever the event and the cluster; undefined: something else decides. */
export function constantKey({ kind, namespace, name }: DocumentRef): DocumentKey | undefined {
  if (namingOf(namespace, name) !== "constant") return undefined;
  const inNamespace = namespace.source.text.trim();
  if (inNamespace === "" && !isClusterScoped(kind)) return undefined;
  return documentKey({ kind, namespace: inNamespace, name: name.source.text.trim() });
}

/** Whether a reference may come to name the document, as far as the text around its actions says. */
export function mayRefer(ref: Pick<DocumentRef, "kind" | "namespace" | "name">, key: DocumentKey): boolean {
  const [kind = "", namespace = "", name = ""] = key.split("/");
  if (ref.kind !== kind) return false;
  return (namespace === "" || mayPrint(ref.namespace, namespace, true)) && mayPrint(ref.name, name);
}

/**
 * Whether a template may print the text: what stands before its first action and behind its last one is printed whatever
 * they do. `empty`: what no text at all stands for.
 */
export function mayPrint({ source: { text } }: Template, value: string, empty = false): boolean {
  const [first, last] = [text.indexOf("{{"), text.lastIndexOf("}}")];
  if (first < 0 || last < 0) return text.trim() === "" ? empty : text.trim() === value;
  // Blanks may be trimmed, and a backslash quotes what follows in Handlebars.
  const before = text.slice(0, first).replace(/\\+$/, "").trim();
  return value.startsWith(before) && value.endsWith(text.slice(last + 2).trim());
}

function isTemplate(text: string): boolean {
  return text.includes("{{");
}

/** What a trigger refers to, as far as it is known before there is an event. */
import { type EventTrigger, generatedNamespace, referencesOf } from "../model/catalog.ts";
import { type DocumentKey, documentKey, isClusterScoped } from "../model/document-key.ts";
import { constantKey, type DocumentRef, mayPrint, namingOf } from "../model/document-ref.ts";
import type { SourcePlace } from "../model/problem.ts";
import { isLiteral } from "../render/compile-template.ts";
import type { YamlDocument } from "./yaml-document.ts";

export type Reference = {
  readonly title: string;
  readonly optional: boolean;
  readonly at: SourcePlace;
  /** What it holds becomes objects as it is, or as a template makes it. */
  readonly isRendered?: true;
  /** The document is only read, and must be of this API group; absent: it is for a purpose of its kind. */
  readonly group?: string;
} & (
  | { readonly key: DocumentKey }
  /** `<kind>/<name>`: in the namespace of whichever cluster it is rendered for. */
  | { readonly key?: undefined; readonly anyNamespace: string }
);

/** References whose names are no templates; the others are followed when they are rendered. */
export function findReferences(document: YamlDocument, trigger: EventTrigger): Reference[] {
  const references: Reference[] = [];
  const name = trigger.eventSourceName.source.text;
  if (isLiteral(name)) {
    const key = documentKey({ kind: "EventSource", namespace: "", name });
    const at = document.placeOf(["spec", "eventSourceName"]);
    references.push({ key, title: `EventSource ${name}`, optional: false, at });
  }
  for (const [index, set] of trigger.clusterSetRefs.entries()) {
    const key = documentKey({ kind: "ClusterSet", namespace: "", name: set });
    const at = document.placeOf(["spec", "clusterSetRefs", index]);
    references.push({ key, title: `ClusterSet ${set}`, optional: false, at });
  }
  const groups = new Map<DocumentRef, string>(
    trigger.templateResourceRefs.map((ref) => [ref, ref.apiVersion.replace(/\/?[^/]*$/, "")]),
  );
  const isGenerated = (ref: DocumentRef) => trigger.generators.some((generator) => mayMake(generator, ref));
  for (const ref of referencesOf(trigger)) {
    const reference = isGenerated(ref) ? undefined : followed(ref, groups.get(ref));
    const isRendered = trigger.policyRefs.some((policy) => policy === ref);
    if (reference !== undefined) references.push(isRendered ? { ...reference, isRendered } : reference);
  }
  return references;
}

/** Undefined for a name that is known only where it is rendered. */
function followed(ref: DocumentRef, group: string | undefined): Reference | undefined {
  if (namingOf(ref.namespace, ref.name) !== "constant") return undefined;
  const { kind, optional, at } = ref;
  const [namespace, name] = [ref.namespace.source.text.trim(), ref.name.source.text.trim()];
  const common = { optional, at, ...(group === undefined ? {} : { group }) };
  const key = constantKey(ref);
  if (key === undefined) return { ...common, anyNamespace: `${kind}/${name}`, title: `${kind} ${name}` };
  return { ...common, key, title: isClusterScoped(kind) ? `${kind} ${name}` : `${kind} ${namespace}/${name}` };
}

/** Whether a generator may make what the reference names. */
function mayMake(generator: EventTrigger["generators"][number], ref: DocumentRef): boolean {
  if (generator.kind !== ref.kind || !mayPrint(ref.namespace, generatedNamespace)) return false;
  return !isLiteral(ref.name.source.text) || mayPrint(generator.nameFormat, ref.name.source.text.trim());
}

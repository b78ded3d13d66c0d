/** What an owner refers to, as far as it is known before there is an event. */
import { type EventTrigger, generatedNamespace, type OwnerSpec, type Profile, referencesOf } from "../model/catalog.ts";
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

/** References of a trigger whose names are no templates; the others are followed when they are rendered. */
export function findTriggerReferences(document: YamlDocument, trigger: EventTrigger): Reference[] {
  const references: Reference[] = [];
  const name = trigger.eventSourceName.source.text;
  if (isLiteral(name)) {
    const key = documentKey({ kind: "EventSource", namespace: "", name });
    const at = document.placeOf(["spec", "eventSourceName"]);
    references.push({ key, title: `EventSource ${name}`, optional: false, at });
  }
  const sets = findNamed(document, "clusterSetRefs", trigger.clusterSetRefs, { kind: "ClusterSet", namespace: "" });
  const prerequisites = findNamed(document, "dependsOn", trigger.dependsOn, { kind: "ClusterProfile", namespace: "" });
  return [...references, ...sets, ...prerequisites, ...findSpecReferences(trigger)];
}

export function findProfileReferences(document: YamlDocument, profile: Profile): Reference[] {
  const { kind, namespace } = profile.owner;
  const setKind = kind === "ClusterProfile" ? "ClusterSet" : "Set";
  return [
    ...findNamed(document, "setRefs", profile.setRefs, { kind: setKind, namespace }),
    ...findNamed(document, "dependsOn", profile.dependsOn, { kind, namespace }),
    ...findSpecReferences(profile),
  ];
}

/** Documents of one kind and namespace that a list in `spec` names. */
function findNamed(
  document: YamlDocument,
  field: string,
  names: readonly string[],
  { kind, namespace }: { readonly kind: string; readonly namespace: string },
): Reference[] {
  return names.map((name, index) => ({
    key: documentKey({ kind, namespace, name }),
    title: namespace === "" ? `${kind} ${name}` : `${kind} ${namespace}/${name}`,
    optional: false,
    at: document.placeOf(["spec", field, index]),
  }));
}

function findSpecReferences(spec: OwnerSpec): Reference[] {
  const references: Reference[] = [];
  const groups = new Map<DocumentRef, string>(
    spec.templateResourceRefs.map((ref) => [ref, ref.apiVersion.replace(/\/?[^/]*$/, "")]),
  );
  const isGenerated = (ref: DocumentRef) => spec.generators.some((generator) => mayMake(generator, ref));
  for (const ref of referencesOf(spec)) {
    const reference = isGenerated(ref) ? undefined : followed(ref, groups.get(ref));
    const isRendered = spec.policyRefs.some((policy) => policy === ref);
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

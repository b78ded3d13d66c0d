/** What a trigger refers to, as far as it is known before there is an event. */
import type { PolicyRef } from "../model/catalog.ts";
import type { SourcePlace } from "../model/problem.ts";
import { isLiteral } from "../render/compile-template.ts";
import { type DocumentKey, documentKey } from "./document-key.ts";
import type { TriggerDraft } from "./read-event-trigger.ts";
import type { YamlDocument } from "./yaml-document.ts";

export type Reference = {
  readonly title: string;
  readonly optional: boolean;
  readonly at: SourcePlace;
} & (
  | { readonly key: DocumentKey }
  /** `<kind>/<name>`: in the namespace of whichever cluster it is rendered for. */
  | { readonly key?: undefined; readonly anyNamespace: string }
);

/** References whose names are no templates; the others are followed when they are rendered. */
export function findReferences(document: YamlDocument, trigger: TriggerDraft): Reference[] {
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
  for (const ref of trigger.policyRefs) {
    const { kind, optional, at } = ref;
    const { namespace, name } = literalNames(ref);
    if (namespace === undefined || name === undefined) continue;
    if (namespace === "") references.push({ anyNamespace: `${kind}/${name}`, title: `${kind} ${name}`, optional, at });
    else
      references.push({
        key: documentKey({ kind, namespace, name }),
        title: `${kind} ${namespace}/${name}`,
        optional,
        at,
      });
  }
  return references;
}

/** The parts of a policyRef's target that are no templates. */
export function literalNames({ namespace, name }: PolicyRef): {
  readonly namespace: string | undefined;
  readonly name: string | undefined;
} {
  const literal = (text: string): string | undefined => (isLiteral(text) ? text : undefined);
  return { namespace: literal(namespace.source.text), name: literal(name.source.text) };
}

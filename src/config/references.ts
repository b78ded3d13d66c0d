/** What a trigger refers to, as far as it is known before there is an event. */
import type { PolicyRef } from "../model/catalog.ts";
import type { SourcePlace } from "../model/problem.ts";
import { isLiteral } from "../render/compile-template.ts";
import { type DocumentKey, documentKey } from "./read-document.ts";
import type { TriggerDraft } from "./read-event-trigger.ts";

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
export function findReferences(trigger: TriggerDraft): Reference[] {
  const references: Reference[] = [];
  const { eventSourceName } = trigger;
  if (isLiteral(eventSourceName.source.text)) {
    const { text, file, line, column, part } = eventSourceName.source;
    const key = documentKey({ kind: "EventSource", namespace: "", name: text });
    references.push({ key, title: `EventSource ${text}`, optional: false, at: { file, line, column, part } });
  }
  for (const name of trigger.clusterSetRefs) {
    const key = documentKey({ kind: "ClusterSet", namespace: "", name });
    references.push({ key, title: `ClusterSet ${name}`, optional: false, at: trigger.at });
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

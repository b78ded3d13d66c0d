/** What a trigger names outright and the policy lets no object of: it could never pass. */
import { type Catalog, type ContentDocument, referencesOf } from "../model/catalog.ts";
import { printedReferences } from "../model/chart.ts";
import { constantKey } from "../model/document-ref.ts";
import { groupOf } from "../model/manifest.ts";
import { findHopeless } from "../model/policy.ts";
import type { Problem } from "../model/problem.ts";
import { describePrintedReference } from "../render/render-charts.ts";
import { placeInSource } from "../render/template-place.ts";

/** The kind of a YAML document, where it is written out. */
interface WrittenKind {
  readonly group: string;
  readonly kind: string;
  /** Of the kind, in the text. */
  readonly at: number;
}

const kindLine = /^kind:[ \t]*(["']?)([A-Za-z][A-Za-z0-9]*)\1[ \t]*(?:#.*)?$/m;
const versionLine = /^apiVersion:[ \t]*(["']?)([A-Za-z0-9./-]+)\1[ \t]*(?:#.*)?$/m;

export function checkPolicy(catalog: Catalog): Problem[] {
  return [...catalog.eventTriggers.values()].flatMap((trigger) => {
    const rendered = new Set<unknown>(trigger.policyRefs);
    const printed = trigger.charts.flatMap((chart) =>
      printedReferences(chart).map(([path, template]): Problem => {
        return { ...describePrintedReference(chart, path, template), severity: "error" };
      }),
    );
    const contents = referencesOf(trigger).flatMap((ref) => {
      const key = rendered.has(ref) ? constantKey(ref) : undefined;
      const content = key === undefined ? undefined : catalog.contents.get(key);
      const isLocal = "isLocal" in ref && ref.isLocal === true;
      return content === undefined ? [] : checkContentOf(catalog, trigger.name, content, isLocal);
    });
    return [...printed, ...contents];
  });
}

function checkContentOf(
  { policy }: Catalog,
  trigger: string,
  { kind: holder, name, entries }: ContentDocument,
  isLocal: boolean,
): Problem[] {
  return entries.flatMap(({ content: { source } }) =>
    findKinds(source.text).flatMap(({ group, kind, at }): Problem[] => {
      const verdict = findHopeless(policy, trigger, { group, kind, ...(isLocal ? { isLocal } : {}) });
      if (verdict === undefined) return [];
      return [
        {
          code: "POLICY_VIOLATION",
          severity: "error",
          message: `EventTrigger ${trigger} must not render a ${kind}, as ${holder} ${name} does: ${verdict.why} (${verdict.rule})`,
          at: placeInSource(source, at),
          hint: "Put it into a profile, or allow it in the settings' policy.",
        },
      ];
    }),
  );
}

function findKinds(text: string): WrittenKind[] {
  const kinds: WrittenKind[] = [];
  let start = 0;
  for (const part of text.split(/^(?=---)/m)) {
    const [kind, version] = [kindLine.exec(part), versionLine.exec(part)];
    if (kind !== null && version !== null) {
      const group = groupOf(version[2]!);
      kinds.push({ group, kind: kind[2]!, at: start + kind.index });
    }
    start += part.length;
  }
  return kinds;
}

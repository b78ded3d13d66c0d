/**
 * Content that is the same for every event, being no template: read as it would be for an event, once, where a trigger
 * refers to it. What is wrong with it fails every event, so it is an error of the document.
 */
import type { ContentDocument } from "../model/catalog.ts";
import type { CustomKinds } from "../model/custom-kind.ts";
import type { Problem } from "../model/problem.ts";
import { isLiteral } from "../render/compile-template.ts";
import type { KubernetesChecks } from "../render/manifests/schema/check-schema.ts";
import { readManifests } from "../render/read-manifests.ts";

const provenance = { owner: "", entity: "", instance: "" };
const templateHint = "It is taken as it is. If it is a template, annotate its document: projectsveltos.io/instantiate.";
const noTexts: ReadonlyMap<string, string> = new Map();

/** What it is held against. */
export interface ContentScope {
  readonly customKinds: CustomKinds;
  readonly checks: KubernetesChecks;
}

interface Checked extends ContentScope {
  readonly problems: readonly Problem[];
}

/** By the document's entries, which stay the same objects as long as its file does. */
const checked = new WeakMap<ContentDocument["entries"], Checked>();

/** Problems of entries that print themselves. */
export function checkContent({ entries, isTemplate }: ContentDocument, scope: ContentScope): readonly Problem[] {
  const { customKinds, checks } = scope;
  const before = checked.get(entries);
  const isKnown = before?.checks === checks && isSameKinds(before.customKinds, customKinds);
  if (before !== undefined && isKnown) return before.problems;
  const problems = entries.flatMap(({ content: { source } }) => {
    if (isTemplate && !isLiteral(source.text)) return [];
    const options = { provenance, extraLabels: noTexts, extraAnnotations: noTexts, ...scope, isValidation: true };
    const found = readManifests({ text: source.text, printed: [] }, source, options).problems;
    return isTemplate || isLiteral(source.text) ? found : found.map((problem) => ({ ...problem, hint: templateHint }));
  });
  checked.set(entries, { ...scope, problems });
  return problems;
}

function isSameKinds(before: CustomKinds, after: CustomKinds): boolean {
  return before.size === after.size && [...before].every(([key, kind]) => after.get(key) === kind);
}

/**
 * Content that is the same for every event, being no template: read as it would be for an event, once, where a trigger
 * refers to it. What is wrong with it fails every event, so it is an error of the document.
 */
import type { ContentDocument } from "../model/catalog.ts";
import type { CustomKinds } from "../model/custom-kind.ts";
import { isCoreKind, type Manifest } from "../model/manifest.ts";
import type { Problem } from "../model/problem.ts";
import { isLiteral } from "../render/compile-template.ts";
import type { KubernetesChecks } from "../render/manifests/schema/check-schema.ts";
import { readManifests } from "../render/read-manifests.ts";
import { withoutExcerpt } from "../render/without-quotes.ts";

const provenance = { owner: "", entity: "", instance: "" };
const templateHint = "It is taken as it is. If it is a template, annotate its document: projectsveltos.io/instantiate.";
const noTexts: ReadonlyMap<string, string> = new Map();

/** What it is held against. */
export interface ContentScope {
  readonly customKinds: CustomKinds;
  readonly checks: KubernetesChecks;
  /** Whether it stands in the repository that it is rendered to. */
  readonly isCommitted: boolean;
}

interface Checked extends ContentScope {
  readonly problems: readonly Problem[];
}

/** By the document's entries, which stay the same objects as long as its file does. */
const checked = new WeakMap<ContentDocument["entries"], Checked>();

/** Problems of entries that print themselves. */
export function checkContent(
  { entries, isTemplate, isHidden }: ContentDocument,
  scope: ContentScope,
): readonly Problem[] {
  const { customKinds, checks, isCommitted } = scope;
  const before = checked.get(entries);
  const isSame = before?.checks === checks && before.isCommitted === isCommitted;
  const isKnown = isSame && isSameKinds(before.customKinds, customKinds);
  if (before !== undefined && isKnown) return before.problems;
  const problems = entries.flatMap(({ content: { source } }) => {
    if (isTemplate && !isLiteral(source.text)) return [];
    const texts = { extraLabels: noTexts, extraAnnotations: noTexts };
    const options = { provenance, ...texts, customKinds, checks, isValidation: true };
    const { value, problems: found } = readManifests({ text: source.text, printed: [] }, source, options);
    const isInClear = isCommitted && !isTemplate && isHidden !== true;
    const secrets = isInClear ? value.filter(isSecret).map(warnOfSecret) : [];
    const isPlain = isTemplate || isLiteral(source.text);
    return [...(isPlain ? found : found.map((problem) => ({ ...problem, hint: templateHint }))), ...secrets];
  });
  checked.set(entries, { ...scope, problems });
  return problems;
}

function isSecret({ identity }: Manifest): boolean {
  return isCoreKind(identity, "Secret");
}

/** Whoever may read the repository has read it: to commit its rendering makes that no worse. */
function warnOfSecret({ identity: { namespace, name }, at }: Manifest): Problem {
  return {
    code: "SECRET_IN_CLEAR",
    severity: "warning",
    message: `Secret ${namespace}/${name} stands in the config folder in clear, and is committed so`,
    at: withoutExcerpt(at),
    hint: "Let an ExternalSecret or a SealedSecret bring it, and change what it held.",
  };
}

function isSameKinds(before: CustomKinds, after: CustomKinds): boolean {
  return before.size === after.size && [...before].every(([key, kind]) => after.get(key) === kind);
}

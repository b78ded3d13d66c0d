/**
 * Whether an event may be printed into a Secret: then nothing of what it says is remembered where Secrets must not stand in
 * clear. Told by the templates' text before anything is rendered, since what fails has no manifests to look at.
 */
import type { Catalog, ContentDocument, OwnerSpec } from "../model/catalog.ts";
import { referencesOf } from "../model/catalog.ts";
import { constantKey, type DocumentRef, mayRefer } from "../model/document-ref.ts";
import type { ClusterRendering } from "../model/manifest.ts";

/**
 * A kind that is Secret, in YAML, in JSON or as an argument of `dict` or `setField`, or that an action prints. What stands
 * between, such as a tag or an anchor, is no matter; a text of its own begins on the next line.
 */
const secretKind = /kind\b[^\n,]{0,80}?(?:\bsecret(?![\w.-])|:[^\n,]{0,80}\n\s*["']?secret(?![\w.-])|:\s*[^\n]*\{\{)/i;

/** By the catalog's documents, so that a catalog that only pauses something is the same. */
const known = new WeakMap<Catalog["contents"], WeakMap<OwnerSpec["policyRefs"], boolean>>();

type RenderedSpec = Parameters<typeof referencesOf>[0] & Pick<OwnerSpec, "patches">;

export function mayRenderSecrets(spec: RenderedSpec, { contents }: Pick<Catalog, "contents">): boolean {
  const bySpec = known.get(contents) ?? new WeakMap<OwnerSpec["policyRefs"], boolean>();
  known.set(contents, bySpec);
  let verdict = bySpec.get(spec.policyRefs);
  if (verdict === undefined) {
    const arePatchesPrinted = hasPrintedPatch(spec);
    const values = spec.charts.flatMap(({ valuesFrom }) => valuesFrom);
    verdict =
      [...contentsOf(referencesOf(spec), contents)].some(
        ({ isTemplate, entries }) =>
          (isTemplate || arePatchesPrinted) && entries.some(({ content }) => secretKind.test(content.source.text)),
      ) ||
      // Values are no manifests, and say of no Secret that they are one's.
      [...contentsOf(values, contents)].some(({ kind, isTemplate }) => kind === "Secret" && isTemplate);
    bySpec.set(spec.policyRefs, verdict);
  }
  return verdict;
}

/** Whether something of an event is in a Secret that must not stand in clear, or would be: told by what was rendered. */
export function printsSecret(
  spec: RenderedSpec,
  catalog: Pick<Catalog, "contents">,
  renderings: readonly ClusterRendering[],
): boolean {
  return renderings.some((rendering) => {
    if (rendering.action === "fail") {
      return rendering.problem.code === "SECRET_REFUSED" && rendersTemplates(spec, catalog);
    }
    return rendering.action === "Create" && rendering.manifests.some(({ unsealed }) => unsealed?.isConstant === false);
  });
}

/** Whether anything of what it renders is a template: else nothing of an event is in it. */
function rendersTemplates(spec: RenderedSpec, { contents }: Pick<Catalog, "contents">): boolean {
  return hasPrintedPatch(spec) || [...contentsOf(referencesOf(spec), contents)].some(({ isTemplate }) => isTemplate);
}

function hasPrintedPatch({ patches }: Pick<OwnerSpec, "patches">): boolean {
  return patches.some(({ content }) => content.source.text.includes("{{"));
}

/** What references may name, whatever the event and the cluster. */
function* contentsOf(references: readonly DocumentRef[], contents: Catalog["contents"]): Iterable<ContentDocument> {
  for (const ref of references) {
    const key = constantKey(ref);
    const constant = key === undefined ? undefined : contents.get(key);
    if (constant !== undefined) yield constant;
    if (key === undefined) for (const [other, content] of contents) if (mayRefer(ref, other)) yield content;
  }
}

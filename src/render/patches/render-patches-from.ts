/**
 * Patches that ConfigMaps and Secrets hold: each entry a mapping with `patch`, a text, and `target`. What an event says must
 * not be printed there: a text within a text can't be guarded as what it becomes.
 */
import { isJsonObject, type JsonObject } from "../../model/json.ts";
import type { PatchesRef } from "../../model/patch.ts";
import { SluiceError } from "../../model/problem.ts";
import type { RenderContext, TemplateSource } from "../../model/template.ts";
import { findContent, resolveRef } from "../find-document.ts";
import { readValue, ValueError } from "../manifests/read-value.ts";
import { looksPosition } from "../manifests/string-positions.ts";
import { renderContent } from "../render-content.ts";
import type { RenderScope } from "../render-spec.ts";
import { placeOfSource } from "../template-place.ts";
import { YamlSyntaxError } from "../yaml/node.ts";
import { parseYaml } from "../yaml/parse-yaml.ts";
import { invalidPatch, type RenderedPatch } from "./patch-object.ts";
import { readTarget } from "./read-target.ts";

/** In the order of the references and of their entries. Throws a SluiceError where one can't be read. */
export function renderPatchesFrom(
  references: readonly PatchesRef[],
  scope: RenderScope,
  context: RenderContext,
): readonly RenderedPatch[] {
  return references.flatMap((reference) => {
    const named = reference as Parameters<typeof findContent>[0];
    const document = findContent(named, resolveRef(reference, scope), scope);
    return (document?.entries ?? []).map(({ content }): RenderedPatch => {
      const { source } = content;
      const { text, printed } = renderContent(content, scope.data, context);
      if (printed.length > 0 && scope.trigger !== undefined) throw refusePrinted(source);
      const entry = readEntry(text, source);
      const [patch, target] = [entry.get("patch"), entry.get("target")];
      if (typeof patch !== "string") throw invalidPatch(source, "an entry of patchesFrom lacks its patch, a text");
      const read = target === undefined ? undefined : readTarget(target);
      const [fault] = read?.faults ?? [];
      if (fault !== undefined)
        throw invalidPatch(source, `target.${fault.field} of an entry of patchesFrom ${fault.message}`);
      return { source, rendered: { text: patch, printed: [] }, ...(read === undefined ? {} : { target: read.value }) };
    });
  });
}

function readEntry(text: string, source: TemplateSource): JsonObject {
  try {
    const [node, ...more] = parseYaml(text);
    const value = node === undefined ? undefined : readValue(node, looksPosition);
    if (isJsonObject(value) && more.length === 0) return value;
  } catch (error) {
    if (!(error instanceof YamlSyntaxError) && !(error instanceof ValueError)) throw error;
  }
  throw invalidPatch(source, "an entry of patchesFrom is no mapping in YAML with patch and target");
}

function refusePrinted(source: TemplateSource): SluiceError {
  return new SluiceError({
    code: "GUARD_VIOLATION",
    message: "a patch of patchesFrom must not print what an event says",
    at: placeOfSource(source),
    hint: "Write it into the trigger's patches: there values may be printed.",
  });
}

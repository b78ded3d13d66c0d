/** `patches` and `patchesFrom` of owners: lists of operations (RFC 6902), and objects that are merged strategically. */
import type { JsonObject } from "../model/json.ts";
import type { Patch, PatchesRef } from "../model/patch.ts";
import type { Checked, Problem } from "../model/problem.ts";
import { readTarget } from "../render/patches/read-target.ts";
import { formatPath } from "./check-shape.ts";
import { readDocumentRef } from "./read-document-refs.ts";
import type { TemplateReader } from "./template-reader.ts";
import { memberList, memberObject, memberText, type Path, type YamlDocument } from "./yaml-document.ts";

export function readPatches(
  document: YamlDocument,
  templates: TemplateReader,
  spec: JsonObject,
): Checked<readonly Patch[]> {
  const value: Patch[] = [];
  const problems: Problem[] = [];
  for (const [index, written] of memberList(spec, "patches").entries()) {
    const path: Path = ["spec", "patches", index];
    const text = memberText(written, "patch") ?? "";
    const target = memberObject(written, "target");
    const areOperations = /^\s*(?:#.*\n\s*)*[-[]/.test(text);
    if (target === undefined && areOperations) {
      const message = "a list of operations needs a target";
      problems.push(document.problem("DOCUMENT_INVALID", message, document.placeOf(path)));
      continue;
    }
    const read = target === undefined ? undefined : readTarget(target);
    for (const { field, message } of read?.faults ?? []) {
      const place: Path = [...path, "target", field];
      problems.push(document.problem("DOCUMENT_INVALID", `${formatPath(place)} ${message}`, document.placeOf(place)));
    }
    value.push({
      content: templates.compile([...path, "patch"], text),
      ...(read === undefined ? {} : { target: read.value }),
      at: document.placeOf(path),
    });
  }
  return { value, problems };
}

/** ConfigMaps and Secrets whose entries each hold a patch and its target. */
export function readPatchesFrom(
  document: YamlDocument,
  templates: TemplateReader,
  spec: JsonObject,
): readonly PatchesRef[] {
  return memberList(spec, "patchesFrom").map((reference, index) => ({
    kind: memberText(reference, "kind") === "Secret" ? "Secret" : "ConfigMap",
    ...readDocumentRef(document, templates, ["spec", "patchesFrom", index], reference),
  }));
}

/** `patches` of owners: those of RFC 6902. What is merged strategically has no effect, and a warning says so. */
import { RE2JS, RE2JSException } from "re2js";
import type { LabelSelector } from "../model/cluster.ts";
import type { JsonObject } from "../model/json.ts";
import { parseSelector } from "../model/parse-selector.ts";
import type { Patch, PatchTarget, TextPattern } from "../model/patch.ts";
import type { Checked, Problem } from "../model/problem.ts";
import { formatPath } from "./check-shape.ts";
import type { TemplateReader } from "./template-reader.ts";
import { memberList, memberObject, memberText, type Path, type YamlDocument } from "./yaml-document.ts";

const patternFields = ["group", "version", "kind", "namespace", "name"] as const;
const selectorFields = { labelSelector: "labels", annotationSelector: "annotations" } as const;

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
    if (!/^\s*(?:#.*\n\s*)*[-[]/.test(text)) {
      const message = `${formatPath([...path, "patch"])} is no list of operations (RFC 6902): strategic merge patches have no effect`;
      problems.push(document.warning("FIELD_WITHOUT_EFFECT", message, document.keyPlaceOf([...path, "patch"])));
      continue;
    }
    const target = memberObject(written, "target");
    if (target === undefined) {
      const message = "a list of operations needs a target";
      problems.push(document.problem("DOCUMENT_INVALID", message, document.placeOf(path)));
      continue;
    }
    const read = readTarget(document, [...path, "target"], target);
    problems.push(...read.problems);
    value.push({
      operations: templates.compile([...path, "patch"], text),
      target: read.value,
      at: document.placeOf(path),
    });
  }
  return { value, problems };
}

function readTarget(document: YamlDocument, path: Path, target: JsonObject): Checked<PatchTarget> {
  const problems: Problem[] = [];
  const value: Record<string, TextPattern | LabelSelector> = {};
  const refuse = (field: string, message: string) => {
    const at = document.placeOf([...path, field]);
    problems.push(document.problem("DOCUMENT_INVALID", `${formatPath([...path, field])} ${message}`, at));
  };
  for (const field of patternFields) {
    const text = memberText(target, field) ?? "";
    if (text === "") continue;
    try {
      const pattern = RE2JS.compile(`^(?:${text})$`);
      value[field] = { matches: (candidate) => pattern.matches(candidate) };
    } catch (error) {
      if (!(error instanceof RE2JSException)) throw error;
      refuse(field, `is no pattern: ${error.message}`);
    }
  }
  for (const [field, name] of Object.entries(selectorFields)) {
    const text = memberText(target, field) ?? "";
    if (text === "") continue;
    const selector = parseSelector(text);
    if (selector === undefined) refuse(field, "is no selector, such as app=web,tier in (front,back),!old");
    else value[name] = selector;
  }
  return { value, problems };
}

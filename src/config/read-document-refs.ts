/** References of owners to documents that templates read, and to those that generators make others of. */
import type { Generator, TemplateResourceRef } from "../model/catalog.ts";
import type { DocumentRef } from "../model/document-ref.ts";
import { isJsonObject, type Json, type JsonObject } from "../model/json.ts";
import type { Checked, Problem } from "../model/problem.ts";
import { warnOfResourceFields } from "./fields-without-effect.ts";
import type { TemplateReader } from "./template-reader.ts";
import { memberList, memberObject, memberText, type Path, type YamlDocument } from "./yaml-document.ts";

/** `reference`: the mapping with namespace and name, at `path`. */
export function readDocumentRef(
  document: YamlDocument,
  templates: TemplateReader,
  path: Path,
  reference: Json | undefined,
): Omit<DocumentRef, "kind"> {
  return {
    namespace: templates.compile([...path, "namespace"], memberText(reference, "namespace") ?? ""),
    name: templates.compile([...path, "name"], memberText(reference, "name") ?? ""),
    optional: isJsonObject(reference) && reference.get("optional") === true,
    at: document.placeOf(path),
  };
}

export function readTemplateResourceRefs(
  document: YamlDocument,
  templates: TemplateReader,
  spec: JsonObject,
): Checked<readonly TemplateResourceRef[]> {
  const value: TemplateResourceRef[] = [];
  const problems: Problem[] = [];
  for (const [index, ref] of memberList(spec, "templateResourceRefs").entries()) {
    const path: Path = ["spec", "templateResourceRefs", index];
    const resource = memberObject(ref, "resource");
    const identifier = memberText(ref, "identifier") ?? "";
    const [kind, apiVersion] = [memberText(resource, "kind") ?? "", memberText(resource, "apiVersion") ?? ""];
    problems.push(...warnOfResourceFields(document, [...path, "resource"], resource));
    const fault =
      identifier === ""
        ? "a templateResourceRef needs an identifier"
        : value.some((other) => other.identifier === identifier)
          ? `the identifier ${identifier} is another templateResourceRef's already`
          : kind === "" || apiVersion === "" || (memberText(resource, "name") ?? "") === ""
            ? "the resource of a templateResourceRef needs apiVersion, kind and name"
            : undefined;
    if (fault !== undefined) {
      problems.push(document.problem("DOCUMENT_INVALID", fault, document.placeOf(path)));
      continue;
    }
    const named = readDocumentRef(document, templates, [...path, "resource"], resource);
    const optional = isJsonObject(ref) && ref.get("optional") === true;
    value.push({ identifier, kind, apiVersion, ...named, optional, at: document.placeOf(path) });
  }
  return { value, problems };
}

const generatorFields = [
  ["configMapGenerator", "ConfigMap"],
  ["secretGenerator", "Secret"],
] as const;

/** Those of ConfigMaps before those of Secrets. */
export function readGenerators(
  document: YamlDocument,
  templates: TemplateReader,
  spec: JsonObject,
): Checked<readonly Generator[]> {
  const value: Generator[] = [];
  const problems: Problem[] = [];
  for (const [field, kind] of generatorFields) {
    for (const [index, generator] of memberList(spec, field).entries()) {
      const path: Path = ["spec", field, index];
      const nameFormat = memberText(generator, "nameFormat") ?? "";
      if (nameFormat === "" || (memberText(generator, "name") ?? "") === "") {
        const message = `a ${field} needs name and nameFormat`;
        problems.push(document.problem("DOCUMENT_INVALID", message, document.placeOf(path)));
        continue;
      }
      const compiled = templates.compile([...path, "nameFormat"], nameFormat);
      value.push({ kind, ...readDocumentRef(document, templates, path, generator), nameFormat: compiled });
    }
  }
  return { value, problems };
}

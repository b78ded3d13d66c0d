/** ConfigMaps and Secrets that triggers deploy. */
import type { ContentDocument, ContentEntry } from "../model/catalog.ts";
import type { Json } from "../model/json.ts";
import type { Checked, Problem } from "../model/problem.ts";
import { checkAnnotations } from "./check-annotations.ts";
import { checkRoots } from "./check-roots.ts";
import { formatPath } from "./check-shape.ts";
import { decodeBase64Text } from "./decode-base64.ts";
import { warnOfBinaryData } from "./fields-without-effect.ts";
import { TemplateReader } from "./template-reader.ts";
import { memberObject, type Path, type YamlDocument } from "./yaml-document.ts";

/** On a ConfigMap or Secret: its content is a template. What the annotations are set to does not matter, as in Sveltos. */
const templateAnnotations = ["projectsveltos.io/instantiate", "projectsveltos.io/template"];

/** What a template of ours would have in it, and hardly anything else. */
const looksLikeTemplate = /\{\{[^}]*[.$](?:CloudEvents?|Cluster)\b/;

function warnOfTemplate(document: YamlDocument, kind: string, name: string, key: string): Problem {
  const message = `${kind} ${name}: ${key} looks like a template and is not annotated as one, so it is taken as it is`;
  const at = document.keyPlaceOf(["data", key]);
  return document.warning("FIELD_WITHOUT_EFFECT", message, at, `Annotate it with ${templateAnnotations[0]}.`);
}

/** Reads a document of checked shape. */
export function readContent(
  document: YamlDocument,
  kind: ContentDocument["kind"],
  namespace: string,
  name: string,
): Checked<ContentDocument> {
  const problems: Problem[] = warnOfBinaryData(document);
  const templates = new TemplateReader(document, `${kind} ${namespace}/${name}`);
  const annotations = memberObject(memberObject(document.value, "metadata"), "annotations");
  const isTemplate = templateAnnotations.some((annotation) => annotations?.has(annotation));
  const entries = new Map<string, ContentEntry>();

  const add = (path: Path, key: string, text: string): void => {
    entries.set(key, { key, content: isTemplate ? templates.compile(path, text) : templates.quote(path, text) });
  };
  for (const [key, value] of memberObject(document.value, "data") ?? new Map<string, Json>()) {
    const path = ["data", key];
    const text = kind === "Secret" ? decodeBase64Text(String(value)) : String(value);
    if (text === undefined) {
      problems.push(
        document.problem("DOCUMENT_INVALID", `${formatPath(path)} is not base64 of text`, document.placeOf(path)),
      );
    } else add(path, key, text);
  }
  // As in the API server, what stringData says replaces what data says.
  for (const [key, value] of memberObject(document.value, "stringData") ?? new Map<string, Json>()) {
    add(["stringData", key], key, String(value));
  }
  problems.push(...checkAnnotations(document, kind));
  for (const { key, content } of entries.values()) {
    if (isTemplate) problems.push(...checkRoots(content));
    else if (looksLikeTemplate.test(content.source.text)) problems.push(warnOfTemplate(document, kind, name, key));
  }
  const value = { kind, namespace, name, isTemplate, entries: [...entries.values()], at: document.placeOf([]) };
  return { value, problems: [...problems, ...templates.problems] };
}

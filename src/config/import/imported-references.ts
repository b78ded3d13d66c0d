/** Which other documents a trigger, profile or set needs beside it. Pure. */
import { referencesOf } from "../../model/catalog.ts";
import { type DocumentKey, documentKey } from "../../model/document-key.ts";
import { constantKey, type DocumentRef, mayRefer, namingOf } from "../../model/document-ref.ts";
import { writeJson } from "../../model/json.ts";
import { readDocuments } from "../read-document.ts";
import { parseYaml } from "../yaml-document.ts";
import { type ImportedDocument, titleOf } from "./imported-document.ts";

/** What may name documents: one outright, or several by a template. */
export interface ImportedReference {
  /** Of who refers. */
  readonly from: string;
  readonly kind: string;
  /** Undefined where a template decides. */
  readonly key?: DocumentKey;
  /** The namespace where it is written out: what there is elsewhere is not meant. */
  readonly namespace?: string;
  matches(document: Pick<ImportedDocument, "kind" | "namespace" | "name" | "isTemplate">): boolean;
}

/** Of kinds that refer to nothing there are none. */
export function findImportedReferences(document: ImportedDocument): ImportedReference[] {
  const from = titleOf(document);
  // Written as JSON, which the reader of documents takes as well.
  const [parsed] = parseYaml(writeJson(document.value), { file: from, confidential: true });
  const [read] = parsed === undefined ? [] : readDocuments(parsed, from, "strict");
  const content = read?.content;
  if (content?.kind !== "EventTrigger" && content?.kind !== "profile") return [];
  const spec = content.kind === "EventTrigger" ? content.trigger : content.profile;
  const named = content.references.flatMap(({ key }) => (key === undefined ? [] : fixed(from, key)));
  return [...named, ...referencesOf(spec).map((ref) => following(from, ref))];
}

function fixed(from: string, key: DocumentKey): ImportedReference {
  const [kind = "", namespace = ""] = key.split("/");
  return { from, kind, key, namespace, matches: (document) => documentKey(document) === key };
}

function following(from: string, ref: DocumentRef): ImportedReference {
  const key = constantKey(ref);
  if (key !== undefined) return fixed(from, key);
  const namespace = ref.namespace.source.text.trim();
  const isByEvent = namingOf(ref.namespace, ref.name) === "by event";
  return {
    from,
    kind: ref.kind,
    ...(namespace === "" || namespace.includes("{{") ? {} : { namespace }),
    // What an event names must be annotated as a template, so nothing else can be meant.
    matches: (document) => (!isByEvent || document.isTemplate) && mayRefer(ref, documentKey(document)),
  };
}

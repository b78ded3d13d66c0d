/**
 * configMapGenerator and secretGenerator: documents that are made for one event and cluster, in memory alone, and that only
 * the references of the same owner can name.
 */
import { type ContentEntry, type Generator, generatedNamespace } from "../model/catalog.ts";
import { type DocumentKey, documentKey } from "../model/document-key.ts";
import type { Json, JsonObject } from "../model/json.ts";
import { SluiceError } from "../model/problem.ts";
import { encodeBase64 } from "./encode-base64.ts";
import { findContent, resolveRef } from "./find-document.ts";
import { renderContent } from "./render-content.ts";
import type { RenderScope } from "./render-spec.ts";
import { placeOfSource } from "./template-place.ts";

export interface GeneratedDocument {
  /** Rendered already: each prints what came of it, and knows what of that was printed. */
  readonly entries: readonly ContentEntry[];
  /** As templates read it. */
  readonly resource: JsonObject;
}

/** By the keys that references resolve to. Throws a SluiceError where one can't be made. */
export function generateDocuments(
  generators: readonly Generator[],
  scope: RenderScope,
): ReadonlyMap<DocumentKey, GeneratedDocument> {
  const documents = new Map<DocumentKey, GeneratedDocument>();
  for (const generator of generators) {
    const { kind, nameFormat } = generator;
    const document = findContent(generator, resolveRef(generator, scope), scope);
    if (document === undefined) continue;
    const name = nameFormat.render(scope.data, scope.context).text.trim();
    const key = documentKey({ kind, namespace: generatedNamespace, name });
    const isTaken = scope.catalog.documents.has(key)
      ? "the config folder has"
      : documents.has(key)
        ? "another makes"
        : "";
    if (isTaken !== "" || name === "") {
      throw new SluiceError({
        code: "REFERENCE_FORBIDDEN",
        message:
          name === ""
            ? "the nameFormat renders to nothing"
            : `${isTaken} a ${kind} ${generatedNamespace}/${name} already`,
        at: placeOfSource(nameFormat.source),
        hint: "Let nameFormat print a name of its own.",
      });
    }
    const entries = document.entries.map(({ key: entry, content }): ContentEntry => {
      const rendered = renderContent(content, scope.data, scope.context);
      return { key: entry, content: { source: content.source, reads: content.reads, render: () => rendered } };
    });
    documents.set(key, { entries, resource: resourceOf(kind, name, entries, scope) });
  }
  return documents;
}

function resourceOf(
  kind: Generator["kind"],
  name: string,
  entries: readonly ContentEntry[],
  { data, context }: RenderScope,
): JsonObject {
  const texts = entries.map(({ key, content }): [string, string] => {
    const { text } = content.render(data, context);
    return [key, kind === "Secret" ? encodeBase64(text) : text];
  });
  return new Map<string, Json>([
    ["apiVersion", "v1"],
    ["kind", kind],
    [
      "metadata",
      new Map([
        ["name", name],
        ["namespace", generatedNamespace],
      ]),
    ],
    ["data", new Map(texts)],
  ]);
}

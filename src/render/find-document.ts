/** The documents that an owner's references name for one event and cluster: the catalog's, and those that generators made. */
import type { ContentDocument, PolicyRef, TemplateResourceRef } from "../model/catalog.ts";
import { documentKey } from "../model/document-key.ts";
import { type DocumentRef, namingOf } from "../model/document-ref.ts";
import type { Json, JsonObject } from "../model/json.ts";
import { memberOf } from "../model/json-members.ts";
import { SluiceError } from "../model/problem.ts";
import { encodeBase64 } from "./encode-base64.ts";
import type { RenderScope } from "./render-spec.ts";

/** What a reference names, and whether an event had a say in it. */
export interface ResolvedRef {
  readonly key: string;
  readonly title: string;
  readonly namespace: string;
  readonly name: string;
}

export function resolveRef(
  { kind, namespace, name }: DocumentRef,
  { cluster, data, context }: RenderScope,
): ResolvedRef {
  const inNamespace = namespace.render(data, context).text.trim() || cluster.namespace;
  const called = name.render(data, context).text.trim();
  const key = documentKey({ kind, namespace: inNamespace, name: called });
  return {
    key,
    title: `${kind} ${key.slice(kind.length + 1).replace(/^\//, "")}`,
    namespace: inNamespace,
    name: called,
  };
}

/** Undefined where it is not there and need not be. Throws a SluiceError (REFERENCE_MISSING, REFERENCE_FORBIDDEN). */
export function findContent(
  reference: Pick<PolicyRef, keyof DocumentRef>,
  { key, title }: ResolvedRef,
  { catalog }: RenderScope,
): ContentDocument | undefined {
  const document = catalog.contents.get(key);
  if (document === undefined) return missing(reference, title);
  if (document.broken !== undefined) throw new SluiceError(document.broken);
  if (!document.isTemplate) refuseChoice(reference, title);
  return document;
}

/**
 * The document as it is in the catalog, a Secret's `stringData` among its `data` as an API server has it. Null where it
 * is not there and need not be.
 */
export function findResource(
  reference: TemplateResourceRef,
  { key, title }: ResolvedRef,
  { catalog }: RenderScope,
): JsonObject | null {
  const raw = catalog.documents.get(key);
  const group = (apiVersion: string) => apiVersion.replace(/\/?[^/]*$/, "");
  const isThere = raw !== undefined && group(raw.apiVersion) === group(reference.apiVersion);
  const content = catalog.contents.get(key);
  // What is a Secret and nothing to deploy is a cluster of Argo CD's, with its credentials.
  if (!isThere || (raw.kind === "Secret" && content === undefined)) return missing(reference, title) ?? null;
  if (content?.broken !== undefined) throw new SluiceError(content.broken);
  if (!isAnnotated(raw.value)) refuseChoice(reference, title);
  return raw.kind === "Secret" ? withStringData(raw.value) : raw.value;
}

function missing({ optional, at }: Pick<DocumentRef, "optional" | "at">, title: string): undefined {
  if (optional) return undefined;
  throw new SluiceError({
    code: "REFERENCE_MISSING",
    message: `there is no ${title}`,
    at,
    hint: "Add it to the config folder, or set optional: true on the reference.",
  });
}

/** An event must not be able to have just any document rolled out, or read, by naming it. */
function refuseChoice({ namespace, name, at }: DocumentRef, title: string): void {
  if (namingOf(namespace, name) !== "by event") return;
  throw new SluiceError({
    code: "REFERENCE_FORBIDDEN",
    message: `${title} is named by what an event says but is not annotated for it`,
    at,
    hint: "Annotate the document with projectsveltos.io/instantiate if it may be chosen so.",
  });
}

function isAnnotated(document: JsonObject): boolean {
  const annotations = memberOf(memberOf(document, "metadata"), "annotations");
  return annotations.has("projectsveltos.io/instantiate") || annotations.has("projectsveltos.io/template");
}

function withStringData(document: JsonObject): JsonObject {
  const texts = memberOf(document, "stringData");
  if (texts.size === 0) return document;
  const encoded = [...texts].map(([key, text]) => [key, encodeBase64(String(text))] as const);
  const others = [...document].filter(([key]) => key !== "stringData");
  return new Map<string, Json>([
    ...others,
    ["data", new Map<string, Json>([...memberOf(document, "data"), ...encoded])],
  ]);
}

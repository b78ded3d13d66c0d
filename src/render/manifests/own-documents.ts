/**
 * What a template printed of a document of the config folder, whole: `{{ copy "config" }}`. It is an object that people wrote,
 * although an action printed it; only what was changed of it may be an event's.
 */
import { isJsonObject, type Json, type JsonObject, writeJson } from "../../model/json.ts";
import type { PrintedRange } from "../../model/template.ts";

/** Fields that belong to the cluster an object came from: getResource and copy leave them out. */
const clusterFields = new Set(["managedFields", "resourceVersion", "uid"]);

export class OwnDocuments {
  readonly #documents: readonly JsonObject[];
  #texts: ReadonlySet<string> | undefined;

  constructor(documents: readonly JsonObject[] = []) {
    this.#documents = documents.map(withoutClusterFields);
  }

  /** Whether the range is one of the documents as it is. */
  isUnchanged(range: PrintedRange): boolean {
    if (this.#documents.length === 0 || !("serialized" in range)) return false;
    this.#texts ??= new Set(this.#documents.map((document) => writeJson(document)));
    return range.serialized !== undefined && this.#texts.has(writeJson(range.serialized));
  }

  /** Whether the range is one of the documents, perhaps changed, and the key one of its own below `path`. */
  hasKey(range: PrintedRange, path: readonly string[], key: string): boolean {
    if (this.#documents.length === 0 || !("serialized" in range)) return false;
    const { serialized } = range;
    if (serialized === undefined || !isJsonObject(serialized)) return false;
    return this.#documents.some((document) => {
      const isSameKind = ["apiVersion", "kind"].every((member) => document.get(member) === serialized.get(member));
      return isSameKind && memberAt(document, path)?.has(key) === true;
    });
  }
}

function memberAt(document: JsonObject, path: readonly string[]): JsonObject | undefined {
  let found: JsonObject | undefined = document;
  for (const key of path) {
    const member: Json | undefined = found?.get(key);
    found = member !== undefined && isJsonObject(member) ? member : undefined;
  }
  return found;
}

function withoutClusterFields(document: JsonObject): JsonObject {
  const metadata = document.get("metadata");
  if (metadata === undefined || !isJsonObject(metadata)) return document;
  const kept = new Map([...metadata].filter(([key]) => !clusterFields.has(key)));
  return new Map([...document].map(([key, value]) => (key === "metadata" ? [key, kept] : [key, value])));
}

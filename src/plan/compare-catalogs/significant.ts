/**
 * What of a document counts when two versions are compared: not what the API server and controllers write into it all
 * the time.
 */
import { isJsonObject, type Json, type JsonObject, writeJson } from "../../model/json.ts";
import type { FieldChain } from "../../model/template.ts";

const ofDocument = new Set(["status"]);
const ofMetadata = new Set(["resourceVersion", "managedFields", "creationTimestamp", "deletionTimestamp"]);

/** Equal for two values at the chain that make no difference to who reads them; undefined where there is nothing. */
export function significantText(document: JsonObject, chain: FieldChain = []): string | undefined {
  if (isPassingOn(chain)) return undefined;
  let value: Json | undefined = document;
  for (const step of chain) {
    value = isJsonObject(value) ? value.get(step) : undefined;
    if (value === undefined) return undefined;
  }
  if (chain.length === 0) {
    const metadata = document.get("metadata");
    const kept = without(document, ofDocument);
    value = isJsonObject(metadata) ? new Map([...kept, ["metadata", without(metadata, ofMetadata)]]) : kept;
  } else if (chain.length === 1 && chain[0] === "metadata" && isJsonObject(value)) value = without(value, ofMetadata);
  return writeJson(value);
}

/** Whether the chain leads to what never counts. */
function isPassingOn([first, second]: FieldChain): boolean {
  return ofDocument.has(first ?? "") || (first === "metadata" && ofMetadata.has(second ?? ""));
}

function without(object: JsonObject, keys: ReadonlySet<string>): JsonObject {
  return new Map([...object].filter(([key]) => !keys.has(key)));
}

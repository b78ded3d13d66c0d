/**
 * Members of mappings that are null count as absent, as in Kubernetes' API server: `labels:` with nothing behind it is no
 * labels. Items of lists that are null stay what they are, a fault.
 */
import { isJsonObject, type Json, type JsonObject } from "../model/json.ts";

/** What holds texts under names of people's own: there, an empty text. */
const textMaps = new Set(["labels", "annotations", "data", "stringData"]);
/** What selects or redirects: a value that is missing there was forgotten, and the schema says so. */
const strictMaps = new Set(["matchLabels", "extraLabels", "extraAnnotations", "connectTo"]);

/** `opaque`: members of the root that others know the meaning of; only they themselves are left out where null. */
export function withoutNulls(value: Json, opaque: readonly string[] = []): Json {
  if (!isJsonObject(value)) return value;
  return clean(value, (key, member) => (opaque.includes(key) ? member : cleanMember(key, member)));
}

function cleanMember(key: string, member: Json): Json {
  if (Array.isArray(member)) return member.map((item: Json) => (isJsonObject(item) ? clean(item, cleanMember) : item));
  if (!isJsonObject(member) || strictMaps.has(key)) return member;
  if (textMaps.has(key)) return new Map([...member].map(([name, text]) => [name, text ?? ""]));
  return clean(member, cleanMember);
}

function clean(object: JsonObject, cleanOne: (key: string, member: Json) => Json): JsonObject {
  const members = new Map<string, Json>();
  for (const [key, member] of object) if (member !== null) members.set(key, cleanOne(key, member));
  return members;
}

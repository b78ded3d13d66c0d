/** What is remembered of a group under review, as a file of the state branch. */
import { isJsonObject, type Json, type JsonObject, writeJson } from "../model/json.ts";
import type { FileContents, ReviewRecord } from "../model/review.ts";
import { encodePathPart, reviewsFolder } from "./paths.ts";
import { parseStateFile } from "./record-file.ts";

export function reviewPath(group: string): string {
  return `${reviewsFolder}/${encodePathPart(group)}.json`;
}

/** Undefined where there is nothing to remember: then there is no such file. */
export function writeReview({ group, request, head, shown, rejected, rejectedIn }: ReviewRecord): string | undefined {
  if (request === undefined && rejected.size === 0) return undefined;
  const file = new Map<string, Json>([
    ["version", 1n],
    ["group", group],
  ]);
  if (request !== undefined) file.set("request", BigInt(request));
  if (head !== undefined) file.set("head", head);
  if (shown.size > 0) file.set("shown", contentsToJson(shown));
  if (rejected.size > 0) file.set("rejected", contentsToJson(rejected));
  const known = [...(rejectedIn ?? [])].filter(([path]) => rejected.has(path)).sort(([a], [b]) => (a < b ? -1 : 1));
  if (known.length > 0) file.set("rejectedIn", new Map(known.map(([path, number]) => [path, BigInt(number)])));
  return `${writeJson(file, 1)}\n`;
}

/** Throws a SluiceError (STATE_INVALID). */
export function parseReview(text: string, path: string): ReviewRecord {
  const file = parseStateFile(text, path);
  const request = file.get("request");
  const head = file.get("head");
  const rejectedIn = file.get("rejectedIn");
  return {
    group: String(file.get("group")),
    ...(request === undefined ? {} : { request: Number(request) }),
    ...(head === undefined ? {} : { head: String(head) }),
    shown: contentsFromJson(file.get("shown")),
    rejected: contentsFromJson(file.get("rejected")),
    ...(isJsonObject(rejectedIn)
      ? { rejectedIn: new Map([...rejectedIn].map(([path, number]) => [path, Number(number)])) }
      : {}),
  };
}

/** Sorted: equal contents are equal bytes. Absence is null. */
function contentsToJson(contents: FileContents): JsonObject {
  return new Map([...contents].sort(([a], [b]) => (a < b ? -1 : 1)).map(([path, id]) => [path, id ?? null]));
}

function contentsFromJson(json: Json | undefined): FileContents {
  if (!isJsonObject(json)) return new Map();
  return new Map([...json].map(([path, id]) => [path, id === null ? undefined : String(id)]));
}

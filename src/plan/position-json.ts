/** A stream's position as it stands in the state. */
import type { StreamPosition, SubjectCursor } from "../model/delivery.ts";
import { isJsonObject, type Json, type JsonObject } from "../model/json.ts";

export function positionToJson({ epoch, sequence, time, subjects, added }: StreamPosition): JsonObject {
  const json = new Map<string, Json>([
    ["epoch", epoch],
    ["sequence", BigInt(sequence)],
    ["time", time],
  ]);
  if (subjects !== undefined) json.set("subjects", subjects);
  if (added !== undefined && added.length > 0) json.set("added", added.map(cursorToJson));
  return json;
}

export function positionFromJson(json: JsonObject): StreamPosition {
  const subjects = json.get("subjects");
  const added = json.get("added");
  return {
    epoch: String(json.get("epoch")),
    sequence: Number(json.get("sequence")),
    time: String(json.get("time")),
    ...(Array.isArray(subjects) ? { subjects: subjects.map(String) } : {}),
    ...(Array.isArray(added) ? { added: (added as readonly Json[]).filter(isJsonObject).map(cursorFromJson) } : {}),
  };
}

function cursorToJson({ subjects, sequence }: SubjectCursor): JsonObject {
  return new Map<string, Json>([
    ["subjects", subjects],
    ["sequence", BigInt(sequence)],
  ]);
}

function cursorFromJson(json: JsonObject): SubjectCursor {
  const subjects = json.get("subjects");
  return { subjects: Array.isArray(subjects) ? subjects.map(String) : [], sequence: Number(json.get("sequence")) };
}

/** Records as files of the state branch: JSON that a person can read, exact in every number of the event. */
import type { CloudEvent, MessageInfo } from "../model/cloud-event.ts";
import { isJsonObject, type Json, type JsonObject, parseJson, writeJson } from "../model/json.ts";
import { memberOf, textOf } from "../model/json-members.ts";
import { identityKey, type ObjectIdentity } from "../model/manifest.ts";
import { ownerKey, parseOwnerKey } from "../model/owner.ts";
import type { ErrorCode, Place, Problem } from "../model/problem.ts";
import { SluiceError } from "../model/problem.ts";
import type { ClusterRecord, EntityRecord, RankedObject, RankedObjects, RecordedEvent } from "../model/record.ts";
import { recordOfVersion1 } from "./record-version-1.ts";

/** Format 1 is read as well: its files stay as they are until something changes them. */
const fileVersions: readonly Json[] = [1n, 2n];

export function writeRecord(record: EntityRecord): string {
  const { owner, entity, events, clusters, changedAt } = record;
  const file = new Map<string, Json>([
    ["version", 2n],
    ["owner", ownerKey(owner)],
    ["connection", entity.connection],
    ["source", entity.source],
    ["subject", entity.subject],
    ["changedAt", changedAt],
    ["clusters", new Map([...clusters].sort(byKey).map(([cluster, on]) => [cluster, clusterToJson(on)]))],
  ]);
  if (events.length > 0) {
    file.set(
      "events",
      events.map(
        ({ event, message }) =>
          new Map<string, Json>([
            ["message", messageToJson(message)],
            ["event", event.document],
          ]),
      ),
    );
  }
  return `${writeJson(file, 1)}\n`;
}

function byKey([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}

function clusterToJson({ event, action, objects, waiting, withdrawn, renderedAt, failure }: ClusterRecord): JsonObject {
  const json = new Map<string, Json>();
  if (event !== undefined) json.set("event", BigInt(event));
  if (action === "Delete") json.set("action", action);
  if (renderedAt !== undefined) json.set("renderedAt", renderedAt);
  json.set("objects", ranksToJson(objects));
  if (waiting.size > 0) json.set("waiting", ranksToJson(waiting));
  if (withdrawn.size > 0) json.set("withdrawn", ranksToJson(withdrawn));
  if (failure !== undefined) json.set("failure", problemToJson(failure));
  return json;
}

/** Throws a SluiceError (STATE_INVALID) that names the path. */
export function parseRecord(text: string, path: string): EntityRecord {
  const file = parseStateFile(text, path);
  if (file.get("version") === 1n) return recordOfVersion1(file);
  const owner = parseOwnerKey(textOf(file, "owner"));
  if (owner === undefined) throw new SluiceError({ code: "STATE_INVALID", message: `${path} names no owner` });
  const events = file.get("events");
  return {
    owner,
    entity: {
      connection: textOf(file, "connection"),
      source: textOf(file, "source"),
      subject: textOf(file, "subject"),
    },
    events: (Array.isArray(events) ? (events as readonly Json[]) : []).filter(isJsonObject).map(eventFromJson),
    clusters: new Map([...memberOf(file, "clusters")].map(([cluster, on]) => [cluster, clusterFromJson(on)])),
    changedAt: textOf(file, "changedAt"),
  };
}

function eventFromJson(json: JsonObject): RecordedEvent {
  return { event: eventFromDocument(memberOf(json, "event")), message: messageFromJson(memberOf(json, "message")) };
}

function clusterFromJson(json: Json): ClusterRecord {
  const on = isJsonObject(json) ? json : new Map<string, Json>();
  const event = on.get("event");
  const failure = on.get("failure");
  const renderedAt = on.get("renderedAt");
  return {
    event: event === undefined ? undefined : Number(event),
    action: on.get("action") === "Delete" ? "Delete" : "Create",
    objects: ranksFromJson(memberOf(on, "objects")),
    waiting: ranksFromJson(memberOf(on, "waiting")),
    withdrawn: ranksFromJson(memberOf(on, "withdrawn")),
    ...(renderedAt === undefined ? {} : { renderedAt: String(renderedAt) }),
    ...(isJsonObject(failure) ? { failure: problemFromJson(failure) } : {}),
  };
}

/** More than any file of the state nests around an event. */
const levelsAroundEvent = 10;

/** A JSON object of the state branch, in a version that this program reads. */
export function parseStateFile(text: string, path: string, versions = fileVersions): JsonObject {
  let file: Json;
  try {
    file = parseJson(text, levelsAroundEvent);
  } catch (cause) {
    throw new SluiceError({ code: "STATE_INVALID", message: `${path} on the state branch is not JSON` }, cause);
  }
  if (!isJsonObject(file) || !versions.includes(file.get("version") ?? null)) {
    throw new SluiceError({
      code: "STATE_INVALID",
      message: `${path} on the state branch has a format that this version of Sluice does not know`,
      hint: "Run the version that wrote it, or a newer one.",
    });
  }
  return file;
}

function ranksToJson(objects: RankedObjects): JsonObject {
  const sorted = [...objects.values()].map((one): [string, Json] => [writeIdentity(one.identity), rankToJson(one)]);
  return new Map(sorted.sort(byKey));
}

/** A number, unless there is more to be said. */
function rankToJson({ rank, skipsNamespace, tier }: RankedObject): Json {
  if (!skipsNamespace && tier === undefined) return BigInt(rank);
  const json = new Map<string, Json>([["rank", BigInt(rank)]]);
  if (skipsNamespace) json.set("skipsNamespace", true);
  if (tier !== undefined) json.set("tier", BigInt(tier));
  return json;
}

function ranksFromJson(json: JsonObject): RankedObjects {
  const objects = new Map<string, RankedObject>();
  for (const [text, rank] of json) {
    const identity = parseIdentity(text);
    const more = isJsonObject(rank) ? rank : undefined;
    objects.set(identityKey(identity), {
      identity,
      rank: Number(more === undefined ? rank : more.get("rank")),
      ...(more?.get("skipsNamespace") === true ? { skipsNamespace: true } : {}),
      ...(more?.has("tier") ? { tier: Number(more.get("tier")) } : {}),
    });
  }
  return objects;
}

/** Before the identity of an object that stands on the hub: no group and no kind has a blank. */
const localPrefix = "hub ";

/** `[hub ]<group>:<Kind> <namespace>/<name>`; group and namespace may be empty. */
export function writeIdentity({ group, kind, namespace, name, isLocal }: ObjectIdentity): string {
  return `${isLocal ? localPrefix : ""}${group}:${kind} ${namespace}/${name}`;
}

export function parseIdentity(text: string): ObjectIdentity {
  if (text.startsWith(localPrefix)) return { ...parseIdentity(text.slice(localPrefix.length)), isLocal: true };
  const space = text.indexOf(" ");
  const colon = text.lastIndexOf(":", space);
  const slash = text.indexOf("/", space);
  return {
    group: text.slice(0, colon),
    kind: text.slice(colon + 1, space),
    namespace: text.slice(space + 1, slash),
    name: text.slice(slash + 1),
  };
}

function messageToJson({ subject, headers, stream, sequence, time }: MessageInfo): JsonObject {
  const message = new Map<string, Json>([
    ["subject", subject],
    ["stream", stream],
    ["sequence", BigInt(sequence)],
    ["time", time],
  ]);
  if (headers.size > 0) message.set("headers", new Map(headers));
  return message;
}

export function messageFromJson(message: JsonObject): MessageInfo {
  const headers = new Map<string, readonly string[]>();
  for (const [name, values] of memberOf(message, "headers")) {
    if (Array.isArray(values)) headers.set(name, (values as readonly Json[]).map(String));
  }
  return {
    subject: textOf(message, "subject"),
    headers,
    stream: textOf(message, "stream"),
    sequence: Number(message.get("sequence") ?? 0n),
    time: textOf(message, "time"),
  };
}

/** The event that a structured document holds; the document has been validated when it was received. */
export function eventFromDocument(document: JsonObject): CloudEvent {
  return {
    id: textOf(document, "id"),
    source: textOf(document, "source"),
    type: textOf(document, "type"),
    subject: textOf(document, "subject"),
    document,
  };
}

export function problemToJson({ code, severity, message, at, hint }: Problem): JsonObject {
  const json = new Map<string, Json>([
    ["code", code],
    ["severity", severity],
    ["message", message],
  ]);
  if (at !== undefined) {
    const members = Object.entries(at).filter(([, value]) => value !== undefined);
    json.set("at", new Map(members.map(([key, value]) => [key, typeof value === "number" ? BigInt(value) : value])));
  }
  if (hint !== undefined) json.set("hint", hint);
  return json;
}

export function problemFromJson(json: JsonObject): Problem {
  const at = json.get("at");
  const hint = json.get("hint");
  return {
    code: textOf(json, "code") as ErrorCode,
    severity: json.get("severity") === "warning" ? "warning" : "error",
    message: textOf(json, "message"),
    ...(isJsonObject(at) ? { at: placeFromJson(at) } : {}),
    ...(typeof hint === "string" ? { hint } : {}),
  };
}

function placeFromJson(json: JsonObject): Place {
  const members = [...json].map(([key, value]) => [key, typeof value === "bigint" ? Number(value) : value]);
  return Object.fromEntries(members) as Place;
}

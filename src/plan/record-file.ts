/** Records as files of the state branch: JSON that a person can read, exact in every number of the event. */
import type { CloudEvent, MessageInfo } from "../model/cloud-event.ts";
import { isJsonObject, type Json, type JsonObject, parseJson, writeJson } from "../model/json.ts";
import type { ObjectIdentity } from "../model/manifest.ts";
import type { ErrorCode, Place, Problem } from "../model/problem.ts";
import { SluiceError } from "../model/problem.ts";
import type { EntityRecord } from "../model/record.ts";

const version = 1n;

export function writeRecord(record: EntityRecord): string {
  const file = new Map<string, Json>([
    ["version", version],
    ["trigger", record.trigger],
    ["connection", record.entity.connection],
    ["source", record.entity.source],
    ["subject", record.entity.subject],
    ["changedAt", record.changedAt],
    ["objects", identitiesToJson(record.objects)],
  ]);
  if (record.waiting.size > 0) file.set("waiting", identitiesToJson(record.waiting));
  if (record.failures.size > 0) {
    file.set("failures", new Map([...record.failures].map(([cluster, problem]) => [cluster, problemToJson(problem)])));
  }
  if (record.last !== undefined) {
    file.set("message", messageToJson(record.last.message));
    file.set("event", record.last.event.document);
  }
  return `${writeJson(file, 1)}\n`;
}

/** Throws a SluiceError (STATE_INVALID) that names the path. */
export function parseRecord(text: string, path: string): EntityRecord {
  const file = parseStateFile(text, path);
  const event = file.get("event");
  const message = file.get("message");
  const failures = new Map<string, Problem>();
  for (const [cluster, problem] of objectOf(file, "failures")) {
    if (isJsonObject(problem)) failures.set(cluster, problemFromJson(problem));
  }
  return {
    trigger: textOf(file, "trigger"),
    entity: {
      connection: textOf(file, "connection"),
      source: textOf(file, "source"),
      subject: textOf(file, "subject"),
    },
    ...(isJsonObject(event) && isJsonObject(message)
      ? { last: { event: eventFromDocument(event), message: messageFromJson(message) } }
      : {}),
    objects: identitiesFromJson(objectOf(file, "objects")),
    waiting: identitiesFromJson(objectOf(file, "waiting")),
    failures,
    changedAt: textOf(file, "changedAt"),
  };
}

/** A JSON object of the state branch with the version this program writes. */
export function parseStateFile(text: string, path: string): JsonObject {
  let file: Json;
  try {
    file = parseJson(text);
  } catch (cause) {
    throw new SluiceError({ code: "STATE_INVALID", message: `${path} on the state branch is not JSON` }, cause);
  }
  if (!isJsonObject(file) || file.get("version") !== version) {
    throw new SluiceError({
      code: "STATE_INVALID",
      message: `${path} on the state branch has a format that this version of Sluice does not know`,
      hint: "Run the version that wrote it, or a newer one.",
    });
  }
  return file;
}

type Identities = ReadonlyMap<string, readonly ObjectIdentity[]>;

function identitiesToJson(identities: Identities): JsonObject {
  return new Map([...identities].map(([cluster, objects]) => [cluster, objects.map(writeIdentity)]));
}

function identitiesFromJson(json: JsonObject): Identities {
  const identities = new Map<string, readonly ObjectIdentity[]>();
  for (const [cluster, list] of json) {
    if (Array.isArray(list))
      identities.set(
        cluster,
        (list as readonly Json[]).map((item) => parseIdentity(String(item))),
      );
  }
  return identities;
}

/** `<group>:<Kind> <namespace>/<name>`; group and namespace may be empty. */
export function writeIdentity({ group, kind, namespace, name }: ObjectIdentity): string {
  return `${group}:${kind} ${namespace}/${name}`;
}

export function parseIdentity(text: string): ObjectIdentity {
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

function messageFromJson(message: JsonObject): MessageInfo {
  const headers = new Map<string, readonly string[]>();
  for (const [name, values] of objectOf(message, "headers")) {
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

function textOf(object: JsonObject, key: string): string {
  const value = object.get(key);
  return typeof value === "string" ? value : "";
}

function objectOf(object: JsonObject, key: string): JsonObject {
  const value = object.get(key);
  return isJsonObject(value) ? value : new Map();
}

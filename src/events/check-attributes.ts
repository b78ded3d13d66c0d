/**
 * The rules of CloudEvents 1.0 for attributes.
 *
 * The SDK judges values and nothing more. It makes no event of its own: it would invent an id and a time, cut times to
 * milliseconds and take version 0.3.
 */
import { validateCloudEvent } from "cloudevents/dist/event/spec.js";
import type { CloudEvent } from "../model/cloud-event.ts";
import { isJsonObject, type Json, type JsonObject } from "../model/json.ts";
import { EventFault } from "./event-fault.ts";
import { isUri, isUriReference } from "./uri-reference.ts";

/** Lower-case ASCII letters and digits. */
const namePattern = /^[a-z0-9]+$/;
/** RFC 3339 with an offset, which the SDK lets pass without one. */
const timePattern = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;
/** What the specification's type String leaves out: controls and noncharacters; surrogates are no text anyway. */
const forbiddenCharacters = /[\u0000-\u001f\u007f-\u009f]|\p{Noncharacter_Code_Point}/u;
/** Those that the SDK judges. Given others it calls what they happen to be named. */
const judgedBySdk = ["specversion", "id", "source", "type", "subject", "time", "datacontenttype", "dataschema"];

type JudgedEvent = Parameters<typeof validateCloudEvent>[0];

/** The event that the attributes and data make. Throws an EventFault (EVENT_INVALID, EVENT_VERSION). */
export function checkAttributes(document: JsonObject): CloudEvent {
  const version = document.get("specversion");
  if (version === undefined) fail("the event has no specversion, so it is no CloudEvent");
  if (version !== "1.0") {
    throw new EventFault("EVENT_VERSION", `CloudEvents of version ${show(version)} are not read, only 1.0`);
  }
  const id = required(document, "id");
  const source = required(document, "source");
  const type = required(document, "type");
  if (!isUriReference(source)) fail(`source is no URI-reference: ${show(source)}`);
  const subject = optional(document, "subject") ?? "";
  const schema = optional(document, "dataschema");
  if (schema !== undefined && !isUri(schema)) fail(`dataschema is no URI: ${show(schema)}`);
  const time = optional(document, "time");
  if (time !== undefined && !timePattern.test(time)) fail(`time is not RFC 3339: ${show(time)}`);
  optional(document, "datacontenttype");
  for (const [name, value] of document) if (name !== "data" && name !== "data_base64") checkAttribute(name, value);
  askSdk(document);
  return { id, source, type, subject, document };
}

function checkAttribute(name: string, value: Json): void {
  if (!namePattern.test(name)) fail(`the attribute name ${show(name)} is not of lower-case letters and digits`);
  if (Array.isArray(value) || isJsonObject(value)) fail(`the attribute ${name} is no string, number or boolean`);
  if (typeof value === "number" && !Number.isInteger(value)) {
    fail(`the attribute ${name} is the fraction ${value}; CloudEvents have integers only, so send it as a string`);
  }
  const control = typeof value === "string" ? forbiddenCharacters.exec(value)?.[0].codePointAt(0) : undefined;
  if (control !== undefined) {
    const code = control.toString(16).toUpperCase().padStart(4, "0");
    fail(`the attribute ${name} has the character U+${code}, which no attribute may have`);
  }
}

function askSdk(document: JsonObject): void {
  const attributes: Record<string, Json> = {};
  for (const name of judgedBySdk) {
    const value = document.get(name);
    if (value !== undefined) attributes[name] = value;
  }
  try {
    validateCloudEvent(attributes as unknown as JudgedEvent);
  } catch (error) {
    throw new EventFault("EVENT_INVALID", describeSdkError(error, document));
  }
}

function required(document: JsonObject, name: string): string {
  const value = document.get(name);
  if (typeof value === "string" && value !== "") return value;
  return fail(`the attribute ${name} ${value === undefined ? "is missing" : describe(value)}`);
}

function optional(document: JsonObject, name: string): string | undefined {
  const value = document.get(name);
  if (value === undefined || (typeof value === "string" && value !== "")) return value;
  return fail(`the attribute ${name} ${describe(value)}`);
}

function describe(value: Json): string {
  return value === "" ? "is empty: leave it out instead" : `is not a string: ${show(value)}`;
}

function fail(message: string): never {
  throw new EventFault("EVENT_INVALID", message);
}

/** The SDK lists what its schema found; its own text has the whole event in it. */
function describeSdkError(error: unknown, document: JsonObject): string {
  const { errors, message } = error as { errors?: unknown; message: string };
  const describeFault = ({ instancePath, message: fault }: { instancePath?: string; message?: string }): string => {
    const name = String(instancePath).slice(1);
    const value = document.get(name);
    return `${name} ${String(fault)}${value === undefined ? "" : `: ${show(value)}`}`;
  };
  const faults = Array.isArray(errors) ? errors.map(describeFault).join("; ") : message.split("\n", 1)[0]!;
  return faults.trim() === "" ? "the attributes are not valid" : faults.slice(0, 2 * shownMax);
}

const shownMax = 200;

/** A value of the event, short enough for a message. */
function show(value: Json): string {
  if (typeof value === "string") return JSON.stringify(value.slice(0, shownMax));
  return typeof value === "object" ? "that is no text" : String(value);
}

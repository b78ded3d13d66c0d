/**
 * The rules of CloudEvents 1.0 for attributes.
 *
 * The SDK judges values and nothing more: given the chance it would invent an id and a time, cut times to milliseconds
 * and take version 0.3, so it never sees an event without them and what it makes is thrown away.
 */
import { CloudEvent as SdkEvent } from "cloudevents/dist/event/cloudevent.js";
import type { CloudEvent } from "../model/cloud-event.ts";
import { isJsonObject, type Json, type JsonObject } from "../model/json.ts";
import { EventFault } from "./event-fault.ts";

/** Lower-case ASCII letters and digits. */
const namePattern = /^[a-z0-9]+$/;
/** RFC 3339 with an offset, which the SDK lets pass without one. */
const timePattern = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;

/** The event that the attributes and data make. Throws an EventFault (EVENT_INVALID, EVENT_VERSION). */
export function checkAttributes(document: JsonObject): CloudEvent {
  const version = document.get("specversion");
  if (version === undefined)
    throw new EventFault("EVENT_INVALID", "the event has no specversion, so it is no CloudEvent");
  if (version !== "1.0") {
    throw new EventFault("EVENT_VERSION", `CloudEvents of version ${show(version)} are not read, only 1.0`);
  }
  const id = required(document, "id");
  const source = required(document, "source");
  const type = required(document, "type");
  const time = document.get("time");
  if (time !== undefined && (typeof time !== "string" || !timePattern.test(time))) {
    throw new EventFault("EVENT_INVALID", `time is not RFC 3339: ${show(time)}`);
  }
  const attributes: Record<string, unknown> = {};
  for (const [name, value] of document) {
    if (name === "data" || name === "data_base64") continue;
    if (!namePattern.test(name)) {
      throw new EventFault("EVENT_INVALID", `the attribute name ${show(name)} is not of lower-case letters and digits`);
    }
    if (Array.isArray(value) || isJsonObject(value)) {
      throw new EventFault("EVENT_INVALID", `the attribute ${name} is no string, number or boolean`);
    }
    attributes[name] = typeof value === "bigint" ? Number(value) : value;
  }
  // A time of its own would be made up by the SDK from the clock.
  attributes.time ??= "1970-01-01T00:00:00Z";
  try {
    new SdkEvent(attributes);
  } catch (error) {
    throw new EventFault("EVENT_INVALID", describeSdkError(error));
  }
  const subject = document.get("subject");
  return { id, source, type, subject: typeof subject === "string" ? subject : "", document };
}

function required(document: JsonObject, name: string): string {
  const value = document.get(name);
  if (typeof value === "string" && value !== "") return value;
  const fault = value === undefined ? "is missing" : value === "" ? "is empty" : "is not a string";
  throw new EventFault("EVENT_INVALID", `the attribute ${name} ${fault}`);
}

/** The SDK lists what its schema found; its own text has the whole event in it. */
function describeSdkError(error: unknown): string {
  const { errors, message } = error as { errors?: unknown; message: string };
  if (!Array.isArray(errors)) return message.split("\n", 1)[0]!.slice(0, shownMax);
  const faults = errors.map(({ instancePath, message: fault }) => `${String(instancePath).slice(1)} ${String(fault)}`);
  return faults.join("; ").slice(0, shownMax);
}

const shownMax = 200;

/** A value of the event, short enough for a message. */
function show(value: Json): string {
  if (typeof value === "string") return JSON.stringify(value.slice(0, shownMax));
  return typeof value === "object" ? "that is no text" : String(value);
}

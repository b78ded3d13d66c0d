/** Why something is no CloudEvent, on its way to the one place that makes a problem of it. */
import { type Json, JsonSyntaxError, parseJson } from "../model/json.ts";

export type EventFaultCode = "EVENT_NOT_JSON" | "EVENT_INVALID" | "EVENT_VERSION" | "EVENT_TOO_LARGE";

export class EventFault extends Error {
  readonly code: EventFaultCode;

  constructor(code: EventFaultCode, message: string) {
    super(message);
    this.name = "EventFault";
    this.code = code;
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** The bytes as text, a byte order mark taken off; undefined if they are not UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}

/** Throws EVENT_NOT_JSON, naming `what` the bytes are. */
export function parseJsonBytes(bytes: Uint8Array, what: string): Json {
  const text = decodeUtf8(bytes);
  if (text === undefined) throw new EventFault("EVENT_NOT_JSON", `${what} is not UTF-8`);
  try {
    return parseJson(text);
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
    throw new EventFault("EVENT_NOT_JSON", `${what} is not JSON: ${error.message} (character ${error.offset + 1})`);
  }
}

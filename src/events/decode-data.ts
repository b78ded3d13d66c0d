/**
 * An event's data from bytes to what templates see. The content type alone decides whether it is JSON, text or bytes, so
 * that the same sender's events always have the same member.
 */
import type { Json } from "../model/json.ts";
import { decodeUtf8, EventFault, parseJsonBytes } from "./event-fault.ts";
import { isJsonMediaType, isTextMediaType, mediaTypeOf } from "./headers.ts";

type DataMember = ["data" | "data_base64", Json];

/**
 * The member of the event's document that holds the data: `data` as JSON or as text, `data_base64` for anything else. Of
 * `data_base64` without a content type nothing is known. Throws an EventFault: EVENT_NOT_JSON if it should be JSON
 * and isn't, EVENT_INVALID if it should be text and is not UTF-8.
 */
export function decodeData(bytes: Uint8Array, contentType: Json | undefined): DataMember {
  const given = typeof contentType === "string" ? contentType : "";
  const mediaType = mediaTypeOf(given);
  if (isJsonMediaType(mediaType)) return ["data", parseJsonBytes(bytes, "the event's data")];
  if (!isTextMediaType(given)) return ["data_base64", Buffer.from(bytes).toString("base64")];
  const text = decodeUtf8(bytes);
  if (text !== undefined) return ["data", text];
  throw new EventFault("EVENT_INVALID", `the event's data should be text, as ${mediaType}, and is not UTF-8`);
}

/**
 * Data that came as it is, with or without a content type. Without one nobody has said what it is: a JSON object or list
 * is taken for that, other text for text. A number, a word or a quoted string stays the text that it is.
 */
export function decodeRawData(bytes: Uint8Array, contentType: Json | undefined): DataMember {
  if (typeof contentType === "string" && contentType.trim() !== "") return decodeData(bytes, contentType);
  const text = decodeUtf8(bytes);
  if (text === undefined) return ["data_base64", Buffer.from(bytes).toString("base64")];
  if (!/^[ \t\r\n]*[[{]/.test(text)) return ["data", text];
  try {
    return ["data", parseJsonBytes(bytes, "the event's data")];
  } catch (error) {
    if (error instanceof EventFault) return ["data", text];
    throw error;
  }
}

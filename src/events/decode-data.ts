/** An event's data from bytes to what templates see. */
import type { Json } from "../model/json.ts";
import { decodeUtf8, parseJsonBytes } from "./event-fault.ts";
import { isJsonMediaType, mediaTypeOf } from "./headers.ts";

/**
 * The member of the event's document that holds the data: `data` as JSON where the content type says so, else as a
 * string; `data_base64` where the bytes are not UTF-8. Without a content type, JSON if it is JSON. Throws an EventFault
 * (EVENT_NOT_JSON) if it should be JSON and isn't.
 */
export function decodeData(bytes: Uint8Array, contentType: Json | undefined): ["data" | "data_base64", Json] {
  const mediaType = mediaTypeOf(typeof contentType === "string" ? contentType : undefined);
  if (isJsonMediaType(mediaType)) return ["data", parseJsonBytes(bytes, "the event's data")];
  const text = decodeUtf8(bytes);
  if (text === undefined) return ["data_base64", Buffer.from(bytes).toString("base64")];
  if (mediaType === "") {
    try {
      return ["data", parseJsonBytes(bytes, "the event's data")];
    } catch {
      return ["data", text];
    }
  }
  return ["data", text];
}

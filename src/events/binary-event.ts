/** CloudEvents in binary mode: an attribute a `ce-` header, the message being the data. */
import type { CloudEvent } from "../model/cloud-event.ts";
import type { Json } from "../model/json.ts";
import { checkAttributes } from "./check-attributes.ts";
import { decodeRawData } from "./decode-data.ts";
import { EventFault } from "./event-fault.ts";
import { findHeader, type Headers } from "./headers.ts";
import { isUri, isUriReference } from "./uri-reference.ts";

const prefix = "ce-";

export function isBinaryEvent(headers: Headers): boolean {
  for (const name of headers.keys()) if (name.toLowerCase().startsWith(prefix)) return true;
  return false;
}

export function readBinaryEvent(headers: Headers, payload: Uint8Array): CloudEvent {
  const document = new Map<string, Json>();
  for (const [header, values] of headers) {
    const lower = header.toLowerCase();
    if (!lower.startsWith(prefix)) continue;
    const name = lower.slice(prefix.length);
    if (document.has(name) || values.length > 1)
      throw new EventFault("EVENT_INVALID", `the header ${prefix}${name} is given twice`);
    if (name === "data" || name === "data_base64")
      throw new EventFault("EVENT_INVALID", `the header ${prefix}${name} is no attribute`);
    document.set(name, decodeHeaderValue(name, values[0] ?? ""));
  }
  const contentType = findHeader(headers, "content-type");
  if (contentType !== undefined) document.set("datacontenttype", contentType);
  if (payload.length > 0) document.set(...decodeRawData(payload, document.get("datacontenttype")));
  return checkAttributes(document);
}

/** Attributes whose values are URIs, which have percent signs of their own. No object: senders choose the names. */
const uris: ReadonlyMap<string, (value: string) => boolean> = new Map([
  ["source", isUriReference],
  ["dataschema", isUri],
]);

/**
 * As the HTTP binding has it: a quoted string is unquoted, then percent-encoding undone once. A `%` that encodes nothing
 * stays as it is; one that encodes no UTF-8 is refused. No SDK encodes headers, so where a URI is one only as it stands,
 * as it stands is how it is meant.
 */
function decodeHeaderValue(name: string, value: string): string {
  const quoted = /^"(.*)"$/s.exec(value)?.[1];
  const text = quoted === undefined ? value : quoted.replace(/\\(.)/gs, "$1");
  if (!text.includes("%")) return text;
  const isUriOf = uris.get(name);
  const isWhole = isUriOf?.(text) === true;
  let decoded: string;
  try {
    decoded = text.replace(/(?:%[0-9A-Fa-f]{2})+/g, decodeURIComponent);
  } catch {
    if (isWhole) return text;
    const shown = JSON.stringify(text.slice(0, 200));
    throw new EventFault("EVENT_INVALID", `the header ${prefix}${name} is percent-encoded and no UTF-8: ${shown}`);
  }
  return isWhole && !isUriOf!(decoded) ? text : decoded;
}

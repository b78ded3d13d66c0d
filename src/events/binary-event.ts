/** CloudEvents in binary mode: an attribute a `ce-` header, the message being the data. */
import type { CloudEvent } from "../model/cloud-event.ts";
import type { Json } from "../model/json.ts";
import { checkAttributes } from "./check-attributes.ts";
import { decodeData } from "./decode-data.ts";
import { EventFault } from "./event-fault.ts";
import { findHeader, type Headers } from "./headers.ts";

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
    document.set(name, decodeHeaderValue(values[0] ?? ""));
  }
  const contentType = findHeader(headers, "content-type");
  if (contentType !== undefined) document.set("datacontenttype", contentType);
  if (payload.length > 0) document.set(...decodeData(payload, document.get("datacontenttype")));
  return checkAttributes(document);
}

/**
 * As the HTTP binding has it: a quoted string is unquoted, then percent-encoding undone once. A `%` that encodes
 * nothing, or no UTF-8, stays as it is.
 */
function decodeHeaderValue(value: string): string {
  const quoted = /^"(.*)"$/s.exec(value)?.[1];
  const text = quoted === undefined ? value : quoted.replace(/\\(.)/gs, "$1");
  return text.includes("%") ? text.replace(/(?:%[0-9A-Fa-f]{2})+/g, decodePercentRun) : text;
}

function decodePercentRun(run: string): string {
  try {
    return decodeURIComponent(run);
  } catch {
    return run;
  }
}

/** CloudEvents in the JSON event format: attributes kept as sent and in order, `data` decoded. */
import type { CloudEvent } from "../model/cloud-event.ts";
import { isJsonObject, type Json } from "../model/json.ts";
import { checkAttributes } from "./check-attributes.ts";
import { decodeData } from "./decode-data.ts";
import { EventFault } from "./event-fault.ts";

export function readStructuredEvent(value: Json): CloudEvent {
  if (!isJsonObject(value))
    throw new EventFault("EVENT_INVALID", "the message is JSON, but no object and so no CloudEvent");
  const document = new Map<string, Json>();
  for (const [name, member] of value) {
    if (name === "data_base64") {
      if (member === null) continue;
      if (value.has("data")) throw new EventFault("EVENT_INVALID", "the event has both data and data_base64");
      document.set(...decodeData(decodeBase64(member), value.get("datacontenttype")));
      // A null attribute is an absent one; null data is data.
    } else if (member !== null || name === "data") document.set(name, member);
  }
  return checkAttributes(document);
}

function decodeBase64(member: Json): Uint8Array {
  // Both alphabets and any padding, as senders differ; nothing else.
  if (typeof member !== "string" || !/^[A-Za-z0-9+/_-]*={0,2}$/.test(member)) {
    throw new EventFault("EVENT_INVALID", "data_base64 is not base64");
  }
  return Buffer.from(member, "base64");
}

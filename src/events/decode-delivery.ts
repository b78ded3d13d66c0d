/**
 * From a NATS message to CloudEvents.
 *
 * By the NATS binding: structured (`content-type: application/cloudevents+json`), binary (`ce-` headers), a JSON batch,
 * and structured JSON without any header, as people publish by hand. What can't be decoded is a problem and nothing
 * more: it never holds up what follows.
 */
import type { CloudEvent, MessageInfo, ReceivedEvent } from "../model/cloud-event.ts";
import { countOf } from "../model/count-of.ts";
import type { Delivery } from "../model/delivery.ts";
import type { Json } from "../model/json.ts";
import type { DeliveryPlace, Problem } from "../model/problem.ts";
import { isBinaryEvent, readBinaryEvent } from "./binary-event.ts";
import { EventFault, parseJsonBytes } from "./event-fault.ts";
import { findHeader, mediaTypeOf } from "./headers.ts";
import { readStructuredEvent } from "./structured-event.ts";

export interface DecodedDelivery {
  /** In the order of the message; more than one only from a batch. */
  readonly events: readonly ReceivedEvent[];
  /** One for each event that can't be decoded, placed at the delivery. */
  readonly problems: readonly Problem[];
  /** Why the server put the message there, which is no event: `MaxAge`, `Purge`, `Remove`, `DEL`, `PURGE`, `Schedule`. */
  readonly marker?: string;
}

/** The most that a message may hold; NATS itself allows a mebibyte unless told otherwise. */
export const payloadBytesMax = 1_048_576;

export function decodeDelivery(delivery: Delivery): DecodedDelivery {
  const { connection, stream, position, subject, headers } = delivery;
  const marker = findMarker(delivery);
  if (marker !== undefined) return { events: [], problems: [], marker };
  const message: MessageInfo = { subject, headers, stream, sequence: position.sequence, time: position.time };
  const events: ReceivedEvent[] = [];
  const problems: Problem[] = [];
  const at: DeliveryPlace = { stream, sequence: position.sequence };
  const attempt = (work: () => void, label = ""): void => {
    try {
      work();
    } catch (error) {
      if (!(error instanceof EventFault)) throw error;
      problems.push({ code: error.code, severity: "error", message: label + error.message, at });
    }
  };
  const accept = (event: CloudEvent): number => events.push({ connection, event, message });

  attempt(() => {
    const content = readMessage(delivery);
    if (content.kind === "binary") accept(content.event);
    else if (content.kind === "structured") accept(readStructuredEvent(content.value));
    else {
      for (const [index, item] of content.items.entries()) {
        attempt(() => accept(readStructuredEvent(item)), `event ${index + 1} of the batch: `);
      }
    }
  });
  return { events, problems };
}

/**
 * A message that is none of a sender's: without a body, that others are gone: a stream's delete marker (`Nats-Marker-Reason`,
 * where it has `allow_msg_ttl` or `subject_delete_marker_ttl`), or that of a key-value bucket (`KV-Operation`). Or one that
 * the server is to publish later (`allow_msg_schedules`), which comes again when its time has come.
 */
function findMarker({ headers, payload }: Delivery): string | undefined {
  const isScheduled =
    findHeader(headers, "nats-schedule") !== undefined && findHeader(headers, "nats-schedule-target") !== undefined;
  if (isScheduled) return "Schedule";
  if (payload.length > 0) return undefined;
  return findHeader(headers, "nats-marker-reason") ?? findHeader(headers, "kv-operation");
}

type Content =
  | { readonly kind: "binary"; readonly event: CloudEvent }
  | { readonly kind: "structured"; readonly value: Json }
  | { readonly kind: "batch"; readonly items: readonly Json[] };

function readMessage({ headers, payload }: Delivery): Content {
  if (payload.length > payloadBytesMax) {
    throw new EventFault(
      "EVENT_TOO_LARGE",
      `the message has ${countOf(payload.length, "byte")}; at most ${payloadBytesMax} are taken`,
    );
  }
  const mediaType = mediaTypeOf(findHeader(headers, "content-type"));
  if (mediaType.startsWith("application/cloudevents")) {
    const format = mediaType.slice("application/cloudevents".length);
    if (format === "-batch+json") return readBatch(parseJsonBytes(payload, "the message"));
    if (format === "+json" || format === "")
      return { kind: "structured", value: parseJsonBytes(payload, "the message") };
    throw new EventFault("EVENT_INVALID", `CloudEvents as ${mediaType} are not read, only JSON`);
  }
  if (isBinaryEvent(headers)) return { kind: "binary", event: readBinaryEvent(headers, payload) };
  const value = parseJsonBytes(payload, "the message");
  // Without headers a list is taken for a batch: nothing else of it would be an event.
  return Array.isArray(value) ? readBatch(value) : { kind: "structured", value };
}

function readBatch(value: Json): Content {
  if (!Array.isArray(value)) throw new EventFault("EVENT_INVALID", "the batch is not a list of events");
  return { kind: "batch", items: value as readonly Json[] };
}

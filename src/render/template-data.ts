/** What templates see of an event: `.CloudEvent`, `.Message` and `.Cluster`; of several at once: `.CloudEvents`. */
import type { ReceivedEvent } from "../model/cloud-event.ts";
import type { Cluster } from "../model/cluster.ts";
import type { Json, JsonObject } from "../model/json.ts";

/** Without `.Cluster`. `event`: what is shown of the event, unless it is the document as it was received. */
export function eventData(received: ReceivedEvent, event: JsonObject = received.event.document): JsonObject {
  const { subject, headers, stream, sequence, time } = received.message;
  const message = new Map<string, Json>([
    ["subject", subject],
    ["headers", new Map(headers)],
    ["stream", stream],
    ["sequence", BigInt(sequence)],
    ["time", time],
  ]);
  return new Map<string, Json>([
    ["CloudEvent", event],
    ["Message", message],
  ]);
}

/** Of all events of a cluster at once: there is no message that they would share. */
export function eventsData(events: readonly JsonObject[]): JsonObject {
  return new Map<string, Json>([["CloudEvents", events]]);
}

export function withCluster(data: JsonObject, cluster: Cluster): JsonObject {
  return new Map(data).set("Cluster", cluster.document);
}

/**
 * Records of format 1: one event, objects without ranks, and nothing of clusters whose last action was Delete.
 *
 * What they claim comes before whatever is claimed later: rank 0. Where several wanted one object, the takeover gave
 * their claims ranks in the order that they had, and those count.
 */
import { isJsonObject, type Json, type JsonObject } from "../model/json.ts";
import { memberOf, textOf } from "../model/json-members.ts";
import { identityKey } from "../model/manifest.ts";
import { triggerOwner } from "../model/owner.ts";
import type { ClusterRecord, EntityRecord, RankedObject, RankedObjects } from "../model/record.ts";
import { eventFromDocument, messageFromJson, parseIdentity, problemFromJson } from "./record-file.ts";

export function recordOfVersion1(file: JsonObject): EntityRecord {
  const event = file.get("event");
  const message = file.get("message");
  const events =
    isJsonObject(event) && isJsonObject(message)
      ? [{ event: eventFromDocument(event), message: messageFromJson(message) }]
      : [];
  const [objects, waiting, failures] = [
    memberOf(file, "objects"),
    memberOf(file, "waiting"),
    memberOf(file, "failures"),
  ];
  const clusters = new Map<string, ClusterRecord>();
  for (const cluster of new Set([...objects.keys(), ...waiting.keys(), ...failures.keys()])) {
    const failure = failures.get(cluster);
    clusters.set(cluster, {
      event: events.length === 0 ? undefined : 0,
      action: "Create",
      objects: rankedObjects(objects.get(cluster)),
      waiting: rankedObjects(waiting.get(cluster)),
      withdrawn: new Map(),
      ...(isJsonObject(failure) ? { failure: problemFromJson(failure) } : {}),
    });
  }
  return {
    owner: triggerOwner(textOf(file, "trigger")),
    entity: {
      connection: textOf(file, "connection"),
      source: textOf(file, "source"),
      subject: textOf(file, "subject"),
    },
    events,
    clusters,
    changedAt: textOf(file, "changedAt"),
  };
}

function rankedObjects(list: Json | undefined): RankedObjects {
  const objects = new Map<string, RankedObject>();
  for (const text of Array.isArray(list) ? (list as readonly Json[]) : []) {
    const identity = parseIdentity(String(text));
    objects.set(identityKey(identity), { identity, rank: 0 });
  }
  return objects;
}

/**
 * The record of a profile: one for each, since nothing but the profile itself asks for its objects. It has no event; where
 * others have an event's entity it has nothing, and hashes, paths and claims are made of that as of any.
 */
import type { Entity } from "../model/cloud-event.ts";
import type { Owner } from "../model/owner.ts";
import type { EntityRecord } from "../model/record.ts";
import { hashEntity, recordPath } from "./paths.ts";

/** No event has it: a source is never empty. */
const profileEntity: Entity = { connection: "", source: "", subject: "" };

export function profileRecordPath(owner: Owner): string {
  return recordPath(owner, hashEntity(profileEntity));
}

/** Of a profile that has not been rendered for any cluster yet. */
export function newProfileRecord(owner: Owner): EntityRecord {
  return { owner, entity: profileEntity, events: [], clusters: new Map(), changedAt: "" };
}

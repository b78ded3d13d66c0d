/**
 * Renaming an owner: one that is annotated `sluice.dev/formerly: NAME` takes over the records of the one that was called
 * so, with their events and ranks. What an entity had goes from the one to the other in one step.
 */
import type { Catalog } from "../model/catalog.ts";
import type { Entity } from "../model/cloud-event.ts";
import { isJsonObject } from "../model/json.ts";
import type { Owner } from "../model/owner.ts";
import type { ClusterRecord, EntityRecord } from "../model/record.ts";
import { withoutFailure } from "./apply-event.ts";

const formerlyAnnotation = "sluice.dev/formerly";

/** An entity's record passes from an owner to another, which is rendered again behind it. */
export interface AdoptInput {
  readonly kind: "adopt";
  readonly owner: Owner;
  readonly from: Owner;
  readonly entity: Entity;
}

/** The record as its new owner has it before it is rendered again: nothing is in place, and every rank is remembered. */
export function adoptRecord(record: EntityRecord, owner: Owner): EntityRecord {
  const clusters = [...record.clusters].map(([cluster, on]): [string, ClusterRecord] => {
    const withdrawn = new Map([...on.withdrawn, ...on.objects, ...on.waiting]);
    return [cluster, { ...withoutFailure(on), objects: new Map(), waiting: new Map(), withdrawn }];
  });
  return { ...record, owner, clusters: new Map(clusters) };
}

/** By the names of triggers, what they were called: of those that are not there themselves any more. */
export function findRenamed({ eventTriggers, documents }: Catalog): ReadonlyMap<string, string> {
  const renamed = new Map<string, string>();
  for (const { name, withdrawn } of eventTriggers.values()) {
    const metadata = documents.get(`EventTrigger//${name}`)?.value.get("metadata");
    const annotations = isJsonObject(metadata) ? metadata.get("annotations") : undefined;
    const former = isJsonObject(annotations) ? annotations.get(formerlyAnnotation) : undefined;
    if (typeof former !== "string" || withdrawn === true) continue;
    const isThere = eventTriggers.has(former) && eventTriggers.get(former)?.withdrawn !== true;
    if (!isThere && ![...renamed.values()].includes(former)) renamed.set(name, former);
  }
  return renamed;
}

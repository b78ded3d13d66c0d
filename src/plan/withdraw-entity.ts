/** Takes an entity's objects away where its trigger or cluster no longer matches, or its failures, or both, on request. */
import type { Entity } from "../model/cloud-event.ts";
import type { ClusterKey } from "../model/cluster.ts";
import type { EntityRules } from "./apply-entity.ts";
import { releaseObject } from "./claims.ts";
import { encodePathPart, hashEntity, recordPath } from "./paths.ts";
import { parseRecord, writeRecord } from "./record-file.ts";
import type { StateView } from "./state-view.ts";

export interface WithdrawInput {
  readonly kind: "withdraw";
  readonly trigger: string;
  readonly entity: Entity;
  /** Only from these clusters, and the entity is remembered; absent: from all, and the record goes too. */
  readonly clusters?: ReadonlySet<ClusterKey>;
}

export function withdrawEntity(view: StateView, rules: EntityRules, input: WithdrawInput): void {
  const entityHash = hashEntity(input.entity);
  const path = recordPath(input.trigger, entityHash);
  const stored = view.text(path);
  if (stored === undefined) return;
  const record = parseRecord(stored, path);
  const claimant = { ownerFolder: encodePathPart(input.trigger), trigger: input.trigger, entityHash };
  const isKept = (cluster: ClusterKey) => input.clusters !== undefined && !input.clusters.has(cluster);

  for (const claimed of [record.objects, record.waiting]) {
    for (const [cluster, identities] of claimed) {
      if (isKept(cluster)) continue;
      for (const identity of identities) releaseObject(view, rules, cluster, identity, claimant);
    }
  }
  if (input.clusters === undefined) {
    view.delete(path);
    return;
  }
  const objects = pick(record.objects, isKept);
  const waiting = pick(record.waiting, isKept);
  const failures = pick(record.failures, isKept);
  view.write(path, writeRecord({ ...record, objects, waiting, failures }));
}

/** Forgets why a record failed, its objects staying as they are; a record without any goes. */
export function discardFailures(view: StateView, trigger: string, entity: Entity): void {
  const path = recordPath(trigger, hashEntity(entity));
  const stored = view.text(path);
  if (stored === undefined) return;
  const record = parseRecord(stored, path);
  if (record.objects.size === 0 && record.waiting.size === 0) view.delete(path);
  else view.write(path, writeRecord({ ...record, failures: new Map() }));
}

function pick<T>(
  map: ReadonlyMap<ClusterKey, T>,
  isKept: (cluster: ClusterKey) => boolean,
): ReadonlyMap<ClusterKey, T> {
  return new Map([...map].filter(([cluster]) => isKept(cluster)));
}

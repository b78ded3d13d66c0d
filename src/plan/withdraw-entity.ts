/** Takes an entity's objects away where its trigger or its cluster no longer matches, or where a person asked for it. */
import type { Entity } from "../model/cloud-event.ts";
import type { ClusterKey } from "../model/cluster.ts";
import type { ObjectIdentity } from "../model/manifest.ts";
import type { EntityRules } from "./apply-entity.ts";
import { releaseObject } from "./claims.ts";
import { encodePathPart, hashEntity, recordPath } from "./paths.ts";
import { parseRecord, writeRecord } from "./record-file.ts";
import type { StateView } from "./state-view.ts";

export interface WithdrawInput {
  readonly kind: "withdraw";
  readonly trigger: string;
  readonly entity: Entity;
  /** Only from these clusters; absent: from all, and the record goes too. */
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
  const objects = pick(record.objects, isKept);
  const waiting = pick<readonly ObjectIdentity[]>(record.waiting, isKept);
  const failures = pick(record.failures, isKept);
  if (objects.size === 0 && waiting.size === 0 && failures.size === 0) view.delete(path);
  else view.write(path, writeRecord({ ...record, objects, waiting, failures }));
}

function pick<T>(
  map: ReadonlyMap<ClusterKey, T>,
  isKept: (cluster: ClusterKey) => boolean,
): ReadonlyMap<ClusterKey, T> {
  return new Map([...map].filter(([cluster]) => isKept(cluster)));
}

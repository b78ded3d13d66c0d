/**
 * What configuration has removed within the last hour in which a leader ran, so that slices add up. Minutes are those
 * of the checkpoint: a clock that jumps, or a night without a leader, makes no slice look old.
 */
import { isJsonObject, type Json, type JsonObject } from "../../model/json.ts";
import type { CountedEffect } from "../../model/mass-change.ts";

const minutesKept = 60;

/** By minute, and in it by owner's folder and by cluster, how many objects went. */
export type RemovalsOfHour = ReadonlyMap<number, RemovalsOfMinute>;

export interface RemovalsOfMinute {
  readonly owners: ReadonlyMap<string, number>;
  readonly clusters: ReadonlyMap<string, number>;
}

/** With what went at that minute added, and what is older than an hour left out. */
export function addRemovals(
  hour: RemovalsOfHour,
  minute: number,
  effects: readonly Pick<CountedEffect, "owner" | "cluster" | "removals">[],
): RemovalsOfHour {
  const owners = new Map(hour.get(minute)?.owners);
  const clusters = new Map(hour.get(minute)?.clusters);
  for (const { owner, cluster, removals } of effects) {
    if (removals === 0) continue;
    owners.set(owner, (owners.get(owner) ?? 0) + removals);
    clusters.set(cluster, (clusters.get(cluster) ?? 0) + removals);
  }
  const kept = new Map([...hour].filter(([past]) => past > minute - minutesKept && past !== minute));
  if (owners.size > 0) kept.set(minute, { owners, clusters });
  return kept;
}

/** All that counts at that minute, in one. */
export function sumOfHour(hour: RemovalsOfHour, minute: number): RemovalsOfMinute & { readonly total: number } {
  const owners = new Map<string, number>();
  const clusters = new Map<string, number>();
  let total = 0;
  for (const [past, removals] of hour) {
    if (past <= minute - minutesKept) continue;
    for (const [owner, count] of removals.owners) {
      owners.set(owner, (owners.get(owner) ?? 0) + count);
      total += count;
    }
    for (const [cluster, count] of removals.clusters) clusters.set(cluster, (clusters.get(cluster) ?? 0) + count);
  }
  return { owners, clusters, total };
}

export function removalsToJson(hour: RemovalsOfHour): JsonObject {
  const counts = (map: ReadonlyMap<string, number>) =>
    new Map<string, Json>([...map].sort(byKey).map(([key, count]) => [key, BigInt(count)]));
  return new Map(
    [...hour]
      .sort(([a], [b]) => a - b)
      .map(([minute, { owners, clusters }]) => [
        String(minute),
        new Map<string, Json>([
          ["owners", counts(owners)],
          ["clusters", counts(clusters)],
        ]),
      ]),
  );
}

export function removalsFromJson(json: Json | undefined): RemovalsOfHour {
  const counts = (value: Json | undefined) =>
    new Map(isJsonObject(value) ? [...value].map(([key, count]) => [key, Number(count)]) : []);
  if (!isJsonObject(json)) return new Map();
  return new Map(
    [...json].flatMap(([minute, removals]) =>
      isJsonObject(removals)
        ? [[Number(minute), { owners: counts(removals.get("owners")), clusters: counts(removals.get("clusters")) }]]
        : [],
    ),
  );
}

function byKey([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}

/** Whether an entity is alive on a cluster under a trigger that renders all its entities together. */
import type { Catalog } from "../../model/catalog.ts";
import type { ClusterKey } from "../../model/cluster.ts";
import type { Problem } from "../../model/problem.ts";
import type { EntityRecord } from "../../model/record.ts";
import type { RenderSettings } from "../../render/render-spec.ts";
import { renderAgain } from "../render-again.ts";

/**
 * By cluster, which of the record's events the entity is alive by; `left`: the cluster does not match any more, and what is
 * there stays; `gone`: it is not alive; a problem: nobody can tell whether it is.
 */
export type EntityCount = ReadonlyMap<ClusterKey, number | "left" | "gone" | Problem>;

/** By the last action that was not blank on the cluster, as the catalog has it now. */
export function countEntity(catalog: Catalog, record: EntityRecord, settings: RenderSettings): EntityCount {
  const { input, untold = [] } = renderAgain(catalog, record, { clusters: "all" }, settings);
  const count = new Map<ClusterKey, number | "left" | "gone" | Problem>(untold);
  for (const { cluster, event, rendering } of input?.clusters ?? []) {
    // Where an event's action fails the entity stays what it was by the one before.
    const before = record.clusters.get(cluster);
    const isAlive =
      rendering.action === "Create" ||
      (rendering.action === "fail" && before?.action === "Create" && before.event !== undefined);
    const alive = isAlive ? event : undefined;
    count.set(cluster, alive ?? (rendering.action === "leave" ? "left" : "gone"));
  }
  return count;
}

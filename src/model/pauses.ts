/**
 * What is paused: an owner, a cluster, or an owner on a cluster; by an annotation, by a cluster's spec, or by a command. It is
 * treated like a bad document: it matches, remembers the last event, and renders nothing.
 */
import type { Catalog, OwnerSpec } from "./catalog.ts";
import type { Checkpoint, Pause } from "./change-set.ts";
import { type Cluster, clusterKey } from "./cluster.ts";
import { isSameOwner, type Owner, ownerKey } from "./owner.ts";
import type { Problem } from "./problem.ts";

/** On owners, as Sveltos has it on profiles; what it is set to does not matter. */
export const pausedAnnotation = "profile.projectsveltos.io/paused";

/** Pauses of some owners or clusters; one that names neither holds back the deliveries themselves. */
export function partialPauses({ pauses }: Pick<Checkpoint, "pauses">): readonly Pause[] {
  return pauses.filter(({ owner, cluster }) => owner !== undefined || cluster !== undefined);
}

/** `EventTrigger/login on cluster fleet/eu-1`. */
export function describePause({ owner, cluster }: Pause): string {
  const parts = [
    ...(owner === undefined ? [] : [ownerKey(owner)]),
    ...(cluster === undefined ? [] : [`cluster ${cluster}`]),
  ];
  return parts.join(" on ");
}

type PausingCatalog = Pick<Catalog, "pauses">;

/** Why an owner renders nothing, whatever the cluster; undefined: it is not paused as a whole. */
export function findPause({ pauses = [] }: PausingCatalog, owner: Owner, spec: OwnerSpec): Problem | undefined {
  if (spec.isPaused) return paused(ownerKey(owner), `its annotation ${pausedAnnotation}`, "Take the annotation away.");
  const isPaused = pauses.some((pause) => isOf(pause, owner) && pause.cluster === undefined);
  return isPaused ? paused(ownerKey(owner), "a command", `sluice resume ${commandName(owner)}`) : undefined;
}

/** Why an owner renders nothing for a cluster; undefined: it is not paused there. */
export function findPauseOn(
  catalog: PausingCatalog,
  owner: Owner,
  spec: OwnerSpec,
  cluster: Cluster,
): Problem | undefined {
  const whole = findPause(catalog, owner, spec);
  if (whole !== undefined) return whole;
  const key = clusterKey(cluster);
  if (cluster.isPaused) return paused(`cluster ${key}`, "its spec.paused", "Set it to false.");
  const pause = catalog.pauses?.find(
    (one) => one.cluster === key && (one.owner === undefined || isSameOwner(one.owner, owner)),
  );
  if (pause === undefined) return undefined;
  const name = pause.owner === undefined ? "" : ` ${commandName(owner)}`;
  const what = pause.owner === undefined ? `cluster ${key}` : `${ownerKey(owner)} on cluster ${key}`;
  return paused(what, "a command", `sluice resume${name} --cluster ${key}`);
}

/** An owner as commands name it: an EventTrigger by its name alone. */
function commandName(owner: Owner): string {
  return owner.kind === "EventTrigger" ? owner.name : ownerKey(owner);
}

function isOf({ owner }: Pause, wanted: Owner): boolean {
  return owner !== undefined && isSameOwner(owner, wanted);
}

function paused(what: string, by: string, hint: string): Problem {
  return { code: "PAUSED", severity: "warning", message: `${what} is paused, by ${by}: nothing is rendered`, hint };
}

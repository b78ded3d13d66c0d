/** Waits until what was applied does what it is there for, or until time is up. */
import { ClusterRefusal } from "../model/cluster-refusal.ts";
import type { ClusterReader, ResourceKind } from "../ports/cluster.ts";
import type { Clock } from "../ports/system.ts";
import { type GroupKind, partOfSelector, writeGroupKind } from "./apply-set.ts";
import { textAt } from "./members.ts";
import { hasHealth, type ObjectStatus, readStatus } from "./object-status.ts";

const lookMsMin = 250;
const lookMsMax = 5_000;

export interface UnhealthyObject extends ObjectStatus {
  readonly group: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** What is not current when all is, or when time is up; what has failed may still come right, and is waited for too. */
export async function waitUntilHealthy(
  { reader, clock, setId }: { readonly reader: ClusterReader; readonly clock: Clock; readonly setId: string },
  kinds: readonly GroupKind[],
  timeoutMs: number,
  signal: AbortSignal,
): Promise<readonly UnhealthyObject[]> {
  const until = clock.monotonic() + timeoutMs;
  let left = kinds.filter((kind) => hasHealth(writeGroupKind(kind)));
  let delayMs = lookMsMin;
  for (;;) {
    const unhealthy: UnhealthyObject[] = [];
    const waiting: GroupKind[] = [];
    for (const kind of left) {
      const found = await listUnhealthy(reader, kind, setId);
      if (found.length > 0) waiting.push(kind);
      unhealthy.push(...found);
    }
    // A kind that was well once is not asked for again.
    left = waiting;
    if (unhealthy.length === 0 || clock.monotonic() >= until || signal.aborted) return unhealthy;
    await clock.sleep(Math.min(delayMs, Math.max(0, until - clock.monotonic())), signal);
    delayMs = Math.min(delayMs * 2, lookMsMax);
  }
}

async function listUnhealthy(
  reader: ClusterReader,
  { group, kind: name }: GroupKind,
  setId: string,
): Promise<UnhealthyObject[]> {
  let kind: ResourceKind | undefined;
  try {
    kind = await reader.findKind(group, name);
  } catch (error) {
    if (!(error instanceof ClusterRefusal)) throw error;
    return [{ health: "in-progress", message: error.message, group, kind: name, namespace: "", name: "*" }];
  }
  if (kind === undefined) return [];
  const found: UnhealthyObject[] = [];
  for await (const object of reader.listObjects(kind, { labelSelector: partOfSelector(setId) })) {
    // Objects of a list do not say of what kind they are.
    const apiVersion = group === "" ? kind.version : `${group}/${kind.version}`;
    const status = readStatus(new Map([...object, ["apiVersion", apiVersion], ["kind", kind.kind]]));
    if (status.health === "current") continue;
    const namespace = textAt(object, "metadata", "namespace") ?? "";
    found.push({ ...status, group, kind: kind.kind, namespace, name: textAt(object, "metadata", "name") ?? "" });
  }
  return found;
}

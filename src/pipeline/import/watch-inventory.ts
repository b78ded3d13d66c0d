/**
 * Follows a hub's clusters: looks at all of them when one has changed, and now and then without being told, and commits
 * what differs. What fails changes nothing, and is tried again.
 */
import { clusterKinds } from "../../config/import/imported-document.ts";
import { importedKinds } from "../../config/import/plan-import.ts";
import { type Problem, SluiceError } from "../../model/problem.ts";
import type { ClusterReader, LiveMetadata, ResourceKind } from "../../ports/cluster.ts";
import type { Clock } from "../../ports/system.ts";
import { commitInventory, type InventoryReport, type InventoryTarget } from "./commit-inventory.ts";
import { type HubReader, readHub } from "./read-hub.ts";

export interface InventoryWatch {
  readonly hub: HubReader & Pick<ClusterReader, "watchMetadata">;
  readonly target: InventoryTarget;
  readonly clock: Clock;
  readonly onLooked: (report: InventoryReport) => void;
  readonly onTrouble: (problem: Problem) => void;
}

/** Between two looks: what changes at once is one commit. */
const quietMs = 2_000;
/** A watch may miss something, and people may have changed the files. */
const intervalMs = 10 * 60_000;
const delayMsMin = 2_000;
const delayMsMax = 5 * 60_000;

/** Until the signal aborts. */
export async function watchInventory(parts: InventoryWatch, signal: AbortSignal): Promise<void> {
  const { clock, hub, target } = parts;
  const bell = new Bell();
  const followed = new Map<string, Promise<void>>();
  let delayMs = delayMsMin;
  while (!signal.aborted) {
    bell.reset();
    let waitMs = intervalMs;
    try {
      for (const { group, kind } of importedKinds) {
        if (!clusterKinds.has(kind) || followed.has(kind)) continue;
        const found = await hub.findKind(group, kind);
        if (found !== undefined) followed.set(kind, follow(parts, found, bell, signal));
      }
      parts.onLooked(await commitInventory(target, await readHub(hub, true), signal));
      delayMs = delayMsMin;
    } catch (error) {
      if (signal.aborted) break;
      if (!(error instanceof SluiceError)) throw error;
      parts.onTrouble(error.problem);
      waitMs = delayMs;
      delayMs = Math.min(delayMs * 2, delayMsMax);
    }
    await clock.sleep(quietMs, signal);
    await clock.sleep(waitMs, AbortSignal.any([signal, bell.rung]));
  }
  await Promise.all(followed.values());
}

/** Rings when a cluster comes, goes or is changed by anybody but who writes its status. */
async function follow(
  { hub, onTrouble }: InventoryWatch,
  kind: ResourceKind,
  bell: Bell,
  signal: AbortSignal,
): Promise<void> {
  let marks = new Map<string, string>();
  let before = marks;
  for await (const event of hub.watchMetadata(kind, {}, signal, onTrouble)) {
    if (event.type === "listing") {
      before = marks;
      marks = new Map();
    } else if (event.type === "listed") {
      const isSame = before.size === marks.size && [...marks].every(([key, mark]) => before.get(key) === mark);
      if (!isSame) bell.ring();
    } else {
      const { metadata } = event;
      const key = `${metadata.namespace}/${metadata.name}`;
      const mark = event.type === "deleted" ? "" : markOf(metadata);
      if (marks.get(key) !== mark && before === marks) bell.ring();
      if (mark === "") marks.delete(key);
      else marks.set(key, mark);
    }
    if (event.type === "listed") before = marks;
  }
}

/** Another one where anything has changed but the status, which nobody here reads. */
function markOf({ uid, labels, annotations, managers, isTerminating }: LiveMetadata): string {
  const own = managers.filter(({ subresource }) => subresource === "").map(({ name, time }) => `${name} ${time}`);
  return JSON.stringify([uid, isTerminating, [...labels], [...annotations], own]);
}

/** Rung any number of times, it is heard once. */
class Bell {
  #controller = new AbortController();

  get rung(): AbortSignal {
    return this.#controller.signal;
  }

  ring(): void {
    this.#controller.abort();
  }

  reset(): void {
    if (this.#controller.signal.aborted) this.#controller = new AbortController();
  }
}

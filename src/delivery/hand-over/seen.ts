/** Whether a step of a hand-over was seen on the hub: what is still not as the step has it, in words; none: all was seen. */
import { isChartFile, isChartUnitPath } from "../charts/chart-paths.ts";
import { deliveredPaths } from "../charts/deliver-chart.ts";
import type { HandOver } from "./hand-over.ts";
import { type HubIdentity, handOverOf, hubKey, isReleased, isStopped, readHubIdentity } from "./let-go.ts";

/** A unit as the hub has it. */
export interface HubUnit extends HubIdentity {
  /** The hand-over that it bears. */
  readonly handOver: string | undefined;
  readonly isReleased: boolean;
  readonly isStopped: boolean;
  /** Its controller has tried it as it is now: nothing goes on by what it was before. */
  readonly isObserved: boolean;
  readonly isReady: boolean;
  /** It has what it is for in the cluster, and deletes that when it goes: what never took it over deletes nothing. */
  readonly holds: boolean;
  /** The commit that was last applied of it. */
  readonly commit: string | undefined;
  /** Its folder on the target, as the hub has it; undefined: it is taken from an artifact. */
  readonly folder: string | undefined;
}

export interface SeenScope {
  /** Files of the hub as the state has them, by path, those of the former folder among them; where charts' end, theirs too. */
  readonly present: ReadonlyMap<string, string>;
  /** By the key of what they are. */
  readonly hub: ReadonlyMap<string, HubUnit>;
  /** Whether what was applied of a unit has the step's commit in it. */
  readonly isApplied: (unit: HubUnit) => boolean;
  /** Whether something that was deleted meanwhile waits in the unit of this file, or is the chart of this file. */
  readonly hasLeaving: HasLeaving;
}

export type HasLeaving = (path: string) => boolean;

/**
 * Where what was deleted meanwhile waits. `objects`: paths of the state, of objects that are kept aside; `charts`: paths
 * and texts of charts.
 */
export function findLeaving(
  objects: Iterable<string>,
  charts: Iterable<readonly [path: string, text: string]>,
): HasLeaving {
  const clusterAt = (path: string, depth: number) =>
    path
      .split("/")
      .slice(depth, depth + 2)
      .join("/");
  const [withObjects, withCharts] = [new Set<string>(), new Set<string>()];
  const files = new Set<string>();
  for (const path of objects) withObjects.add(clusterAt(path, 1));
  for (const [path, text] of charts) {
    withCharts.add(clusterAt(path, 1));
    for (const file of deliveredPaths(path, text).paths) files.add(file);
  }
  return (path) =>
    isChartFile(path) ? files.has(path) : (isChartUnitPath(path) ? withCharts : withObjects).has(clusterAt(path, 2));
}

export function findUnseen({ id, step }: Pick<HandOver, "id" | "step">, scope: SeenScope): readonly string[] {
  const { present, hub, isApplied, hasLeaving } = scope;
  const unseen: string[] = [];
  const expected = new Set<string>();
  for (const [path, text] of present) {
    const identity = readHubIdentity(text);
    if (identity === undefined) continue;
    const key = hubKey(identity);
    expected.add(key);
    const isPart = handOverOf(text) === id;
    // What brings charts only takes from the hub what has let go, ready or not.
    if (step === "clear" || (step === "release" && isChartUnitPath(path) && !isReleased(text))) continue;
    if (step === "close" ? isPart || !hasLeaving(path) : !isPart) continue;
    // Of a chart's only what goes with the end still stands here: what it is made from has commits of its own.
    const isEndingChart = step === "close" && isChartFile(path);
    const trouble = isEndingChart ? explainChart(hub.get(key)) : explain(text, step, hub.get(key), isApplied);
    if (trouble !== undefined) unseen.push(`${identity.kind} ${identity.namespace}/${identity.name} ${trouble}`);
  }
  if (step !== "close" && step !== "clear") return unseen;
  for (const [key, unit] of hub) {
    if (unit.handOver === id && (step === "close" || !expected.has(key))) {
      unseen.push(
        `${unit.kind} ${unit.namespace}/${unit.name} ${expected.has(key) ? "is not as it is to be" : "is still there"}`,
      );
    }
  }
  return unseen;
}

/** Of a chart that nobody wants any more, and that who has the clusters now is to delete. */
function explainChart(unit: HubUnit | undefined): string | undefined {
  if (unit === undefined) return "is not on the hub";
  return unit.holds ? undefined : "has not taken over yet what it is to delete";
}

function explain(
  text: string,
  step: HandOver["step"],
  unit: HubUnit | undefined,
  isApplied: SeenScope["isApplied"],
): string | undefined {
  if (unit === undefined) return "is not on the hub";
  if (isReleased(text) && !unit.isReleased) return "has not let go there";
  if (isStopped(text)) return unit.isStopped ? undefined : "is not stopped there";
  if (!unit.isObserved) return "was not tried there as it is now";
  // What lets go need not be ready, and may have no kubeconfig any more.
  if (step === "release" && isReleased(text)) return undefined;
  if (!unit.isReady) return "is not ready there";
  if (step !== "release" && !isApplied(unit)) return "has not applied the commit yet";
  return undefined;
}

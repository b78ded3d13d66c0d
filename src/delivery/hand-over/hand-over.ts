/**
 * Hand-overs: what moves objects from one unit to another, or ends a unit that has some. Each is begun by a person, kept
 * in the checkpoint's parts, and goes step by step, one commit each. A step waits until the one before was seen on the
 * hub, or a person says that it was; no step goes by time.
 *
 * 1. release: who has the objects stops deleting, and new units come that have none yet.
 * 2. clear (only where a hub's objects of charts end): they go from the hub, and what they had stays in the clusters.
 * 3. move: the objects are where they are to be; who had them stops altogether.
 * 4. leave (only where `delivery.path` changes): what stood in the former folder goes.
 * 5. close: who had the objects goes, and who has them now deletes again.
 *
 * Files that are deleted meanwhile stay until all of that was seen, and go with the end.
 */
import type { ClusterKey } from "../../model/cluster.ts";
import type { HubDelivery } from "../../model/hub-delivery.ts";
import type { JsonObject } from "../../model/json.ts";
import type { Owner } from "../../model/owner.ts";

/** What is delivered, and from where. */
export interface Delivered {
  /** Undefined: nothing. */
  readonly delivery?: HubDelivery;
  /** `output.path`. */
  readonly outputPath: string;
}

export type HandOverChange =
  | { readonly kind: "delivery"; readonly from: Delivered; readonly to: Delivered }
  /** A trigger gets another name, where each has a unit of its own. */
  | { readonly kind: "rename"; readonly from: Owner; readonly to: Owner }
  /** A cluster that is in no document is given up. */
  | { readonly kind: "retire"; readonly cluster: ClusterKey };

/** `adopt`: of a rename, the records go from the one trigger to the other; then its objects are where they are to be. */
export type HandOverStep = "release" | "clear" | "adopt" | "move" | "leave" | "close";

export interface HandOver {
  /** By which it was held, and begun. */
  readonly id: string;
  readonly change: HandOverChange;
  readonly step: HandOverStep;
  /** The counter of the state's commits at which the step is done: what was made of it has it. */
  readonly commits: number;
}

const key = "handOvers";

export function readHandOvers(parts: JsonObject): readonly HandOver[] {
  const text = parts.get(key);
  return typeof text === "string" ? (JSON.parse(text) as readonly HandOver[]) : [];
}

/** The parts with the hand-overs as given; what others keep there stays. */
export function writeHandOvers(parts: JsonObject, handOvers: readonly HandOver[]): JsonObject {
  const written = new Map(parts);
  if (handOvers.length === 0) written.delete(key);
  else written.set(key, JSON.stringify(handOvers));
  return written;
}

/** Undefined: it was the last one, and the end follows. */
export function nextStep({ change, step }: Pick<HandOver, "change" | "step">): HandOverStep | undefined {
  const steps = stepsOf(change);
  return steps[steps.indexOf(step) + 1];
}

export function stepsOf(change: HandOverChange): readonly HandOverStep[] {
  if (change.kind === "retire") return ["release"];
  if (change.kind === "rename") return ["release", "adopt", "move", "close"];
  return [
    "release",
    ...(endsCharts(change) ? (["clear"] as const) : []),
    "move",
    ...(movesFolder(change) ? (["leave"] as const) : []),
    "close",
  ];
}

/**
 * Whether what a hub has of charts ends: another tool has the releases then, or nobody. Else each is the same object of
 * the hub before and after, whoever applies it there.
 */
export function endsCharts(change: HandOverChange): boolean {
  if (change.kind !== "delivery") return change.kind === "retire";
  const [from, to] = [change.from.delivery, change.to.delivery];
  if (from === undefined) return false;
  if (to === undefined || from.kind !== to.kind) return true;
  return from.kind === "argocd" && to.kind === "argocd" && from.namespace !== to.namespace;
}

/** Whether what a hub applies gets another folder on the target. */
export function movesFolder(change: HandOverChange): boolean {
  if (change.kind !== "delivery") return false;
  const { from, to } = change;
  return from.delivery !== undefined && to.delivery !== undefined && from.delivery.path !== to.delivery.path;
}

/** While it lasts documents stay as they are: which unit has what must not change twice. */
export function isFreezing(handOver: Pick<HandOver, "change" | "step">): boolean {
  return isExclusive(handOver) && handOver.step !== "adopt";
}

/** One goes at a time, and files that are deleted meanwhile stay. */
export function isExclusive({ change }: Pick<HandOver, "change">): boolean {
  return change.kind !== "retire";
}

/** For people: what is handed over, as the beginning of a sentence. */
export function describeChange(change: HandOverChange): string {
  switch (change.kind) {
    case "delivery":
      return change.to.delivery === undefined
        ? "delivery ends"
        : `${findMoving(change.from, change.to).join(", ")} changes`;
    case "rename":
      return `EventTrigger ${change.from.name} becomes ${change.to.name}`;
    case "retire":
      return `cluster ${change.cluster} is given up`;
  }
}

/** Settings that decide nothing about which unit an object is in, or where a unit is. */
const freeSettings = new Set(["interval", "retryInterval", "timeout", "project", "decryption"]);

/** The settings, by name, that would move something; none where nothing is delivered so far. */
export function findMoving(from: Delivered, to: Delivered): readonly string[] {
  if (from.delivery === undefined) return [];
  if (to.delivery === undefined) return ["delivery"];
  const [before, after] = [new Map(Object.entries(from.delivery)), new Map(Object.entries(to.delivery))];
  const keys = [...new Set([...before.keys(), ...after.keys()])]
    .filter((name) => !freeSettings.has(name) && JSON.stringify(before.get(name)) !== JSON.stringify(after.get(name)))
    .map((name) => `delivery.${name}`);
  return [...keys, ...(from.outputPath === to.outputPath ? [] : ["output.path"])].sort();
}

/** What became of each object of a pass: a closed set, in tables, JSON and metrics. */
import type { ObjectIdentity } from "../model/manifest.ts";
import type { ErrorCode } from "../model/problem.ts";

export type ApplyAction = "created" | "configured" | "unchanged" | "deleted" | "skipped" | "conflict" | "failed";

const applyActions: readonly ApplyAction[] = [
  "created",
  "configured",
  "unchanged",
  "deleted",
  "skipped",
  "conflict",
  "failed",
];

export interface ObjectOutcome {
  readonly action: ApplyAction;
  readonly identity: ObjectIdentity;
  /** The label that says whose it is; empty: nobody's. */
  readonly owner: string;
  /** The file in the cluster's folder; undefined: it has none any more. */
  readonly path?: string;
  readonly code?: ErrorCode;
  /** Why, where it is not as it should be. */
  readonly message?: string;
  /** It is tried again: the cluster is not as the folder wants it yet. */
  readonly isPending?: true;
}

export type ActionCounts = Readonly<Record<ApplyAction, number>>;

/** Whether the cluster is not what the folder wants, by something that was found out about this object. */
export function isTrouble({ action, isPending }: ObjectOutcome): boolean {
  return action === "failed" || action === "conflict" || isPending === true;
}

export function countActions(outcomes: readonly ObjectOutcome[]): ActionCounts {
  const counts = Object.fromEntries(applyActions.map((action) => [action, 0])) as Record<ApplyAction, number>;
  for (const { action } of outcomes) counts[action]++;
  return counts;
}

/** `2 created, 1 failed`; what there is none of is not said. */
export function describeCounts(counts: ActionCounts): string {
  const said = applyActions.filter((action) => counts[action] > 0).map((action) => `${counts[action]} ${action}`);
  return said.length === 0 ? "nothing to do" : said.join(", ");
}

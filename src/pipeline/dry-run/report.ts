/** What a dry run found, as data: already masked and bounded, so that whatever prints it may print all of it. */
import type { HeldChange } from "../../model/mass-change.ts";
import type { Place } from "../../model/problem.ts";
import type { SettingChange } from "../../model/setting-change.ts";

export type ObjectAction = "create" | "update" | "delete";

export interface DiffLine {
  readonly sign: " " | "-" | "+";
  readonly text: string;
}

export interface Hunk {
  /** First line and number of lines, before and after. */
  readonly before: readonly [start: number, lines: number];
  readonly after: readonly [start: number, lines: number];
  readonly lines: readonly DiffLine[];
}

export interface ObjectChange {
  readonly action: ObjectAction;
  /** On the target. */
  readonly path: string;
  /** `<namespace>/<name>`. */
  readonly cluster: string;
  /** Empty for what Sluice makes itself: namespaces that objects need, a cluster's own file. */
  readonly trigger: string;
  /** `<kind>[.<group>] [<namespace>/]<name>`. */
  readonly object: string;
  /** Of the template that prints it now. */
  readonly at?: Place;
  readonly hunks: readonly Hunk[];
}

/** Changes that are alike: of one trigger, with the same lines. */
export interface ChangeGroup {
  readonly action: ObjectAction;
  readonly trigger: string;
  readonly objects: number;
  readonly clusters: number;
  /** Of the first. */
  readonly at?: Place;
  readonly first: ObjectChange;
}

/** Entities whose rendering fails for one reason, with the change or no longer. */
export interface FailureGroup {
  readonly change: "introduced" | "mended";
  readonly trigger: string;
  readonly code: string;
  readonly message: string;
  readonly at?: Place;
  readonly entities: number;
  /** The first few, as `<source> <subject>`. */
  readonly examples: readonly string[];
}

/** A line for each trigger: how many objects it would create, update and delete, on how many clusters. */
export interface TriggerCount {
  readonly trigger: string;
  readonly create: number;
  readonly update: number;
  readonly delete: number;
  readonly clusters: number;
}

/** Manifests that stand elsewhere afterwards, by settings; what is in them counts apart. */
export interface Moves {
  readonly objects: number;
  /** The first few, by path. */
  readonly examples: readonly { readonly from: string; readonly to: string }[];
}

export interface DryRunReport {
  /** What was compared, for people: `the catalog in force`, a revision, a folder. */
  readonly base: string;
  readonly head: string;
  readonly counts: Readonly<Record<ObjectAction, number>>;
  readonly triggers: readonly TriggerCount[];
  readonly groups: readonly ChangeGroup[];
  /** The first ones, by path. */
  readonly objects: readonly ObjectChange[];
  readonly failures: readonly FailureGroup[];
  /** What triggers in sync mode DryRun would put there, the first ones; counted nowhere else. */
  readonly dryRuns: readonly ObjectChange[];
  /** Recorded entities that were rendered. */
  readonly entities: number;
  /** False: there were more recorded entities than are rendered in a dry run. */
  readonly isComplete: boolean;
  /** EventTriggers that are new: they see later events only. */
  readonly newTriggers: readonly string[];
  /** Keys of `sluice.yaml` that differ between base and head. */
  readonly settings: readonly SettingChange[];
  readonly moves: Moves;
  /** What the service would not put in force by itself. */
  readonly held: readonly HeldChange[];
}

/** Whether anything would change; settings count that decide what stands where. */
export function hasDifferences({ counts, failures, moves, settings }: DryRunReport): boolean {
  const placing = settings.filter(({ isPlacing }) => isPlacing).length;
  return counts.create + counts.update + counts.delete + failures.length + moves.objects + placing > 0;
}

/** Collects changes into a report: counts everything, keeps the first ones, and groups what is alike. */
import type { ChangeGroup, DryRunReport, FailureGroup, ObjectAction, ObjectChange, TriggerCount } from "./report.ts";

const groupsMax = 1000;
const failuresMax = 1000;
const movesMax = 5;

type Group = { -readonly [Key in keyof ChangeGroup]: ChangeGroup[Key] };

export class ReportBuilder {
  readonly #objectsMax: number;
  readonly #counts: Record<ObjectAction, number> = { create: 0, update: 0, delete: 0 };
  readonly #triggers = new Map<string, { counts: Record<ObjectAction, number>; clusters: Set<string> }>();
  readonly #groups = new Map<string, { group: Group; clusters: Set<string> }>();
  readonly #objects: ObjectChange[] = [];
  readonly #dryRuns: ObjectChange[] = [];
  #failures: readonly FailureGroup[] = [];
  #moved = 0;
  readonly #moves: { readonly from: string; readonly to: string }[] = [];

  constructor(objectsMax: number) {
    this.#objectsMax = objectsMax;
  }

  add(change: ObjectChange): void {
    const { action, trigger, cluster } = change;
    this.#counts[action]++;
    const counted = this.#triggers.get(trigger) ?? { counts: { create: 0, update: 0, delete: 0 }, clusters: new Set() };
    this.#triggers.set(trigger, counted);
    counted.counts[action]++;
    counted.clusters.add(cluster);
    if (this.#objects.length < this.#objectsMax) this.#objects.push(change);

    const key = likeness(change);
    const known = this.#groups.get(key);
    if (known !== undefined) {
      known.group.objects++;
      known.clusters.add(cluster);
    } else if (this.#groups.size < groupsMax) {
      const at = change.at === undefined ? {} : { at: change.at };
      const group = { action, trigger, objects: 1, clusters: 1, first: change, ...at };
      this.#groups.set(key, { group, clusters: new Set([cluster]) });
    }
  }

  addDryRun(change: ObjectChange): void {
    if (this.#dryRuns.length < this.#objectsMax) this.#dryRuns.push(change);
  }

  addMove(from: string, to: string): void {
    this.#moved++;
    if (this.#moves.length < movesMax) this.#moves.push({ from, to });
  }

  addFailures(failures: readonly FailureGroup[]): void {
    this.#failures = failures.slice(0, failuresMax);
  }

  build(
    about: Pick<DryRunReport, "base" | "head" | "entities" | "isComplete" | "newTriggers" | "settings" | "held">,
  ): DryRunReport {
    const triggers: TriggerCount[] = [...this.#triggers]
      .map(([trigger, { counts, clusters }]) => ({ trigger, ...counts, clusters: clusters.size }))
      .sort((a, b) => (a.trigger < b.trigger ? -1 : 1));
    return {
      ...about,
      counts: this.#counts,
      triggers,
      groups: [...this.#groups.values()].map(({ group, clusters }) => ({ ...group, clusters: clusters.size })),
      objects: this.#objects,
      failures: this.#failures,
      dryRuns: this.#dryRuns,
      moves: { objects: this.#moved, examples: this.#moves },
    };
  }
}

/** Updates are alike that change the same lines; objects that come or go, those of one kind. */
function likeness({ action, trigger, object, hunks }: ObjectChange): string {
  const kind = object.slice(0, object.indexOf(" "));
  const lines =
    action === "update"
      ? hunks.flatMap(({ lines }) => lines.filter(({ sign }) => sign !== " ").map(({ sign, text }) => sign + text))
      : [];
  return JSON.stringify([action, trigger, kind, lines]);
}

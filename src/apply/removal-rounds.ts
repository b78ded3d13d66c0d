/** In which order objects go: pure. */
import { removalStageOf } from "./object-rank.ts";
import type { RemovalItem } from "./pass-plan.ts";

/** What goes together. */
export interface RemovalRound {
  readonly items: readonly RemovalItem[];
  /** The owners' labels of which everything that goes has to be gone before. */
  readonly waitsFor: readonly string[];
  /** Others wait until it is gone. */
  readonly isWaitedFor: boolean;
}

/** By an owner's label, the labels of the owners that it depends on. */
export type OwnerDependencies = ReadonlyMap<string, readonly string[]>;

/**
 * Owner by owner, dependents first: webhook configurations and APIServices, then the rest. Then the definitions of all, and
 * last their Namespaces: these go by what is in the cluster, whoever made it, so that no owner waits for another's.
 */
export function removalRounds(items: readonly RemovalItem[], dependsOn: OwnerDependencies): readonly RemovalRound[] {
  const staged = (stage: ReturnType<typeof removalStageOf>, among = items) =>
    among.filter(({ key }) => removalStageOf(key) === stage);
  const first = [...staged("gates"), ...staged("rest")];
  const rounds: RemovalRound[] = [];
  const dependents = dependentsAmong(new Set(first.map(({ owner }) => owner)), dependsOn);
  for (const owner of orderOwners(dependents)) {
    const own = first.filter((item) => item.owner === owner);
    const waitsFor = dependents.get(owner) ?? [];
    const isWaitedFor = [...dependents.values()].some((labels) => labels.includes(owner));
    for (const stage of ["gates", "rest"] as const) {
      rounds.push({ items: staged(stage, own), waitsFor, isWaitedFor });
    }
  }
  return [
    ...mergeFree(rounds),
    ...(["crds", "namespaces"] as const).map((stage) => ({
      items: staged(stage),
      waitsFor: [],
      isWaitedFor: false,
    })),
  ].filter(({ items }) => items.length > 0);
}

/** By label, those of the owners given that depend on it, directly or through others. */
function dependentsAmong(
  owners: ReadonlySet<string>,
  dependsOn: OwnerDependencies,
): ReadonlyMap<string, readonly string[]> {
  const dependents = new Map<string, string[]>([...owners].map((owner) => [owner, []]));
  for (const owner of owners) {
    const seen = new Set<string>();
    const queue = [...(dependsOn.get(owner) ?? [])];
    for (let at = queue.shift(); at !== undefined; at = queue.shift()) {
      // Documents that depend on each other in a circle are an error, and nobody's reason to wait for ever.
      if (seen.has(at) || at === owner) continue;
      seen.add(at);
      dependents.get(at)?.push(owner);
      queue.push(...(dependsOn.get(at) ?? []));
    }
  }
  return dependents;
}

/** Each behind all that depend on it. */
function orderOwners(dependents: ReadonlyMap<string, readonly string[]>): readonly string[] {
  const ordered = new Set<string>();
  const visit = (owner: string, above: readonly string[]) => {
    if (ordered.has(owner) || above.includes(owner)) return;
    for (const dependent of dependents.get(owner) ?? []) visit(dependent, [...above, owner]);
    ordered.add(owner);
  };
  for (const owner of dependents.keys()) visit(owner, []);
  return [...ordered];
}

/** Owners that nobody waits for, and that wait for nobody, go together. */
function mergeFree(rounds: readonly RemovalRound[]): readonly RemovalRound[] {
  const isFree = ({ waitsFor, isWaitedFor }: RemovalRound) => waitsFor.length === 0 && !isWaitedFor;
  const free = rounds.filter(isFree);
  const gates = free.filter((_round, index) => index % 2 === 0).flatMap(({ items }) => items);
  const rest = free.filter((_round, index) => index % 2 === 1).flatMap(({ items }) => items);
  const together = [gates, rest].map((items) => ({ items, waitsFor: [], isWaitedFor: false }));
  return [...together, ...rounds.filter((round) => !isFree(round))];
}

/** Held documents as changes of their own: those that share an effect belong together, others are approved apart. */
import type { CountedEffect, DocumentChange, HeldChange, LimitExceeded } from "../../model/mass-change.ts";
import { changeId } from "./change-id.ts";

/** How many owners and clusters a change names for people. */
export const namesMax = 10;

export function groupHeld(
  documents: ReadonlySet<string>,
  effects: readonly CountedEffect[],
  changes: ReadonlyMap<string, DocumentChange>,
  exceeded: readonly LimitExceeded[],
): readonly HeldChange[] {
  const groups: Set<string>[] = [];
  for (const document of documents) join(groups, [document]);
  for (const effect of effects) {
    const held = effect.documents.filter((document) => documents.has(document));
    if (held.length > 1) join(groups, held);
  }
  return groups.map((group) => describe([...group].sort(), effects, changes, exceeded));
}

/** Makes one of all groups that have one of these. */
function join(groups: Set<string>[], documents: readonly string[]): void {
  const touched = groups.filter((group) => documents.some((document) => group.has(document)));
  const [first, ...others] = touched;
  if (first === undefined) {
    groups.push(new Set(documents));
    return;
  }
  for (const document of documents) first.add(document);
  for (const other of others) {
    for (const document of other) first.add(document);
    groups.splice(groups.indexOf(other), 1);
  }
}

function describe(
  documents: readonly string[],
  effects: readonly CountedEffect[],
  changes: ReadonlyMap<string, DocumentChange>,
  exceeded: readonly LimitExceeded[],
): HeldChange {
  const concerned = effects.filter((effect) => effect.documents.some((document) => documents.includes(document)));
  const sum = (key: "removals" | "additions") => concerned.reduce((total, effect) => total + effect[key], 0);
  const names = (key: "owner" | "cluster") =>
    [...new Set(concerned.map((effect) => effect[key]))].sort().slice(0, namesMax);
  return {
    id: changeId(documents.map((key) => changes.get(key) ?? { key, before: undefined, after: undefined })),
    documents,
    removals: sum("removals"),
    additions: sum("additions"),
    owners: names("owner"),
    clusters: names("cluster"),
    exceeded,
  };
}

/** Profiles that depend on themselves, directly or through others: none of them could ever be there first. */
import { type DocumentKey, documentKey } from "../model/document-key.ts";
import type { Problem } from "../model/problem.ts";
import type { ReadDocument } from "./read-document.ts";

/** By the key of each profile that is in a cycle, an error that names the way around, at the reference that leads into it. */
export function findDependencyCycles(
  documents: ReadonlyMap<DocumentKey, ReadDocument>,
): ReadonlyMap<DocumentKey, Problem> {
  const problems = new Map<DocumentKey, Problem>();
  for (const [key, { content, at }] of documents) {
    if (content?.kind !== "profile" || content.profile.dependsOn.length === 0) continue;
    const way = findWay(documents, key, key);
    if (way === undefined) continue;
    const names = way.map((step) => step.slice(step.lastIndexOf("/") + 1)).join(" → ");
    const [kind = ""] = key.split("/");
    const place = content.references.find((reference) => reference.key === way[1])?.at ?? at;
    problems.set(key, {
      code: "DOCUMENT_INVALID",
      severity: "error",
      message: `${kind} ${content.profile.owner.name} depends on itself: ${names}`,
      at: place,
      hint: "What they render stays as it is until one of them no longer depends on another.",
    });
  }
  return problems;
}

/** The shortest way along dependsOn that begins with `from`, takes at least one step and ends with `to`. */
function findWay(
  documents: ReadonlyMap<DocumentKey, ReadDocument>,
  from: DocumentKey,
  to: DocumentKey,
): readonly DocumentKey[] | undefined {
  const cameFrom = new Map<DocumentKey, DocumentKey>();
  const queue = [from];
  for (let step = queue.shift(); step !== undefined; step = queue.shift()) {
    for (const next of prerequisitesOf(documents.get(step))) {
      if (next === to) return wayTo(step, from, cameFrom).concat(to);
      if (cameFrom.has(next) || !documents.has(next)) continue;
      cameFrom.set(next, step);
      queue.push(next);
    }
  }
  return undefined;
}

function wayTo(end: DocumentKey, from: DocumentKey, cameFrom: ReadonlyMap<DocumentKey, DocumentKey>): DocumentKey[] {
  const way = [end];
  for (let step = end; step !== from; ) {
    step = cameFrom.get(step)!;
    way.unshift(step);
  }
  return way;
}

function prerequisitesOf(document: ReadDocument | undefined): readonly DocumentKey[] {
  if (document?.content?.kind !== "profile") return [];
  const { owner, dependsOn } = document.content.profile;
  return dependsOn.map((name) => documentKey({ kind: owner.kind, namespace: owner.namespace, name }));
}

/** Goes on from where the target is on the server. */
import type { ObjectId } from "../../ports/git.ts";
import type { BranchParts } from "./branch-parts.ts";

/** True if somebody has moved it; then what it was made from is looked at. */
export async function followTarget(
  { target, absences, chain }: BranchParts,
  commit: ObjectId | undefined,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const hasMoved = await target.follow(commit);
  if (hasMoved) await absences.look(target.head, chain, { deep: false, signal });
  return hasMoved;
}

/** Looks at the target on the server: true if somebody has moved it. */
export async function refreshTarget(parts: BranchParts, signal?: AbortSignal): Promise<boolean> {
  const { names, ports } = parts;
  const heads = await ports.git.fetchHeads([names.target], signal);
  return followTarget(parts, heads.get(names.target), signal);
}

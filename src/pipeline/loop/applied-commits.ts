/** Which units of a hub have applied a commit of the target that has what a step of a hand-over made. */
import type { HubUnit } from "../../delivery/hand-over/seen.ts";
import { findUnits } from "../../delivery/unit.ts";
import type { Catalog } from "../../model/catalog.ts";
import { clustersWithFolders } from "../../model/local-object.ts";
import { readStateTrailers } from "../../plan/state-mark.ts";
import type { GitRepository, ObjectId } from "../../ports/git.ts";

/** So many commits of the target are looked through for those that units have applied. */
const historyMax = 500;

export interface AppliedScope {
  readonly git: GitRepository;
  /** The branch. */
  readonly target: string;
  /** Of its head; undefined: nothing is known of it. */
  readonly targetTree: ObjectId | undefined;
  readonly outputPath: string;
  readonly catalog: Catalog;
  readonly stateId: string;
}

/** Whether what a unit has applied has what the state's commits had come to: by the number of the state's commit. */
export type HasApplied = (unit: HubUnit, commits: number) => boolean;

/** `commits`: the highest number that will be asked for. */
export async function readApplied(
  { git, target, targetTree, outputPath, catalog, stateId }: AppliedScope,
  hub: Iterable<HubUnit>,
  commits: number,
): Promise<HasApplied> {
  const trees = new Map<ObjectId, ObjectId>();
  /** Up to which of the state's commits each has everything. */
  const reached = new Map<ObjectId, number>();
  // Newest first: people's commits have what the next one of Sluice's below them has.
  let above: ObjectId[] = [];
  for (const { id, tree, message } of await git.readHistory(target, historyMax)) {
    trees.set(id, tree);
    above.push(id);
    const ours = readStateTrailers(message).filter((trailer) => trailer.stateId === stateId);
    if (ours.length === 0) continue;
    for (const one of above) reached.set(one, Math.max(...ours.map((trailer) => trailer.commits)));
    above = [];
  }
  const hasReached = (commit: ObjectId, wanted: number) => (reached.get(commit) ?? -1) >= wanted;
  // Where it is older, the unit's folder may be the same since.
  const same = new Set<string>();
  const folderOf = foldersOf(catalog, outputPath);
  for (const unit of hub) {
    const { commit } = unit;
    const [tree, folder] = [commit === undefined ? undefined : trees.get(commit), folderOf(unit)];
    if (tree === undefined || targetTree === undefined || folder === undefined || hasReached(commit!, commits))
      continue;
    const [then, now] = [await git.findEntry(tree, folder), await git.findEntry(targetTree, folder)];
    if (then !== undefined && then.id === now?.id) same.add(`${commit} ${folder}`);
  }
  return (unit, wanted) =>
    unit.commit !== undefined && (hasReached(unit.commit, wanted) || same.has(`${unit.commit} ${folderOf(unit)}`));
}

/** The folder of a unit on the target: of one that is taken from an artifact the hub does not say it. */
function foldersOf(catalog: Catalog, outputPath: string): (unit: HubUnit) => string | undefined {
  const { delivery } = catalog;
  const folders = new Map<string, string>();
  if (delivery?.kind === "flux" && delivery.artifacts) {
    const unitsOf = findUnits(catalog, delivery);
    for (const cluster of clustersWithFolders(catalog).values()) {
      for (const unit of unitsOf(cluster)) folders.set(unit.objectName, `${outputPath}/${unit.folder}`);
    }
  }
  return ({ folder, name }) => folder ?? folders.get(name);
}

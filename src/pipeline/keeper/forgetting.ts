/** Forgets clusters and owners that are gone, as soon as nothing is left of them. */
import { withDelivery } from "../../delivery/delivery-in-force.ts";
import { isExclusive, readHandOvers } from "../../delivery/hand-over/hand-over.ts";
import type { Catalog } from "../../model/catalog.ts";
import { ownerKey } from "../../model/owner.ts";
import { keepWithdrawn } from "../../plan/keep-withdrawn.ts";
import { deliveryFolder, ownerPath, targetPath, unitFileName } from "../../plan/paths.ts";
import type { PlanInput } from "../../plan/state-fold.ts";
import type { GitReader, ObjectId } from "../../ports/git.ts";
import type { BranchNames } from "../branches/branch-parts.ts";
import { findEmptyClusters, findEmptyUnits, findPurgeable } from "../forget-withdrawn.ts";
import { listFolder } from "../read-folder.ts";
import type { StateCommits } from "./state-commits.ts";
import { UnitSizes } from "./unit-sizes.ts";

const minutesBetweenPurges = 60;

/** Files in a unit's folder besides the one that keeps it. */
async function listOthers(git: GitReader, tree: ObjectId, folder: string): Promise<readonly string[]> {
  return (await listFolder(git, tree, folder)).filter((path) => path !== `${folder}/${unitFileName}`);
}

function placeOnTarget(folder: string, { outputPath, deliveryPath = deliveryFolder }: BranchNames): string {
  if (folder.startsWith(`${deliveryFolder}/`)) return deliveryPath + folder.slice(deliveryFolder.length);
  return targetPath(folder, outputPath);
}

export class Forgetting {
  readonly #commits: StateCommits;
  /** Whether folders of clusters may have become empty since they were looked for. */
  #mayForget = true;
  /** The checkpoint's minutes when withdrawn owners were last looked at. */
  #purgedAt: number | undefined;
  /** The target's tree that still has objects in units that could go otherwise; undefined: there are none. */
  #waitsAt: ObjectId | undefined;
  readonly #sizes = new UnitSizes();

  constructor(commits: StateCommits) {
    this.#commits = commits;
  }

  /** Something may be gone: it is looked for at the next turn. */
  hint(): void {
    this.#mayForget = true;
  }

  /** `loaded`: the catalog in force as it was loaded, without the owners that are withdrawn. */
  async forget(loaded: Catalog): Promise<void> {
    const commits = this.#commits;
    const { git, log } = commits.ports;
    const { tree } = commits;
    commits.countMinutes();
    const { minutes } = commits.checkpoint;
    const isDue = minutes - (this.#purgedAt ?? Number.NEGATIVE_INFINITY) >= minutesBetweenPurges;
    const { targetTree, names } = commits.branches;
    const hasMerged = this.#waitsAt !== undefined && this.#waitsAt !== targetTree;
    if (tree === undefined || (!isDue && !this.#mayForget && !hasMerged)) return;
    // Whose files are whose is being changed; looked for again when that is done.
    if (readHandOvers(commits.checkpoint.parts).some(isExclusive)) return;
    this.#purgedAt = minutes;
    if (isDue) {
      const costly = await this.#sizes.look(git, tree, commits.catalog);
      if (costly !== undefined) log.problem(costly);
    }
    this.#waitsAt = undefined;
    const isStillThere = async (folder: string) => {
      // Without review the target follows the state commit by commit.
      if (names.isReviewed !== true || targetTree === undefined) return false;
      const [path] = await listOthers(git, targetTree, placeOnTarget(folder, names));
      if (path !== undefined) this.#waitsAt = targetTree;
      return path !== undefined;
    };
    const { keepWithdrawnMinutes } = commits.options.guard;
    const inputs: PlanInput[] = [
      ...(await findEmptyClusters(git, tree, commits.catalog)),
      ...(await findEmptyUnits(git, tree, commits.catalog, isStillThere)),
    ];
    const purgeable = await findPurgeable(git, tree, commits.catalog, minutes - keepWithdrawnMinutes);
    for (const owner of purgeable) inputs.push({ kind: "purge", owner });
    this.#mayForget = false;
    if (inputs.length === 0) return;
    if (purgeable.length > 0) {
      const forgotten = new Set(purgeable.filter(({ kind }) => kind === "EventTrigger").map(({ name }) => name));
      const { delivery } = commits.catalog;
      const catalog = withDelivery(keepWithdrawn(loaded, commits.catalog, forgotten), delivery);
      commits.use(catalog);
      const kept = await commits.planCatalog(catalog, new Map());
      const gone = new Set(purgeable.map(ownerPath));
      // The purge deletes the owners' own files.
      inputs.unshift(...kept.inputs.filter((input) => !(input.kind === "file" && gone.has(input.path))));
    }
    await commits.commit(inputs, {});
    for (const owner of purgeable) log.info("forgot an owner that is gone", { owner: ownerKey(owner) });
  }
}

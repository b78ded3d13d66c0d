/** Forgets clusters and owners that are gone, as soon as nothing is left of them. */
import { withDelivery } from "../../delivery/delivery-in-force.ts";
import { isExclusive, readHandOvers } from "../../delivery/hand-over/hand-over.ts";
import type { Catalog } from "../../model/catalog.ts";
import { ownerKey } from "../../model/owner.ts";
import { keepWithdrawn } from "../../plan/keep-withdrawn.ts";
import { ownerPath } from "../../plan/paths.ts";
import type { PlanInput } from "../../plan/state-fold.ts";
import { findEmptyClusters, findEmptyUnits, findPurgeable } from "../forget-withdrawn.ts";
import type { StateCommits } from "./state-commits.ts";
import { UnitSizes } from "./unit-sizes.ts";

const minutesBetweenPurges = 60;

export class Forgetting {
  readonly #commits: StateCommits;
  /** Whether folders of clusters may have become empty since they were looked for. */
  #mayForget = true;
  /** The checkpoint's minutes when withdrawn owners were last looked at. */
  #purgedAt: number | undefined;
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
    if (tree === undefined || (!isDue && !this.#mayForget)) return;
    // Whose files are whose is being changed; looked for again when that is done.
    if (readHandOvers(commits.checkpoint.parts).some(isExclusive)) return;
    this.#purgedAt = minutes;
    if (isDue) {
      const costly = await this.#sizes.look(git, tree, commits.catalog);
      if (costly !== undefined) log.problem(costly);
    }
    const { keepWithdrawnMinutes } = commits.options.guard;
    const inputs: PlanInput[] = [
      ...(await findEmptyClusters(git, tree, commits.catalog)),
      ...(await findEmptyUnits(git, tree, commits.catalog)),
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

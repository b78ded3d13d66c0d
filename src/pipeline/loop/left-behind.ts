/** Folders of the target that `output.path` or `repository.branch` named before, and that still hold what is Sluice's. */
import type { TargetPlace } from "../../model/mass-change.ts";
import type { Problem } from "../../model/problem.ts";
import { readPlaces, withoutPlaces } from "../../plan/target-place.ts";
import type { GitRepository } from "../../ports/git.ts";
import type { Log } from "../../ports/system.ts";
import { holdsOurs } from "../branches/output-folder.ts";
import type { InForce } from "./in-force.ts";

export interface LeftBehindParts {
  readonly git: GitRepository;
  readonly log: Log;
  readonly inForce: () => InForce;
}

export class LeftBehind {
  readonly #parts: LeftBehindParts;
  #places: readonly TargetPlace[] = [];

  constructor(parts: LeftBehindParts) {
    this.#parts = parts;
  }

  /** As the last look found them. */
  get places(): readonly TargetPlace[] {
    return this.#places;
  }

  /** Notes where manifests stand now, and forgets former places that nothing of Sluice's is in any more; tells the others. */
  async look(): Promise<void> {
    const { inForce, log } = this.#parts;
    const { keeper } = inForce();
    await keeper.notePlace();
    const gone: TargetPlace[] = [];
    const left: TargetPlace[] = [];
    for (const place of readPlaces(keeper.checkpoint.parts).former) {
      if (await this.#holdsOurs(place)) left.push(place);
      else gone.push(place);
    }
    const parts = withoutPlaces(keeper.checkpoint.parts, gone);
    if (parts !== undefined) await keeper.commit([], { parts });
    this.#places = left;
    for (const place of left) log.problem(leftBehind(place, inForce().branches.names.target));
  }

  async #holdsOurs({ branch, path }: TargetPlace): Promise<boolean> {
    const { git, inForce } = this.#parts;
    const { names, targetTree } = inForce().branches;
    const instance = names.instance === undefined ? {} : { instance: names.instance };
    if (branch === names.target) {
      return (
        targetTree !== undefined && (await holdsOurs(git, targetTree, { outputPath: path, ...instance })) !== undefined
      );
    }
    const head = (await git.fetchHeads([branch])).get(branch);
    if (head === undefined) return false;
    const { tree } = await git.readCommit(head);
    return (await holdsOurs(git, tree, { outputPath: path, ...instance })) !== undefined;
  }
}

function leftBehind({ branch, path }: TargetPlace, target: string): Problem {
  const remove =
    branch === target
      ? `\`sluice repair --remove ${path}\` takes it away`
      : `remove ${path}/ from ${branch}, or the branch`;
  return {
    code: "OUTPUT_LEFT",
    severity: "warning",
    message: `${path}/ on ${branch} is left behind: the settings named it before, and nobody keeps up what Sluice put there`,
    hint: `Once no cluster is synced from it, ${remove}.`,
  };
}

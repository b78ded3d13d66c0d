/** A world's state branch, commit by commit: what each changed, and what it took. */
import type { Checkpoint } from "../../src/model/change-set.ts";
import type { Delivery } from "../../src/model/delivery.ts";
import type { ObjectId } from "../../src/ports/git.ts";
import { type FileDifference, walkDifference } from "../fakes/git-objects.ts";
import type { Handed } from "./sim-process.ts";
import type { World } from "./world.ts";

export interface StateCommit {
  readonly id: ObjectId;
  readonly checkpoint: Checkpoint;
  /** What it took of the streams, in order. */
  readonly taken: readonly Handed[];
  /** What a backfill read a second time, in order. */
  readonly backfilled: readonly Delivery[];
  /** To the commit before; of the first one, all its files. */
  readonly differences: readonly FileDifference[];
}

/** The oldest commit first. */
export function readStateHistory(world: World): readonly StateCommit[] {
  let before: ObjectId | undefined;
  return world.history().map((id) => {
    const { tree } = world.remote.commit(id);
    const differences = [...walkDifference(world.remote, before, tree)];
    before = tree;
    const backfilled = world.backfilled.get(id) ?? [];
    return { id, checkpoint: world.checkpoints.get(id)!, taken: world.taken.get(id)!, backfilled, differences };
  });
}

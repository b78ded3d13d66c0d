/**
 * Folds inputs into the state: reads what planning turns out to need, input by input, and sees to it that a delivery finds
 * its record as the passes that have not reached it yet would have left it.
 */
import type { ChangeSet, Checkpoint } from "../model/change-set.ts";
import type { ClusterKey } from "../model/cluster.ts";
import type { EntityRecord } from "../model/record.ts";
import type { EntityInput } from "../plan/apply-event.ts";
import type { ReplayInput } from "../plan/apply-replay.ts";
import { hashEntity } from "../plan/paths.ts";
import { workAhead } from "../plan/pending-work.ts";
import { type PlanInput, type PlanRules, pathsToRead, StateFold } from "../plan/state-fold.ts";
import { hasNeeds, noStateFiles, type StateFiles, type StateNeeds } from "../plan/state-view.ts";
import type { GitReader, ObjectId } from "../ports/git.ts";

export interface FoldScope {
  readonly git: GitReader;
  /** Of the state branch; undefined: there is none yet. */
  readonly tree: ObjectId | undefined;
  readonly rules: PlanRules;
  /** A record's events rendered with the catalog in force; undefined: it can only wait for its next event. */
  readonly renderAgain: (record: EntityRecord, clusters: "all" | ReadonlySet<ClusterKey>) => ReplayInput | undefined;
}

export interface Folded {
  readonly changeSet: ChangeSet;
  /** As it is once the change set is committed. */
  readonly checkpoint: Checkpoint;
}

/** `stored`: the checkpoint as the state has it; `checkpoint`: as it is to be, but for what the inputs add to it. */
export async function foldInputs(
  scope: FoldScope,
  inputs: readonly PlanInput[],
  stored: Checkpoint,
  checkpoint: Checkpoint,
): Promise<Folded> {
  const { rules } = scope;
  const files = noStateFiles();
  await readNeeds(scope, pathsToRead(inputs, rules), files);
  const fold = new StateFold(stored, checkpoint, rules, files);
  const apply = async (input: PlanInput) => {
    for (let needs = fold.apply(input); needs !== undefined; needs = fold.apply(input)) {
      await readNeeds(scope, needs, files);
    }
  };
  for (const input of inputs) {
    if (input.kind === "entity") {
      const { clusters, from } = workAhead(checkpoint.pending, input.owner, hashEntity(input.entity));
      for (const owner of from) await apply({ kind: "adopt", owner: input.owner, from: owner, entity: input.entity });
      const replay = clusters === undefined ? undefined : await renderFirst(scope, fold, files, clusters, input);
      if (replay !== undefined) await apply(replay);
    }
    await apply(input);
  }
  for (;;) {
    const finished = fold.finish();
    if (!("needs" in finished)) return finished;
    await readNeeds(scope, finished.needs, files);
  }
}

/** What passes would have made of an event's record, had they reached it. */
async function renderFirst(
  scope: FoldScope,
  fold: StateFold,
  files: StateFiles,
  clusters: "all" | ReadonlySet<ClusterKey>,
  { owner, entity }: EntityInput,
): Promise<ReplayInput | undefined> {
  for (;;) {
    const found = fold.record(owner, entity);
    if (!("needs" in found)) {
      return found.record === undefined ? undefined : scope.renderAgain(found.record, clusters);
    }
    await readNeeds(scope, found.needs, files);
  }
}

async function readNeeds({ git, tree }: FoldScope, needs: StateNeeds, files: StateFiles): Promise<void> {
  if (!hasNeeds(needs)) return;
  const texts = tree === undefined ? new Map<string, string>() : await git.readFiles(tree, [...needs.texts]);
  for (const path of needs.texts) files.texts.set(path, texts.get(path));
  const ids = tree === undefined ? new Map<string, string>() : await git.findIds(tree, [...needs.ids]);
  for (const path of needs.ids) files.ids.set(path, ids.get(path));
  for (const path of needs.folders) {
    const folder = tree === undefined ? undefined : await git.findEntry(tree, path);
    const entries = folder?.mode === "40000" ? await git.readTree(folder.id) : [];
    files.folders.set(
      path,
      entries.map(({ name }) => name),
    );
  }
}

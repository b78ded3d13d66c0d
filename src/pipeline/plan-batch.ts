/** Reads what planning names and plans again, until the plan is complete. */
import type { ChangeSet, Checkpoint } from "../model/change-set.ts";
import {
  type PlanInput,
  type PlanRules,
  pathsToRead,
  planChangeSet,
  rivalPathsToRead,
} from "../plan/plan-change-set.ts";
import { hasNeeds, noStateFiles, type StateFiles, type StateNeeds } from "../plan/state-view.ts";
import type { GitReader, ObjectId } from "../ports/git.ts";

/** `tree`: of the state branch; undefined: there is none yet. */
export async function planBatch(
  git: GitReader,
  tree: ObjectId | undefined,
  inputs: readonly PlanInput[],
  checkpoint: Checkpoint,
  rules: PlanRules,
): Promise<ChangeSet> {
  const files = noStateFiles();
  await readNeeds(git, tree, pathsToRead(inputs, rules), files);
  await readNeeds(git, tree, rivalPathsToRead(inputs, rules, files), files);
  for (;;) {
    const planned = planChangeSet(inputs, checkpoint, rules, files);
    if (planned.complete) return planned.changeSet;
    await readNeeds(git, tree, planned.needs, files);
  }
}

async function readNeeds(
  git: GitReader,
  tree: ObjectId | undefined,
  needs: StateNeeds,
  files: StateFiles,
): Promise<void> {
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

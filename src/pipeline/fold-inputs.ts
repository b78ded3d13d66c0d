/**
 * Folds inputs into the state: reads what planning turns out to need, input by input, and sees to it that a delivery finds
 * its record as the passes that have not reached it yet would have left it.
 */
import type { Catalog } from "../model/catalog.ts";
import type { ChangeSet, Checkpoint } from "../model/change-set.ts";
import type { Entity } from "../model/cloud-event.ts";
import type { ClusterKey } from "../model/cluster.ts";
import { folderMode } from "../model/folder-mode.ts";
import type { Owner } from "../model/owner.ts";
import type { Problem } from "../model/problem.ts";
import type { EntityRecord } from "../model/record.ts";
import type { EntityInput } from "../plan/apply-event.ts";
import type { ReplayInput } from "../plan/apply-replay.ts";
import { hashEntity } from "../plan/paths.ts";
import { workAhead } from "../plan/pending-work.ts";
import { type PlanInput, type PlanRules, pathsToRead, StateFold } from "../plan/state-fold.ts";
import { hasNeeds, noStateFiles, type StateFiles, type StateNeeds } from "../plan/state-view.ts";
import type { GitReader, ObjectId } from "../ports/git.ts";
import type { RenderSettings } from "../render/render-spec.ts";
import type { CountedEntities } from "./aggregates/counted-entities.ts";
import { renderTouched } from "./aggregates/render-aggregates.ts";
import { renderAgain } from "./render-again.ts";
import type { ReadOnFile, Sealer } from "./seal-secrets.ts";

export interface FoldScope {
  readonly git: GitReader;
  /** Of the state branch; undefined: there is none yet. */
  readonly tree: ObjectId | undefined;
  readonly rules: PlanRules;
  /** The one in force. */
  readonly catalog: Catalog;
  readonly settings: RenderSettings;
  /** Those of owners that render all their entities together, as they were last read. */
  readonly counted: CountedEntities;
  /** Encrypts Secrets; absent: there are none to be encrypted, or they stay masked because nothing is kept of it. */
  readonly sealer?: Sealer;
}

export interface Folded {
  readonly changeSet: ChangeSet;
  /** As it is once the change set is committed. */
  readonly checkpoint: Checkpoint;
  /** Why clusters could not be rendered at the end of the batch; they are on record too. */
  readonly problems: readonly Problem[];
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
  const readOnFile: ReadOnFile = async (cluster, owner, identity) => {
    for (;;) {
      const found = fold.onFile(cluster, owner, identity);
      if (!("needs" in found)) return found.texts;
      await readNeeds(scope, found.needs, files);
    }
  };
  await scope.sealer?.prepare(inputs, rules.layout, readOnFile);
  const apply = async (rendered: PlanInput) => {
    const input = (await scope.sealer?.seal(rendered, rules.layout, readOnFile)) ?? rendered;
    for (let needs = fold.apply(input); needs !== undefined; needs = fold.apply(input)) {
      await readNeeds(scope, needs, files);
    }
  };
  for (const input of inputs) {
    if (input.kind === "entity") {
      const { clusters, from } = workAhead(checkpoint.pending, input.owner, hashEntity(input.entity));
      for (const owner of from) await apply({ kind: "adopt", owner: input.owner, from: owner, entity: input.entity });
      // An event of old is rendered by the pass alone, when all have been read.
      const hasReplay = clusters !== undefined && input.isBackfill !== true;
      const replay = hasReplay ? await renderFirst(scope, fold, files, clusters, input) : undefined;
      if (replay !== undefined) await apply(replay);
    }
    await apply(input);
  }
  // The end of the batch: what entities come to together, once however many of them changed.
  const problems: Problem[] = [];
  const recordOf = (owner: Owner, entity: Entity) => readRecord(scope, fold, files, owner, entity);
  for (const input of await renderTouched(scope, fold.touched, recordOf)) {
    await apply(input);
    if (input.rendering.action === "fail") problems.push(input.rendering.problem);
  }
  for (;;) {
    const finished = fold.finish();
    if (!("needs" in finished)) return { ...finished, problems };
    await readNeeds(scope, finished.needs, files);
  }
}

async function readRecord(
  scope: FoldScope,
  fold: StateFold,
  files: StateFiles,
  owner: Owner,
  entity: Entity,
): Promise<EntityRecord | undefined> {
  for (;;) {
    const found = fold.record(owner, entity);
    if (!("needs" in found)) return found.record;
    await readNeeds(scope, found.needs, files);
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
  const record = await readRecord(scope, fold, files, owner, entity);
  return record === undefined ? undefined : renderAgain(scope.catalog, record, { clusters }, scope.settings).input;
}

async function readNeeds({ git, tree }: FoldScope, needs: StateNeeds, files: StateFiles): Promise<void> {
  if (!hasNeeds(needs)) return;
  const texts = tree === undefined ? new Map<string, string>() : await git.readFiles(tree, [...needs.texts]);
  for (const path of needs.texts) files.texts.set(path, texts.get(path));
  const ids = tree === undefined ? new Map<string, string>() : await git.findIds(tree, [...needs.ids]);
  for (const path of needs.ids) files.ids.set(path, ids.get(path));
  for (const path of needs.folders) {
    const folder = tree === undefined ? undefined : await git.findEntry(tree, path);
    const entries = folder?.mode === folderMode ? await git.readTree(folder.id) : [];
    files.folders.set(
      path,
      entries.map(({ name }) => name),
    );
  }
}

/**
 * Renders recorded entities again after their trigger, its references or their clusters changed: in bounded chunks,
 * each committed with the cursor behind it, so that a restart goes on where it was.
 */
import type { Catalog } from "../model/catalog.ts";
import type { PendingRenderings } from "../model/change-set.ts";
import type { EntityRecord } from "../model/record.ts";
import { type OwnerRecord, parseOwner } from "../plan/owner-file.ts";
import { ownerPath, recordFolder } from "../plan/paths.ts";
import type { PlanInput } from "../plan/plan-change-set.ts";
import { parseRecord } from "../plan/record-file.ts";
import type { GitReader, ObjectId } from "../ports/git.ts";
import type { RenderSettings } from "../render/render-trigger.ts";
import { renderRecordAgain } from "./process-delivery.ts";

export interface PendingChunk {
  readonly inputs: readonly PlanInput[];
  /** What is left once the chunk is committed. */
  readonly pending: PendingRenderings;
}

/** Reads the next `recordsMax` pending records from the state's tree and renders them. */
export async function renderPendingChunk(
  git: GitReader,
  tree: ObjectId,
  pending: PendingRenderings,
  catalog: Catalog,
  settings: RenderSettings,
  recordsMax: number,
): Promise<PendingChunk> {
  if (pending.records.length > 0) {
    const paths = pending.records.slice(0, recordsMax);
    const inputs = await renderRecords(git, tree, paths, catalog, settings, undefined);
    return { inputs, pending: { ...pending, records: pending.records.slice(paths.length) } };
  }
  const [cursor, ...others] = pending.triggers;
  if (cursor === undefined) return { inputs: [], pending };

  const { trigger } = cursor;
  const path = ownerPath(trigger);
  const text = (await git.readFiles(tree, [path])).get(path);
  const owner = text === undefined ? undefined : parseOwner(text, path);
  const paths = await pathsBehind(git, tree, recordFolder(trigger), cursor.after, recordsMax);
  const inputs = await renderRecords(git, tree, paths, catalog, settings, owner);
  const after = paths.at(-1);
  if (after !== undefined && paths.length === recordsMax) {
    return { inputs, pending: { ...pending, triggers: [{ trigger, after }, ...others] } };
  }
  // Nothing is remembered of a trigger that is gone once its entities have followed it.
  const forgotten: PlanInput[] = catalog.eventTriggers.has(trigger) ? [] : [{ kind: "file", path, text: undefined }];
  return { inputs: [...inputs, ...forgotten], pending: { ...pending, triggers: others } };
}

/** Git lists in the order of names, and of record paths that is the order of the hashes. */
async function pathsBehind(
  git: GitReader,
  tree: ObjectId,
  folder: string,
  after: string,
  max: number,
): Promise<string[]> {
  const paths: string[] = [];
  const [firstDigits, nextDigits] = after === "" ? ["", ""] : after.slice(folder.length + 1).split("/");
  for (const outer of await folderNames(git, tree, folder)) {
    if (outer < (firstDigits ?? "")) continue;
    for (const inner of await folderNames(git, tree, `${folder}/${outer}`)) {
      if (outer === firstDigits && inner < (nextDigits ?? "")) continue;
      for (const name of await folderNames(git, tree, `${folder}/${outer}/${inner}`)) {
        const path = `${folder}/${outer}/${inner}/${name}`;
        if (path > after) paths.push(path);
        if (paths.length === max) return paths;
      }
    }
  }
  return paths;
}

async function folderNames(git: GitReader, tree: ObjectId, path: string): Promise<readonly string[]> {
  const entry = await git.findEntry(tree, path);
  return entry?.mode === "40000" ? (await git.readTree(entry.id)).map(({ name }) => name) : [];
}

async function renderRecords(
  git: GitReader,
  tree: ObjectId,
  paths: readonly string[],
  catalog: Catalog,
  settings: RenderSettings,
  owner: OwnerRecord | undefined,
): Promise<readonly PlanInput[]> {
  const texts = await git.readFiles(tree, paths);
  const inputs: PlanInput[] = [];
  for (const path of paths) {
    const text = texts.get(path);
    if (text !== undefined) inputs.push(...renderRecord(parseRecord(text, path), catalog, settings, owner));
  }
  return inputs;
}

function renderRecord(
  record: EntityRecord,
  catalog: Catalog,
  settings: RenderSettings,
  owner: OwnerRecord | undefined,
): readonly PlanInput[] {
  const trigger = catalog.eventTriggers.get(record.trigger);
  const behavior = trigger?.stopMatchingBehavior ?? owner?.stopMatchingBehavior ?? "WithdrawPolicies";
  const { trigger: name, entity } = record;
  if (trigger === undefined)
    return behavior === "WithdrawPolicies" ? [{ kind: "withdraw", trigger: name, entity }] : [];
  // Without its event an entity can only wait for the next one.
  if (record.last === undefined) return [];
  const input = renderRecordAgain(catalog, record, settings);
  if (input !== undefined) return [input];
  // The trigger does not match the event any more. What a broken one would match nobody knows.
  if (behavior === "LeavePolicies" || trigger.broken !== undefined) return [];
  const clusters = new Set([...record.objects.keys(), ...record.waiting.keys(), ...record.failures.keys()]);
  return [{ kind: "withdraw", trigger: name, entity, clusters }];
}

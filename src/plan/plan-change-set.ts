/**
 * Planning: from the rendered inputs of a batch to the one change set that it commits.
 *
 * A pure fold over the inputs in their order: however deliveries fall into batches, the state comes out the same.
 */
import type { ChangeSet, Checkpoint, EventEffect } from "../model/change-set.ts";
import type { Entity } from "../model/cloud-event.ts";
import type { DeadLetter } from "../model/record.ts";
import { applyEntity, type EntityInput, type EntityRules } from "./apply-entity.ts";
import { writeCheckpoint } from "./checkpoint-file.ts";
import { writeDeadLetter } from "./dead-letter-file.ts";
import {
  checkpointPath,
  claimsPath,
  deadLetterPath,
  deadLettersFolder,
  encodePathPart,
  generatedNamespacePath,
  hashEntity,
  objectPath,
  recordPath,
  triggersFolderOf,
} from "./paths.ts";
import { hasNeeds, noStateNeeds, type StateFiles, type StateNeeds, StateView } from "./state-view.ts";
import { discardFailures, type WithdrawInput, withdrawEntity } from "./withdraw-entity.ts";

export type PlanInput =
  | EntityInput
  | WithdrawInput
  /** Forgets why a record failed; without any object on a cluster the record goes. */
  | { readonly kind: "discard"; readonly trigger: string; readonly entity: Entity }
  | { readonly kind: "dead-letter"; readonly letter: DeadLetter }
  /** Files that are written as they are: the catalog in force, cluster files, what owners asked for. */
  | { readonly kind: "file"; readonly path: string; readonly text: string | undefined };

export interface PlanRules extends EntityRules {
  readonly deadLettersMax: number;
}

export type Planned =
  | { readonly complete: true; readonly changeSet: ChangeSet }
  | { readonly complete: false; readonly needs: StateNeeds };

/** What planning will read of most inputs, so that one look at Git suffices for most batches. */
export function pathsToRead(inputs: readonly PlanInput[], { shards }: PlanRules): StateNeeds {
  const needs = noStateNeeds();
  needs.texts.add(checkpointPath);
  for (const input of inputs) {
    if (input.kind === "file") needs.texts.add(input.path);
    if (input.kind === "withdraw" || input.kind === "discard")
      needs.texts.add(recordPath(input.trigger, hashEntity(input.entity)));
    if (input.kind !== "entity") continue;
    needs.texts.add(recordPath(input.trigger, hashEntity(input.entity)));
    const owner = encodePathPart(input.trigger);
    for (const rendering of input.renderings) {
      if (rendering.action !== "Create") continue;
      needs.folders.add(triggersFolderOf(rendering.cluster));
      for (const { identity } of rendering.manifests) {
        needs.ids.add(objectPath(rendering.cluster, owner, identity, shards));
        needs.texts.add(claimsPath(rendering.cluster, identity));
        const { group, kind, namespace, name } = identity;
        const needed = kind === "Namespace" && group === "" ? name : namespace;
        if (needed !== "") needs.ids.add(generatedNamespacePath(rendering.cluster, needed));
      }
    }
  }
  return needs;
}

/** Where other owners, as far as the cluster's folder lists them, would have the objects that are new to this one. */
export function rivalPathsToRead(inputs: readonly PlanInput[], { shards }: PlanRules, files: StateFiles): StateNeeds {
  const needs = noStateNeeds();
  for (const input of inputs) {
    if (input.kind !== "entity") continue;
    const owner = encodePathPart(input.trigger);
    for (const rendering of input.renderings) {
      if (rendering.action !== "Create") continue;
      const { cluster, manifests } = rendering;
      const rivals = files.folders.get(triggersFolderOf(cluster))?.filter((name) => name !== owner) ?? [];
      if (rivals.length === 0) continue;
      for (const { identity } of manifests) {
        if (files.ids.get(objectPath(cluster, owner, identity, shards)) !== undefined) continue;
        for (const rival of rivals) needs.ids.add(objectPath(cluster, rival, identity, shards));
      }
    }
  }
  return needs;
}

/** Plans with what has been read; where that is not enough, says what else to read. */
export function planChangeSet(
  inputs: readonly PlanInput[],
  checkpoint: Checkpoint,
  rules: PlanRules,
  files: StateFiles,
): Planned {
  const view = new StateView(files);
  const events: EventEffect[] = [];
  const letters: DeadLetter[] = [];
  for (const input of inputs) {
    switch (input.kind) {
      case "entity": {
        const effect = applyEntity(view, rules, input);
        if (effect !== undefined && !input.isReplay) events.push(effect);
        break;
      }
      case "withdraw":
        withdrawEntity(view, rules, input);
        break;
      case "discard":
        discardFailures(view, input.trigger, input.entity);
        break;
      case "dead-letter":
        letters.push(input.letter);
        break;
      case "file":
        if (input.text === undefined) view.delete(input.path);
        else view.write(input.path, input.text);
        break;
      default:
        input satisfies never;
    }
  }
  const droppedLetters = keepDeadLetters(view, letters, rules.deadLettersMax);
  view.write(checkpointPath, writeCheckpoint(checkpoint));

  const { changes, objects } = view.changes();
  if (hasNeeds(view.needs)) return { complete: false, needs: view.needs };
  return { complete: true, changeSet: { changes, objects, events, revived: [...view.revived].sort(), droppedLetters } };
}

/** Ids ascend with time, so the oldest come first. Returns how many had to go. */
function keepDeadLetters(view: StateView, letters: readonly DeadLetter[], deadLettersMax: number): number {
  if (letters.length === 0) return 0;
  for (const letter of letters) view.write(deadLetterPath(letter.id), writeDeadLetter(letter));
  const names = [...view.folder(deadLettersFolder)].sort();
  const dropped = names.slice(0, Math.max(0, names.length - deadLettersMax));
  for (const name of dropped) view.delete(`${deadLettersFolder}/${name}`);
  return dropped.length;
}

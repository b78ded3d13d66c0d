/** What people ask of a running service, carried out as inputs of the same fold that events go through. */
import { ownersOf } from "../model/catalog-owners.ts";
import { countOf } from "../model/count-of.ts";
import { isSameOwner, type Owner, ownerKey, parseOwnerKey, triggerOwner } from "../model/owner.ts";
import { SluiceError } from "../model/problem.ts";
import { parseOwner } from "../plan/owner-file.ts";
import {
  clusterHubFile,
  deadLetterPath,
  deadLettersFolder,
  hashEntity,
  ownersFolder,
  recordPath,
} from "../plan/paths.ts";
import { connectionOf } from "../plan/position-file.ts";
import type { PlanInput } from "../plan/state-fold.ts";
import type { GitReader } from "../ports/git.ts";
import type { BackfillCommand } from "./backfill/start-backfill.ts";
import type { Branches } from "./branches/branches.ts";
import type { OriginClaim } from "./branches/state-origin.ts";
import { checkRetired, forgetLeft, type GiveUpScope, retireCluster } from "./give-up.ts";
import { retireId } from "./keeper/handing-over.ts";
import { listRecords } from "./list-state.ts";
import { nameUnknownOwner } from "./name-unknown.ts";
import { executePause, type PauseCommand } from "./pause-command.ts";
import { readFolder } from "./read-folder.ts";
import type { StateKeeper } from "./state-keeper.ts";

export type ControlCommand =
  | PauseCommand
  /** Withdraws everything that events of an entity have put anywhere. */
  | { readonly command: "remove"; readonly source: string; readonly subject: string; readonly connection?: string }
  /** Renders again what an owner has rendered, an EventTrigger by its name, a profile as `<kind>/…`; absent: all. */
  | { readonly command: "rerender"; readonly trigger?: string }
  /** Forgets dead letters, and the failures of records that never rendered. */
  | { readonly command: "discard"; readonly ids: readonly string[] }
  /** Compares the target with the desired tree, file by file; `purge`: starts the state branch anew without history. */
  | { readonly command: "repair"; readonly purge: boolean }
  /** Lets held changes go in force, or held passes go on. */
  | { readonly command: "approve"; readonly ids: readonly string[] }
  /** Takes away what LeavePolicies left; absent: of all triggers. */
  | { readonly command: "forget-left"; readonly trigger?: string }
  /** Gives up a cluster that is in no document: its folder goes, what is in the cluster stays. */
  | { readonly command: "retire"; readonly cluster: string }
  /** Takes what is Sluice's out of a folder of the target that it uses no more: a former `output.path`. */
  | { readonly command: "remove-folder"; readonly path: string }
  /** Pushes the state branch that was last known here, where it is gone from the server. */
  | { readonly command: "restore-state" }
  /** Says what became of a repository whose state is of another one; see StateOrigin. */
  | { readonly command: "claim-state"; readonly as: OriginClaim }
  /** Proposes again what was turned down in reviews; absent: of all groups. */
  | { readonly command: "propose"; readonly group?: string }
  | BackfillCommand;

/** Of what was removed so many paths are named. */
const removedShownMax = 20;

/** A command as it comes over the control socket, from another version perhaps. Throws USAGE where it is none. */
export function parseCommand(request: unknown): ControlCommand {
  const asked = (request ?? {}) as Record<string, unknown>;
  const { command, ids, source, subject, group, path, trigger, owner, cluster, as: claim } = asked;
  const isKnown =
    (command === "claim-state" && (claim === "moved" || claim === "copied")) ||
    (command === "remove-folder" && typeof path === "string") ||
    (["pause", "resume"].includes(String(command)) && isTextIfGiven(owner) && isTextIfGiven(cluster)) ||
    ["rerender", "repair", "restore-state"].includes(String(command)) ||
    ((command === "discard" || command === "approve") && Array.isArray(ids)) ||
    (command === "forget-left" && (trigger === undefined || typeof trigger === "string")) ||
    (command === "backfill" && typeof trigger === "string") ||
    (command === "retire" && typeof cluster === "string") ||
    (command === "propose" && (group === undefined || typeof group === "string")) ||
    (command === "remove" && typeof source === "string" && typeof subject === "string");
  if (isKnown) return request as ControlCommand;
  throw new SluiceError({ code: "USAGE", message: `the service does not know the command ${String(command)}` });
}

function isTextIfGiven(value: unknown): boolean {
  return value === undefined || typeof value === "string";
}

export interface CommandScope {
  readonly git: GitReader;
  readonly branches: Branches;
  readonly keeper: StateKeeper;
  /** Ends what waits for a server that does not answer. */
  readonly signal: AbortSignal;
}

/** Commits what the command changes, and says what that was. Throws a SluiceError (NOT_FOUND) for what does not exist. */
export async function executeCommand(
  command: Exclude<ControlCommand, { command: "propose" | "approve" | "restore-state" | "claim-state" | "backfill" }>,
  scope: CommandScope,
): Promise<string> {
  const { keeper, branches } = scope;
  switch (command.command) {
    case "pause":
    case "resume":
      return executePause(command, keeper);
    case "remove":
      return removeEntity(command, scope);
    case "rerender": {
      const all = ownersOf(keeper.catalog).map(({ owner }) => owner);
      const named = command.trigger === undefined ? undefined : nameOwner(command.trigger);
      const owners = named === undefined ? all : all.filter((owner) => isSameOwner(owner, named));
      if (named !== undefined && owners.length === 0) throw nameUnknownOwner(named, keeper.catalog);
      await keeper.addPasses(owners.map((owner) => ({ owner })));
      return `rendering again what ${owners.length === 1 ? ownerKey(owners[0]!) : countOf(owners.length, "owner")} rendered`;
    }
    case "discard":
      return discard(command.ids, scope);
    case "forget-left":
      return forgetLeft(giveUpScope(scope), command.trigger);
    case "retire":
      return retire(command.cluster, scope);
    case "remove-folder": {
      const paths = await branches.removeFolder(command.path);
      if (paths.length === 0) return `nothing of Sluice's is below ${command.path}`;
      const shown = paths.slice(0, removedShownMax).join(", ");
      const more = paths.length > removedShownMax ? `, and ${paths.length - removedShownMax} more` : "";
      return `removed ${shown}${more}`;
    }
    case "repair":
      await branches.repair();
      if (!command.purge) return "the target is compared file by file";
      if (branches.stateTree !== undefined) await keeper.startAnew(scope.signal);
      return "the state branch starts anew, without history";
  }
}

/** Where it is delivered, whoever delivers lets go of it first. */
async function retire(cluster: string, scope: CommandScope): Promise<string> {
  const { git, branches, keeper } = scope;
  const { stateTree } = branches;
  const isDelivered =
    stateTree !== undefined && (await git.findEntry(stateTree, clusterHubFile(cluster))) !== undefined;
  if (!isDelivered) return retireCluster(giveUpScope(scope), cluster);
  await checkRetired(giveUpScope(scope), cluster);
  await keeper.handingOver.begin(retireId(cluster), { kind: "retire", cluster });
  return `giving up ${cluster}: what delivers to it lets go first; then its folder goes. See sluice status`;
}

function giveUpScope({ git, branches, keeper }: CommandScope): GiveUpScope {
  const commit = (inputs: readonly PlanInput[]) => keeper.commit(inputs, {});
  return { git, tree: branches.stateTree, catalog: keeper.catalog, commit };
}

async function removeEntity(
  { source, subject, connection }: Extract<ControlCommand, { command: "remove" }>,
  { git, branches, keeper }: CommandScope,
): Promise<string> {
  const inputs: PlanInput[] = [];
  const tree = branches.stateTree;
  if (tree === undefined) throw unknown(`entity with source ${source} and subject ${subject}`, entitiesHint);
  const owners: Owner[] = [];
  for await (const [path, text] of readFolder(git, tree, ownersFolder)) owners.push(parseOwner(text, path).owner);
  const connections =
    connection === undefined ? new Set([...keeper.checkpoint.positions.keys()].map(connectionOf)) : [connection];
  for (const name of connections) {
    const entity = { connection: name, source, subject };
    for (const owner of owners) {
      const path = recordPath(owner, hashEntity(entity));
      if ((await git.findEntry(tree, path)) !== undefined) inputs.push({ kind: "remove", owner, entity });
    }
  }
  const { pending, positions } = keeper.checkpoint;
  const { backfill } = pending;
  if (inputs.length === 0 && backfill === undefined) {
    throw unknown(`entity with source ${source} and subject ${subject}`, entitiesHint);
  }
  if (backfill === undefined) await keeper.commit(inputs, {});
  else {
    // What it had by now is still to be read, and must not come back by it.
    const removed = new Map(backfill.removed);
    for (const name of connections) {
      const own = [...positions].filter(([stream]) => connectionOf(stream) === name && backfill.cursors.has(stream));
      const at = own.map(([stream, { epoch, sequence }]) => [stream, { epoch, sequence }] as const);
      removed.set(hashEntity({ connection: name, source, subject }), new Map(at));
    }
    await keeper.commit(inputs, { pending: { ...pending, backfill: { ...backfill, removed } } });
  }
  return `removed under ${countOf(inputs.length, "trigger")}`;
}

async function discard(ids: readonly string[], { git, branches, keeper }: CommandScope): Promise<string> {
  const tree = branches.stateTree;
  const inputs: PlanInput[] = [];
  const wanted = new Set(ids);
  for await (const [path] of readFolder(git, tree, deadLettersFolder)) {
    const id = path.slice(deadLettersFolder.length + 1, -".json".length);
    if (wanted.delete(id)) inputs.push({ kind: "file", path: deadLetterPath(id), text: undefined });
  }
  if (wanted.size > 0) {
    // An entity may have failed under several triggers.
    const entities = new Set(wanted);
    for await (const { owner, entity } of listRecords(git, tree, { failedOnly: true })) {
      const id = hashEntity(entity);
      if (!entities.has(id)) continue;
      wanted.delete(id);
      inputs.push({ kind: "discard", owner, entity, ...(areTogether(keeper, owner) ? { isAggregate: true } : {}) });
    }
  }
  if (wanted.size > 0) {
    const hint = "`sluice show dead-letters` and `sluice show entities --failed` have the ids.";
    throw unknown(`dead letter or failed record ${[...wanted].join(", ")}`, hint);
  }
  await keeper.commit(inputs, {});
  return `discarded ${inputs.length}`;
}

function areTogether({ catalog }: StateKeeper, { kind, name }: Owner): boolean {
  return kind === "EventTrigger" && catalog.eventTriggers.get(name)?.oneForEvent === false;
}

function nameOwner(name: string): Owner {
  return parseOwnerKey(name) ?? triggerOwner(name);
}

const entitiesHint = "Both count to the letter; `sluice show entities` lists them.";

function unknown(what: string, hint: string): SluiceError {
  return new SluiceError({ code: "NOT_FOUND", message: `there is no ${what}`, hint });
}

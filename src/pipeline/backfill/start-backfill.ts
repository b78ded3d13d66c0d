/** `sluice backfill`: lets a trigger act on what its streams still hold, or on the last events that others have on record. */
import type { BackfillCursor, Checkpoint } from "../../model/change-set.ts";
import { countOf } from "../../model/count-of.ts";
import type { StreamName } from "../../model/delivery.ts";
import { type Owner, triggerOwner } from "../../model/owner.ts";
import { SluiceError } from "../../model/problem.ts";
import { joinPass } from "../../plan/pending-work.ts";
import type { PlanInput } from "../../plan/state-fold.ts";
import type { EventStream } from "../../ports/event-stream.ts";
import type { GitReader } from "../../ports/git.ts";
import { isPrivate } from "../../render/render-trigger.ts";
import type { Branches } from "../branches/branches.ts";
import { nameUnknownOwner } from "../name-unknown.ts";
import type { StateKeeper } from "../state-keeper.ts";
import { eventsOnRecord } from "./events-on-record.ts";
import { describeCount, tryBackfill } from "./try-backfill.ts";

export interface BackfillCommand {
  readonly command: "backfill";
  readonly trigger: string;
  /** RFC 3339. */
  readonly since?: string;
  readonly fromRecords?: true;
  readonly dryRun?: true;
}

export interface BackfillInForce {
  readonly branches: Branches;
  readonly keeper: StateKeeper;
  readonly streams: readonly EventStream[];
}

export interface BackfillCommandScope {
  readonly git: GitReader;
  /** As it is at the moment: settings may change while streams are asked. */
  readonly inForce: () => BackfillInForce;
  /** Commits a change of the state between two batches, and pushes it. */
  readonly change: (work: () => Promise<void>) => Promise<void>;
}

/** Events on record that one commit takes over. */
const recordsAtOnce = 1000;

/** Begins it, or with `dryRun` only counts; resolves to what there is to tell. Throws a SluiceError (NOT_FOUND, SERVICE_BUSY). */
export async function startBackfill(
  command: BackfillCommand,
  scope: BackfillCommandScope,
  signal: AbortSignal,
): Promise<string> {
  const owner = triggerOwner(command.trigger);
  checkTrigger(owner, scope.inForce().keeper);
  if (command.fromRecords) return fromRecords(command, owner, scope);
  const { kept, others } = await partStreams(scope.inForce().streams, signal);
  const told = others.length === 0 ? "" : `; ${others.join(", ")} keep nothing that was read`;
  if (kept.length === 0) {
    const hint =
      "Only streams of limits retention can be read again; --from-records takes what other triggers have on record.";
    throw new SluiceError({ code: "NOT_FOUND", message: `no stream keeps what was read${told}`, hint });
  }
  const since = command.since === undefined ? {} : { since: command.since };
  const cursors = new Map(
    kept.map((name): [StreamName, BackfillCursor] => [name, { epoch: "", sequence: 0, ...since }]),
  );
  if (command.dryRun) return `${describeCount(await tryBackfill({ owner, cursors }, scope, signal))}${told}`;
  await scope.change(async () => {
    const { keeper } = scope.inForce();
    checkTrigger(owner, keeper);
    await keeper.commit([], { pending: { ...keeper.checkpoint.pending, backfill: { owner, cursors } } });
  });
  return `${command.trigger} is backfilled from ${kept.join(", ")}${told}`;
}

function checkTrigger({ name }: Owner, { catalog, checkpoint, rendering }: StateKeeper): void {
  const trigger = catalog.eventTriggers.get(name);
  if (trigger === undefined || trigger.withdrawn === true) {
    throw nameUnknownOwner(triggerOwner(name), catalog);
  }
  if (isPrivate(trigger, catalog, rendering)) {
    const message = `${name} renders Secrets: no event of its is kept, which a backfill would need`;
    const hint = "Publish the last event of each entity again.";
    throw new SluiceError({ code: "SECRET_REFUSED", message, hint });
  }
  const { backfill } = checkpoint.pending;
  if (backfill === undefined) return;
  const message = `a backfill of ${backfill.owner.name} is under way: there is one at a time`;
  throw new SluiceError({ code: "SERVICE_BUSY", message, hint: "See sluice status." });
}

async function partStreams(streams: readonly EventStream[], signal: AbortSignal) {
  const kept: StreamName[] = [];
  const others: StreamName[] = [];
  for (const { name, past } of streams) {
    const isKept = past !== undefined && (await past.isKept(signal));
    (isKept ? kept : others).push(name);
  }
  return { kept, others };
}

/** All in one turn, so that no live event comes in between; an entity that the trigger knows already stays as it is. */
async function fromRecords(command: BackfillCommand, owner: Owner, scope: BackfillCommandScope): Promise<string> {
  let count = 0;
  const take = async () => {
    const inputs: PlanInput[] = [];
    const { keeper, branches } = scope.inForce();
    const read = { git: scope.git, tree: branches.stateTree, catalog: keeper.catalog, settings: keeper.rendering };
    const flush = async () => {
      const passes = joinPass(keeper.checkpoint.pending.passes, owner);
      const change: Partial<Checkpoint> = { pending: { ...keeper.checkpoint.pending, passes } };
      await keeper.commit(inputs.splice(0), change);
    };
    for await (const input of eventsOnRecord(read, owner, command.since)) {
      count++;
      inputs.push(input);
      if (!command.dryRun && inputs.length === recordsAtOnce) await flush();
    }
    if (!command.dryRun) await flush();
  };
  if (command.dryRun) await take();
  else await scope.change(take);
  const what = `${countOf(count, "entity")} that other triggers of its EventSource have on record`;
  return command.dryRun ? `would take over ${what}` : `${command.trigger} is backfilled from ${what}`;
}

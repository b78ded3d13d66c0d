/** What is going on in a service that leads, for logs, `status`, the status page and metrics. Survives JSON. */
import type { StreamName } from "../../model/delivery.ts";
import type { HeldChange, TargetPlace } from "../../model/mass-change.ts";
import { ownerKey } from "../../model/owner.ts";
import { describePause, partialPauses } from "../../model/pauses.ts";
import type { ErrorCode, Problem } from "../../model/problem.ts";
import type { EventStream, StreamStatus } from "../../ports/event-stream.ts";
import type { Branches } from "../branches/branches.ts";
import { inTheWayProblem } from "../branches/foreign-report.ts";
import type { OutcomesSnapshot } from "../outcomes/outcome-teller.ts";
import type { StateKeeper } from "../state-keeper.ts";
import type { Absences, AbsentPart } from "./absences.ts";
import type { ShownHandOver } from "./hand-overs.ts";
import type { Pusher } from "./pusher.ts";
import type { Reader } from "./reader.ts";
import type { PushedEffect, WithoutEffect } from "./recent.ts";

export interface StreamSnapshot {
  readonly stream: StreamName;
  readonly state: StreamStatus["state"];
  /** What keeps it from being subscribed. */
  readonly problem?: Problem;
  /** The last sequence that was read, and the last that is pushed; absent: none. */
  readonly read?: number;
  readonly pushed?: number;
  /** How many messages wait behind the last one read, as far as is known. */
  readonly pending?: number;
}

export interface PushSnapshot {
  /** Milliseconds since 1970, when it arrived. */
  readonly at: number;
  readonly milliseconds: number;
  readonly events: number;
  readonly created: number;
  readonly updated: number;
  readonly deleted: number;
  readonly failed: number;
  /** The target's head. */
  readonly commit?: string;
}

export interface LeadingSnapshot {
  /** Of the catalog in force. */
  readonly catalog: {
    readonly revision: string;
    readonly triggers: number;
    /** ClusterProfiles and Profiles. */
    readonly profiles: number;
    readonly clusters: number;
  };
  /** Deliveries are held back. */
  readonly paused: boolean;
  /** Owners and clusters that commands have paused. */
  readonly pauses: readonly string[];
  readonly streams: readonly StreamSnapshot[];
  /** Deliveries that wait for a batch. */
  readonly waiting: number;
  readonly lastPush?: PushSnapshot;
  /** A push under way: since how many milliseconds, and what was last wrong with it. */
  readonly push?: { readonly milliseconds: number; readonly problem?: Problem };
  /** Changes that wait for `sluice approve`. */
  readonly held: readonly HeldChange[];
  /** Passes that would have taken more than they may. */
  readonly heldPasses: readonly { readonly id: string; readonly owner: string }[];
  /** What is handed over from unit to unit, and what each waits for. */
  readonly handOvers: readonly ShownHandOver[];
  /** A trigger that acts on what streams held before it came, and how many sequences it is behind. */
  readonly backfill?: { readonly owner: string; readonly behind: number };
  /** Where outcomes are told, and how many wait; absent: nobody is told. */
  readonly outcomes?: OutcomesSnapshot;
  /** What is not there and must be. */
  readonly absent: Readonly<Partial<Record<AbsentPart, Problem>>>;
  /** Folders of the target that settings named before, and that still hold what is Sluice's. */
  readonly leftBehind: readonly TargetPlace[];
  /** What people have put where something of Sluice's should stand; bounded. */
  readonly inTheWay: readonly Problem[];
  /** Entities that could not be rendered, and deliveries that could not be decoded, since the start. */
  readonly failures: Readonly<Partial<Record<ErrorCode, number>>>;
  /** The last deliveries that changed nothing, the oldest first. */
  readonly withoutEffect: readonly WithoutEffect[];
  /** The last events that had an effect, as it was pushed; the oldest first. */
  readonly effects: readonly PushedEffect[];
  /** The last pushes that brought anything; the oldest first. */
  readonly pushes: readonly PushSnapshot[];
}

export interface SnapshotParts {
  readonly keeper: StateKeeper;
  readonly streams: readonly EventStream[];
  readonly reader: Reader;
  readonly pusher: Pusher;
  readonly absences: Absences;
  readonly leftBehind: readonly TargetPlace[];
  readonly handOvers: readonly ShownHandOver[];
  readonly held: readonly HeldChange[];
  readonly waiting: number;
  readonly outcomes: OutcomesSnapshot | undefined;
  readonly branches: Pick<Branches, "foreign" | "names">;
}

const inTheWayMax = 20;

function describeBackfill({ checkpoint }: StateKeeper): Pick<LeadingSnapshot, "backfill"> {
  const { backfill } = checkpoint.pending;
  if (backfill === undefined) return {};
  let behind = 0;
  for (const [stream, { epoch, sequence }] of backfill.cursors) {
    const position = checkpoint.positions.get(stream);
    if (position !== undefined) behind += position.sequence - (epoch === position.epoch ? sequence : 0);
  }
  return { backfill: { owner: ownerKey(backfill.owner), behind } };
}

export function makeSnapshot(parts: SnapshotParts): LeadingSnapshot {
  const { keeper, streams, reader, pusher, absences, leftBehind, handOvers, held, waiting, outcomes, branches } = parts;
  const { revision, eventTriggers, profiles, clusters } = keeper.catalog;
  const { pushes, effects, running } = pusher;
  const last = pushes.at(-1);
  return {
    catalog: { revision, triggers: eventTriggers.size, profiles: profiles.size, clusters: clusters.size },
    paused: keeper.isPaused,
    pauses: partialPauses(keeper.checkpoint).map(describePause),
    streams: streams.map((stream) => {
      const { name } = stream;
      const pending = stream.pending();
      const status = reader.statuses.get(name) ?? { state: "connecting" as const };
      const read = reader.given.get(name)?.sequence;
      const pushed = pusher.settled.get(name)?.sequence;
      return {
        stream: name,
        state: status.state,
        ...(status.state === "degraded" ? { problem: status.problem } : {}),
        ...(read === undefined ? {} : { read }),
        ...(pushed === undefined ? {} : { pushed }),
        ...(pending === undefined ? {} : { pending }),
      };
    }),
    waiting,
    ...(last === undefined ? {} : { lastPush: last }),
    ...(running === undefined ? {} : { push: running }),
    held,
    heldPasses: keeper.heldPasses.map(({ owner, held: id = "" }) => ({ id, owner: ownerKey(owner) })),
    handOvers,
    ...describeBackfill(keeper),
    ...(outcomes === undefined ? {} : { outcomes }),
    // A push says the same of a repository that is away, and since when.
    absent: Object.fromEntries(
      [...absences.current].filter(([part]) => part !== "repository" || running?.problem === undefined),
    ),
    leftBehind,
    inTheWay: branches.foreign
      .filter(({ isInTheWay }) => isInTheWay)
      .slice(0, inTheWayMax)
      .map(({ path }) => inTheWayProblem(path, branches.names.target)),
    failures: Object.fromEntries(reader.failures),
    withoutEffect: [...reader.withoutEffect],
    effects: [...effects],
    pushes: [...pushes],
  };
}

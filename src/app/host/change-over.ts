/**
 * New settings beside old ones: prepared while nothing is written yet, then exchanged between two batches. What opens
 * something for them closes it where they don't take over.
 */
import type { Settings } from "../../model/settings.ts";
import { tellWhile } from "../../pipeline/tell-while.ts";
import type { EventStream } from "../../ports/event-stream.ts";
import type { Log } from "../../ports/system.ts";
import type { ServiceConfig } from "../read-config.ts";
import { within } from "./deadline.ts";
import type { Closable, HostParts, Leader, PreparedChange } from "./host-parts.ts";
import { leaseText } from "./lease-text.ts";
import type { PreparedLending } from "./lending.ts";
import { linkSignal } from "./link-signal.ts";
import { plainText } from "./plain-text.ts";
import { releaseOld } from "./release.ts";
import type { Resources } from "./resources.ts";

/** New settings that are not ready by then are refused; another repository has to answer by then, and is fetched after that. */
const prepareMsMax = 30_000;

export interface ChangeOverParts {
  readonly parts: Pick<HostParts, "checkDatabase" | "checkJournals" | "checkSettings" | "clock" | "log">;
  readonly resources: Resources;
  readonly leader: Leader;
  /** Aborts when nobody wants it any more. */
  readonly stopped: AbortSignal;
  /** Called where it may take long from here on: others may be wanted before it is done. */
  readonly onLong: () => void;
}

/** Ready to take over from what leads. */
export interface ReadyChange {
  readonly listeners: PreparedLending<Closable>;
  readonly change: PreparedChange;
}

/**
 * Prepares new settings. Undefined: they name another database, which is ready to be read; the service has to begin anew
 * with it. Throws a SluiceError where they can't take over, or are not ready in time.
 */
export function prepareChange(
  { parts, resources, leader, stopped, onLong }: ChangeOverParts,
  before: ServiceConfig,
  next: ServiceConfig,
): Promise<ReadyChange | undefined> {
  const { checkDatabase, checkJournals, checkSettings, clock, log } = parts;
  const deadline = linkSignal(stopped);
  const reached = new AbortController();
  const prepare = async () => {
    await checkSettings(next);
    const isOtherLease = leaseText(next) !== leaseText(before);
    if (isOtherLease || databaseText(next.settings) !== databaseText(before.settings)) {
      const journals = receivedInto(before);
      const isMoved = before.settings.state.directory !== next.settings.state.directory;
      if (isMoved && journals.length > 0) await checkJournals(next.settings, journals);
      const folder = await resources.prepareFolder(next.settings);
      try {
        const onReached = () => {
          reached.abort();
          onLong();
        };
        const what = "the repository of the new settings is being fetched; what is in force goes on meanwhile";
        await tellWhile({ clock, log }, what, checkDatabase(next, before, onReached, deadline.signal));
        const listeners = await resources.prepareListeners(next);
        await releaseOld(log, listeners.abandon);
      } finally {
        await releaseOld(log, folder.abandon);
      }
      return undefined;
    }
    const listeners = await resources.prepareListeners(next);
    try {
      return { listeners, change: await leader.prepare(next) };
    } catch (error) {
      await listeners.abandon();
      throw error;
    }
  };
  return within(clock, prepareMsMax, deadline, prepare(), (late) => late?.listeners.abandon(), reached.signal);
}

/** Lets prepared settings take over; where their first commit can't be made it throws, and what was in force stays. */
export async function exchangeSettings(
  { listeners, change }: ReadyChange,
  resources: Resources,
  next: ServiceConfig,
  { log, onInForce }: { readonly log: Log; readonly onInForce: () => void },
): Promise<void> {
  let closeOthers: () => Promise<void> = () => Promise.resolve();
  try {
    await change.exchange((): readonly EventStream[] => {
      onInForce();
      const taken = resources.takeStreams(next);
      closeOthers = taken.closeOthers;
      return taken.streams;
    });
  } catch (error) {
    await listeners.abandon();
    throw error;
  }
  // The new ones are in force, whatever becomes of what the old ones used.
  for (const release of [listeners.adopt, closeOthers]) await releaseOld(log, release);
}

/** A change of any of these is another database, or another way into it: the service begins anew with it, as with a lease. */
function databaseText({ repository, state }: Settings): string {
  const { url, auth, caFile, author, signing } = repository;
  return plainText([url, auth, caFile, author, signing, state.branch, state.directory]);
}

/** Connections that have a journal. */
function receivedInto({ connections }: ServiceConfig): readonly string[] {
  return connections.flatMap(({ connection: { name, core } }) => (core === undefined ? [] : [name]));
}

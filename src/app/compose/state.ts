/** The branches as they are on the server, for commands that read. */
import type { Settings } from "../../model/settings.ts";
import { checkFormat, describeCommit, findState, type Moment } from "../../pipeline/history/find-state.ts";
import { TreesOnDemand } from "../../pipeline/history/trees-on-demand.ts";
import type { BlobReader, CommitInfo, GitHistoryReader, GitReader, GitRepository, ObjectId } from "../../ports/git.ts";
import type { CliContext } from "../cli/context.ts";
import { quietLog } from "./log.ts";
import { openReaderStore } from "./reader-store.ts";

export interface OpenState {
  readonly git: GitReader;
  /** Of the state branch; undefined where there is none yet. */
  readonly tree: ObjectId | undefined;
  close(): Promise<void>;
}

/** The state branch as it is on the server, or as it was at a moment, for reading. */
export async function openState(context: CliContext, settings: Settings, at?: Moment): Promise<OpenState> {
  if (at !== undefined) {
    const { git, state, close } = await openHeadsAt(context, settings, at);
    return { git, tree: state.tree, close };
  }
  return withReader(context, settings, async (git, close) => {
    const head = (await git.fetchHeads([settings.state.branch], context.stop)).get(settings.state.branch);
    const tree = head === undefined ? undefined : (await git.readCommit(head)).tree;
    return { git, tree, close };
  });
}

export interface OpenHeads {
  readonly git: GitReader & BlobReader;
  /** The heads of both branches; undefined where there is none yet. */
  readonly state: CommitInfo | undefined;
  readonly target: CommitInfo | undefined;
  close(): Promise<void>;
}

/** Both branches as they are on the server, for reading; at a moment the state alone: what the target was then is in its own history. */
export async function openHeads(context: CliContext, settings: Settings, at?: Moment): Promise<OpenHeads> {
  if (at !== undefined) return openHeadsAt(context, settings, at);
  return withReader(context, settings, async (git, close) => {
    const { branch: target } = settings.repository;
    const { branch: state } = settings.state;
    const heads = await git.fetchHeads([state, target], context.stop);
    const read = async (branch: string) => {
      const head = heads.get(branch);
      return head === undefined ? undefined : git.readCommit(head);
    };
    return { git, state: await read(state), target: await read(target), close };
  });
}

/** The state as it was, and says on stderr as of when that is. */
async function openHeadsAt(
  context: CliContext,
  settings: Settings,
  at: Moment,
): Promise<OpenHeads & { readonly state: CommitInfo }> {
  const { git, close } = await openHistory(context, settings);
  try {
    const { branch } = settings.state;
    const state = await findState(git, branch, at, context.stop);
    await checkFormat(git, state, context.stop);
    context.err(`as of commit ${describeCommit(state)} on ${branch}\n`);
    return { git: new TreesOnDemand(git, context.stop), state, target: undefined, close };
  } catch (error) {
    await close();
    throw error;
  }
}

interface OpenHistory {
  readonly git: GitHistoryReader;
  close(): Promise<void>;
}

/** The branches' history, in a store beside the one for their heads. */
export function openHistory(context: CliContext, settings: Settings): Promise<OpenHistory> {
  return withReader(context, settings, async (git, close) => ({ git, close }), "history");
}

/** Closed where what is opened is not. */
async function withReader<T>(
  context: CliContext,
  settings: Settings,
  open: (git: GitRepository, close: () => Promise<void>) => Promise<T>,
  store = "git",
): Promise<T> {
  const { git, close } = await openReaderStore(context, settings, quietLog(context), store);
  try {
    return await open(git, close);
  } catch (error) {
    await close();
    throw error;
  }
}

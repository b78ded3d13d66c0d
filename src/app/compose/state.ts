/** The branches as they are on the server, for commands that read. */
import type { Settings } from "../../model/settings.ts";
import type { BlobReader, CommitInfo, GitReader, ObjectId } from "../../ports/git.ts";
import type { CliContext } from "../cli/context.ts";
import { quietLog } from "./log.ts";
import { openRepository } from "./repository.ts";

export interface OpenState {
  readonly git: GitReader;
  /** Of the state branch; undefined where there is none yet. */
  readonly tree: ObjectId | undefined;
  close(): Promise<void>;
}

/** The state branch as it is on the server, for reading. */
export async function openState(context: CliContext, settings: Settings): Promise<OpenState> {
  // A store of its own: the service may be running in the other one.
  const git = await openRepository(context, settings, "git-read", quietLog(context));
  const head = (await git.fetchHeads([settings.state.branch])).get(settings.state.branch);
  const tree = head === undefined ? undefined : (await git.readCommit(head)).tree;
  return { git, tree, close: () => git.close() };
}

export interface OpenHeads {
  readonly git: GitReader & BlobReader;
  /** The heads of both branches; undefined where there is none yet. */
  readonly state: CommitInfo | undefined;
  readonly target: CommitInfo | undefined;
  close(): Promise<void>;
}

/** Both branches as they are on the server, for reading. */
export async function openHeads(context: CliContext, settings: Settings): Promise<OpenHeads> {
  const git = await openRepository(context, settings, "git-read", quietLog(context));
  const { branch: target } = settings.repository;
  const { branch: state } = settings.state;
  const heads = await git.fetchHeads([state, target]);
  const read = async (branch: string) => {
    const head = heads.get(branch);
    return head === undefined ? undefined : git.readCommit(head);
  };
  return { git, state: await read(state), target: await read(target), close: () => git.close() };
}

/** The commit of the state branch that somebody asks for, by its id or by a time, in what is left of the branch's history. */
import { SluiceError } from "../../model/problem.ts";
import { checkpointVersions, stateFormat, stateFormatMin } from "../../plan/checkpoint-file.ts";
import { checkpointPath } from "../../plan/paths.ts";
import { parseStateFile } from "../../plan/record-file.ts";
import type { CommitInfo, GitHistoryReader } from "../../ports/git.ts";
import { TreesOnDemand } from "./trees-on-demand.ts";

/** `commit`: its id, or how that begins; `time`: milliseconds since 1970. */
export type Moment =
  | { readonly kind: "commit"; readonly id: string }
  | { readonly kind: "time"; readonly time: number };

/** Fewer digits of an id may be those of many commits. */
const digitsMin = 7;

/** A commit's id or its first digits, or a time in RFC 3339; undefined: neither. */
export function parseMoment(text: string): Moment | undefined {
  if (new RegExp(`^[0-9a-f]{${digitsMin},64}$`, "i").test(text)) return { kind: "commit", id: text.toLowerCase() };
  const isTime = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$/i.test(text);
  const time = isTime ? Date.parse(text) : Number.NaN;
  return Number.isNaN(time) ? undefined : { kind: "time", time };
}

/**
 * A time's commit is the newest of the first-parent line that is not later. Throws a SluiceError (NOT_FOUND) where there is none, which
 * says since when there is any, and what fetching throws.
 */
export async function findState(
  git: GitHistoryReader,
  branch: string,
  moment: Moment,
  signal?: AbortSignal,
): Promise<CommitInfo> {
  let oldest: CommitInfo | undefined;
  let found: CommitInfo | undefined;
  for await (const commit of git.walkHistory(branch, signal)) {
    oldest = commit;
    if (moment.kind === "time" ? commit.time > moment.time : !commit.id.startsWith(moment.id)) continue;
    if (found !== undefined) throw ambiguous(moment, found, commit);
    found = commit;
    // Of a beginning there may be others that begin so.
    if (moment.kind === "time" || moment.id === commit.id) break;
  }
  if (found !== undefined) return found;
  const asked = moment.kind === "time" ? `as old as ${new Date(moment.time).toISOString()}` : moment.id;
  if (oldest === undefined) {
    throw new SluiceError({ code: "NOT_FOUND", message: `there is no branch ${branch} yet: nothing is on record` });
  }
  throw new SluiceError({
    code: "NOT_FOUND",
    message: `branch ${branch} has no commit ${asked}`,
    hint: `Its history begins with ${describeCommit(oldest)}: what was before was purged, or never was.`,
  });
}

function ambiguous(moment: Moment, one: CommitInfo, other: CommitInfo): SluiceError {
  const begins = moment.kind === "commit" ? moment.id : "";
  return new SluiceError({
    code: "USAGE",
    message: `several commits begin with ${begins}: ${describeCommit(one)} and ${describeCommit(other)}`,
    hint: "Give more of its id.",
  });
}

export function describeCommit({ id, time }: CommitInfo): string {
  return `${id.slice(0, 12)} of ${new Date(time).toISOString()}`;
}

/** Which format the commit's state is of, and whether that is read from history; undefined: it holds none. */
export async function formatAt(
  git: GitHistoryReader,
  commit: CommitInfo,
  signal?: AbortSignal,
): Promise<{ readonly version: bigint | undefined; readonly isRead: boolean }> {
  const files = await new TreesOnDemand(git, signal).readFiles(commit.tree, [checkpointPath]);
  const text = files.get(checkpointPath);
  const version =
    text === undefined ? undefined : parseStateFile(text, checkpointPath, checkpointVersions).get("version");
  return {
    version: version as bigint | undefined,
    isRead: typeof version === "bigint" && version >= stateFormatMin && version <= stateFormat,
  };
}

/** Throws a SluiceError (STATE_INVALID) where the commit's state is of another format than this version writes, or none. */
export async function checkFormat(git: GitHistoryReader, commit: CommitInfo, signal?: AbortSignal): Promise<void> {
  const { version, isRead } = await formatAt(git, commit, signal);
  if (isRead) return;
  const what = version === undefined ? `holds no ${checkpointPath}` : `is a state of format ${version}`;
  throw new SluiceError({
    code: "STATE_INVALID",
    message: `commit ${describeCommit(commit)} ${what}: history is read from format ${stateFormatMin} on`,
    hint: "The version of Sluice that wrote it reads it, or ask for a later time.",
  });
}

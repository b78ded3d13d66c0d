/**
 * Brings what branches' new heads have and former ones don't, in one exchange: where somebody has moved a branch, whoever wants to push
 * to it has little time until it is moved again. What is not answered so is left to the git program.
 */
import { folderMode } from "../../model/folder-mode.ts";
import { SluiceError } from "../../model/problem.ts";
import type { ObjectId } from "../../ports/git.ts";
import type { Log } from "../../ports/system.ts";
import { parseCommit } from "./commit-bytes.ts";
import { encodeCatchUpRequest, readFetchResponse } from "./fetch-objects.ts";
import { SilenceError } from "./given-up.ts";
import { emptyTreeId, type GitObject } from "./object-id.ts";
import type { ObjectStore } from "./object-store.ts";
import type { RequestObjects } from "./transport.ts";
import { parseTree } from "./tree-bytes.ts";

/** More is nothing for memory: the git program writes it to the disk. */
const answerBytesMax = 8 * 1024 * 1024;

/** Commits that are wanted, and such as are here with their trees. */
export interface CatchUp {
  readonly wanted: readonly ObjectId[];
  readonly known: readonly ObjectId[];
}

/** True where all of it is here now; else nothing is. Throws a SluiceError: GIT_AUTH, and where the server is silent. */
export async function catchUp(
  { wanted, known }: CatchUp,
  objects: ObjectStore,
  {
    requestObjects,
    log,
    signal,
  }: { readonly requestObjects: RequestObjects; readonly log: Log; readonly signal: AbortSignal },
): Promise<boolean> {
  try {
    const answer = await requestObjects(encodeCatchUpRequest(wanted, known), { signal, bytesMax: answerBytesMax });
    // A delta of what is not here is a file's, whose former text was never wanted: so it need not be here.
    const fetched = readFetchResponse(answer, { find: (id) => objects.read(id), skipsOthers: true });
    if (!wanted.every((commit) => isWhole(commit, fetched, objects))) return false;
    for (const [id, object] of fetched) objects.keepFetched(id, object);
    for (const commit of wanted) objects.keepShallow(commit);
    return true;
  } catch (error) {
    const isAuth = error instanceof SluiceError && error.problem.code === "GIT_AUTH";
    if (signal.aborted || isAuth || error instanceof SilenceError) throw error;
    log.debug("branches are fetched by the git program", { reason: String(error) });
    return false;
  }
}

/** Whether the commit was sent with all of its trees that are not here. */
function isWhole(commit: ObjectId, fetched: ReadonlyMap<ObjectId, GitObject>, objects: ObjectStore): boolean {
  const sent = fetched.get(commit);
  if (sent?.type !== "commit") return false;
  const seen = new Set<ObjectId>();
  const open = [parseCommit(commit, sent.body).tree];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (seen.has(id) || id === emptyTreeId) continue;
    seen.add(id);
    const tree = fetched.get(id);
    // What is here is here with all that is below it.
    if (tree === undefined && !objects.has(id)) return false;
    if (tree === undefined) continue;
    for (const entry of parseTree(tree.body)) if (entry.mode === folderMode) open.push(entry.id);
  }
  return true;
}

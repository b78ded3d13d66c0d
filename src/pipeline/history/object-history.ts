/** What became of an object or an entity: the commits of the state branch that changed its files, as far back as its history goes. */
import type { Layout } from "../../model/change-set.ts";
import type { StreamName, StreamPosition } from "../../model/delivery.ts";
import { isCoreKind, type ObjectIdentity } from "../../model/manifest.ts";
import { type Owner, ownerKinds } from "../../model/owner.ts";
import { type EntityRecord, eventOf } from "../../model/record.ts";
import {
  chartsFolder,
  desiredFolder,
  generatedNamespacePath,
  objectPath,
  ownerOfFolder,
  ownersFoldersOf,
  positionsFolder,
  recordPath,
  recordsFolder,
} from "../../plan/paths.ts";
import { parsePositions } from "../../plan/position-file.ts";
import { entityHashOf, splitProvenance } from "../../plan/provenance.ts";
import { parseRecord } from "../../plan/record-file.ts";
import type { CommitInfo, GitHistoryReader, ObjectId } from "../../ports/git.ts";
import type { ExplainQuestion } from "../dry-run/explain-object.ts";
import { decodePart, ownerOfManifest, readPath } from "../dry-run/object-path.ts";
import { findInTrees, foldersOf } from "./find-in-trees.ts";
import { formatAt } from "./find-state.ts";

/** Commits whose files are looked for at once. */
const commitsAtOnce = 500;

export interface Change {
  readonly commit: CommitInfo;
  /** On the state branch. */
  readonly path: string;
  /** `first`: it is there in the oldest commit, however it came there. */
  readonly change: "created" | "updated" | "deleted" | "first";
  readonly owner?: Owner;
  /** The event that is on record in that commit. */
  readonly event?: { readonly id: string; readonly type: string };
  /** What the commit took from streams, as `<connection>/<stream>#<sequences>`; nothing where it was no delivery that did it. */
  readonly deliveries: readonly string[];
}

export interface ObjectHistory {
  /** The newest first. */
  readonly changes: readonly Change[];
  readonly commits: number;
  /** The oldest that was looked at; undefined: there is no branch. */
  readonly oldest: CommitInfo | undefined;
  /** Why it ends there: the history does, an older format of the state, or that no more was asked for. */
  readonly end: "history" | "format" | "limit";
}

interface HistoryScope {
  readonly git: GitHistoryReader;
  readonly branch: string;
  /** How objects are laid out now. */
  readonly layout: Layout;
  readonly commitsMax: number;
  readonly signal: AbortSignal;
}

type Files = ReadonlyMap<string, ObjectId>;
interface Found {
  readonly commit: CommitInfo;
  readonly before: CommitInfo | undefined;
  readonly path: string;
  readonly change: Change["change"];
  /** Of the file, or of what it was. */
  readonly id: ObjectId;
}

export async function findHistory(question: ExplainQuestion, scope: HistoryScope): Promise<ObjectHistory> {
  const { git, branch, commitsMax, signal } = scope;
  const isOnTheWay = wayTo(question, scope.layout);
  const changes: Change[] = [];
  let newer: { readonly commit: CommitInfo; readonly files: Files } | undefined;
  let count = 0;
  const look = async (commits: readonly CommitInfo[], isLast: boolean): Promise<boolean> => {
    const readable = await withoutOldFormats(git, commits, signal);
    const isOver = readable.length < commits.length;
    const trees = readable.map(({ tree }) => tree);
    const files = await findInTrees(git, trees, isOnTheWay, signal);
    const found: Found[] = [];
    for (const commit of readable) {
      const here = { commit, files: files.get(commit.tree)! };
      if (newer !== undefined) found.push(...compare(newer.commit, newer.files, here.commit, here.files));
      newer = here;
      count++;
    }
    if ((isLast || isOver) && newer !== undefined) {
      const { commit } = newer;
      // The first commit of all has what it has made.
      const change = !isOver && commit.parents.length === 0 ? "created" : "first";
      for (const [path, id] of newer.files) found.push({ commit, before: undefined, path, change, id });
    }
    changes.push(...(await describe(git, found, signal)));
    return isOver;
  };
  let block: CommitInfo[] = [];
  let end: ObjectHistory["end"] = "history";
  for await (const commit of git.walkHistory(branch, signal)) {
    if (count + block.length >= commitsMax) {
      end = "limit";
      break;
    }
    if (block.length === commitsAtOnce) {
      if (await look(block, false)) return { changes, commits: count, oldest: newer?.commit, end: "format" };
      block = [];
    }
    block.push(commit);
  }
  const isOver = await look(block, true);
  return { changes, commits: count, oldest: newer?.commit, end: isOver ? "format" : end };
}

/** Those before the first of another format: formats only rise. The newest comes first. */
async function withoutOldFormats(
  git: GitHistoryReader,
  commits: readonly CommitInfo[],
  signal: AbortSignal,
): Promise<readonly CommitInfo[]> {
  let [readable, unknown] = [0, commits.length];
  while (readable < unknown) {
    // The oldest first: most often all are readable.
    const at = unknown === commits.length ? unknown - 1 : Math.floor((readable + unknown) / 2);
    if ((await formatAt(git, commits[at]!, signal)).isRead) readable = at + 1;
    else unknown = at;
  }
  return commits.slice(0, readable);
}

function compare(commit: CommitInfo, files: Files, before: CommitInfo, older: Files): readonly Found[] {
  const found: Found[] = [];
  for (const [path, id] of files) {
    if (older.get(path) === id) continue;
    found.push({ commit, before, path, id, change: older.has(path) ? "updated" : "created" });
  }
  for (const [path, id] of older) if (!files.has(path)) found.push({ commit, before, path, id, change: "deleted" });
  return found;
}

/** With whose it was, the event on record, and what the commit took from streams. */
async function describe(git: GitHistoryReader, found: readonly Found[], signal: AbortSignal): Promise<Change[]> {
  const texts = await readTexts(
    git,
    found.map(({ id }) => id),
  );
  const isRecord = (path: string) => path.startsWith(`${recordsFolder}/`);
  const sources = found.map(({ path, id }) => {
    const text = texts.get(id)!;
    if (isRecord(path)) return { owner: parseRecord(text, path).owner, record: path };
    const owner = ownerOfManifest(path, text);
    if (owner === undefined) return {};
    return { owner, record: recordPath(owner, entityHashOf(splitProvenance(text).texts)) };
  });
  const records = new Set(sources.flatMap(({ record }) => (record === undefined ? [] : [record])));
  const ways = new Set([...records].flatMap((path) => [...foldersOf(path), path]));
  const isOnTheWay = (path: string) =>
    ways.has(path) || path === positionsFolder || path.startsWith(`${positionsFolder}/`);
  const trees = found.flatMap(({ commit, before }) => [commit, ...(before === undefined ? [] : [before])]);
  const files = await findInTrees(git, [...new Set(trees.map(({ tree }) => tree))], isOnTheWay, signal);
  const more = await readTexts(
    git,
    [...files.values()].flatMap((paths) => [...paths.values()]),
  );
  const read = (commit: CommitInfo, path: string | undefined) => {
    const id = path === undefined ? undefined : files.get(commit.tree)?.get(path);
    return id === undefined ? undefined : more.get(id);
  };
  const positionsAt = (commit: CommitInfo) => {
    const positions = new Map<StreamName, StreamPosition>();
    for (const path of files.get(commit.tree)?.keys() ?? []) {
      if (!path.startsWith(`${positionsFolder}/`)) continue;
      for (const [stream, position] of parsePositions(read(commit, path)!, path)) positions.set(stream, position);
    }
    return positions;
  };
  return found.map(({ commit, before, path, change }, index) => {
    const { owner, record } = sources[index]!;
    const text = read(commit, record);
    const event =
      text === undefined ? undefined : eventIn(parseRecord(text, record!), isRecord(path) ? undefined : path);
    return {
      ...{ commit, path, change },
      ...(owner === undefined ? {} : { owner }),
      ...(event === undefined ? {} : { event: { id: event.id, type: event.type } }),
      deliveries: before === undefined ? [] : movesOf(positionsAt(before), positionsAt(commit)),
    };
  });
}

function eventIn(record: EntityRecord, path: string | undefined) {
  return eventOf(record, path === undefined ? undefined : readPath(path).cluster)?.event;
}

function movesOf(
  before: ReadonlyMap<StreamName, StreamPosition>,
  after: ReadonlyMap<StreamName, StreamPosition>,
): readonly string[] {
  return [...after].flatMap(([stream, { epoch, sequence }]) => {
    const from = before.get(stream);
    if (from?.epoch === epoch && from.sequence >= sequence) return [];
    const first = from?.epoch === epoch ? from.sequence + 1 : 1;
    return [first === sequence ? `${stream}#${sequence}` : `${stream}#${first}-${sequence}`];
  });
}

async function readTexts(git: GitHistoryReader, ids: readonly ObjectId[]): Promise<ReadonlyMap<ObjectId, string>> {
  const blobs = await git.readBlobs([...new Set(ids)]);
  return new Map(Array.from(blobs, ([id, bytes]) => [id, Buffer.from(bytes).toString()]));
}

function leadsTo(path: string, wanted: string): boolean {
  return wanted === path || wanted.startsWith(`${path}/`);
}

/** Whether a path of the state branch is of what is asked for, or leads to such. */
function wayTo(question: ExplainQuestion, layout: Layout): (path: string) => boolean {
  switch (question.kind) {
    case "path":
      return (path) => leadsTo(path, question.path);
    case "entity": {
      const { id } = question;
      return (path) => {
        const [top, kind, owner, ...below] = path.split("/");
        if (top !== recordsFolder) return false;
        const file = `${id.slice(0, 2)}/${id.slice(2, 4)}/${id}.json`;
        return kind === undefined || owner === undefined || below.length === 0 || leadsTo(below.join("/"), file);
      };
    }
    case "object":
      return (path) => isOnObjectsWay(path, question, layout);
  }
}

function isOnObjectsWay(
  path: string,
  { candidates, cluster }: Extract<ExplainQuestion, { kind: "object" }>,
  layout: Layout,
): boolean {
  const [top = "", namespace, name] = path.split("/");
  if (top !== desiredFolder && top !== chartsFolder) return false;
  if (namespace === undefined || name === undefined) return true;
  const key = `${decodePart(namespace)}/${decodePart(name)}`;
  if (cluster !== undefined && cluster !== key) return false;
  return candidates.some((identity) => isOnWayOf(path, key, identity, layout));
}

function isOnWayOf(path: string, cluster: string, identity: ObjectIdentity, layout: Layout): boolean {
  if (isCoreKind(identity, "Namespace") && leadsTo(path, generatedNamespacePath(cluster, identity.name))) return true;
  const folders = ownersFoldersOf(cluster, identity, layout);
  return ownerKinds.some((kind) => {
    const folder = folders[kind];
    if (leadsTo(path, folder)) return true;
    if (!path.startsWith(`${folder}/`)) return false;
    const owner = ownerOfFolder(kind, path.slice(folder.length + 1).split("/")[0]!, cluster);
    return owner !== undefined && leadsTo(path, objectPath(cluster, owner, identity, layout));
  });
}

/** What a pass has to do, found out before anything is done: from two trees, or from the folder and the cluster's own lists. */
import type { ObjectIdentity } from "../model/manifest.ts";
import type { Problem } from "../model/problem.ts";
import type { LiveMetadata, ResourceKind } from "../ports/cluster.ts";
import type { BlobReader, ObjectId, TreeReader } from "../ports/git.ts";
import { ownerLabel } from "../render/manifests/provenance.ts";
import {
  type DesiredFile,
  isManifestPath,
  keyOfPath,
  type ObjectKey,
  objectKey,
  readDesired,
} from "./desired-object.ts";
import { diffTrees, type FileChange } from "./diff-trees.ts";

/** An object to be applied; its file is read when its turn comes. */
export interface ApplyItem {
  readonly key: ObjectKey;
  readonly file: DesiredFile;
  /** Nothing is known of one that is there: it is made without looking, which what is there refuses. */
  readonly isNew?: true;
}

/** An object that the folder does not have any more. */
export interface RemovalItem {
  readonly key: ObjectKey;
  readonly identity: ObjectIdentity;
  /** Undefined: the one that the server prefers. */
  readonly version?: string;
  readonly owner: string;
}

export interface PassPlan {
  readonly apply: readonly ApplyItem[];
  readonly remove: readonly RemovalItem[];
  /** What the cluster has of them with our label, where that was listed. */
  readonly live: ReadonlyMap<ObjectKey, LiveMetadata>;
  /** Files that can't be read, and kinds that can't be listed. */
  readonly problems: readonly Problem[];
  /** How many objects are as the folder has them already. */
  readonly unchanged: number;
}

type Repository = BlobReader & Pick<TreeReader, "readTree">;

/** The annotation that says which file an object was applied from, so that a full pass needs to read only what differs. */
export const blobAnnotation = "sluice.dev/blob";

export function blobMark(id: ObjectId): string {
  return id.slice(0, 20);
}

/** What is between two trees of the folder. Throws where the old one can't be read. */
export async function planDifference(git: Repository, before: ObjectId, after: ObjectId): Promise<PassPlan> {
  const changes: FileChange[] = [];
  for await (const change of diffTrees(git, before, after)) if (isManifestPath(change.path)) changes.push(change);
  const filesAt = (side: "before" | "after") =>
    changes.flatMap(({ path, [side]: id }) => (id === undefined ? [] : [{ path, id }]));
  const old = await readDesired(git, filesAt("before"));
  const now = await readDesired(git, filesAt("after"));
  const apply = new Map(now.value.map((object) => [objectKey(object.identity), object.file]));
  const broken = new Set(now.problems.map(({ at }) => (at !== undefined && "file" in at ? at.file : "")));
  // Somebody's own file may hold whatever was in another one of them.
  const isAnyonesBroken = [...broken].some((path) => keyOfPath(path) === undefined);
  const there = new Set(old.value.map(({ identity }) => objectKey(identity)));
  const remove = new Map<ObjectKey, RemovalItem>();
  for (const { identity, version, owner, file } of old.value) {
    const key = objectKey(identity);
    // What can't be read deletes nothing.
    const isUnsure = broken.has(file.path) || (isAnyonesBroken && keyOfPath(file.path) === undefined);
    if (!apply.has(key) && !isUnsure) remove.set(key, { key, identity, version, owner });
  }
  // One that is known by its place fails as an object does, and is told and tried again as such.
  const known = filesAt("after").flatMap((file) => {
    const key = broken.has(file.path) ? keyOfPath(file.path) : undefined;
    return key === undefined ? [] : [{ key, file }];
  });
  const placed = new Set(known.map(({ file }) => file.path));
  return {
    apply: [
      ...[...apply].map(([key, file]) => (there.has(key) ? { key, file } : { key, file, isNew: true as const })),
      ...known,
    ],
    remove: [...remove.values()],
    live: new Map(),
    problems: now.problems.filter(({ at }) => at === undefined || !("file" in at) || !placed.has(at.file)),
    unchanged: 0,
  };
}

export interface SetMember {
  readonly kind: ResourceKind;
  readonly metadata: LiveMetadata;
}

/** Every file of the folder by its object's key; those that stand elsewhere than Sluice puts files are read for it. */
export async function listFolder(
  git: Repository,
  folder: ObjectId,
): Promise<{
  readonly files: ReadonlyMap<ObjectKey, DesiredFile>;
  readonly problems: readonly Problem[];
}> {
  const files = new Map<ObjectKey, DesiredFile>();
  const others: DesiredFile[] = [];
  for await (const { path, after: id } of diffTrees(git, undefined, folder)) {
    if (id === undefined || !isManifestPath(path)) continue;
    const key = keyOfPath(path);
    if (key === undefined) others.push({ path, id });
    else files.set(key, { path, id });
  }
  const read = await readDesired(git, others);
  const problems: Problem[] = [...read.problems];
  for (const { identity, file } of read.value) {
    const key = objectKey(identity);
    const first = files.get(key);
    if (first === undefined) files.set(key, file);
    else {
      const message = `holds the same object as ${first.path}, which counts`;
      problems.push({
        code: "DOCUMENT_DUPLICATE",
        severity: "warning",
        message,
        at: { file: file.path, line: 1, column: 1 },
      });
    }
  }
  return { files, problems };
}

/**
 * The folder held against what the cluster has with our label. What was applied from the very file that is there now is
 * left as it is, unless it has to be applied again.
 */
export function planFull(
  folder: Awaited<ReturnType<typeof listFolder>>,
  members: ReadonlyMap<ObjectKey, SetMember>,
  mustApply: (key: ObjectKey, file: DesiredFile, live: LiveMetadata) => boolean,
): PassPlan {
  const live = new Map<ObjectKey, LiveMetadata>();
  const apply: ApplyItem[] = [];
  let unchanged = 0;
  for (const [key, file] of folder.files) {
    const there = members.get(key)?.metadata;
    const isSame = there?.annotations.get(blobAnnotation) === blobMark(file.id) && !there.isTerminating;
    if (isSame && !mustApply(key, file, there)) {
      unchanged++;
      continue;
    }
    apply.push(there === undefined ? { key, file, isNew: true } : { key, file });
    if (there !== undefined) live.set(key, there);
  }
  // Where a file could not be read nobody knows what it holds, and nothing may be taken for what it does not.
  const isComplete = folder.problems.every(({ severity }) => severity !== "error");
  // A server may have one object under two groups: what is wanted by one name is not pruned by the other.
  const wanted = new Set([...members].flatMap(([key, { metadata }]) => (folder.files.has(key) ? [metadata.uid] : [])));
  const remove = [...members].flatMap(([key, { kind, metadata }]): RemovalItem[] => {
    if (wanted.has(metadata.uid) || !isComplete) return [];
    live.set(key, metadata);
    const { group, version } = kind;
    const { namespace, name, labels } = metadata;
    const identity = { group, kind: kind.kind, namespace, name };
    return [{ key, identity, version, owner: labels.get(ownerLabel) ?? "" }];
  });
  return { apply, remove, live, problems: folder.problems, unchanged };
}

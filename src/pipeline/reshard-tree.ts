/** Lays the objects of the desired tree out by another number of shards. No file is read: only trees change. */
import { desiredFolder, reshardPath } from "../plan/paths.ts";
import type { GitRepository, ObjectId, TreeChange, TreeEntry } from "../ports/git.ts";

const folderMode = "40000";
/** Files that are put in place at a time, so that memory does not grow with the repository. */
const chunk = 20_000;

/** The state's tree with its objects moved; `time` in milliseconds since 1970. */
export async function reshardTree(git: GitRepository, tree: ObjectId, shards: number, time: number): Promise<ObjectId> {
  const changes: TreeChange[] = [];
  for (const owner of await ownerFolders(git, tree)) {
    const id = await layOut(git, owner.id, shards, time);
    changes.push({ path: owner.path, action: "place", id, mode: folderMode });
  }
  if (changes.length === 0) return tree;
  // The commits on the way are nobody's: what counts of them is their trees.
  return (await git.writeCommit({ base: tree, changes, parents: [], message: "Lay out anew\n", time })).tree;
}

/** `desired/<cluster namespace>/<cluster>/<triggers>/<owner>`, all that there are. */
async function ownerFolders(git: GitRepository, tree: ObjectId): Promise<readonly { path: string; id: ObjectId }[]> {
  const desired = await git.findEntry(tree, desiredFolder);
  let folders = desired === undefined ? [] : [{ path: desiredFolder, id: desired.id }];
  for (let level = 0; level < 4; level++) {
    const below: { path: string; id: ObjectId }[] = [];
    for (const folder of folders) {
      for (const { name, id } of await subfolders(git, folder.id)) {
        // Beside the triggers there are generated namespaces, which have no shards.
        if (level !== 2 || name === "triggers") below.push({ path: `${folder.path}/${name}`, id });
      }
    }
    folders = below;
  }
  return folders;
}

async function subfolders(git: GitRepository, tree: ObjectId): Promise<readonly TreeEntry[]> {
  return (await git.readTree(tree)).filter(({ mode }) => mode === folderMode);
}

async function layOut(git: GitRepository, owner: ObjectId, shards: number, time: number): Promise<ObjectId> {
  let base: ObjectId | undefined;
  let changes: TreeChange[] = [];
  const write = async () => {
    base = (await git.writeCommit({ base, changes, parents: [], message: "Lay out anew\n", time })).tree;
    changes = [];
  };
  const visit = async (tree: ObjectId, prefix: string): Promise<void> => {
    for (const { mode, name, id } of await git.readTree(tree)) {
      if (mode === folderMode) await visit(id, `${prefix}${name}/`);
      else changes.push({ path: reshardPath(prefix + name, shards), action: "place", id, mode });
      if (changes.length >= chunk) await write();
    }
  };
  await visit(owner, "");
  await write();
  return base ?? owner;
}

/** Takes over a state of format 2: what a hub has for a cluster was a file for each unit, and is one for all of them. */
import { folderMode } from "../model/folder-mode.ts";
import { writeHubFile } from "../plan/hub-file.ts";
import { deliveryFolder, formerDeliveryFolder } from "../plan/paths.ts";
import type { GitRepository, ObjectId, TreeChange } from "../ports/git.ts";
import { namesIn, readFolder } from "./read-folder.ts";

/** The state's tree with one file for each cluster; undefined: it has no others. `time` in milliseconds since 1970. */
export async function packHub(git: GitRepository, tree: ObjectId, time: number): Promise<ObjectId | undefined> {
  const gone: TreeChange[] = [];
  const files: TreeChange[] = [];
  for (const root of [deliveryFolder, formerDeliveryFolder]) {
    for (const namespace of await namesIn(git, tree, `${root}/hub`)) {
      for (const cluster of await foldersIn(git, tree, `${root}/hub/${namespace}`)) {
        const folder = `${root}/hub/${namespace}/${cluster}`;
        const units = new Map<string, string>();
        for await (const [path, text] of readFolder(git, tree, folder))
          units.set(path.slice(folder.length + 1, -".yaml".length), text);
        gone.push({ path: folder, action: "delete" });
        files.push({ path: `${folder}.yaml`, action: "write", text: writeHubFile(units)! });
      }
    }
  }
  if (files.length === 0) return undefined;
  const write = async (base: ObjectId, changes: readonly TreeChange[]) =>
    (await git.writeCommit({ base, changes, parents: [], message: "Take over\n", time })).tree;
  // One after the other: a cluster may be called as another one's file is.
  return write(await write(tree, gone), files);
}

async function foldersIn(git: GitRepository, tree: ObjectId, folder: string): Promise<readonly string[]> {
  const entry = await git.findEntry(tree, folder);
  if (entry?.mode !== folderMode) return [];
  return (await git.readTree(entry.id)).filter(({ mode }) => mode === folderMode).map(({ name }) => name);
}

/** Walks all objects of a state's tree, charts among them, by the folders that they stand in. */
import { chartsFolder, desiredFolder } from "../../plan/paths.ts";
import type { GitReader, ObjectId } from "../../ports/git.ts";
import { walkFiles } from "../walk-files.ts";
import { type DesiredFolder, folderOf } from "./desired-folder.ts";

/** `onFolder` is given each folder of an owner's with the names of its files; false ends the walk. */
export async function walkObjects(
  git: GitReader,
  tree: ObjectId,
  onFolder: (folder: DesiredFolder, names: readonly string[]) => Promise<boolean> | boolean,
): Promise<void> {
  let isWanted = true;
  for (const root of [desiredFolder, chartsFolder]) {
    if (!isWanted) return;
    await walkFiles(git, tree, root, async (path, names) => {
      const folder = folderOf(path);
      isWanted = folder === undefined || (await onFolder(folder, names));
      return isWanted;
    });
  }
}

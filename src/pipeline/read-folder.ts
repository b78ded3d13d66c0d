/** Reads whole folders of a tree, some hundred files at a time. */
import type { GitReader, ObjectId } from "../ports/git.ts";

const chunk = 500;

/** Paths and texts of all files below a folder, in Git's order. */
export async function* readFolder(
  git: GitReader,
  tree: ObjectId | undefined,
  folder: string,
): AsyncIterable<readonly [string, string]> {
  if (tree === undefined) return;
  let paths: string[] = [];
  const read = async () => {
    const texts = await git.readFiles(tree, paths);
    const found = paths.flatMap((path) => {
      const text = texts.get(path);
      return text === undefined ? [] : [[path, text] as const];
    });
    paths = [];
    return found;
  };
  for await (const path of git.listFiles(tree, folder)) {
    paths.push(path);
    if (paths.length === chunk) yield* await read();
  }
  yield* await read();
}

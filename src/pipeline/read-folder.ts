/** Reads whole folders of a tree: names, paths, or texts, some hundred files at a time. */
import type { ConfigFile } from "../model/catalog.ts";
import { folderMode } from "../model/folder-mode.ts";
import { readKeptDocument } from "../plan/kept-document.ts";
import { catalogFolder } from "../plan/paths.ts";
import type { GitReader, ObjectId } from "../ports/git.ts";
import type { HiddenTexts } from "../ports/hidden-texts.ts";

const chunk = 500;

/** Paths of all files below a folder, in Git's order. */
export async function listFolder(
  git: GitReader,
  tree: ObjectId | undefined,
  folder: string,
): Promise<readonly string[]> {
  const paths: string[] = [];
  if (tree !== undefined) for await (const path of git.listFiles(tree, folder)) paths.push(path);
  return paths;
}

/** What is in a folder itself; nothing where it is not there, or is none. */
export async function namesIn(git: GitReader, tree: ObjectId, folder: string): Promise<readonly string[]> {
  const entry = await git.findEntry(tree, folder);
  return entry?.mode === folderMode ? (await git.readTree(entry.id)).map(({ name }) => name) : [];
}

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

/**
 * The documents of the catalog in force, as the state branch keeps them: one a file. What must stand on no branch is
 * added where this machine has it.
 */
export async function readKeptCatalog(
  git: GitReader,
  tree: ObjectId | undefined,
  hidden?: Pick<HiddenTexts, "read">,
): Promise<readonly ConfigFile[]> {
  const files: ConfigFile[] = [];
  for await (const [path, text] of readFolder(git, tree, catalogFolder)) {
    const { withheld, ...file } = readKeptDocument(path, text);
    const said = withheld === undefined ? undefined : await hidden?.read(withheld);
    if (said !== undefined) files.push({ ...file, text: said });
    else files.push(withheld === undefined ? file : { ...file, withheld });
  }
  return files;
}

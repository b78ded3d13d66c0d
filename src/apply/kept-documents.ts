/** Documents of the catalog in force, as the state branch keeps them: one a file. */
import { parseYaml11Stream, YamlError, YamlToJsonError } from "../go-template/index.ts";
import type { Json } from "../model/json.ts";
import type { BlobReader, ObjectId, TreeReader } from "../ports/git.ts";
import { diffTrees } from "./diff-trees.ts";

export type KeptRepository = BlobReader & Pick<TreeReader, "readTree" | "findEntry">;

/** The texts of a folder's documents; `isMeant` is asked for each path in it. */
export async function* readKeptTexts(
  git: KeptRepository,
  folder: ObjectId,
  isMeant: (path: string) => boolean = () => true,
): AsyncGenerator<string> {
  const files: ObjectId[] = [];
  for await (const { path, after } of diffTrees(git, undefined, folder)) {
    if (after !== undefined && isMeant(path)) files.push(after);
  }
  for (const bytes of (await git.readBlobs(files)).values()) yield new TextDecoder().decode(bytes);
}

/** Undefined: it can't be read, which the service that keeps it tells. */
export function parseKeptText(text: string): Json | undefined {
  try {
    return parseYaml11Stream(text)[0];
  } catch (error) {
    if (error instanceof YamlError || error instanceof YamlToJsonError) return undefined;
    throw error;
  }
}

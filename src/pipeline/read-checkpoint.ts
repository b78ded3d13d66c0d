/** The checkpoint with the positions, which have files of their own. */
import type { Checkpoint } from "../model/change-set.ts";
import type { StreamName, StreamPosition } from "../model/delivery.ts";
import { parseCheckpoint } from "../plan/checkpoint-file.ts";
import { checkpointPath, positionsFolder } from "../plan/paths.ts";
import { parsePositions } from "../plan/position-file.ts";
import type { GitReader, ObjectId } from "../ports/git.ts";
import { readFolder } from "./read-folder.ts";

/** Of a state's tree, of format 1 too; undefined: there is none. Throws a SluiceError (STATE_INVALID). */
export async function readCheckpoint(git: GitReader, tree: ObjectId): Promise<Checkpoint | undefined> {
  const text = (await git.readFiles(tree, [checkpointPath])).get(checkpointPath);
  if (text === undefined) return undefined;
  const checkpoint = parseCheckpoint(text);
  const positions = new Map<StreamName, StreamPosition>(checkpoint.positions);
  for await (const [path, file] of readFolder(git, tree, positionsFolder)) {
    for (const [stream, position] of parsePositions(file, path)) positions.set(stream, position);
  }
  return { ...checkpoint, positions };
}

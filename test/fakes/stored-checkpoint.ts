/** The checkpoint in a state's files, with the positions, which have files of their own. */
import type { Checkpoint } from "../../src/model/change-set.ts";
import type { StreamPosition } from "../../src/model/delivery.ts";
import { parseCheckpoint } from "../../src/plan/checkpoint-file.ts";
import { parsePositions } from "../../src/plan/position-file.ts";

export function storedCheckpoint(files: ReadonlyMap<string, string>): Checkpoint | undefined {
  const text = files.get("checkpoint.json");
  if (text === undefined) return undefined;
  const positions = new Map<string, StreamPosition>();
  for (const [path, file] of files) {
    if (!path.startsWith("positions/")) continue;
    for (const [stream, position] of parsePositions(file, path)) positions.set(stream, position);
  }
  return { ...parseCheckpoint(text), positions };
}

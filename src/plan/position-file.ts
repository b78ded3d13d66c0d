/**
 * Positions as files of the state branch, one for each connection: with many connections a lone event writes but its
 * own.
 */
import type { StreamName, StreamPosition } from "../model/delivery.ts";
import { isJsonObject, type Json, writeJson } from "../model/json.ts";
import { positionFromJson, positionToJson } from "./position-json.ts";
import { parseStateFile } from "./record-file.ts";

type Positions = ReadonlyMap<StreamName, StreamPosition>;

/** The connection whose stream this is: `<connection>/<stream>`. */
export function connectionOf(stream: StreamName): string {
  return stream.slice(0, stream.lastIndexOf("/"));
}

/**
 * The positions of each connection of which one is not what it was. With many connections a lone event moves one: nothing is
 * made of the others, which are only compared.
 */
export function changedPositions(before: Positions, after: Positions): ReadonlyMap<string, Positions> {
  const changed = new Map<string, Map<StreamName, StreamPosition>>();
  for (const [stream, position] of after) {
    if (before.get(stream) !== position) changed.set(connectionOf(stream), new Map());
  }
  if (changed.size === 0) return changed;
  for (const [stream, position] of after) changed.get(connectionOf(stream))?.set(stream, position);
  return changed;
}

/** By code unit: equal positions are equal bytes. */
export function writePositions(positions: Positions): string {
  const streams = [...positions].sort(([a], [b]) => (a < b ? -1 : 1));
  const file = new Map<string, Json>([
    ["version", 2n],
    ["streams", new Map(streams.map(([stream, position]) => [stream, positionToJson(position)]))],
  ]);
  return `${writeJson(file, 1)}\n`;
}

/** Throws a SluiceError (STATE_INVALID). */
export function parsePositions(text: string, path: string): Positions {
  return positionsFromJson(parseStateFile(text, path).get("streams"));
}

export function positionsFromJson(streams: Json | undefined): Positions {
  const positions = new Map<StreamName, StreamPosition>();
  if (!isJsonObject(streams)) return positions;
  for (const [stream, position] of streams)
    if (isJsonObject(position)) positions.set(stream, positionFromJson(position));
  return positions;
}

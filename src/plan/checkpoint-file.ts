/** The checkpoint as a file: up to where every delivery has had its effect, and what is still to be done. */
import type { Checkpoint } from "../model/change-set.ts";
import type { StreamPosition } from "../model/delivery.ts";
import { isJsonObject, type Json, writeJson } from "../model/json.ts";
import { checkpointPath } from "./paths.ts";
import { positionFromJson, positionToJson } from "./position-json.ts";
import { parseStateFile } from "./record-file.ts";

export const emptyCheckpoint: Checkpoint = {
  catalog: "",
  positions: new Map(),
  paused: false,
  shards: 0,
  pending: { triggers: [], records: [] },
};

export function writeCheckpoint({ catalog, positions, paused, shards, pending }: Checkpoint): string {
  // By code unit: equal checkpoints are equal bytes.
  const streams = [...positions].sort(([a], [b]) => (a < b ? -1 : 1));
  const file = new Map<string, Json>([
    ["version", 1n],
    ["catalog", catalog],
    ["paused", paused],
    ["shards", BigInt(shards)],
    ["positions", new Map(streams.map(([stream, position]) => [stream, positionToJson(position)]))],
  ]);
  if (pending.triggers.length > 0 || pending.records.length > 0) {
    file.set(
      "pending",
      new Map<string, Json>([
        [
          "triggers",
          pending.triggers.map(
            ({ trigger, after }) =>
              new Map<string, Json>([
                ["trigger", trigger],
                ["after", after],
              ]),
          ),
        ],
        ["records", pending.records],
      ]),
    );
  }
  return `${writeJson(file, 1)}\n`;
}

/** Throws a SluiceError (STATE_INVALID). */
export function parseCheckpoint(text: string): Checkpoint {
  const file = parseStateFile(text, checkpointPath);
  const positions = new Map<string, StreamPosition>();
  const streams = file.get("positions");
  if (isJsonObject(streams)) {
    for (const [stream, position] of streams) {
      if (isJsonObject(position)) positions.set(stream, positionFromJson(position));
    }
  }
  const pending = file.get("pending");
  const triggers = isJsonObject(pending) ? pending.get("triggers") : undefined;
  const records = isJsonObject(pending) ? pending.get("records") : undefined;
  return {
    catalog: String(file.get("catalog") ?? ""),
    positions,
    paused: file.get("paused") === true,
    shards: Number(file.get("shards") ?? 0n),
    pending: {
      triggers: listOf(triggers)
        .filter(isJsonObject)
        .map((cursor) => ({ trigger: String(cursor.get("trigger")), after: String(cursor.get("after")) })),
      records: listOf(records).map(String),
    },
  };
}

function listOf(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? (value as readonly Json[]) : [];
}

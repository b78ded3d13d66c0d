/** The checkpoint as a file: what is in force, and what is still to be done. */
import type { Backfill, Checkpoint, Pass, Pause, PendingWork, Review } from "../model/change-set.ts";
import { isJsonObject, type Json, type JsonObject, writeJson } from "../model/json.ts";
import { textOf } from "../model/json-members.ts";
import { type Owner, ownerKey, parseOwnerKey } from "../model/owner.ts";
import { SluiceError } from "../model/problem.ts";
import { checkpointPath } from "./paths.ts";
import { positionsFromJson } from "./position-file.ts";
import { parseStateFile } from "./record-file.ts";

/** The version of the state branch's format. */
export const stateFormat = 3;
/** The oldest that is read as it is: what a hub has for a cluster was in several files there. */
export const stateFormatMin = 2;
/** Those that can be gone on from. */
export const checkpointVersions: readonly Json[] = [1n, BigInt(stateFormatMin), BigInt(stateFormat)];
/** The version of what renders. It rises when the output for equal input may differ. */
export const renderer = 2;

export const emptyCheckpoint: Checkpoint = {
  term: { number: 0, holder: "" },
  stateId: "",
  commits: 0,
  renderer,
  repository: "",
  catalog: "",
  catalogAt: "",
  catalogRank: 0,
  nextRank: 1,
  layout: { shards: 0, buckets: 1 },
  pauses: [],
  pending: { passes: [], reviews: [] },
  counters: new Map(),
  minutes: 0,
  parts: new Map(),
  positions: new Map(),
};

/** Without the positions, which have files of their own. */
export function writeCheckpoint(checkpoint: Checkpoint): string {
  const { term, layout, pauses, pending, counters, parts } = checkpoint;
  const number = (key: "commits" | "renderer" | "catalogRank" | "nextRank" | "minutes") =>
    [key, BigInt(checkpoint[key])] as const;
  const file = new Map<string, Json>([
    ["version", BigInt(stateFormat)],
    ["stateId", checkpoint.stateId],
    number("commits"),
    [
      "term",
      new Map<string, Json>([
        ["number", BigInt(term.number)],
        ["holder", term.holder],
      ]),
    ],
    number("renderer"),
    ["repository", checkpoint.repository],
    ["catalog", checkpoint.catalog],
    ...(checkpoint.catalogAt === "" ? [] : [["catalogAt", checkpoint.catalogAt] as const]),
    number("catalogRank"),
    number("nextRank"),
    [
      "layout",
      new Map<string, Json>([
        ["shards", BigInt(layout.shards)],
        ["buckets", BigInt(layout.buckets)],
      ]),
    ],
    number("minutes"),
  ]);
  if (pauses.length > 0) file.set("pauses", pauses.map(pauseToJson));
  if (pending.passes.length > 0) file.set("passes", pending.passes.map(passToJson));
  if (pending.reviews.length > 0) file.set("reviews", pending.reviews.map(reviewToJson));
  if (pending.backfill !== undefined) file.set("backfill", backfillToJson(pending.backfill));
  if (counters.size > 0) {
    file.set("counters", new Map([...counters].sort(byKey).map(([name, count]) => [name, BigInt(count)])));
  }
  if (parts.size > 0) file.set("parts", new Map([...parts].sort(byKey)));
  return `${writeJson(file, 1)}\n`;
}

/** By code unit: equal checkpoints are equal bytes. */
function byKey([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}

function backfillToJson({ owner, cursors, removed = new Map() }: Backfill): JsonObject {
  const json = new Map<string, Json>([
    ["owner", ownerKey(owner)],
    ["streams", cursorsToJson(cursors)],
  ]);
  if (removed.size > 0) {
    const entities = [...removed].sort(byKey).map(([hash, at]) => [hash, cursorsToJson(at)] as const);
    json.set("removed", new Map(entities));
  }
  return json;
}

function cursorsToJson(cursors: Backfill["cursors"]): JsonObject {
  const streams = [...cursors].sort(byKey).map(([stream, { epoch, sequence, since }]) => {
    const cursor = new Map<string, Json>([
      ["epoch", epoch],
      ["sequence", BigInt(sequence)],
    ]);
    if (since !== undefined) cursor.set("since", since);
    return [stream, cursor] as const;
  });
  return new Map(streams);
}

function cursorsFromJson(json: Json | undefined): Backfill["cursors"] {
  const streams = [...objectOf(json)].map(([stream, value]) => {
    const cursor = objectOf(value);
    const since = cursor.get("since");
    const read = { epoch: textOf(cursor, "epoch"), sequence: Number(cursor.get("sequence")) };
    return [stream, { ...read, ...(typeof since === "string" ? { since } : {}) }] as const;
  });
  return new Map(streams);
}

function backfillFromJson(json: JsonObject): Backfill {
  const removed = [...objectOf(json.get("removed"))].map(([hash, at]) => [hash, cursorsFromJson(at)] as const);
  return {
    owner: ownerOf(textOf(json, "owner")),
    cursors: cursorsFromJson(json.get("streams")),
    ...(removed.length === 0 ? {} : { removed: new Map(removed) }),
  };
}

function pauseToJson({ owner, cluster }: Pause): JsonObject {
  const json = new Map<string, Json>();
  if (owner !== undefined) json.set("owner", ownerKey(owner));
  if (cluster !== undefined) json.set("cluster", cluster);
  return json;
}

function passToJson({ owner, from, clusters, after, held }: Pass): JsonObject {
  const json = new Map<string, Json>([["owner", ownerKey(owner)]]);
  if (from !== undefined) json.set("from", ownerKey(from));
  if (clusters !== undefined) json.set("clusters", clusters);
  if (after.record !== "") json.set("afterRecord", after.record);
  if (after.cluster !== "") json.set("afterCluster", after.cluster);
  if (held !== undefined) json.set("held", held);
  return json;
}

function reviewToJson({ claims, after }: Review): JsonObject {
  const json = new Map<string, Json>([["claims", claims]]);
  if (after !== "") json.set("after", after);
  return json;
}

/** Of format 1 too; positions are in it only there. Throws a SluiceError (STATE_INVALID). */
export function parseCheckpoint(text: string): Checkpoint {
  const file = parseStateFile(text, checkpointPath, checkpointVersions);
  if (file.get("version") === 1n) return checkpointOfVersion1(file);
  const number = (json: JsonObject, key: string) => Number(json.get(key) ?? 0);
  const term = objectOf(file.get("term"));
  const layout = objectOf(file.get("layout"));
  return {
    term: { number: number(term, "number"), holder: textOf(term, "holder") },
    stateId: textOf(file, "stateId"),
    commits: number(file, "commits"),
    renderer: number(file, "renderer"),
    repository: textOf(file, "repository"),
    catalog: textOf(file, "catalog"),
    catalogAt: textOf(file, "catalogAt"),
    catalogRank: number(file, "catalogRank"),
    nextRank: number(file, "nextRank"),
    layout: { shards: number(layout, "shards"), buckets: number(layout, "buckets") },
    pauses: objectsOf(file.get("pauses")).map(pauseFromJson),
    pending: {
      passes: objectsOf(file.get("passes")).map(passFromJson),
      reviews: objectsOf(file.get("reviews")).map((review) => ({
        claims: textOf(review, "claims"),
        after: textOf(review, "after"),
      })),
      ...(file.has("backfill") ? { backfill: backfillFromJson(objectOf(file.get("backfill"))) } : {}),
    },
    counters: new Map([...objectOf(file.get("counters"))].map(([name, count]) => [name, Number(count)])),
    minutes: number(file, "minutes"),
    parts: objectOf(file.get("parts")),
    positions: new Map(),
  };
}

/** What was still to be rendered is rendered again whole: the cursors' paths have changed. */
function checkpointOfVersion1(file: JsonObject): Checkpoint {
  const pending = objectOf(file.get("pending"));
  const triggers = new Set(objectsOf(pending.get("triggers")).map((cursor) => textOf(cursor, "trigger")));
  const records = pending.get("records");
  for (const path of Array.isArray(records) ? (records as readonly Json[]) : []) {
    triggers.add(decodeURIComponent(String(path).split("/")[1] ?? ""));
  }
  const passes = [...triggers].map((name): Pass => ({ owner: ownerOf(`EventTrigger/${name}`), after: fromStart }));
  return {
    ...emptyCheckpoint,
    catalog: textOf(file, "catalog"),
    layout: { shards: Number(file.get("shards") ?? 0), buckets: 1 },
    pauses: file.get("paused") === true ? [{}] : [],
    pending: { passes, reviews: [] },
    positions: positionsFromJson(file.get("positions")),
  };
}

export const fromStart: Pass["after"] = { record: "", cluster: "" };
export const nothingPending: PendingWork = { passes: [], reviews: [] };

function pauseFromJson(json: JsonObject): Pause {
  const cluster = json.get("cluster");
  const owner = json.get("owner");
  return {
    ...(owner === undefined ? {} : { owner: ownerOf(String(owner)) }),
    ...(cluster === undefined ? {} : { cluster: String(cluster) }),
  };
}

function passFromJson(json: JsonObject): Pass {
  const clusters = json.get("clusters");
  const held = json.get("held");
  const from = json.get("from");
  return {
    ...(held === undefined ? {} : { held: String(held) }),
    owner: ownerOf(textOf(json, "owner")),
    ...(from === undefined ? {} : { from: ownerOf(String(from)) }),
    ...(Array.isArray(clusters) ? { clusters: (clusters as readonly Json[]).map(String) } : {}),
    after: { record: textOf(json, "afterRecord"), cluster: textOf(json, "afterCluster") },
  };
}

function ownerOf(key: string): Owner {
  const owner = parseOwnerKey(key);
  if (owner !== undefined) return owner;
  throw new SluiceError({ code: "STATE_INVALID", message: `${checkpointPath} names ${JSON.stringify(key)}, no owner` });
}

function objectOf(value: Json | undefined): JsonObject {
  return isJsonObject(value) ? value : new Map();
}

function objectsOf(value: Json | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? (value as readonly Json[]).filter(isJsonObject) : [];
}

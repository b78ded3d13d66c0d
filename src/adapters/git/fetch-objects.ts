/**
 * Fetches in one exchange with `upload-pack`, protocol version 2 (git: Documentation/gitprotocol-v2.txt, "fetch"): single objects by id,
 * which would otherwise take five programs for each batch that meets files which the filter left out, and what branches' new heads bring.
 */
import { inflateSync } from "node:zlib";
import type { ObjectId } from "../../ports/git.ts";
import { applyDelta } from "./delta.ts";
import { type GitObject, hashObject } from "./object-id.ts";
import { ofsDeltaType, readEntryHead, refDeltaType, typeNames } from "./pack-bytes.ts";
import { inflationMax } from "./pack-file.ts";
import { delimiterPacket, encodePacket, flushPacket, PacketReader } from "./pkt-line.ts";

/** Ids asked for at a time. */
export const idsPerRequestMax = 4000;

/** The answer is not what was asked for: another way must be tried. */
class UnexpectedAnswerError extends Error {}

export function encodeFetchRequest(ids: readonly ObjectId[]): Buffer {
  return encodeFetchCommand(["no-progress", "ofs-delta", ...ids.map((id) => `want ${id}`), "done"]);
}

/**
 * Asks for what these commits have and `known` don't, without the commits before them. `known` may themselves be without those before
 * them. What is alike may come as a delta of what `known` have.
 */
export function encodeCatchUpRequest(commits: readonly ObjectId[], known: readonly ObjectId[]): Buffer {
  return encodeFetchCommand([
    ...["thin-pack", "no-progress", "ofs-delta"],
    ...known.map((id) => `shallow ${id}`),
    "deepen 1",
    ...commits.map((id) => `want ${id}`),
    ...known.map((id) => `have ${id}`),
    "done",
  ]);
}

function encodeFetchCommand(args: readonly string[]): Buffer {
  return Buffer.concat([
    encodePacket("command=fetch\n"),
    encodePacket("agent=sluice\n"),
    delimiterPacket,
    ...args.map((line) => encodePacket(`${line}\n`)),
    flushPacket,
  ]);
}

/** What deltas may be of besides what is in the pack, and whether others are passed over. */
export interface DeltaBases {
  find(id: ObjectId): GitObject | undefined;
  readonly skipsOthers: boolean;
}

const noOthers: DeltaBases = { find: () => undefined, skipsOthers: false };

/** The objects of the answer by id. Throws UnexpectedAnswerError, or what the readers below throw. */
export function readFetchResponse(response: Buffer, bases = noOthers): Map<ObjectId, GitObject> {
  const pieces: Buffer[] = [];
  let isInPack = false;
  for (const packet of new PacketReader().read(response)) {
    if (packet === undefined) continue;
    if (!isInPack) {
      const line = packet.toString("utf8", 0, 200).trimEnd();
      isInPack = line === "packfile";
      if (!isInPack && !/^(?:shallow-info$|(?:un)?shallow )/.test(line)) {
        throw new UnexpectedAnswerError(`no pack: ${line}`);
      }
    } else if (packet[0] === 1) {
      pieces.push(packet.subarray(1));
    } else if (packet[0] === 3) {
      throw new UnexpectedAnswerError(packet.toString("utf8", 1, 200));
    }
  }
  return readPack(Buffer.concat(pieces), bases);
}

/** The objects of a pack by id. Its checksum needs no look: what matters is that ids come out as asked. */
function readPack(pack: Buffer, bases: DeltaBases): Map<ObjectId, GitObject> {
  if (pack.length < 32 || pack.toString("latin1", 0, 4) !== "PACK") throw new UnexpectedAnswerError("no pack");
  const byId = new Map<ObjectId, GitObject>();
  const byOffset = new Map<number, GitObject>();
  let at = 12;
  for (let left = pack.readUInt32BE(8); left > 0; left--) {
    const entry = readEntryHead(pack, at);
    if (entry === undefined) throw new UnexpectedAnswerError("a malformed pack");
    const { body, consumed } = inflateFirst(pack.subarray(at + entry.headBytes), entry.size);
    const object = toObject(entry, body, at, byOffset, (id) => byId.get(id) ?? bases.find(id));
    if (object !== undefined) {
      byOffset.set(at, object);
      byId.set(hashObject(object.type, object.body), object);
    } else if (!bases.skipsOthers) throw new UnexpectedAnswerError("a delta of what is not here");
    at += entry.headBytes + consumed;
  }
  return byId;
}

/** Undefined where it is a delta of what is not here. */
function toObject(
  entry: NonNullable<ReturnType<typeof readEntryHead>>,
  body: Buffer,
  at: number,
  byOffset: ReadonlyMap<number, GitObject>,
  find: (id: ObjectId) => GitObject | undefined,
): GitObject | undefined {
  const type = typeNames[entry.type];
  if (type !== undefined) return { type, body };
  const base =
    entry.type === ofsDeltaType
      ? byOffset.get(at - entry.distance!)
      : entry.type === refDeltaType
        ? find(entry.baseId!)
        : undefined;
  return base === undefined ? undefined : { type: base.type, body: applyDelta(base.body, body) };
}

/** Inflates the stream at the start of `bytes`, and says how long it is. */
function inflateFirst(bytes: Buffer, size: number): { body: Buffer; consumed: number } {
  if (size > bytes.length * inflationMax) throw new UnexpectedAnswerError("an object that claims too much");
  const options = { chunkSize: Math.max(64, size), maxOutputLength: Math.max(1, size), info: true };
  // With `info`, which the types don't know, the answer tells how much was read.
  const { buffer, engine } = inflateSync(bytes, options) as unknown as {
    buffer: Buffer;
    engine: { bytesWritten: number };
  };
  if (buffer.length !== size) throw new UnexpectedAnswerError("an object of another size than it says");
  return { body: buffer, consumed: engine.bytesWritten };
}

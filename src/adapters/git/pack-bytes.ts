/**
 * Packs in memory: objects, compressed once, laid out as a pack (pushed, or stored) with its index.
 *
 * Layout: `PACK`, version 2, number of objects; each object as type and size, for a delta its base, and a zlib stream;
 * the SHA-1 of all that. (git: Documentation/gitformat-pack.txt)
 */
import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import type { ObjectId } from "../../ports/git.ts";
import { idBytes, type ObjectType } from "./object-id.ts";

const packTypeOf = { commit: 1, tree: 2, blob: 3, tag: 4 } as const satisfies Record<ObjectType, number>;
export const typeNames: Readonly<Record<number, ObjectType>> = { 1: "commit", 2: "tree", 3: "blob", 4: "tag" };
export const ofsDeltaType = 6;
export const refDeltaType = 7;

/** An object as it goes into packs. */
export interface PackObject {
  readonly id: ObjectId;
  readonly type: ObjectType;
  /** Size of what `data` inflates to: the body, or the delta. */
  readonly size: number;
  /** zlib stream of the body, or of a delta on `base`; once it is in a pack, that pack's bytes. */
  data: Buffer;
  readonly base?: PackObject;
  /** Deltas to follow until a whole object is reached. */
  readonly depth: number;
}

export interface PackLayout {
  readonly bytes: Buffer;
  /** SHA-1 of what is before it: the pack's last 20 bytes. */
  readonly checksum: Buffer;
  readonly entries: readonly PackEntry[];
}

/** Where an object lies in a pack: what an index is made of. */
export interface PackEntry {
  readonly id: ObjectId;
  readonly offset: number;
  /** CRC-32 of the object's bytes in the pack. */
  readonly crc: number;
}

/** Longest head: ten bytes of type and size, a base's id. */
const headBytesMax = 30;

/**
 * The objects as one pack, in the order given, each once. A delta whose base stands before it points there (where
 * `ofsDelta` allows), otherwise it names its base, which then must be known to whoever gets the pack.
 */
export function layOutPack(objects: readonly PackObject[], ofsDelta = true): PackLayout {
  let room = 12 + 20;
  for (const { data } of objects) room += headBytesMax + data.length;
  const bytes = Buffer.allocUnsafe(room);
  let at = writePackHeader(bytes, objects.length);
  const entries: PackEntry[] = [];
  const offsets = new Map<ObjectId, number>();
  for (const object of objects) {
    const offset = at;
    offsets.set(object.id, offset);
    const { base } = object;
    const baseOffset = ofsDelta && base !== undefined ? offsets.get(base.id) : undefined;
    if (base === undefined) {
      at = writeTypeAndSize(bytes, at, packTypeOf[object.type], object.size);
    } else if (baseOffset !== undefined) {
      at = writeTypeAndSize(bytes, at, ofsDeltaType, object.size);
      at = writeDistance(bytes, at, offset - baseOffset);
    } else {
      at = writeTypeAndSize(bytes, at, refDeltaType, object.size);
      at += bytes.write(base.id, at, "hex");
    }
    const start = at;
    at += object.data.copy(bytes, at);
    // Both are kept for a while: there is no need for two copies.
    object.data = bytes.subarray(start, at);
    entries.push({ id: object.id, offset, crc: crc32(bytes.subarray(offset, at)) });
  }
  const checksum = createHash("sha1").update(bytes.subarray(0, at)).digest();
  at += checksum.copy(bytes, at);
  return { bytes: bytes.subarray(0, at), checksum, entries };
}

/** The functions below write at `at` and answer with where they ended. */
export function writePackHeader(into: Buffer, objects: number): number {
  into.write("PACK", "latin1");
  into.writeUInt32BE(2, 4);
  return into.writeUInt32BE(objects, 8);
}

/** Four bits of the size beside the type, then seven in each byte that follows, low ones first. */
export function writeTypeAndSize(into: Buffer, at: number, type: number, size: number): number {
  let end = at;
  let byte = (type << 4) | (size & 0x0f);
  for (let rest = Math.floor(size / 16); rest > 0; rest = Math.floor(rest / 128)) {
    into[end++] = byte | 0x80;
    byte = rest & 0x7f;
  }
  into[end++] = byte;
  return end;
}

/** Seven bits a byte, high ones first; each continued byte counts one more, so that no distance has two spellings. */
export function writeDistance(into: Buffer, at: number, distance: number): number {
  const reversed = [distance & 0x7f];
  for (let rest = Math.floor(distance / 128); rest > 0; rest = Math.floor(rest / 128)) {
    rest -= 1;
    reversed.push(0x80 | (rest & 0x7f));
  }
  let end = at;
  for (const byte of reversed.reverse()) into[end++] = byte;
  return end;
}

/** What stands before an object's data in a pack. */
export interface EntryHead {
  readonly type: number;
  /** Of what the data inflates to. */
  readonly size: number;
  /** How far before this object its base starts, for an ofs-delta. */
  readonly distance?: number;
  /** What its base is, for a ref-delta. */
  readonly baseId?: ObjectId;
  readonly headBytes: number;
}

/** Reads the head at `offset`; undefined where there is none, or only a part of it. */
export function readEntryHead(bytes: Buffer, offset: number): EntryHead | undefined {
  let at = offset;
  let byte = bytes[at++] ?? 0;
  const type = (byte >> 4) & 7;
  let size = byte & 0x0f;
  for (let scale = 16; byte & 0x80; scale *= 128) {
    byte = bytes[at++] ?? 0;
    size += (byte & 0x7f) * scale;
  }
  let base: { distance: number } | { baseId: ObjectId } | undefined;
  if (type === ofsDeltaType) {
    byte = bytes[at++] ?? 0;
    let distance = byte & 0x7f;
    while (byte & 0x80) {
      byte = bytes[at++] ?? 0;
      distance = (distance + 1) * 128 + (byte & 0x7f);
    }
    base = { distance };
  } else if (type === refDeltaType) {
    base = { baseId: bytes.toString("hex", at, at + idBytes) };
    at += idBytes;
  } else if (typeNames[type] === undefined) {
    return undefined;
  }
  return at > bytes.length ? undefined : { type, size, ...base, headBytes: at - offset };
}

/** The index (version 2) of a pack: fan-out, sorted ids, CRCs, offsets, checksums. */
export function encodePackIndex(entries: readonly PackEntry[], packChecksum: Buffer): Buffer {
  const sorted = entries.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const far = sorted.filter(({ offset }) => offset >= 0x80000000);
  const count = sorted.length;
  const index = Buffer.alloc(8 + 1024 + count * 28 + far.length * 8 + 40);
  index.writeUInt32BE(0xff744f63, 0);
  index.writeUInt32BE(2, 4);
  const ids = 8 + 1024;
  const crcs = ids + count * 20;
  const offsets = crcs + count * 4;
  const farOffsets = offsets + count * 4;
  let farCount = 0;
  sorted.forEach(({ id, offset, crc }, position) => {
    index.write(id, ids + position * 20, "hex");
    index.writeUInt32BE(crc, crcs + position * 4);
    if (offset < 0x80000000) {
      index.writeUInt32BE(offset, offsets + position * 4);
    } else {
      index.writeUInt32BE(0x80000000 + farCount, offsets + position * 4);
      index.writeBigUInt64BE(BigInt(offset), farOffsets + farCount++ * 8);
    }
  });
  let seen = 0;
  for (let first = 0; first < 256; first++) {
    while (seen < count && index[ids + seen * 20] === first) seen++;
    index.writeUInt32BE(seen, 8 + first * 4);
  }
  packChecksum.copy(index, index.length - 40);
  createHash("sha1")
    .update(index.subarray(0, -20))
    .digest()
    .copy(index, index.length - 20);
  return index;
}

/**
 * Packs in memory: objects, compressed once, laid out as a pack (pushed, or stored) with its index.
 *
 * Layout: `PACK`, version 2, number of objects; each object as type and size, for a delta its base, and a zlib stream;
 * the SHA-1 of all that. (git: Documentation/gitformat-pack.txt)
 */
import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import type { ObjectId } from "../../ports/git.ts";
import type { Arena } from "./arena.ts";
import type { ByteSource } from "./byte-source.ts";
import { idBytes, type ObjectType } from "./object-id.ts";

const packTypeOf = { commit: 1, tree: 2, blob: 3, tag: 4 } as const satisfies Record<ObjectType, number>;
export const typeNames: Readonly<Record<number, ObjectType>> = { 1: "commit", 2: "tree", 3: "blob", 4: "tag" };
export const ofsDeltaType = 6;
export const refDeltaType = 7;

/**
 * An object as it goes into packs. Very many are kept at a time, so that where its data is stands in it, in place of a
 * buffer of its own.
 */
export interface PackObject {
  readonly id: ObjectId;
  readonly type: ObjectType;
  /** Size of what its data inflates to: the body, or the delta. */
  readonly size: number;
  /** Where the zlib stream of the body is, or of a delta on `base`. */
  memory: ArrayBufferLike;
  start: number;
  readonly length: number;
  readonly base: PackObject | undefined;
  /** Deltas to follow until a whole object is reached. */
  readonly depth: number;
}

/** What is kept of an object, and what it is compressed to. */
export function packObject(
  { id, type, size, base, depth }: Omit<PackObject, "memory" | "start" | "length">,
  data: Buffer,
): PackObject {
  return { id, type, size, memory: data.buffer, start: data.byteOffset, length: data.length, base, depth };
}

/** The object's zlib stream. */
export function dataOf({ memory, start, length }: PackObject): Buffer {
  return Buffer.from(memory, start, length);
}

/** Keeps the object's data in memory of its own, where what it stands among is to go. */
export function moveData(object: PackObject, arena: Arena): void {
  const { buffer, byteOffset } = arena.copy(dataOf(object));
  object.memory = buffer;
  object.start = byteOffset;
}

export interface PackLayout extends ByteSource {
  /** SHA-1 of what is before it: the pack's last 20 bytes. */
  readonly checksum: Buffer;
  readonly entries: PackEntries;
}

/** Where objects lie in a pack: what an index is made of. In lists side by side, for there are very many. */
export interface PackEntries {
  readonly ids: ObjectId[];
  readonly offsets: number[];
  /** CRC-32 of each object's bytes in the pack. */
  readonly crcs: number[];
}

/** Longest head: ten bytes of type and size, a base's id. */
const headBytesMax = 30;
/** A pack is written in pieces of that size; an object that is larger has one of its own. */
const pieceBytes = 256 * 1024;

/**
 * The objects as one pack, in the order given, each once. A delta whose base stands before it points there (where
 * `ofsDelta` allows), otherwise it names its base, which then must be known to whoever gets the pack. The bytes are put
 * together as they are asked for: a copy of all of them would be what takes the most memory.
 */
export function layOutPack(objects: readonly PackObject[], ofsDelta = true): PackLayout {
  const entries: PackEntries = { ids: [], offsets: [], crcs: [] };
  /** To the base of each object; 0: it has none, or names it. */
  const distances: number[] = [];
  const places = new Map<ObjectId, number>();
  const place = ({ id, base }: PackObject, offset: number): number => {
    places.set(id, offset);
    const baseOffset = ofsDelta && base !== undefined ? places.get(base.id) : undefined;
    const distance = baseOffset === undefined ? 0 : offset - baseOffset;
    distances.push(distance);
    return distance;
  };
  const hash = createHash("sha1");
  let length = 0;
  const piece = Buffer.allocUnsafe(pieceBytes);
  const note = ({ id }: PackObject, offset: number, bytes: Buffer): void => {
    entries.ids.push(id);
    entries.offsets.push(offset);
    entries.crcs.push(crc32(bytes));
  };
  for (const bytes of writePack(
    objects,
    place,
    (size) => (size > pieceBytes ? Buffer.allocUnsafe(size) : piece),
    note,
  )) {
    hash.update(bytes);
    length += bytes.length;
  }
  const checksum = hash.digest();
  // It would live as long as the layout: functions of one scope share what any of them uses.
  places.clear();
  function* pieces(): Generator<Buffer> {
    let index = 0;
    yield* writePack(objects, () => distances[index++]!, Buffer.allocUnsafeSlow);
    yield checksum;
  }
  return { length: length + checksum.length, pieces, checksum, entries };
}

/**
 * The bytes of a pack but for its checksum, in pieces of memory that `allocate` gives. `distanceOf` is asked once for each
 * object in turn; `onObject` is told where each stands, with the bytes that it has.
 */
function* writePack(
  objects: readonly PackObject[],
  distanceOf: (object: PackObject, offset: number) => number,
  allocate: (bytes: number) => Buffer,
  onObject?: (object: PackObject, offset: number, bytes: Buffer) => void,
): Generator<Buffer> {
  let piece = allocate(pieceBytes);
  let at = writePackHeader(piece, objects.length);
  /** Where the piece begins in the pack. */
  let before = 0;
  let [memory, view]: [ArrayBufferLike | undefined, Buffer] = [undefined, piece];
  for (const object of objects) {
    if (at + headBytesMax + object.length > piece.length) {
      yield piece.subarray(0, at);
      before += at;
      at = 0;
      piece = allocate(Math.max(pieceBytes, headBytesMax + object.length));
    }
    const start = at;
    at = writeHead(piece, at, object, distanceOf(object, before + start));
    // Objects that were written together are in the same memory.
    if (object.memory !== memory) [memory, view] = [object.memory, Buffer.from(object.memory)];
    at += view.copy(piece, at, object.start, object.start + object.length);
    onObject?.(object, before + start, piece.subarray(start, at));
  }
  yield piece.subarray(0, at);
}

/** What stands before an object's data: its type and size, and where its base is or what it is. */
function writeHead(into: Buffer, at: number, { type, size, base }: PackObject, distance: number): number {
  if (base === undefined) return writeTypeAndSize(into, at, packTypeOf[type], size);
  if (distance > 0) return writeDistance(into, writeTypeAndSize(into, at, ofsDeltaType, size), distance);
  const end = writeTypeAndSize(into, at, refDeltaType, size);
  return end + into.write(base.id, end, "hex");
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
export function encodePackIndex({ ids, offsets, crcs }: PackEntries, packChecksum: Buffer): Buffer {
  const count = ids.length;
  const unsorted = Buffer.allocUnsafe(count * idBytes);
  for (let place = 0; place < count; place++) unsorted.write(ids[place]!, place * idBytes, "hex");
  const order = orderIds(unsorted, count);
  const far = offsets.reduce((sum, offset) => sum + (offset < 0x80000000 ? 0 : 1), 0);
  const index = Buffer.alloc(8 + 1024 + count * 28 + far * 8 + 40);
  index.writeUInt32BE(0xff744f63, 0);
  index.writeUInt32BE(2, 4);
  const idsAt = 8 + 1024;
  const crcsAt = idsAt + count * 20;
  const offsetsAt = crcsAt + count * 4;
  const farAt = offsetsAt + count * 4;
  let farCount = 0;
  for (let position = 0; position < count; position++) {
    const place = order[position]!;
    const offset = offsets[place]!;
    unsorted.copy(index, idsAt + position * idBytes, place * idBytes, (place + 1) * idBytes);
    index.writeUInt32BE(crcs[place]!, crcsAt + position * 4);
    if (offset < 0x80000000) {
      index.writeUInt32BE(offset, offsetsAt + position * 4);
    } else {
      index.writeUInt32BE(0x80000000 + farCount, offsetsAt + position * 4);
      index.writeBigUInt64BE(BigInt(offset), farAt + farCount++ * 8);
    }
  }
  let seen = 0;
  for (let first = 0; first < 256; first++) {
    while (seen < count && index[idsAt + seen * 20] === first) seen++;
    index.writeUInt32BE(seen, 8 + first * 4);
  }
  packChecksum.copy(index, index.length - 40);
  createHash("sha1")
    .update(index.subarray(0, -20))
    .digest()
    .copy(index, index.length - 20);
  return index;
}

/** The places of ids that stand one after the other, by the ids. Numbers are sorted: a tenth of the time that ids as texts take. */
function orderIds(ids: Buffer, count: number): Float64Array {
  const order = new Float64Array(count);
  for (let position = 0; position < count; position++)
    order[position] = ids.readUIntBE(position * idBytes, 3) * count + position;
  order.sort();
  for (let position = 0; position < count; position++) order[position] = order[position]! % count;
  // Of alike beginnings there are few: these are put in order by the rest.
  const compare = (a: number, b: number) =>
    ids.compare(ids, b * idBytes, (b + 1) * idBytes, a * idBytes, (a + 1) * idBytes);
  for (let position = 1; position < count; position++) {
    const moved = order[position]!;
    let to = position;
    for (; to > 0 && compare(order[to - 1]!, moved) > 0; to--) order[to] = order[to - 1]!;
    order[to] = moved;
  }
  return order;
}

/** Reads single objects out of a pack on disk, by range. */
import { inflateSync } from "node:zlib";
import type { ObjectId } from "../../ports/git.ts";
import { applyDelta } from "./delta.ts";
import type { GitObject } from "./object-id.ts";
import { readEntryHead, typeNames } from "./pack-bytes.ts";
import { PackIndex } from "./pack-index.ts";
import { DamagedStoreError, isFileError } from "./store-error.ts";
import { machineFiles, type StoreFiles } from "./store-files.ts";

/** Read with an object's head: most objects are smaller, and so take one read. */
const firstReadBytes = 4096;
/** Anything longer is no chain that git makes. */
const chainMax = 4096;

/** A byte of a zlib stream never becomes more bytes than that. */
export const inflationMax = 1032;

/** An object as it lies in the pack. */
export interface RawEntry {
  readonly type: number;
  /** Of what the data inflates to. */
  readonly size: number;
  /** Where its base is, for an ofs-delta. */
  readonly baseOffset?: number;
  /** What its base is, for a ref-delta. */
  readonly baseId?: ObjectId;
  readonly dataOffset: number;
}

export class PackFile {
  readonly index: PackIndex;
  readonly path: string;
  readonly bytes: number;
  readonly #files: StoreFiles;
  readonly #file: number;
  /** What was read last: the head of an object and what follows. */
  readonly #readBuffer = Buffer.allocUnsafe(firstReadBytes);
  #readOffset = 0;
  #readLength = 0;

  /** Opens the pack of that index; throws DamagedStoreError where the two don't belong together. */
  constructor(indexPath: string, files: StoreFiles = machineFiles) {
    this.#files = files;
    this.path = indexPath.replace(/\.idx$/, ".pack");
    try {
      this.index = new PackIndex(indexPath, files);
    } catch (error) {
      if (!isFileError(error)) throw error;
      throw new DamagedStoreError(`${indexPath} can't be opened`, error);
    }
    try {
      this.#file = files.openSync(this.path, "r");
    } catch (error) {
      this.index.close();
      throw new DamagedStoreError(`${this.path} can't be opened`, error);
    }
    try {
      this.bytes = files.fstatSync(this.#file).size;
      this.#checkFrame();
    } catch (error) {
      this.close();
      throw isFileError(error) ? new DamagedStoreError(`${this.path} can't be read`, error) : error;
    }
  }

  /** The object, or undefined where the pack has none of that id. `resolve` finds a delta's base that is not in here. */
  read(id: ObjectId, resolve: (base: ObjectId) => GitObject | undefined): GitObject | undefined {
    const offset = this.index.findOffset(id);
    return offset === undefined ? undefined : this.readAt(offset, resolve);
  }

  readAt(offset: number, resolve: (base: ObjectId) => GitObject | undefined): GitObject {
    const deltas: Buffer[] = [];
    let object: GitObject | undefined;
    for (let at = offset; object === undefined; ) {
      if (deltas.length > chainMax) throw this.damage(`a delta without end at ${offset}`);
      const entry = this.readEntry(at);
      const data = this.#inflate(entry);
      const type = typeNames[entry.type];
      if (type !== undefined) {
        object = { type, body: data };
        break;
      }
      deltas.push(data);
      if (entry.baseOffset !== undefined) {
        at = entry.baseOffset;
        continue;
      }
      const baseOffset = this.index.findOffset(entry.baseId!);
      if (baseOffset !== undefined) at = baseOffset;
      else object = resolve(entry.baseId!);
      if (baseOffset === undefined && object === undefined) {
        throw this.damage(`the base of a delta is missing at ${at}`);
      }
    }
    let { body } = object;
    for (const delta of deltas.reverse()) body = applyDelta(body, delta);
    return { type: object.type, body };
  }

  /** What stands before an object's data. */
  readEntry(offset: number): RawEntry {
    const head = this.readBytes(offset, firstReadBytes, this.#readBuffer);
    this.#readOffset = offset;
    this.#readLength = head.length;
    const entry = readEntryHead(head, 0);
    if (entry === undefined) throw this.damage(`no object at ${offset}`);
    const { type, size, distance, baseId, headBytes } = entry;
    const raw = { type, size, dataOffset: offset + headBytes };
    if (baseId !== undefined) return { ...raw, baseId };
    if (distance === undefined) return raw;
    const baseOffset = offset - distance;
    if (distance === 0 || baseOffset < 12) throw this.damage(`a delta's base is misplaced at ${offset}`);
    return { ...raw, baseOffset };
  }

  /** Up to `length` bytes; fewer where the pack ends. */
  readBytes(offset: number, length: number, into: Buffer = Buffer.allocUnsafe(length)): Buffer {
    const buffer = into.length >= length ? into : Buffer.allocUnsafe(length);
    try {
      return buffer.subarray(0, this.#files.readSync(this.#file, buffer, 0, length, offset));
    } catch (error) {
      throw this.damage("it can't be read", error);
    }
  }

  /** All bytes from one place to another. */
  readExactly(from: number, to: number): Buffer {
    const bytes = this.readBytes(from, to - from);
    if (to <= from || bytes.length !== to - from) throw this.damage(`it is cut short at ${from}`);
    return bytes;
  }

  damage(what: string, cause?: unknown): DamagedStoreError {
    return new DamagedStoreError(`${this.path}: ${what}`, cause);
  }

  close(): void {
    this.index.close();
    this.#files.closeSync(this.#file);
  }

  #inflate({ dataOffset, size }: RawEntry): Buffer {
    if (size > (this.bytes - dataOffset) * inflationMax)
      throw this.damage(`an object at ${dataOffset} claims too much`);
    // zlib never makes more of it than this.
    const most = size + Math.ceil(size / 1000) + 64;
    const length = Math.min(most, this.bytes - dataOffset);
    const skip = dataOffset - this.#readOffset;
    const isRead = skip >= 0 && skip + length <= this.#readLength;
    const data = isRead ? this.#readBuffer.subarray(skip, skip + length) : this.readBytes(dataOffset, length);
    try {
      const body = inflateSync(data, { chunkSize: Math.max(64, size), maxOutputLength: Math.max(1, size) });
      if (body.length === size) return body;
    } catch (error) {
      throw this.damage(`an object at ${dataOffset} does not inflate`, error);
    }
    throw this.damage(`an object at ${dataOffset} has another size than it says`);
  }

  /** Cheap, and finds what a crash leaves: a missing start or end. Contents are checked as they are read. */
  #checkFrame(): void {
    const head = this.readBytes(0, 12);
    const tail = this.readBytes(this.bytes - 20, 20);
    const isPack =
      head.length === 12 && head.toString("latin1", 0, 4) === "PACK" && head.readUInt32BE(8) === this.index.count;
    if (!isPack || !tail.equals(this.index.readPackChecksum()))
      throw new DamagedStoreError(`${this.path} is not the pack of its index`);
  }
}

/**
 * Finds objects in a pack's index (version 2). A small index is kept in memory; of a large one the fan-out is, and ids are
 * read by range. Ids are hashes and so evenly spread: a guess by interpolation lands close enough that one read mostly
 * suffices.
 */
import type { ObjectId } from "../../ports/git.ts";
import { idBytes } from "./object-id.ts";
import { DamagedStoreError } from "./store-error.ts";
import { machineFiles, type StoreFiles } from "./store-files.ts";

const idsStart = 8 + 1024;
/** Ids read at a time: a page. */
const windowIds = 200;
/** So many bytes of indexes are kept in memory, those that were opened first: of some 600,000 objects. */
const keptBytesMax = 16 * 1024 * 1024;
let keptBytes = 0;

export class PackIndex {
  readonly path: string;
  readonly count: number;
  readonly #files: StoreFiles;
  readonly #file: number;
  readonly #size: number;
  readonly #fanOut: Uint32Array;
  /** The whole file, where it is small. */
  readonly #kept: Buffer | undefined;
  readonly #window = Buffer.allocUnsafe(windowIds * idBytes);
  #windowFirst = 0;
  #windowCount = 0;

  /** Throws DamagedStoreError, or what the file system throws. */
  constructor(path: string, files: StoreFiles = machineFiles) {
    this.path = path;
    this.#files = files;
    this.#file = files.openSync(path, "r");
    try {
      this.#size = files.fstatSync(this.#file).size;
    } catch (error) {
      files.closeSync(this.#file);
      throw error;
    }
    const size = this.#size;
    let head: Buffer;
    try {
      if (keptBytes + size <= keptBytesMax) {
        this.#kept = this.#read(Buffer.allocUnsafe(size), 0);
        keptBytes += size;
      }
      head = this.#read(Buffer.allocUnsafe(idsStart), 0);
    } catch (error) {
      this.close();
      throw error;
    }
    this.#fanOut = Uint32Array.from({ length: 256 }, (_, first) => head.readUInt32BE(8 + first * 4));
    this.count = this.#fanOut[255]!;
    const isOrdered = this.#fanOut.every((upTo, first) => first === 0 || upTo >= this.#fanOut[first - 1]!);
    if (
      head.readUInt32BE(0) !== 0xff744f63 ||
      head.readUInt32BE(4) !== 2 ||
      !isOrdered ||
      size < idsStart + this.count * 28 + 40
    ) {
      this.close();
      throw new DamagedStoreError(`${path} is no pack index`);
    }
  }

  /** Where in the pack the object is; undefined: it isn't there. */
  findOffset(id: ObjectId): number | undefined {
    const wanted = Buffer.from(id, "hex");
    const position = this.#findPosition(wanted);
    return position === undefined ? undefined : this.#offsetAt(position);
  }

  /** All objects, ordered by id. */
  readAll(): { readonly id: ObjectId; readonly offset: number }[] {
    const ids = this.#read(Buffer.allocUnsafe(this.count * idBytes), idsStart);
    return Array.from({ length: this.count }, (_, position) => ({
      id: ids.toString("hex", position * idBytes, (position + 1) * idBytes),
      offset: this.#offsetAt(position),
    }));
  }

  /** The SHA-1 at the end of the pack that this index is for. */
  readPackChecksum(): Buffer {
    return this.#read(Buffer.allocUnsafe(20), this.#size - 40);
  }

  close(): void {
    keptBytes -= this.#kept?.length ?? 0;
    this.#files.closeSync(this.#file);
  }

  #offsetAt(position: number): number {
    const offset = this.#readUInt32(idsStart + this.count * 24 + position * 4);
    if (offset < 0x80000000) return offset;
    const far = idsStart + this.count * 28 + (offset - 0x80000000) * 8;
    return Number(this.#read(Buffer.allocUnsafe(8), far).readBigUInt64BE());
  }

  #findPosition(wanted: Buffer): number | undefined {
    const first = wanted[0]!;
    let low = first === 0 ? 0 : this.#fanOut[first - 1]!;
    let high = this.#fanOut[first]!;
    // How far into the bucket the next four bytes say that it is.
    let guess = low + Math.floor(((high - low) * wanted.readUInt32BE(1)) / 2 ** 32);
    while (low < high) {
      this.#loadWindow(guess);
      const windowLow = Math.max(low, this.#windowFirst);
      const windowHigh = Math.min(high, this.#windowFirst + this.#windowCount) - 1;
      if (this.#compareAt(windowLow, wanted) > 0) {
        high = windowLow;
      } else if (this.#compareAt(windowHigh, wanted) < 0) {
        low = windowHigh + 1;
      } else {
        return this.#searchWindow(windowLow, windowHigh, wanted);
      }
      guess = (low + high) >>> 1;
    }
    return undefined;
  }

  #searchWindow(from: number, to: number, wanted: Buffer): number | undefined {
    let low = from;
    let high = to;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const order = this.#compareAt(middle, wanted);
      if (order === 0) return middle;
      if (order < 0) low = middle + 1;
      else high = middle - 1;
    }
    return undefined;
  }

  #compareAt(position: number, wanted: Buffer): number {
    const at = (position - this.#windowFirst) * idBytes;
    return this.#window.compare(wanted, 0, idBytes, at, at + idBytes);
  }

  /** Makes sure that the id at `position` is in the window, with neighbours on both sides. */
  #loadWindow(position: number): void {
    if (position >= this.#windowFirst && position < this.#windowFirst + this.#windowCount) return;
    const first = Math.max(0, Math.min(position - windowIds / 2, this.count - windowIds));
    const count = Math.min(windowIds, this.count - first);
    this.#windowCount = 0;
    this.#read(this.#window.subarray(0, count * idBytes), idsStart + first * idBytes);
    this.#windowFirst = first;
    this.#windowCount = count;
  }

  #readFile(into: Buffer, at: number): number {
    try {
      return this.#files.readSync(this.#file, into, 0, into.length, at);
    } catch (error) {
      throw new DamagedStoreError(`${this.path} can't be read`, error);
    }
  }

  #readUInt32(at: number): number {
    return this.#read(Buffer.allocUnsafe(4), at).readUInt32BE(0);
  }

  #read(into: Buffer, at: number): Buffer {
    if (this.#kept !== undefined && at + into.length <= this.#kept.length) {
      this.#kept.copy(into, 0, at, at + into.length);
      return into;
    }
    if (this.#readFile(into, at) !== into.length) throw new DamagedStoreError(`${this.path} is cut short`);
    return into;
  }
}

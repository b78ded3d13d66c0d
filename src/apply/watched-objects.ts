/**
 * Objects that are watched, by key: of each its file and a mark, in less than two hundred bytes. There may be millions of them
 * in one process.
 */
import type { DesiredFile, ObjectKey } from "./desired-object.ts";

export interface WatchedObject {
  readonly file: DesiredFile;
  /** Hexadecimal digits. */
  readonly mark: string;
}

const extension = ".yaml";
/** The number of a beginning takes so many: of objects in folders by hash each may have one of its own. */
const placeBytes = 3;

export class WatchedObjects {
  /**
   * One text an object: how its path begins, its mark and its file's id, both as bytes. Most paths are a beginning that
   * many share, then the key.
   */
  readonly #objects = new Map<ObjectKey, string>();
  readonly #beginnings: string[] = [];
  readonly #places = new Map<string, number>();

  get size(): number {
    return this.#objects.size;
  }

  has(key: ObjectKey): boolean {
    return this.#objects.has(key);
  }

  keys(): Iterable<ObjectKey> {
    return this.#objects.keys();
  }

  get(key: ObjectKey): WatchedObject | undefined {
    const packed = this.#objects.get(key);
    if (packed === undefined) return undefined;
    const beginning = this.#beginnings[readPlace(packed)]!;
    const path = beginning.endsWith("/") || beginning === "" ? `${beginning}${key}${extension}` : beginning;
    const lengthOfMark = packed.charCodeAt(placeBytes);
    const bytes = packed.slice(placeBytes + 1);
    return {
      file: { path, id: toHex(bytes.slice(lengthOfMark)) },
      mark: toHex(bytes.slice(0, lengthOfMark)),
    };
  }

  set(key: ObjectKey, { file: { path, id }, mark }: WatchedObject): void {
    const end = `${key}${extension}`;
    // A path that does not end by its key is somebody's own, and stands for itself.
    const beginning = path === end || path.endsWith(`/${end}`) ? path.slice(0, -end.length) : path;
    let place = this.#places.get(beginning);
    if (place === undefined) {
      place = this.#beginnings.push(beginning) - 1;
      this.#places.set(beginning, place);
    }
    const head = Buffer.alloc(placeBytes + 1);
    head.writeUIntLE(place, 0, placeBytes);
    head.writeUInt8(mark.length / 2, placeBytes);
    // One flat text of one byte a character.
    this.#objects.set(key, Buffer.concat([head, Buffer.from(mark + id, "hex")]).toString("latin1"));
  }

  delete(key: ObjectKey): void {
    this.#objects.delete(key);
  }
}

function readPlace(packed: string): number {
  return Buffer.from(packed.slice(0, placeBytes), "latin1").readUIntLE(0, placeBytes);
}

function toHex(bytes: string): string {
  return Buffer.from(bytes, "latin1").toString("hex");
}

/** Makes one pack of several small ones: what is in them is copied as it is, and only the distances to bases change. */
import { createHash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import { setImmediate as yieldToOthers } from "node:timers/promises";
import { crc32 } from "node:zlib";
import type { ObjectId } from "../../ports/git.ts";
import { ofsDeltaType, type PackEntries, writeDistance, writePackHeader, writeTypeAndSize } from "./pack-bytes.ts";
import type { PackFile } from "./pack-file.ts";
import { machineFiles, type StoreFiles } from "./store-files.ts";

/** Written at a time; between two, others get their turn. */
const pieceBytes = 256 * 1024;

export interface MergedPack {
  readonly entries: PackEntries;
  readonly checksum: Buffer;
}

/** Writes the objects of all packs, each once, to a new file. Throws DamagedStoreError where a pack can't be read. */
export async function mergePacks(
  packs: readonly PackFile[],
  path: string,
  files: StoreFiles = machineFiles,
): Promise<MergedPack> {
  const writer = new PieceWriter(await files.open(path, "wx", 0o444));
  try {
    return await copyObjects(packs, writer);
  } finally {
    await writer.close();
  }
}

async function copyObjects(packs: readonly PackFile[], writer: PieceWriter): Promise<MergedPack> {
  const contents = packs.map((pack) => ({ pack, objects: pack.index.readAll().sort((a, b) => a.offset - b.offset) }));
  const count = new Set(contents.flatMap(({ objects }) => objects.map(({ id }) => id))).size;
  const header = Buffer.alloc(12);
  writePackHeader(header, count);
  await writer.write(header);

  const entries: PackEntries = { ids: [], offsets: [], crcs: [] };
  const written = new Map<ObjectId, number>();
  for (const { pack, objects } of contents) {
    const idAt = new Map(objects.map(({ id, offset }) => [offset, id]));
    for (const [index, { id, offset }] of objects.entries()) {
      if (written.has(id)) continue;
      const end = objects[index + 1]?.offset ?? pack.bytes - 20;
      const baseOffset = (baseId: ObjectId | undefined) => (baseId === undefined ? undefined : written.get(baseId));
      const bytes = relocate(pack, offset, end, writer.position, (old) => baseOffset(idAt.get(old)));
      written.set(id, writer.position);
      entries.ids.push(id);
      entries.offsets.push(writer.position);
      entries.crcs.push(crc32(bytes));
      await writer.write(bytes);
    }
  }
  return { entries, checksum: await writer.finish() };
}

/**
 * An object's bytes for its new place. The base of an ofs-delta stands before it, in its own pack or, where that copy was left out, in
 * one of those before: so it is always written already.
 */
function relocate(
  pack: PackFile,
  offset: number,
  end: number,
  position: number,
  findBase: (oldOffset: number) => number | undefined,
): Buffer {
  const { baseOffset, dataOffset, size } = pack.readEntry(offset);
  if (baseOffset === undefined) return pack.readExactly(offset, end);
  const base = findBase(baseOffset);
  if (base === undefined) throw pack.damage(`the base of a delta is missing at ${offset}`);
  const head = Buffer.alloc(24);
  const length = writeDistance(head, writeTypeAndSize(head, 0, ofsDeltaType, size), position - base);
  return Buffer.concat([head.subarray(0, length), pack.readExactly(dataOffset, end)]);
}

/** Gathers bytes into larger pieces, and hashes them. */
class PieceWriter {
  readonly #file: FileHandle;
  readonly #hash = createHash("sha1");
  #pieces: Buffer[] = [];
  #gathered = 0;
  position = 0;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  async write(bytes: Buffer): Promise<void> {
    this.#hash.update(bytes);
    this.#pieces.push(bytes);
    this.#gathered += bytes.length;
    this.position += bytes.length;
    if (this.#gathered < pieceBytes) return;
    await this.#flush();
    await yieldToOthers();
  }

  /** Ends the pack with its checksum. */
  async finish(): Promise<Buffer> {
    const checksum = this.#hash.digest();
    this.#pieces.push(checksum);
    await this.#flush();
    return checksum;
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  async #flush(): Promise<void> {
    const bytes = Buffer.concat(this.#pieces);
    this.#pieces = [];
    this.#gathered = 0;
    await this.#file.writeFile(bytes);
  }
}

/**
 * The entities on record under an owner, each with where it is alive, as a tree of the state branch has them. What was
 * read is kept: the next time only records that have changed since are read, found by comparing tree ids. Records
 * themselves are kept up to a bound in bytes; the others are read again where they are rendered.
 */
import type { Catalog } from "../../model/catalog.ts";
import type { Entity } from "../../model/cloud-event.ts";
import { folderMode } from "../../model/folder-mode.ts";
import { type Owner, type OwnerKey, ownerKey } from "../../model/owner.ts";
import type { EntityRecord } from "../../model/record.ts";
import { recordFolder } from "../../plan/paths.ts";
import { parseRecord } from "../../plan/record-file.ts";
import type { GitReader, ObjectId } from "../../ports/git.ts";
import type { RenderSettings } from "../../render/render-spec.ts";
import { countEntity, type EntityCount } from "./count-entity.ts";

/** What records take in memory, all owners together. */
const bytesMax = 64 * 1024 * 1024;
/** A record in memory against its file, measured. */
const bytesPerByte = 5;
/** Records that are read at a time. */
const recordsAtOnce = 500;

export interface AggregateScope {
  readonly git: GitReader;
  /** Of the state branch; undefined: there is none yet. */
  readonly tree: ObjectId | undefined;
  readonly catalog: Catalog;
  readonly settings: RenderSettings;
  readonly counted: CountedEntities;
}

export interface CountedEntity {
  readonly path: string;
  readonly entity: Entity;
  readonly count: EntityCount;
  /** Undefined: it has to be read where it is wanted. */
  readonly record: EntityRecord | undefined;
}

/** A record as it was when it was last read, and the catalog that it was counted with. */
interface KnownRecord {
  readonly id: ObjectId;
  catalog: Catalog | undefined;
  counted: CountedEntity | undefined;
  /** Of the record, where it is kept. */
  bytes: number;
}

/** A folder of records as it was when it was last read; two levels of folders, and then records. */
interface KnownFolder {
  readonly id: ObjectId;
  readonly folders: ReadonlyMap<string, KnownFolder>;
  readonly records: ReadonlyMap<string, KnownRecord>;
}

export class CountedEntities {
  readonly #owners = new Map<OwnerKey, KnownFolder>();

  /** All entities of the owner on record, in no order that matters. */
  async read(scope: AggregateScope, owner: Owner): Promise<readonly CountedEntity[]> {
    const { git, tree, catalog } = scope;
    this.#forgetUnused(catalog);
    const key = ownerKey(owner);
    const entry = tree === undefined ? undefined : await git.findEntry(tree, recordFolder(owner));
    if (entry === undefined) {
      this.#owners.delete(key);
      return [];
    }
    const known = await walk(git, this.#owners.get(key), entry.id, 2);
    this.#owners.set(key, known);
    const paths = new Map<string, KnownRecord>();
    // What could not be counted, because reading failed, is counted the next time.
    for (const [path, record] of recordsOf(known, recordFolder(owner))) {
      if (record.catalog !== catalog) paths.set(path, record);
    }
    const all = [...paths];
    for (let start = 0; start < all.length; start += recordsAtOnce) {
      await this.#count(scope, all.slice(start, start + recordsAtOnce));
    }
    return [...recordsOf(known, "")].flatMap(([, { counted }]) => counted ?? []);
  }

  async #count(
    { git, tree, catalog, settings }: AggregateScope,
    records: readonly (readonly [string, KnownRecord])[],
  ): Promise<void> {
    const unread = records.filter(([, { counted }]) => counted?.record === undefined).map(([path]) => path);
    const texts = tree === undefined ? new Map<string, string>() : await git.readFiles(tree, unread);
    let room = bytesMax - this.#bytes;
    for (const [path, known] of records) {
      const text = texts.get(path);
      const record = known.counted?.record ?? (text === undefined ? undefined : parseRecord(text, path));
      known.catalog = catalog;
      if (record === undefined) continue;
      const bytes = text === undefined ? known.bytes : bytesPerByte * text.length;
      const isKept = known.bytes > 0 || bytes <= room;
      if (isKept && known.bytes === 0) {
        known.bytes = bytes;
        room -= bytes;
      }
      const count = countEntity(catalog, record, settings);
      known.counted = { path, entity: record.entity, count, record: isKept ? record : undefined };
    }
  }

  get #bytes(): number {
    let bytes = 0;
    for (const known of this.#owners.values()) for (const [, record] of recordsOf(known, "")) bytes += record.bytes;
    return bytes;
  }

  /** Owners that a catalog does not have any more, or that render each entity by itself now. */
  #forgetUnused(catalog: Catalog): void {
    for (const key of this.#owners.keys()) {
      const trigger = catalog.eventTriggers.get(key.slice("EventTrigger/".length));
      if (trigger === undefined || trigger.oneForEvent) this.#owners.delete(key);
    }
  }
}

/** What has the id that it had is what it was. */
async function walk(
  git: GitReader,
  known: KnownFolder | undefined,
  id: ObjectId,
  levels: number,
): Promise<KnownFolder> {
  if (known?.id === id) return known;
  const folders = new Map<string, KnownFolder>();
  const records = new Map<string, KnownRecord>();
  for (const { mode, name, id: below } of await git.readTree(id)) {
    if (mode !== folderMode && levels === 0) {
      const was = known?.records.get(name);
      const isSame = was?.id === below;
      records.set(name, isSame ? was : { id: below, catalog: undefined, counted: undefined, bytes: 0 });
    } else if (mode === folderMode && levels > 0) {
      folders.set(name, await walk(git, known?.folders.get(name), below, levels - 1));
    }
  }
  return { id, folders, records };
}

function* recordsOf({ folders, records }: KnownFolder, path: string): Iterable<readonly [string, KnownRecord]> {
  for (const [name, folder] of folders) yield* recordsOf(folder, `${path}/${name}`);
  for (const [name, record] of records) yield [`${path}/${name}`, record];
}

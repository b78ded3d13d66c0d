/**
 * The state branch as a batch sees it: what was read, under what the batch has changed so far.
 *
 * What has not been read is taken as absent and noted as needed. The pipeline then reads it and plans again, until
 * nothing is needed: so planning stays pure and synchronous, and reads only what it turns out to depend on.
 */
import { hash } from "node:crypto";
import type { ChangeSet, FileChange, ObjectChange } from "../model/change-set.ts";
import { desiredFolder } from "./paths.ts";

/** What has been read; a path that was looked for and not found maps to undefined (a folder: to no names). */
export interface StateFiles {
  readonly texts: Map<string, string | undefined>;
  /** Git blob ids: enough to see whether a file exists, and whether it differs. */
  readonly ids: Map<string, string | undefined>;
  /** The names in a folder. */
  readonly folders: Map<string, readonly string[]>;
}

export interface StateNeeds {
  readonly texts: Set<string>;
  readonly ids: Set<string>;
  readonly folders: Set<string>;
}

export function noStateFiles(): StateFiles {
  return { texts: new Map(), ids: new Map(), folders: new Map() };
}

export function noStateNeeds(): StateNeeds {
  return { texts: new Set(), ids: new Set(), folders: new Set() };
}

export function hasNeeds({ texts, ids, folders }: StateNeeds): boolean {
  return texts.size > 0 || ids.size > 0 || folders.size > 0;
}

export class StateView {
  readonly needs: StateNeeds = noStateNeeds();
  readonly revived = new Set<string>();
  readonly #files: StateFiles;
  /** By path the new text; undefined: deleted. */
  readonly #changed = new Map<string, string | undefined>();

  constructor(files: StateFiles) {
    this.#files = files;
  }

  text(path: string): string | undefined {
    if (this.#changed.has(path)) return this.#changed.get(path);
    if (!this.#files.texts.has(path)) this.needs.texts.add(path);
    return this.#files.texts.get(path);
  }

  exists(path: string): boolean {
    if (this.#changed.has(path)) return this.#changed.get(path) !== undefined;
    if (this.#files.texts.get(path) !== undefined) return true;
    return this.#id(path) !== undefined;
  }

  /**
   * Names in a cluster's folder of triggers or in one below the root, those included that the batch has put there; names
   * that it has emptied may be among them.
   */
  folder(path: string): ReadonlySet<string> {
    let names = this.#listed.get(path);
    if (names === undefined) {
      const read = this.#files.folders.get(path);
      if (read === undefined) this.needs.folders.add(path);
      names = new Set(read);
      for (const name of this.#added.get(path) ?? []) names.add(name);
      this.#listed.set(path, names);
    }
    return names;
  }

  /** Folders that were asked for. */
  readonly #listed = new Map<string, Set<string>>();
  readonly #added = new Map<string, Set<string>>();

  write(path: string, text: string): void {
    this.#changed.set(path, text);
    const slash = listedFolderEnd(path);
    const end = path.indexOf("/", slash + 1);
    const folder = path.slice(0, slash);
    const name = path.slice(slash + 1, end < 0 ? path.length : end);
    const names = this.#added.get(folder);
    if (names === undefined) this.#added.set(folder, new Set([name]));
    else names.add(name);
    this.#listed.get(folder)?.add(name);
  }

  delete(path: string): void {
    this.#changed.set(path, undefined);
  }

  /** What the batch comes to. Whatever is as it was before is no change, however often it was written in between. */
  changes(): Pick<ChangeSet, "changes" | "objects"> {
    const changes: FileChange[] = [];
    const objects: ObjectChange[] = [];
    const paths = [...this.#changed.keys()].sort();
    for (const path of paths) {
      const text = this.#changed.get(path);
      const isObject = path.startsWith(`${desiredFolder}/`);
      const before = this.#before(path, isObject);
      if (text === undefined) {
        if (before === undefined) continue;
        changes.push({ path, action: "delete" });
        if (isObject) objects.push({ path, action: "delete" });
      } else if (before === undefined || before !== (isObject ? blobId(text) : text)) {
        changes.push({ path, action: "write", text });
        if (isObject) objects.push({ path, action: before === undefined ? "create" : "update" });
      }
    }
    return { changes, objects };
  }

  /** Manifests are compared by id, so that they need not be read; everything else was read anyway. */
  #before(path: string, isObject: boolean): string | undefined {
    if (isObject) return this.#id(path);
    if (!this.#files.texts.has(path)) this.needs.texts.add(path);
    return this.#files.texts.get(path);
  }

  #id(path: string): string | undefined {
    if (!this.#files.ids.has(path)) this.needs.ids.add(path);
    return this.#files.ids.get(path);
  }
}

/** Only two kinds of folder are listed: a cluster's triggers in the desired tree, and those directly below the root. */
function listedFolderEnd(path: string): number {
  const depth = path.startsWith(`${desiredFolder}/`) ? 4 : 1;
  let slash = -1;
  for (let level = 0; level < depth; level++) {
    const next = path.indexOf("/", slash + 1);
    if (next < 0) break;
    slash = next;
  }
  return slash;
}

/** Git's name for a file of this content. */
export function blobId(text: string): string {
  return hash("sha1", `blob ${Buffer.byteLength(text)}\0${text}`, "hex");
}

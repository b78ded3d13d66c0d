/**
 * The state branch as a batch sees it: what was read, under what the batch has changed so far.
 *
 * Inputs are tried one by one. What has not been read is taken as absent and noted as needed; such a try is undone, the
 * pipeline reads what it needed and tries that input again. So planning stays pure and synchronous, and reads only what
 * it turns out to depend on.
 */
import { hash } from "node:crypto";
import { assert } from "../model/assert.ts";
import type { ChangeSet, FileChange, ObjectChange } from "../model/change-set.ts";
import { desiredFolder, isObjectPath, recordsFolder } from "./paths.ts";

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

/** A file's content: as text, as what the text says, or both. What changes often is written once, at the end. */
interface Content {
  text?: string;
  value?: unknown;
  readonly write?: () => string;
}

/** Of a file that is deleted. */
const nothing: Content = {};

const noNames: ReadonlySet<string> = new Set();
const recordsStart = `${recordsFolder}/`;

export class StateView {
  readonly #files: StateFiles;
  /** By path the new content. */
  readonly #changed = new Map<string, Content>();
  /** What the input that is being tried has changed. */
  readonly #tried = new Map<string, Content>();
  /** What files that were read say. */
  readonly #parsed = new Map<string, Content>();
  /** By folder, names that the batch has put there; it may have emptied them again. */
  readonly #added = new Map<string, Set<string>>();
  /** Folders of these whose names that were read are among them. */
  readonly #joined = new Set<string>();
  readonly #deletedFolders: string[] = [];
  #needs: StateNeeds = noStateNeeds();

  constructor(files: StateFiles) {
    this.#files = files;
  }

  /** Does work on the view; where that needs what has not been read, says what, and nothing has changed. */
  try(work: () => void): StateNeeds | undefined {
    work();
    const needs = this.#needs;
    if (!hasNeeds(needs)) {
      for (const [path, content] of this.#tried) this.#changed.set(path, content);
      this.#tried.clear();
      return undefined;
    }
    this.#tried.clear();
    this.#needs = noStateNeeds();
    return needs;
  }

  /** Whether the try lacks something already, so that what it found out means nothing. */
  get isLacking(): boolean {
    return hasNeeds(this.#needs);
  }

  /** What the input that is being tried writes or deletes of the desired tree: paths below it. */
  get triedObjects(): readonly string[] {
    const folder = `${desiredFolder}/`;
    return [...this.#tried.keys()].filter((path) => path.startsWith(folder)).map((path) => path.slice(folder.length));
  }

  text(path: string): string | undefined {
    const changed = this.#changedAt(path);
    if (changed !== undefined) return textOf(changed);
    return this.#readText(path);
  }

  #changedAt(path: string): Content | undefined {
    return this.#tried.get(path) ?? this.#changed.get(path);
  }

  #readText(path: string): string | undefined {
    const { texts } = this.#files;
    const text = texts.get(path);
    if (text === undefined && !texts.has(path)) this.#needs.texts.add(path);
    return text;
  }

  /** What a file says; parsed once. */
  value<T>(path: string, parse: (text: string, path: string) => T): T | undefined {
    const changed = this.#changedAt(path);
    if (changed !== undefined) return parsedOf(changed, path, parse);
    const text = this.#readText(path);
    if (text === undefined) return undefined;
    let content = this.#parsed.get(path);
    if (content === undefined) {
      content = { text };
      this.#parsed.set(path, content);
    }
    return parsedOf(content, path, parse);
  }

  /** The text, if it happens to be known. */
  peek(path: string): string | undefined {
    const changed = this.#changedAt(path);
    return changed === undefined ? this.#files.texts.get(path) : textOf(changed);
  }

  /** Has a text read along with what a try needs, because it will be asked for soon. */
  foresee(path: string): void {
    if (this.isLacking && !this.#tried.has(path) && !this.#changed.has(path) && !this.#files.texts.has(path))
      this.#needs.texts.add(path);
  }

  exists(path: string): boolean {
    const changed = this.#changedAt(path);
    if (changed !== undefined) return changed !== nothing;
    if (this.#files.texts.get(path) !== undefined) return true;
    return this.#id(path) !== undefined;
  }

  /**
   * Names in a folder, those included that the batch has put there; names that it has emptied may be among them. Of records'
   * folders nobody asks.
   */
  folder(path: string): ReadonlySet<string> {
    assert(!path.startsWith(recordsStart), `${path} is not listed`);
    const read = this.#files.folders.get(path);
    if (read === undefined) this.#needs.folders.add(path);
    const added = this.#added.get(path);
    if (read === undefined || read.length === 0 || this.#joined.has(path)) return added ?? noNames;
    const names = new Set(read);
    for (const name of added ?? noNames) names.add(name);
    this.#added.set(path, names);
    this.#joined.add(path);
    return names;
  }

  write(path: string, text: string): void {
    this.#put(path, { text });
  }

  /** Writes a file that says this; `write` gives its text, which {@link value} reads back. */
  writeValue<T>(path: string, value: T, write: (value: T) => string): void {
    this.#put(path, { value, write: () => write(value) });
  }

  #put(path: string, content: Content): void {
    this.#tried.set(path, content);
    // Each event has one, in a folder of its own.
    if (path.startsWith(recordsStart)) return;
    for (let end = path.length; end > 0; ) {
      const slash = path.lastIndexOf("/", end - 1);
      const folder = path.slice(0, Math.max(slash, 0));
      const name = path.slice(slash + 1, end);
      const names = this.#added.get(folder);
      if (names?.has(name)) return;
      if (names === undefined) this.#added.set(folder, new Set([name]));
      else names.add(name);
      end = slash;
    }
  }

  delete(path: string): void {
    this.#tried.set(path, nothing);
  }

  /** Everything below goes, whatever else the batch has done there. */
  deleteFolder(path: string): void {
    this.#deletedFolders.push(path);
  }

  /** What the batch comes to, or what must be read to tell. What is as it was before is no change. */
  changes(): { readonly needs: StateNeeds } | Pick<ChangeSet, "changes" | "objects"> {
    const changes: FileChange[] = [];
    const objects: ObjectChange[] = [];
    const paths = [...this.#changed.keys()].sort();
    for (const path of paths) {
      const text = textOf(this.#changed.get(path)!);
      const isObject = isObjectPath(path);
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
    const folders = this.#deletedFolders.filter((path) => this.#isFolder(path));
    const needs = this.#needs;
    this.#needs = noStateNeeds();
    if (hasNeeds(needs)) return { needs };
    if (folders.length === 0) return { changes, objects };
    const kept = changes.filter(({ path }) => !folders.some((folder) => path.startsWith(`${folder}/`)));
    for (const path of folders) kept.push({ path, action: "delete" });
    return { changes: kept.sort((a, b) => (a.path < b.path ? -1 : 1)), objects };
  }

  #isFolder(path: string): boolean {
    const names = this.#files.folders.get(path);
    if (names === undefined) this.#needs.folders.add(path);
    return names !== undefined && names.length > 0;
  }

  /** Manifests are compared by id, so that they need not be read; everything else was read anyway. */
  #before(path: string, isObject: boolean): string | undefined {
    if (isObject) return this.#id(path);
    if (!this.#files.texts.has(path)) this.#needs.texts.add(path);
    return this.#files.texts.get(path);
  }

  #id(path: string): string | undefined {
    if (!this.#files.ids.has(path)) this.#needs.ids.add(path);
    return this.#files.ids.get(path);
  }
}

function textOf(content: Content): string | undefined {
  if (content.text === undefined && content.write !== undefined) content.text = content.write();
  return content.text;
}

function parsedOf<T>(content: Content, path: string, parse: (text: string, path: string) => T): T | undefined {
  if (content === nothing) return undefined;
  content.value ??= parse(textOf(content)!, path);
  return content.value as T;
}

/** Git's name for a file of this content. */
export function blobId(text: string): string {
  return hash("sha1", `blob ${Buffer.byteLength(text)}\0${text}`, "hex");
}

/**
 * Tree objects: `<mode> <name>\0<20 bytes id>` for each entry, ordered by name as if a folder's name ended in a slash.
 * Everything works on the bytes, so that a change of one entry among hundreds costs little more than a copy.
 */
import { folderMode } from "../../model/folder-mode.ts";
import { SluiceError } from "../../model/problem.ts";
import type { ObjectId, TreeEntry } from "../../ports/git.ts";
import { Arena } from "./arena.ts";
import { idBytes } from "./object-id.ts";

export const fileMode = "100644";

const space = 0x20;
const slash = 0x2f;

/** Where an entry's parts lie in the bytes of its tree. */
interface EntrySpan {
  readonly start: number;
  readonly name: number;
  readonly nul: number;
  readonly end: number;
}

export function parseTree(bytes: Buffer): TreeEntry[] {
  const entries: TreeEntry[] = [];
  for (let at = 0; at < bytes.length; ) {
    const span = spanAt(bytes, at);
    entries.push({
      mode: modeOf(bytes, span),
      name: bytes.toString("utf8", span.name, span.nul),
      id: bytes.toString("hex", span.nul + 1, span.end),
    });
    at = span.end;
  }
  return entries;
}

/** The entry of that name, file or folder. */
export function findInTree(bytes: Buffer, name: string): TreeEntry | undefined {
  const wanted = Buffer.from(name);
  for (let at = 0; at < bytes.length; ) {
    const span = spanAt(bytes, at);
    if (isNamed(bytes, span, wanted)) {
      return { mode: modeOf(bytes, span), name, id: bytes.toString("hex", span.nul + 1, span.end) };
    }
    at = span.end;
  }
  return undefined;
}

/** The entries of those names, by name, in one pass over the tree. */
export function findAllInTree(bytes: Buffer, names: readonly string[]): ReadonlyMap<string, TreeEntry> {
  const found = new Map<string, TreeEntry>();
  const [only] = names;
  if (only !== undefined && names.length === 1) {
    const entry = findInTree(bytes, only);
    return entry === undefined ? found : found.set(only, entry);
  }
  // A name can stand at two places, as a file's and as a folder's.
  const wanted = names.flatMap((text) => {
    const name = Buffer.from(text);
    return [
      { text, name, isFolder: false },
      { text, name, isFolder: true },
    ];
  });
  wanted.sort((a, b) => compareNames(a.name, 0, a.name.length, a.isFolder, b.name, b.isFolder));
  let next = 0;
  for (let at = 0; at < bytes.length && next < wanted.length; ) {
    const span = spanAt(bytes, at);
    at = span.end;
    const isFolder = isFolderAt(bytes, span);
    for (; next < wanted.length; next++) {
      const { text, name, isFolder: wantsFolder } = wanted[next]!;
      const order = compareNames(bytes, span.name, span.nul, isFolder, name, wantsFolder);
      if (order < 0) break;
      if (order > 0) continue;
      const id = bytes.toString("hex", span.nul + 1, span.end);
      found.set(text, { mode: modeOf(bytes, span), name: text, id });
    }
  }
  return found;
}

function isNamed(bytes: Buffer, { name, nul }: EntrySpan, wanted: Buffer): boolean {
  if (nul - name !== wanted.length) return false;
  for (let index = 0; index < wanted.length; index++) if (bytes[name + index] !== wanted[index]) return false;
  return true;
}

/** What becomes of the entry of a name; without `mode` and `id` it goes. */
export interface EntryEdit {
  readonly name: string;
  readonly entry: { readonly mode: string; readonly id: ObjectId } | undefined;
}

/** A stretch of an edited tree: bytes of the old tree from `start` to `end`, or new ones. */
export type Segment = { readonly start: number; readonly end: number } | { readonly bytes: Buffer };

/**
 * The tree with those edits, each name once, as stretches of the old one and new bytes (what a delta is made of);
 * undefined where the edits change nothing.
 */
export function editTree(old: Buffer, edits: readonly EntryEdit[]): { bytes: Buffer; segments: Segment[] } | undefined {
  const segments: Segment[] = [];
  let kept = 0;
  let at = 0;
  for (const edit of toKeyEdits(edits)) {
    const { bytes } = edit;
    let span: EntrySpan | undefined;
    let order = 1;
    while (at < old.length) {
      span = spanAt(old, at);
      order = compareToKey(old, span, edit);
      if (order >= 0) break;
      at = span.end;
      span = undefined;
    }
    const present = span !== undefined && order === 0 ? span : undefined;
    if (present === undefined && bytes === undefined) continue;
    if (present !== undefined) {
      at = present.end;
      if (bytes?.equals(old.subarray(present.start, present.end))) continue;
    }
    const end = present?.start ?? at;
    if (end > kept) segments.push({ start: kept, end });
    if (bytes !== undefined) segments.push({ bytes });
    kept = at;
  }
  if (segments.length === 0 && kept === 0) return undefined;
  if (kept < old.length) segments.push({ start: kept, end: old.length });
  return { bytes: joinSegments(old, segments), segments };
}

function joinSegments(old: Buffer, segments: readonly Segment[]): Buffer {
  let size = 0;
  for (const segment of segments) size += "bytes" in segment ? segment.bytes.length : segment.end - segment.start;
  const joined = edited.allocate(size);
  let at = 0;
  for (const segment of segments) {
    if ("bytes" in segment) at += segment.bytes.copy(joined, at);
    else at += old.copy(joined, at, segment.start, segment.end);
  }
  return joined;
}

/** Trees that were edited are cached. */
const edited = new Arena();

interface KeyEdit {
  readonly name: Buffer;
  /** Which of the two places that the name can have: a folder's name is ordered as if it ended in a slash. */
  readonly isFolder: boolean;
  /** The whole new entry; undefined: an entry of this key goes. */
  readonly bytes: Buffer | undefined;
}

/** A name can stand at two places, as a file's and as a folder's: the edit clears the one and fills the other. */
function toKeyEdits(edits: readonly EntryEdit[]): KeyEdit[] {
  const keyEdits: KeyEdit[] = [];
  for (const { name: text, entry } of edits) {
    const name = Buffer.from(text);
    const isFolder = entry?.mode === folderMode;
    const bytes = entry === undefined ? undefined : encodeEntry(entry.mode, name, entry.id);
    keyEdits.push({ name, isFolder: false, bytes: isFolder ? undefined : bytes });
    keyEdits.push({ name, isFolder: true, bytes: isFolder ? bytes : undefined });
  }
  return keyEdits.sort((a, b) => compareNames(a.name, 0, a.name.length, a.isFolder, b.name, b.isFolder));
}

function encodeEntry(mode: string, name: Buffer, id: ObjectId): Buffer {
  const bytes = Buffer.allocUnsafe(mode.length + 1 + name.length + 1 + idBytes);
  bytes.write(mode, 0, "latin1");
  bytes[mode.length] = space;
  name.copy(bytes, mode.length + 1);
  bytes[mode.length + 1 + name.length] = 0;
  bytes.write(id, bytes.length - idBytes, "hex");
  return bytes;
}

function spanAt(bytes: Buffer, start: number): EntrySpan {
  let name = start + 5;
  while (name < bytes.length && bytes[name] !== space) name++;
  let nul = ++name;
  while (nul < bytes.length && bytes[nul] !== 0) nul++;
  const end = nul + 1 + idBytes;
  if (end > bytes.length) throw new SluiceError({ code: "GIT_INVALID", message: "a tree object is malformed" });
  return { start, name, nul, end };
}

function isFolderAt(bytes: Buffer, { start }: EntrySpan): boolean {
  // Old tools padded the mode with a zero.
  return bytes[start] === 0x34 || (bytes[start] === 0x30 && bytes[start + 1] === 0x34);
}

function modeOf(bytes: Buffer, span: EntrySpan): string {
  return isFolderAt(bytes, span) ? folderMode : bytes.toString("latin1", span.start, span.name - 1);
}

function compareToKey(bytes: Buffer, span: EntrySpan, { name, isFolder }: KeyEdit): number {
  return compareNames(bytes, span.name, span.nul, isFolderAt(bytes, span), name, isFolder);
}

/** Git's order of the name in `bytes` from `start` to `end` and another: negative, 0 or positive. */
function compareNames(
  bytes: Buffer,
  start: number,
  end: number,
  isFolder: boolean,
  other: Buffer,
  otherIsFolder: boolean,
): number {
  const length = end - start;
  const shared = Math.min(length, other.length);
  for (let index = 0; index < shared; index++) {
    const difference = bytes[start + index]! - other[index]!;
    if (difference !== 0) return difference;
  }
  // No name has a NUL, so that it can stand for the end.
  const next = shared < length ? bytes[start + shared]! : isFolder ? slash : 0;
  const otherNext = shared < other.length ? other[shared]! : otherIsFolder ? slash : 0;
  return next - otherNext;
}

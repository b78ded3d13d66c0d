/**
 * Masking: what a dry run shows of manifests without giving away what events on record say, or what Secrets hold.
 *
 * Fails closed. Of a manifest that was rendered from a recorded event only words are shown that people wrote into the
 * config folder, outside of Secrets, or that name the object and its entity; and none that stands in the event's data.
 * Everything else is `***`, however a template may have turned it.
 */
import type { Catalog } from "../../model/catalog.ts";
import type { CloudEvent } from "../../model/cloud-event.ts";
import { isJsonObject, type Json } from "../../model/json.ts";

const mark = "***";
/** What parts words: blanks, quotes, brackets, and signs that YAML and JSON use between values. */
const word = /[^\s"'`{}[\](),;|<>]+/g;
const structure = /^[-:?&*!+.=/]+$/;
/** What Sluice itself writes into manifests. */
const ownWords = [
  "apiVersion kind metadata name namespace labels annotations data cluster v1 Namespace ConfigMap sluice-cluster",
  "default sluice app.kubernetes.io/managed-by sluice.dev/owner sluice.dev/entity disabled",
  "argocd.argoproj.io/sync-options Prune=false kustomize.toolkit.fluxcd.io/prune kustomize.toolkit.fluxcd.io/substitute",
].join(" ");

/** Whose manifest or message it is. */
export interface MaskSubject {
  /** The recorded events that it may show; none: nothing of it comes from a record. */
  readonly events: readonly CloudEvent[];
  /** Words that name it: the object, its cluster, its owner and its entity. */
  readonly names: readonly string[];
}

export class Mask {
  readonly #known = new Set<string>();
  readonly #secret = new Set<string>();
  readonly #showsData: boolean;

  /** `showsData`: what recorded events say is shown; what Secrets hold is not. */
  constructor(catalogs: readonly Catalog[], showsData: boolean) {
    this.#showsData = showsData;
    addWords(this.#known, ownWords);
    for (const { documents } of catalogs) {
      for (const { kind, text } of documents.values()) if (kind !== "Secret") addWords(this.#known, text);
    }
    for (const { contents, documents } of catalogs) {
      for (const [key, { kind, entries }] of contents) {
        if (kind !== "Secret" && documents.get(key)?.hidden === undefined) continue;
        for (const { content } of entries) {
          for (const found of wordsOf(content.source.text)) if (!this.#known.has(found)) this.#secret.add(found);
        }
      }
    }
  }

  /** What may be shown of this one. */
  of(subject: MaskSubject): SubjectMask {
    return new SubjectMask(this.#known, this.#secret, this.#showsData ? { ...subject, events: [] } : subject);
  }
}

/** Masks what is about one entity, or about none on record. */
export class SubjectMask {
  readonly #known: ReadonlySet<string>;
  readonly #secret: ReadonlySet<string>;
  /** Whether anything of it may come from a record. */
  readonly #isRecorded: boolean;
  readonly #names = new Set<string>();
  /** Words of the events' data, unless an attribute says the same. */
  readonly #data = new Set<string>();

  constructor(known: ReadonlySet<string>, secret: ReadonlySet<string>, { events, names }: MaskSubject) {
    this.#known = known;
    this.#secret = secret;
    this.#isRecorded = events.length > 0;
    if (!this.#isRecorded) return;
    for (const { document } of events) {
      addLeaves(this.#data, document.get("data") ?? null);
      addLeaves(this.#data, document.get("data_base64") ?? null);
    }
    const attributes = new Set<string>();
    for (const event of events) for (const text of attributesOf(event)) addWords(attributes, text);
    for (const found of attributes) this.#data.delete(found);
    for (const name of names) for (const found of wordsOf(name)) this.#names.add(found);
    for (const found of attributes) this.#names.add(found);
  }

  /** The lines of a manifest as they may be shown: each is masked when it is asked for, by its index. */
  manifest(lines: readonly string[]): (index: number) => string {
    if (lines.includes("kind: Secret")) {
      const masked = maskSecret(lines, this.#isShown);
      return (index) => masked[index] ?? "";
    }
    return (index) => {
      const line = lines[index] ?? "";
      return /^(?:apiVersion|kind): /.test(line) ? line : maskWords(line, this.#isShown);
    };
  }

  /**
   * A message: what it quotes may be a value, so of that only known words are shown; of its own words those are hidden
   * that stand in the event's data.
   */
  message(message: string): string {
    const isPlain = (found: string) => !this.#data.has(found) && !this.#secret.has(found);
    let masked = "";
    let end = 0;
    for (const { 0: quoted, index } of message.matchAll(/"(?:[^"\\]|\\.)*"/g)) {
      masked += maskWords(message.slice(end, index), isPlain) + maskWords(quoted, this.#isShown);
      end = index + quoted.length;
    }
    return masked + maskWords(message.slice(end), isPlain);
  }

  readonly #isShown = (found: string): boolean => {
    if (!this.#isRecorded) return !this.#secret.has(found);
    return (this.#known.has(found) || this.#names.has(found)) && !this.#data.has(found);
  };
}

/** What identifies the event and its entity: named in commit messages and paths too. */
function attributesOf({ id, source, subject, type }: CloudEvent): readonly string[] {
  return [id, source, subject, type];
}

function addLeaves(words: Set<string>, value: Json): void {
  if (value === null) return;
  if (isJsonObject(value)) for (const member of value.values()) addLeaves(words, member);
  else if (Array.isArray(value)) for (const item of value as readonly Json[]) addLeaves(words, item);
  else addWords(words, String(value));
}

function addWords(words: Set<string>, text: string): void {
  for (const found of wordsOf(text)) words.add(found);
}

/** The words of a text, each without the colon or full stop behind it. */
function wordsOf(text: string): readonly string[] {
  return (text.match(word) ?? []).map(trimWord).filter((found) => found !== "");
}

function trimWord(found: string): string {
  const last = found.charCodeAt(found.length - 1);
  return last === 0x3a || last === 0x2e ? found.replace(/[:.]+$/, "") : found;
}

function maskWords(text: string, isShown: (found: string) => boolean): string {
  return text.replace(word, (found) => {
    if (structure.test(found)) return found;
    const bare = trimWord(found);
    return isShown(bare) ? found : mark + found.slice(bare.length);
  });
}

const shownOfSecrets = new Set(["apiVersion", "kind", "metadata", "type", "immutable"]);

/** A Secret: its metadata by the usual rules, all else hidden but for the keys. */
function maskSecret(lines: readonly string[], isShown: (found: string) => boolean): readonly string[] {
  let section = "";
  let isAnnotations = false;
  return lines.map((line) => {
    const root = /^([A-Za-z]+):/.exec(line)?.[1];
    if (root !== undefined) section = root;
    if (shownOfSecrets.has(section)) {
      const key = /^ {2}(\S+):/.exec(line)?.[1];
      if (key !== undefined) isAnnotations = key === "annotations";
      // What kubectl applied last may stand in an annotation.
      const isHidden = isAnnotations && /^ {4}/.test(line) && !/^ {4}sluice\.dev\/entity: /.test(line);
      return isHidden ? hideValue(line) : maskWords(line, section === "metadata" ? isShown : () => true);
    }
    return root === undefined ? hideValue(line) : `${root}:`;
  });
}

/** Keeps the key, if the line is one of a mapping two or four deep. */
function hideValue(line: string): string {
  const key = /^(?: {2}| {4})(?:"(?:[^"\\]|\\.)*"|[\w./-]+):(?= |$)/.exec(line)?.[0];
  return key === undefined ? `${/^ */.exec(line)![0]}${mark}` : `${key} ${mark}`;
}

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
import { decodePart } from "./object-path.ts";

const mark = "***";
/** What parts words: blanks, quotes, brackets, and signs that YAML and JSON use between values. */
const word = /[^\s"'`{}[\](),;|<>]+/g;
const structure = /^[-:?&*!+.=/]+$/;
/** Shorter words are in too many names to say anything. */
const tellingCharactersMin = 3;
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
    for (const { contents } of catalogs) {
      for (const { kind, entries } of contents.values()) {
        if (kind !== "Secret") continue;
        for (const { content } of entries) {
          for (const found of wordsOf(content.source.text)) if (!this.#known.has(found)) this.#secret.add(found);
        }
      }
    }
  }

  /** The lines of a manifest as they may be shown; as many as the manifest has. */
  maskManifest(lines: readonly string[], subject: MaskSubject): readonly string[] {
    const isShown = this.#wordFilter(subject);
    if (lines.includes("kind: Secret")) return maskSecret(lines, isShown);
    return lines.map((line) => (/^(?:apiVersion|kind): /.test(line) ? line : maskWords(line, isShown)));
  }

  /**
   * A message: what it quotes may be a value, so of that only known words are shown; of its own words those are hidden
   * that stand in the event's data.
   */
  maskMessage(message: string, subject: MaskSubject): string {
    const isShown = this.#wordFilter(subject);
    const data = this.#showsData ? new Set<string>() : this.#dataWords(subject);
    const isPlain = (found: string) => !data.has(found) && !this.#secret.has(found);
    let masked = "";
    let end = 0;
    for (const { 0: quoted, index } of message.matchAll(/"(?:[^"\\]|\\.)*"/g)) {
      masked += maskWords(message.slice(end, index), isPlain) + maskWords(quoted, isShown);
      end = index + quoted.length;
    }
    return masked + maskWords(message.slice(end), isPlain);
  }

  /** A name that comes from a record: shown but for what stands in the event's data. */
  maskName(name: string, subject: MaskSubject): string {
    if (this.#showsData) return name;
    const data = this.#dataWords(subject);
    return data.size === 0 ? name : name.replace(/[^/ ]+/g, (part) => (tells(part, data) ? mark : part));
  }

  #wordFilter(subject: MaskSubject): (found: string) => boolean {
    if (this.#showsData || subject.events.length === 0) return (found) => !this.#secret.has(found);
    const names = new Set<string>();
    const data = this.#dataWords(subject);
    for (const name of subject.names) for (const found of wordsOf(name)) if (!tells(found, data)) names.add(found);
    for (const event of subject.events) for (const text of attributesOf(event)) addWords(names, text);
    return (found) => (this.#known.has(found) || names.has(found)) && !data.has(found);
  }

  /** Words of the events' data, unless an attribute says the same. */
  #dataWords({ events }: MaskSubject): ReadonlySet<string> {
    const words = new Set<string>();
    for (const { document } of events) {
      addLeaves(words, document.get("data") ?? null);
      addLeaves(words, document.get("data_base64") ?? null);
    }
    for (const event of events)
      for (const text of attributesOf(event)) for (const known of wordsOf(text)) words.delete(known);
    return words;
  }
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

/** Whether a name, percent-encoded perhaps, is made of a word of the data. */
function tells(name: string, data: ReadonlySet<string>): boolean {
  const plain = name.includes("%") ? decodePart(name) : name;
  if (data.has(plain)) return true;
  for (const found of data) if (found.length >= tellingCharactersMin && plain.includes(found)) return true;
  return false;
}

/** The words of a text, each without the colon or full stop behind it. */
function* wordsOf(text: string): Iterable<string> {
  for (const [found] of text.matchAll(word)) {
    const bare = trimWord(found);
    if (bare !== "") yield bare;
  }
}

function trimWord(found: string): string {
  return found.replace(/[:.]+$/, "");
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

/**
 * What says in a canonical manifest whose it is. Rendering writes it; here it is taken out and put in, so that the
 * manifests of several claimants can be compared and one can take the place of another.
 *
 * By place, never by search: canonical YAML has `metadata:` at the margin, `labels:` and `annotations:` below it, and
 * their members four columns in. A user's text with the same words stands deeper, or in another section.
 */
import { metadataLines, putIn } from "./metadata-lines.ts";

/** Where each part stands: its section and its key. A part that was never written is undefined when taken out. */
const parts = {
  owner: { section: "  labels:", key: "sluice.dev/owner" },
  instance: { section: "  labels:", key: "sluice.dev/instance" },
  entity: { section: "  annotations:", key: "sluice.dev/entity" },
} as const;
type Part = keyof typeof parts;

/** As written in the manifest, quotes included. */
export type ProvenanceTexts = { readonly [part in Part]?: string };

/** A manifest taken apart: what claimants must agree on, and whose it is. */
export function splitProvenance(manifest: string): { readonly bare: string; readonly texts: ProvenanceTexts } {
  const texts: { [part in Part]?: string } = {};
  let bare = "";
  let kept = 0;
  for (const { part, start, end, value } of findParts(manifest)) {
    texts[part] = value;
    bare += manifest.slice(kept, start);
    kept = end;
  }
  return { bare: bare + manifest.slice(kept), texts };
}

/** The bare manifest with these texts at their places; its sections are there, since rendering writes into both. */
export function joinProvenance(bare: string, texts: ProvenanceTexts): string {
  let joined = bare;
  for (const part of ["owner", "instance", "entity"] as const) {
    const text = texts[part];
    if (text !== undefined) joined = putIn(joined, parts[part].section, parts[part].key, text);
  }
  return joined;
}

/** The hash of the entity that a manifest is of; empty where it has none: a manifest that Sluice adds of its own. */
export function entityHashOf({ entity = "" }: ProvenanceTexts): string {
  return entity.replace(/["']/g, "");
}

/** The owner's label; empty where there is none. */
export function ownerLabelOf({ owner = "" }: ProvenanceTexts): string {
  return owner.replace(/["']/g, "");
}

/** The texts of a provenance as canonical YAML writes them: hashes and label values may look like numbers. */
export function provenanceTexts(texts: ProvenanceTexts, entityHash: string): ProvenanceTexts {
  return { ...texts, entity: isPlainHash(entityHash) ? entityHash : JSON.stringify(entityHash) };
}

/**
 * Canonical YAML leaves text without quotes that begins with a letter and is no number in anybody's notation. Behind `@`: the
 * cluster that it is rendered for, of an object on the hub.
 */
function isPlainHash(hash: string): boolean {
  return /^[a-f][0-9a-f]*(?:@[\w./@+=-]*)?$/.test(hash);
}

interface FoundPart {
  readonly part: Part;
  /** Of the whole line, its line break included. */
  readonly start: number;
  readonly end: number;
  readonly value: string;
}

function findParts(manifest: string): readonly FoundPart[] {
  const found: FoundPart[] = [];
  let section = "";
  for (const { line, start, end } of metadataLines(manifest)) {
    if (line.charCodeAt(2) !== 0x20) section = line;
    else if (line.charCodeAt(4) !== 0x20) {
      for (const part of ["owner", "instance", "entity"] as const) {
        const { key } = parts[part];
        if (section !== parts[part].section || !line.startsWith(`${key}: `, 4)) continue;
        found.push({ part, start, end, value: line.slice(4 + key.length + 2) });
      }
    }
  }
  return found;
}

/** The catalog from the files of the config folder; files that did not change since the last one are not read again. */
import type { Catalog, ConfigFile } from "../model/catalog.ts";
import type { LabelSelector } from "../model/cluster.ts";
import type { Connection } from "../model/connection.ts";
import type { Checked } from "../model/problem.ts";
import { CatalogBuilder } from "./catalog-builder.ts";
import type { Compatibility } from "./compile-pattern.ts";
import type { DocumentKey } from "./document-key.ts";
import { type ReadDocument, readDocument } from "./read-document.ts";
import { parseYaml } from "./yaml-document.ts";

export interface CatalogOptions {
  readonly compatibility: Compatibility;
  /** The settings' connections; without them nothing is said of subjects that nobody subscribes to. */
  readonly connections?: readonly { readonly connection: Connection; readonly clusters?: LabelSelector }[];
  /** The catalog in force: documents that are bad now stay as they are in it. */
  readonly previous?: Catalog;
}

interface ReadFile {
  readonly text: string;
  readonly compatibility: Compatibility;
  readonly documents: readonly ReadDocument[];
}

/** What the next catalog wants to know of the last. */
interface Memory {
  readonly files: ReadonlyMap<string, ReadFile>;
  readonly inForce: ReadonlyMap<DocumentKey, ReadDocument>;
}

const memories = new WeakMap<Catalog, Memory>();

/** Never fails as a whole: the value is what can be in force, the problems are everything there is to tell. */
export function loadCatalog(files: readonly ConfigFile[], options: CatalogOptions): Checked<Catalog> {
  const { compatibility, connections = [], previous } = options;
  const memory = previous === undefined ? undefined : memories.get(previous);
  const paths = files.map(({ path }) => path);
  const builder = new CatalogBuilder(paths, memory?.inForce ?? new Map());
  const readFiles = new Map<string, ReadFile>();
  for (const { path, text } of [...files].sort((a, b) => (a.path < b.path ? -1 : 1))) {
    if (!/\.(ya?ml|json)$/.test(path)) continue;
    const before = memory?.files.get(path);
    const isUnchanged = before !== undefined && before.text === text && before.compatibility === compatibility;
    const file = isUnchanged ? before : readFile(path, text, compatibility);
    readFiles.set(path, file);
    for (const document of file.documents) builder.add(document);
  }
  const checked = builder.build(compatibility, connections);
  memories.set(checked.value, { files: readFiles, inForce: builder.inForce });
  return checked;
}

function readFile(file: string, text: string, compatibility: Compatibility): ReadFile {
  const documents = parseYaml(text, { file }).map((document) => readDocument(document, compatibility));
  return { text, compatibility, documents };
}

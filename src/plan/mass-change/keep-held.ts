/** The wanted files with some of their documents as they are in force: what is held changes nothing, the rest may. */
import type { Catalog, ConfigFile } from "../../model/catalog.ts";

/** `held`: keys of documents, `<kind>/<namespace>/<name>`. Files that have none of them stay as they are. */
export function keepHeld(
  files: readonly ConfigFile[],
  wanted: Catalog,
  inForce: Catalog,
  held: ReadonlySet<string>,
): readonly ConfigFile[] {
  const touched = new Set<string>();
  for (const key of held) {
    for (const { documents } of [wanted, inForce]) {
      const file = documents.get(key)?.file;
      if (file !== undefined) touched.add(file);
    }
  }
  const kept: ConfigFile[] = files.filter(({ path }) => !touched.has(path));
  for (const [key, { file, text }] of wanted.documents) {
    if (touched.has(file) && !held.has(key)) kept.push({ path: file, shown: `${file} (${key})`, text });
  }
  for (const key of held) {
    const document = inForce.documents.get(key);
    if (document !== undefined)
      kept.push({ path: document.file, shown: `${document.file} (${key}, as in force)`, text: document.text });
  }
  return kept;
}

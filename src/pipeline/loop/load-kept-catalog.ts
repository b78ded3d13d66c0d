/** The catalog in force, as the state has kept it: documents and the settings of then. */
import type { Catalog } from "../../model/catalog.ts";
import { readCatalogSettings } from "../../plan/mass-change/catalog-settings.ts";
import type { GitReader, ObjectId } from "../../ports/git.ts";
import type { HiddenTexts } from "../../ports/hidden-texts.ts";
import { readKeptCatalog } from "../read-folder.ts";
import type { LoadCatalog } from "./in-force.ts";

/** `settings`: as the checkpoint of that tree has them. */
export async function loadKeptCatalog(
  git: GitReader,
  tree: ObjectId | undefined,
  loadCatalog: LoadCatalog,
  settings: string | undefined,
  hidden: HiddenTexts | undefined,
): Promise<Catalog> {
  return loadCatalog(await readKeptCatalog(git, tree, hidden), undefined, readCatalogSettings(settings)).value;
}

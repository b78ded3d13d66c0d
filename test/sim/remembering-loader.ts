/**
 * Reading documents as the service does, but equal files only once in all worlds: what comes of them is a function of
 * them, of the settings, and of the catalog before.
 */
import { catalogLoader } from "../../src/app/read-config.ts";
import type { Catalog } from "../../src/model/catalog.ts";
import type { LoadCatalog } from "../../src/pipeline/loop/in-force.ts";

/** So many catalogs are kept. */
const catalogsMax = 400;

const loaded = new Map<string, ReturnType<LoadCatalog>>();
const numbers = new WeakMap<Catalog, number>();
let catalogs = 0;

/** What of the settings is another's to tell: they read the same documents alike. */
export function rememberingLoader(...[settings, connections]: Parameters<typeof catalogLoader>): LoadCatalog {
  const load = catalogLoader(settings, connections);
  const { commit: _, ...shaping } = settings;
  const scope = plainKey([shaping, connections]);
  return (files, previous, instead) => {
    const key = `${numberOf(previous)} ${plainKey([files, instead])} ${scope}`;
    const known = loaded.get(key);
    const checked = known ?? load(files, previous, instead);
    // What was asked for last goes last.
    loaded.delete(key);
    loaded.set(key, checked);
    const [oldest] = loaded.keys();
    if (loaded.size > catalogsMax && oldest !== undefined) loaded.delete(oldest);
    return checked;
  };
}

function numberOf(catalog: Catalog | undefined): number {
  if (catalog === undefined) return 0;
  const number = numbers.get(catalog) ?? ++catalogs;
  numbers.set(catalog, number);
  return number;
}

/** Equal for equal values alone. Throws for what it can't tell apart. */
function plainKey(value: unknown): string {
  return JSON.stringify(value, (_, member) => {
    if (member instanceof Map) return ["Map", ...member];
    if (typeof member === "function" || member instanceof RegExp) throw new Error("this has no key");
    return member;
  });
}

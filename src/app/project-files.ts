/** Files that ship with the program. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The package's root: the nearest folder above with a package.json. */
const root = findRoot(dirname(fileURLToPath(import.meta.url)));

function findRoot(directory: string): string {
  try {
    readFileSync(join(directory, "package.json"));
    return directory;
  } catch {
    return findRoot(dirname(directory));
  }
}

export function readTemplateFile(name: string): string {
  return readFileSync(join(root, "templates", name), "utf8");
}

/** One of the folders under `examples`. */
export function exampleFolder(name: string): string {
  return join(root, "examples", name);
}

export function readVersion(): string {
  return (JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string }).version;
}

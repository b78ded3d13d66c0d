/** Files that ship with the program. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
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

/** Paths, with `/`, of the files below a folder of `repo-layout`; none where there is no such folder. */
export function listLayoutFiles(folder: string): readonly string[] {
  const start = join(root, "repo-layout", folder);
  const entries = readdirSync(join(root, "repo-layout"), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(start, join(entry.parentPath, entry.name)).split(sep).join("/"))
    .filter((path) => !path.startsWith("../"));
}

export function readLayoutFile(folder: string, path: string): string {
  return readFileSync(join(root, "repo-layout", folder, path), "utf8");
}

export function readVersion(): string {
  return (JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string }).version;
}

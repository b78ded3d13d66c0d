/** Reads the documents of a config folder on disk, and secrets that settings point to. */
import { lstat, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { ConfigFile } from "../../model/catalog.ts";
import { SluiceError } from "../../model/problem.ts";

const documentName = /\.(ya?ml|json)$/;
const filesMax = 100_000;

/** Whether a path of the config folder holds documents; folders and files that begin with a dot do not. */
export function isDocumentPath(path: string): boolean {
  return documentName.test(path) && !path.split("/").some((part) => part.startsWith("."));
}

/**
 * All documents below the folder, by path. Symbolic links are followed only to files within Kubernetes' own layout of
 * mounted volumes (`..data`), never to folders elsewhere.
 */
export async function readConfigFolder(directory: string): Promise<readonly ConfigFile[]> {
  const files: ConfigFile[] = [];

  async function visit(folder: string, prefix: string): Promise<void> {
    const entries = await readdir(folder, { withFileTypes: true });
    entries.sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const entry of entries) {
      const path = prefix + entry.name;
      if (entry.name.startsWith(".")) continue;
      if (entry.isDirectory()) await visit(join(folder, entry.name), `${path}/`);
      else if (isDocumentPath(path)) files.push({ path, text: await readFile(join(folder, entry.name), "utf8") });
      if (files.length > filesMax) throw tooMany(directory);
    }
  }

  try {
    await lstat(directory);
    await visit(directory, "");
  } catch (cause) {
    if (cause instanceof SluiceError) throw cause;
    throw new SluiceError(
      {
        code: "SETTINGS_INVALID",
        message: `the config folder ${directory} can't be read: ${(cause as Error).message}`,
        hint: "Set config.directory, or config.path for a folder in the target branch.",
      },
      cause,
    );
  }
  return files;
}

function tooMany(directory: string): SluiceError {
  return new SluiceError({ code: "SETTINGS_INVALID", message: `${directory} has more than ${filesMax} documents` });
}

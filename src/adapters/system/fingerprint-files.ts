/** Tells whether files have changed, by what the file system says of them. */
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";

/**
 * Another text whenever one of the files, or of those below the folders, may have changed. Links are followed, so that
 * a Secret that Kubernetes mounts counts as changed when its `..data` link is swapped. What is missing counts too.
 */
export async function fingerprintFiles(paths: readonly string[]): Promise<string> {
  const parts: string[] = [];
  for (const path of paths) parts.push(...(await fingerprintFile(path)));
  return parts.join("\n");
}

async function fingerprintFile(path: string): Promise<readonly string[]> {
  const info = await stat(path, { bigint: true }).catch(() => undefined);
  if (info === undefined) return [`${path} missing`];
  if (!info.isDirectory()) return [`${path} ${info.ino} ${info.mtimeNs} ${info.size}`];
  const names = await readdir(path).catch(() => []);
  const shown = names.filter((name) => !name.startsWith(".")).sort();
  return (await Promise.all(shown.map((name) => fingerprintFile(join(path, name))))).flat();
}

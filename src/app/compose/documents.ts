/** Documents of people: in a folder on this machine, or in the target branch. */
import { join, relative } from "node:path";
import { isDocumentPath, readConfigFolder } from "../../adapters/system/config-files.ts";
import { fingerprintFiles } from "../../adapters/system/fingerprint-files.ts";
import type { Catalog, ConfigFile } from "../../model/catalog.ts";
import type { Checked } from "../../model/problem.ts";
import type { Settings } from "../../model/settings.ts";
import type { ConfigSource } from "../../pipeline/loop/leading.ts";
import { readFolder } from "../../pipeline/read-folder.ts";
import type { GitReader, ObjectId } from "../../ports/git.ts";
import type { CliContext } from "../cli/context.ts";
import { catalogLoader, configFolder, readConnections, subjectsOf } from "../read-config.ts";

export interface WorkingCatalog extends Checked<Catalog> {
  /** By connection, the NATS subjects that it subscribes to. */
  readonly subjects: ReadonlyMap<string, readonly string[]>;
}

/** The catalog in the config folder on this machine, with the problems of connections and documents. */
export async function loadWorkingCatalog(
  context: CliContext,
  settings: Settings,
  directory?: string,
): Promise<WorkingCatalog> {
  const read = await readConnections(context, settings);
  const files = await readShownFiles(context, configFolder(context, settings, directory));
  const { value, problems } = catalogLoader(settings, read.connections)(files, undefined);
  return { value, problems: [...read.problems, ...problems], subjects: subjectsOf(read) };
}

/** Documents under the names that the user knows them by: relative to where the command was given. */
export async function readShownFiles({ workingDirectory }: CliContext, folder: string): Promise<readonly ConfigFile[]> {
  const prefix = relative(workingDirectory, folder);
  return (await readConfigFolder(folder)).map(({ path, text }) => ({ path: join(prefix, path), text }));
}

/** Documents of the target branch: they change when their folder's tree does. */
export function targetSource(git: GitReader, folder: string): ConfigSource {
  return {
    version: async (target) => (target === undefined ? undefined : (await git.findEntry(target, folder))?.id),
    read: (target) => readConfigOf(git, target, folder),
  };
}

export function folderSource(context: CliContext, directory: string): ConfigSource {
  return {
    version: () => fingerprintFiles([directory]),
    read: () => readShownFiles(context, directory),
  };
}

async function readConfigOf(
  git: GitReader,
  target: ObjectId | undefined,
  folder: string,
): Promise<readonly ConfigFile[]> {
  const files: ConfigFile[] = [];
  for await (const [path, text] of readFolder(git, target, folder))
    if (isDocumentPath(path)) files.push({ path, text });
  return files;
}

export { isDocumentPath } from "../../adapters/system/config-files.ts";

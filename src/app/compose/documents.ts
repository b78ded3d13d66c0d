/** Documents of people: in a folder on this machine, in the target branch, or in a revision of a checkout. */
import { dirname, join, relative } from "node:path";
import { DiskFileTree } from "../../adapters/system/disk-file-tree.ts";
import { listWorkingFiles, readWorkingFile } from "../../adapters/system/working-files.ts";
import { findWorkingRoot, workingRootAt } from "../../adapters/system/working-root.ts";
import { checkConnections } from "../../config/check-connections.ts";
import type { Catalog, ConfigFile } from "../../model/catalog.ts";
import { type Checked, SluiceError } from "../../model/problem.ts";
import type { Settings } from "../../model/settings.ts";
import { decryptFiles } from "../../pipeline/config-folder/decrypt-files.ts";
import { GitFileTree } from "../../pipeline/config-folder/git-file-tree.ts";
import {
  type ConfigFolder,
  listConfigFolder,
  readConfigFolder,
} from "../../pipeline/config-folder/read-config-folder.ts";
import { TargetConfig } from "../../pipeline/config-folder/target-config.ts";
import type { ConfigSource } from "../../pipeline/loop/config-source.ts";
import type { Decrypter } from "../../ports/encrypter.ts";
import type { FileTree } from "../../ports/file-tree.ts";
import type { ObjectId, TreeReader } from "../../ports/git.ts";
import type { CliContext } from "../cli/context.ts";
import type { FileSource } from "../file-source.ts";
import { catalogLoader, configFolder, readConnections, subjectsOf } from "../read-config.ts";
import { composeDecrypter } from "./sops.ts";

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
  const files = await readWorkingFiles(context, settings, directory);
  const { value, problems } = catalogLoader(settings, read.connections)(files, undefined);
  return {
    value,
    problems: [...read.problems, ...checkConnections(settings, read.connections), ...problems],
    subjects: subjectsOf(read),
  };
}

/**
 * The documents on this machine, under the names that the user knows them by: relative to where the command was given.
 * Throws a SluiceError (CONFIG_MISSING).
 */
export async function readWorkingFiles(
  context: CliContext,
  settings: Settings,
  directory: string | undefined,
  decrypter: Decrypter | undefined = composeDecrypter(settings),
): Promise<readonly ConfigFile[]> {
  const { tree, folder } = await openWorkingFolder(context, settings, directory);
  return decryptFiles(await readConfigFolder(tree, folder), decrypter);
}

interface OpenFolder {
  readonly tree: FileTree;
  readonly folder: ConfigFolder;
}

/** Links are followed within the repository, of `config.directory` within that folder. */
async function openWorkingFolder(
  context: CliContext,
  settings: Settings,
  directory: string | undefined,
): Promise<OpenFolder> {
  const { config } = settings;
  const path = configFolder(context, settings, directory);
  const isOutside = directory === undefined && config.kind === "directory";
  const fallback = directory === undefined ? dirname(settings.file) : path;
  const root = isOutside ? await workingRootAt(path, path) : await findWorkingRoot(path, fallback);
  const show = shownBelow(relative(context.workingDirectory, path));
  return { tree: new DiskFileTree(root.real), folder: { path: root.path, exclude: config.exclude, show } };
}

/** What people name for a command, such as sample events; no link out of the repository is followed. */
export const workingFiles: FileSource = { read: readWorkingFile, list: listWorkingFiles };

function shownBelow(prefix: string): ConfigFolder["show"] {
  return (path) => join(prefix, path) || ".";
}

/** Documents of the target branch: they change when their folder does, or what its links lead to. */
export function targetSource(git: TreeReader, path: string, settings: Settings): ConfigSource {
  const decrypter = composeDecrypter(settings);
  const source = new TargetConfig(git, { path, exclude: settings.config.exclude, show: shownBelow(path) });
  return {
    version: (target) => source.version(target),
    read: async (target) => decryptFiles(await source.read(target), decrypter),
  };
}

/** Documents outside the repository: they change when one of their files does. */
export function folderSource(context: CliContext, settings: Settings): ConfigSource {
  const decrypter = composeDecrypter(settings);
  return {
    isOutside: true,
    version: async () => {
      try {
        const { tree, folder } = await openWorkingFolder(context, settings, undefined);
        const { files, faults } = await listConfigFolder(tree, folder);
        const parts = files.map(({ path, real, version }) => `${path} ${real} ${version}`);
        return [...parts, ...faults.map(({ path, message }) => `${path} ${message}`)].join("\n");
      } catch (error) {
        if (isConfigMissing(error)) return "missing";
        throw error;
      }
    },
    read: () => readWorkingFiles(context, settings, undefined, decrypter),
  };
}

/** The documents of a revision, `root` being its tree and `path` the folder's in it. Throws CONFIG_MISSING. */
export async function readRevisionFiles(
  git: TreeReader,
  root: ObjectId,
  folder: { readonly path: string; readonly exclude: readonly string[]; readonly shown: string },
  decrypter: Decrypter | undefined,
): Promise<readonly ConfigFile[]> {
  const { path, exclude, shown } = folder;
  const files = await readConfigFolder(new GitFileTree(git, root), { path, exclude, show: shownBelow(shown) });
  return decryptFiles(files, decrypter);
}

/** For where nothing is taken away by it: none where the folder is not there. */
export async function noneIfMissing(files: Promise<readonly ConfigFile[]>): Promise<readonly ConfigFile[]> {
  try {
    return await files;
  } catch (error) {
    if (isConfigMissing(error)) return [];
    throw error;
  }
}

function isConfigMissing(error: unknown): boolean {
  return error instanceof SluiceError && error.problem.code === "CONFIG_MISSING";
}

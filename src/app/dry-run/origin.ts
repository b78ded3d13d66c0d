/** Where a dry run reads from: the working folder, or, where the change is not trusted, commits of the checkout alone. */
import { relative, resolve, sep } from "node:path";
import { loadSettings } from "../../config/load-settings.ts";
import { parseConnection } from "../../config/parse-connection.ts";
import type { ConfigFile } from "../../model/catalog.ts";
import type { Connection } from "../../model/connection.ts";
import { type Problem, SluiceError } from "../../model/problem.ts";
import type { ConnectionSettings, Settings } from "../../model/settings.ts";
import type { Checkout } from "../../ports/checkout.ts";
import type { Decrypter } from "../../ports/encrypter.ts";
import type { ObjectId } from "../../ports/git.ts";
import { type CliContext, usageError } from "../cli/context.ts";
import { readRevisionFiles, workingFiles } from "../compose/documents.ts";
import { diskFiles, type FileSource, revisionFiles } from "../file-source.ts";
import { openSettings, type ReadConnections } from "../read-config.ts";

/** Where settings and connections, and where documents and samples are read from. */
export interface Origin {
  readonly settings: FileSource;
  readonly documents: FileSource;
}

export const trustedOrigin: Origin = { settings: diskFiles, documents: workingFiles };

export async function untrustedOrigin(checkout: Checkout | undefined, base: ObjectId | undefined): Promise<Origin> {
  if (checkout === undefined || base === undefined) throw usageError("an untrusted change needs a base revision");
  const head = await checkout.findCommit("HEAD");
  return { settings: revisionFiles(checkout, base), documents: revisionFiles(checkout, head) };
}

/** Throws a SluiceError (SETTINGS_INVALID) where they have errors, after `onProblem` was told each. */
export async function readSettings(
  context: CliContext,
  file: string,
  { settings: source }: Origin,
  onProblem: (problem: Problem) => void,
): Promise<Settings> {
  const path = resolve(context.workingDirectory, file);
  const { value, problems } =
    source === diskFiles
      ? await openSettings(context, file)
      : loadSettings(await readRequired(source, path, "the base has no settings"), path);
  for (const problem of problems) onProblem(problem);
  if (value !== undefined) return value;
  throw new SluiceError({ code: "SETTINGS_INVALID", message: `the settings ${file} have errors` });
}

async function readRequired(source: FileSource, path: string, message: string): Promise<string> {
  const text = await source.read(path);
  if (text === undefined) throw new SluiceError({ code: "SETTINGS_INVALID", message: `${message} ${path}` });
  return text;
}

/** Stands for every secret: of the form that certificates have, which are checked for that. */
const noSecret = "-----BEGIN NOTHING-----";

/** Connections for their subjects and clusters only: the secrets that they refer to are not read. */
export async function readConnectionsOpenly(
  context: CliContext,
  settings: Settings,
  source: FileSource,
): Promise<ReadConnections> {
  const connections: { settings: ConnectionSettings; connection: Connection }[] = [];
  const problems: Problem[] = [];
  for (const connectionSettings of settings.connections) {
    const { name, file, at } = connectionSettings;
    const shown = relative(context.workingDirectory, file) || file;
    const text = await source.read(file);
    if (text === undefined) {
      // It may well be kept out of the repository: nothing but its subjects is missed.
      const message = `connection ${name}: there is no ${shown}`;
      problems.push({ code: "CONNECTION_INVALID", severity: "warning", message, at });
      continue;
    }
    const parsed = parseConnection(text, shown, connectionSettings, () => noSecret);
    problems.push(...parsed.problems);
    if (parsed.value !== undefined) connections.push({ settings: connectionSettings, connection: parsed.value });
  }
  return { connections, problems, files: [] };
}

/** The documents of a commit, under the names that they have in the working folder. Throws CONFIG_MISSING. */
export async function readCommitFiles(
  { workingDirectory }: CliContext,
  checkout: Checkout,
  commit: ObjectId,
  folder: string,
  exclude: readonly string[],
  decrypter: Decrypter | undefined,
): Promise<readonly ConfigFile[]> {
  const path = relative(checkout.root, folder).split(sep).join("/");
  if (path === ".." || path.startsWith("../")) return [];
  const { tree } = await checkout.readCommit(commit);
  return readRevisionFiles(checkout, tree, { path, exclude, shown: relative(workingDirectory, folder) }, decrypter);
}

/**
 * Gathers what a dry run compares: settings, the base and the head catalog, the state, sample events.
 *
 * Trusted, all of it is what the user has: the working folder, the state on the server, with the settings' credentials.
 * Untrusted, as for a pull request from a fork, everything is read from commits of the checkout: settings and
 * connections of the base, documents and samples of the head. No variable or file is read, no link followed, no network
 * used.
 */
import { relative, resolve, sep } from "node:path";
import { compareSettings } from "../config/compare-settings.ts";
import { loadSettings } from "../config/load-settings.ts";
import { parseConnection } from "../config/parse-connection.ts";
import type { ConfigFile } from "../model/catalog.ts";
import type { Checkpoint } from "../model/change-set.ts";
import type { Connection } from "../model/connection.ts";
import type { Delivery } from "../model/delivery.ts";
import { type Problem, SluiceError } from "../model/problem.ts";
import type { SettingChange } from "../model/setting-change.ts";
import type { ConnectionSettings, Settings } from "../model/settings.ts";
import type { DryRunInput, DryRunSide } from "../pipeline/dry-run/dry-run.ts";
import type { Placement } from "../pipeline/dry-run/placement.ts";
import { readCheckpoint as readStored } from "../pipeline/read-checkpoint.ts";
import { readKeptCatalog } from "../pipeline/read-folder.ts";
import { emptyCheckpoint } from "../plan/checkpoint-file.ts";
import { withCatalogSettings } from "../plan/mass-change/catalog-settings.ts";
import { readGuardState } from "../plan/mass-change/guard-state.ts";
import { baseFolder, desiredFolder } from "../plan/paths.ts";
import type { Checkout } from "../ports/checkout.ts";
import type { ObjectId } from "../ports/git.ts";
import { type CliContext, usageError } from "./cli/context.ts";
import { compareInForce } from "./compare-in-force.ts";
import { noneIfMissing, readRevisionFiles, readWorkingFiles, workingFiles } from "./compose/documents.ts";
import { openCheckout } from "./compose/forge.ts";
import { composeOpenRenderSettings, composeRenderSettings } from "./compose/render-settings.ts";
import { type OpenState, openState } from "./compose/state.ts";
import { diskFiles, type FileSource, revisionFiles } from "./file-source.ts";
import { catalogLoader, configFolder, openSettings, type ReadConnections, subjectsOf } from "./read-config.ts";
import { chooseRoute, makeDelivery, readEvents } from "./read-events.ts";

export interface DryRunOptions {
  /** The settings file. */
  readonly file: string;
  /** The config folder, where it is not the one that the settings name. */
  readonly config?: string;
  readonly base?: string;
  readonly event?: readonly string[];
  readonly connection?: string;
  readonly subject?: string;
  /** Leaves the state on the server alone. */
  readonly isOffline: boolean;
  readonly isUntrusted: boolean;
}

export interface DryRunSources {
  /** Undefined: there is none, or it was not looked at. */
  readonly state: OpenState | undefined;
  readonly checkpoint: Checkpoint;
  readonly base: DryRunSide & { readonly isInForce: boolean };
  readonly head: DryRunSide;
  readonly guard: NonNullable<DryRunInput["guard"]>;
  readonly samples: readonly Delivery[];
  /** Settings that differ between base and head. */
  readonly settings: readonly SettingChange[];
  /** Of settings, connections and the head's documents. */
  readonly problems: readonly Problem[];
  close(): Promise<void>;
}

/** Throws a SluiceError; SETTINGS_INVALID where the settings have errors, after `onProblem` was told each. */
export async function openDryRun(
  context: CliContext,
  options: DryRunOptions,
  onProblem: (problem: Problem) => void,
): Promise<DryRunSources> {
  const needsCheckout = options.base !== undefined || options.isUntrusted;
  const checkout = needsCheckout ? await openCheckout(context.workingDirectory) : undefined;
  const baseCommit = options.base === undefined ? undefined : await checkout?.findCommit(options.base);
  const origin = options.isUntrusted ? await untrustedOrigin(checkout, baseCommit) : trustedOrigin;

  const settings = await readSettings(context, options.file, origin, onProblem);
  const other = await readOtherSettings(context, options, settings, checkout, baseCommit);
  // From a fork both sides are rendered by the base's settings: of its own nothing counts but where manifests stand.
  const baseSettings = options.isUntrusted ? settings : (other.value ?? settings);
  const read = await readConnectionsOpenly(context, settings, origin.settings);
  const load = catalogLoader(settings, read.connections);
  const folder = configFolder(context, settings, options.config);
  const readCommit = (commit: ObjectId, { config: { exclude } }: Settings) =>
    readCommitFiles(context, checkout!, commit, configFolder(context, baseSettings, options.config), exclude);

  const state = options.isOffline || options.isUntrusted ? undefined : await openState(context, settings);
  try {
    const checkpoint = await readCheckpoint(settings, state);
    // A base without the folder has nothing; a head without it takes nothing away, and is an error.
    const baseFiles = baseCommit === undefined ? undefined : await noneIfMissing(readCommit(baseCommit, baseSettings));
    const kept = state === undefined ? [] : await readKeptCatalog(state.git, state.tree);
    const loadBase =
      baseSettings === settings
        ? load
        : catalogLoader(
            baseSettings,
            (await readConnectionsOpenly(context, baseSettings, origin.settings)).connections,
          );
    const loaded = loadBase(baseFiles ?? kept, undefined).value;
    // What is in force was put there by the settings of then, as the state has kept them.
    const base =
      baseFiles === undefined ? withCatalogSettings(loaded, readGuardState(checkpoint.parts).settings) : loaded;
    const headFiles = options.isUntrusted
      ? readCommit(await checkout!.findCommit("HEAD"), settings)
      : readWorkingFiles(context, settings, options.config);
    const files = await headFiles;
    const head = load(files, base);
    const foldOf = (side: Settings) => ({
      records: side.output.records,
      render: options.isUntrusted ? composeOpenRenderSettings(side) : composeRenderSettings(side, context),
    });
    const inForce = state?.tree === undefined ? undefined : { ...placementOf(settings), layout: checkpoint.layout };
    const basePlacement = baseFiles === undefined ? (inForce ?? placementOf(settings)) : placementOf(baseSettings);
    const headPlacement = placementOf(options.isUntrusted ? (other.value ?? settings) : settings);
    return {
      state: state?.tree === undefined ? undefined : state,
      checkpoint,
      base: {
        catalog: base,
        isInForce: baseFiles === undefined,
        title: options.base ?? (state?.tree === undefined ? "nothing" : "the catalog in force"),
        fold: foldOf(baseSettings),
        placement: basePlacement,
      },
      head: {
        catalog: head.value,
        title: options.isUntrusted ? "the commit" : relative(context.workingDirectory, folder) || ".",
        fold: foldOf(settings),
        placement: headPlacement,
      },
      guard: { limits: settings.guard, loadCatalog: load, files },
      samples: await readSamples(context, options, settings, read, origin.documents),
      settings:
        other.text === undefined && state?.tree !== undefined && baseFiles === undefined
          ? compareInForce({ checkpoint, catalog: base, clusterFile: await readClusterFile(state) }, head.value, {
              ...headPlacement,
              name: settings.name,
            })
          : other.changes,
      problems: [...read.problems, ...head.problems],
      close: async () => state?.close(),
    };
  } catch (error) {
    await state?.close();
    throw error;
  }
}

interface OtherSettings {
  /** Undefined: there is no other version. */
  readonly text: string | undefined;
  /** Undefined: there is none, or it has errors. */
  readonly value: Settings | undefined;
  readonly changes: readonly SettingChange[];
}

/** The settings of the other side: the base's; of a fork, whose own count for nothing else, the head's. */
async function readOtherSettings(
  { workingDirectory }: CliContext,
  { file, isUntrusted }: DryRunOptions,
  settings: Settings,
  checkout: Checkout | undefined,
  baseCommit: ObjectId | undefined,
): Promise<OtherSettings> {
  const none = { text: undefined, value: undefined, changes: [] };
  if (checkout === undefined || baseCommit === undefined) return none;
  const path = resolve(workingDirectory, file);
  const base = await readIfThere(revisionFiles(checkout, baseCommit), path);
  const source = isUntrusted ? revisionFiles(checkout, await checkout.findCommit("HEAD")) : diskFiles;
  const head = await readIfThere(source, path);
  const text = isUntrusted ? head : base;
  if (base === undefined || head === undefined || text === undefined) return none;
  const changes = compareSettings(base, head);
  return { text, value: changes.length === 0 ? settings : loadSettings(text, path).value, changes };
}

/** Settings may be kept outside of the repository, or be new in it. */
async function readIfThere(source: FileSource, path: string): Promise<string | undefined> {
  try {
    return await source.read(path);
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    return undefined;
  }
}

function placementOf({ output }: Settings): Placement {
  return { outputPath: output.path, layout: { shards: output.shards, buckets: 1 } };
}

/** Some cluster's own file; undefined: there is no cluster yet. */
async function readClusterFile({ git, tree }: OpenState): Promise<string | undefined> {
  for await (const path of git.listFiles(tree!, desiredFolder)) {
    if (path.endsWith(`/${baseFolder}/sluice-cluster.yaml`)) return (await git.readFiles(tree!, [path])).get(path);
  }
  return undefined;
}

const samplesMax = 10_000;

/** Where settings and connections, and where documents and samples are read from. */
interface Origin {
  readonly settings: FileSource;
  readonly documents: FileSource;
}

const trustedOrigin: Origin = { settings: diskFiles, documents: workingFiles };

async function untrustedOrigin(checkout: Checkout | undefined, base: ObjectId | undefined): Promise<Origin> {
  if (checkout === undefined || base === undefined) throw usageError("an untrusted change needs a base revision");
  const head = await checkout.findCommit("HEAD");
  return { settings: revisionFiles(checkout, base), documents: revisionFiles(checkout, head) };
}

async function readSettings(
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
async function readCommitFiles(
  { workingDirectory }: CliContext,
  checkout: Checkout,
  commit: ObjectId,
  folder: string,
  exclude: readonly string[],
): Promise<readonly ConfigFile[]> {
  const path = relative(checkout.root, folder).split(sep).join("/");
  if (path === ".." || path.startsWith("../")) return [];
  const { tree } = await checkout.readCommit(commit);
  return readRevisionFiles(checkout, tree, { path, exclude, shown: relative(workingDirectory, folder) });
}

async function readCheckpoint(settings: Settings, state: OpenState | undefined): Promise<Checkpoint> {
  const nothing = { ...emptyCheckpoint, layout: { shards: settings.output.shards, buckets: 1 } };
  if (state?.tree === undefined) return nothing;
  const checkpoint = await readStored(state.git, state.tree);
  if (checkpoint === undefined) return nothing;
  if (checkpoint.stateId !== "") return checkpoint;
  throw new SluiceError({
    code: "STATE_INVALID",
    message: `branch ${settings.state.branch} was written by an older version of Sluice`,
    hint: "Run the service of this version once: it takes the state over.",
  });
}

async function readSamples(
  context: CliContext,
  options: DryRunOptions,
  settings: Settings,
  read: ReadConnections,
  source: FileSource,
): Promise<readonly Delivery[]> {
  if (options.event === undefined || options.event.length === 0) return [];
  const route = chooseRoute(options, subjectsOf(read), settings.connections[0]?.name);
  const payloads: Uint8Array[] = [];
  for (const path of options.event) {
    for (const payload of await readEvents(source, resolve(context.workingDirectory, path))) payloads.push(payload);
    if (payloads.length > samplesMax) throw usageError(`there are more than ${samplesMax} sample events`);
  }
  return payloads.map((payload, index) => makeDelivery(route, payload, index + 1));
}

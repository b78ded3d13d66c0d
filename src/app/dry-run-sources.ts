/**
 * Gathers what a dry run compares: settings, the base and the head catalog, the state, sample events.
 *
 * Trusted, all of it is what the user has: the working folder, the state on the server, with the settings' credentials.
 * Untrusted, as for a pull request from a fork, everything is read from commits of the checkout: settings and
 * connections of the base, documents and samples of the head. No variable or file is read, no link followed, no network
 * used.
 */
import { relative } from "node:path";
import type { Checkpoint } from "../model/change-set.ts";
import type { Delivery } from "../model/delivery.ts";
import { type Problem, SluiceError } from "../model/problem.ts";
import type { SettingChange } from "../model/setting-change.ts";
import { hubDeliveryOf, type Settings } from "../model/settings.ts";
import type { DryRunInput, DryRunSide } from "../pipeline/dry-run/dry-run.ts";
import type { Placement } from "../pipeline/dry-run/placement.ts";
import { readCheckpoint as readStored } from "../pipeline/read-checkpoint.ts";
import { readKeptCatalog } from "../pipeline/read-folder.ts";
import { readWithdrawn } from "../pipeline/read-withdrawn.ts";
import type { Sealer } from "../pipeline/seal-secrets.ts";
import { emptyCheckpoint } from "../plan/checkpoint-file.ts";
import { markWithdrawn } from "../plan/keep-withdrawn.ts";
import { readCatalogSettings } from "../plan/mass-change/catalog-settings.ts";
import { readGuardState } from "../plan/mass-change/guard-state.ts";
import { baseFolder, desiredFolder } from "../plan/paths.ts";
import type { ObjectId } from "../ports/git.ts";
import type { CliContext } from "./cli/context.ts";
import { compareInForce } from "./compare-in-force.ts";
import { noneIfMissing, readWorkingFiles } from "./compose/documents.ts";
import { openCheckout } from "./compose/forge.ts";
import { composeHiddenTexts } from "./compose/hidden-texts.ts";
import { composeOpenRenderSettings, composeRenderSettings } from "./compose/render-settings.ts";
import { composeDecrypter, composeSealer } from "./compose/sops.ts";
import { type OpenState, openState } from "./compose/state.ts";
import type { DryRunOptions } from "./dry-run/options.ts";
import {
  readCommitFiles,
  readConnectionsOpenly,
  readSettings,
  trustedOrigin,
  untrustedOrigin,
} from "./dry-run/origin.ts";
import { readOtherSettings } from "./dry-run/other-settings.ts";
import { readSamples } from "./dry-run/samples.ts";
import { withholdEncrypted } from "./dry-run/withhold-encrypted.ts";
import { catalogLoader, configFolder } from "./read-config.ts";

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
  const hidden = options.isUntrusted ? undefined : composeHiddenTexts(context, settings, false);
  const decrypter = options.isUntrusted ? withholdEncrypted : composeDecrypter(settings);
  const load = catalogLoader(settings, read.connections, hidden);
  const folder = configFolder(context, settings, options.config);
  const readCommit = (commit: ObjectId, { config: { exclude } }: Settings) =>
    readCommitFiles(
      context,
      checkout!,
      commit,
      configFolder(context, baseSettings, options.config),
      exclude,
      decrypter,
    );

  const state = options.isOffline || options.isUntrusted ? undefined : await openState(context, settings);
  try {
    const checkpoint = await readCheckpoint(settings, state);
    // A base without the folder has nothing; a head without it takes nothing away, and is an error.
    const baseFiles = baseCommit === undefined ? undefined : await noneIfMissing(readCommit(baseCommit, baseSettings));
    const kept = state === undefined ? [] : await readKeptCatalog(state.git, state.tree, hidden);
    const loadBase =
      baseSettings === settings
        ? load
        : catalogLoader(
            baseSettings,
            (await readConnectionsOpenly(context, baseSettings, origin.settings)).connections,
            hidden,
          );
    // What is in force was put there by the settings of then, as the state has kept them.
    const then = baseFiles === undefined ? readCatalogSettings(readGuardState(checkpoint.parts).settings) : {};
    const loaded = loadBase(baseFiles ?? kept, undefined, then).value;
    const withdrawn = state === undefined ? new Set<string>() : await readWithdrawn(state.git, state.tree);
    const base = baseFiles === undefined ? markWithdrawn(loaded, withdrawn) : loaded;
    const headFiles = options.isUntrusted
      ? readCommit(await checkout!.findCommit("HEAD"), settings)
      : readWorkingFiles(context, settings, options.config);
    const files = await headFiles;
    const head = load(files, loaded);
    const foldOf = (side: Settings) => ({
      records: side.output.records,
      render: options.isUntrusted ? composeOpenRenderSettings(side) : composeRenderSettings(side, context),
      ...sealingOf(hidden === undefined ? undefined : composeSealer(side, hidden)),
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
      guard: {
        loadCatalog: load,
        loaded,
        files,
        place: { branch: settings.repository.branch, path: settings.output.path },
      },
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

/** What is on file is taken as it is, and nothing is encrypted. */
function sealingOf(sealer: Sealer | undefined): { readonly sealer?: Sealer } {
  return sealer === undefined ? {} : { sealer: sealer.asDry() };
}

function placementOf(settings: Settings): Placement {
  const { path: outputPath, shards } = settings.output;
  return { outputPath, layout: { shards, buckets: hubDeliveryOf(settings)?.buckets ?? 1 } };
}

/** Some cluster's own file; undefined: there is no cluster yet. */
async function readClusterFile({ git, tree }: OpenState): Promise<string | undefined> {
  for await (const path of git.listFiles(tree!, desiredFolder)) {
    if (path.endsWith(`/${baseFolder}/sluice-cluster.yaml`)) return (await git.readFiles(tree!, [path])).get(path);
  }
  return undefined;
}

async function readCheckpoint(settings: Settings, state: OpenState | undefined): Promise<Checkpoint> {
  const nothing = { ...emptyCheckpoint, layout: placementOf(settings).layout };
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

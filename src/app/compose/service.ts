/** The service, put together from the settings: repository, streams, review, catalog. */
import { noMetrics } from "../../adapters/system/no-metrics.ts";
import { systemChance, systemClock } from "../../adapters/system/system-clock.ts";
import { deriveConnections } from "../../config/derive-connections.ts";
import type { Layout } from "../../model/change-set.ts";
import { deliversReleases, hubDeliveryOf, type Settings } from "../../model/settings.ts";
import type { BranchNames } from "../../pipeline/branches/branch-parts.ts";
import { Branches } from "../../pipeline/branches/branches.ts";
import { writeCommitMessage } from "../../pipeline/commit-message.ts";
import type { LeadingSettings } from "../../pipeline/loop/in-force.ts";
import { Leading, type LeadingPorts } from "../../pipeline/loop/leading.ts";
import { areInForce, type SettingsMemory, StandingBy } from "../../pipeline/loop/standing-by.ts";
import type { EventStream } from "../../ports/event-stream.ts";
import type { HiddenTexts } from "../../ports/hidden-texts.ts";
import type { Metrics } from "../../ports/metrics.ts";
import type { Log } from "../../ports/system.ts";
import type { CliContext } from "../cli/context.ts";
import type { Leader, LeaderWindows, Standby } from "../host/host-parts.ts";
import { catalogLoader, type ServiceConfig } from "../read-config.ts";
import { folderSource, targetSource } from "./documents.ts";
import { composeHiddenTexts } from "./hidden-texts.ts";
import { openHub } from "./hub.ts";
import { composeOutcomes } from "./outcomes.ts";
import { composeRenderSettings } from "./render-settings.ts";
import { nameRepository, openRepository } from "./repository.ts";
import { composeReview } from "./review.ts";
import { compileShipped } from "./shipped-template.ts";
import { composeSealer } from "./sops.ts";

const deadLettersMax = 1000;
/** So many outcomes wait in the state until somebody can be told. */
const outcomesMax = 10_000;

export interface ServiceWindows {
  readonly log: Log;
  readonly metrics?: Metrics;
  /** Is given the branches before they are waited for: what helps them to be there goes through them. */
  readonly onBranches?: (branches: Branches) => void;
  /** Told of every push that went through. */
  readonly onPushed?: () => void;
  /** Is given the settings that it leads with from now on; undefined: it leads no more. */
  readonly onLeading?: (settings: Settings | undefined) => void;
}

/** The service, started: branches open, catalog in force, target as the state wants it. Throws where the signal aborts. */
export async function composeService(
  context: CliContext,
  config: ServiceConfig,
  streams: readonly EventStream[],
  windows: ServiceWindows,
  leader: Omit<LeaderWindows, "log">,
  signal: AbortSignal = context.stop,
): Promise<Leader> {
  const standby = await composeStandby(context, config, windows, () => ({ wereInForce: false }));
  try {
    return await standby.lead(streams, { log: windows.log, ...leader }, signal);
  } catch (error) {
    await standby.close();
    throw error;
  }
}

/** The service with its repository open; it does not lead yet. */
export async function composeStandby(
  context: CliContext,
  config: ServiceConfig,
  windows: ServiceWindows,
  memoryFor: (config: ServiceConfig) => SettingsMemory,
): Promise<Standby> {
  const git = await openRepository(context, config.settings, "git", windows.log);
  const compose: ComposeSettings = (given, ports) => composeSettings(context, given, ports);
  const hidden = composeHiddenTexts(context, config.settings, true);
  const machine = { git, clock: systemClock, chance: systemChance, hidden };
  return createStandby(config, machine, compose, windows, memoryFor);
}

/** What settings say of a service, its streams apart. */
type ComposeSettings = (config: ServiceConfig, ports: LeadingPorts) => Omit<LeadingSettings, "streams">;

/** What a standby stands on. `loader`: in place of the one that reads all documents anew at each start. */
interface StandbyMachine extends Pick<LeadingPorts, "git" | "clock" | "chance"> {
  readonly hidden?: HiddenTexts;
  readonly loader?: typeof catalogLoader;
}

/** The same over a repository that is open, and any clock. */
export function createStandby(
  config: ServiceConfig,
  { hidden, loader = catalogLoader, ...machine }: StandbyMachine,
  compose: ComposeSettings,
  { log: standbyLog, metrics = noMetrics, onBranches, onPushed, onLeading }: ServiceWindows,
  memoryFor: (config: ServiceConfig) => SettingsMemory,
): Standby {
  const { git } = machine;
  const told = onPushed === undefined ? {} : { onPushed };
  const systemPorts = { ...machine, metrics, ...told };
  const ports = { ...systemPorts, log: standbyLog };
  const standing = new StandingBy({
    ...ports,
    names: namesOf(config.settings),
    loadCatalog: loader(config.settings, config.connections, hidden),
    ...(hidden === undefined ? {} : { hidden }),
    layout: layoutOf(config.settings),
    lookMs: config.settings.repository.pollMs,
    memory: memoryFor(config),
  });
  return {
    run: (stopped) => standing.run(stopped),
    get stateId() {
      return standing.stateId;
    },
    get mayCompete() {
      return standing.mayCompete;
    },
    get problem() {
      return standing.problem;
    },
    lead: async (streams, windows, stopped) => {
      // Closing ends whatever is under way, also while a server keeps silent.
      const close = () => void git.close();
      stopped.addEventListener("abort", close, { once: true });
      // A stop that came while the repository was opened is not told again.
      if (stopped.aborted) close();
      try {
        const leadPorts = { ...systemPorts, log: windows.log };
        const settings = { ...compose(config, leadPorts), streams };
        const branches = openBranches(config.settings, leadPorts);
        onBranches?.(branches);
        const readKept = standing.readKept.bind(standing);
        const leading = await Leading.start({ ...leadPorts, ...settings, ...windows, branches, readKept }, stopped);
        const remember = (led: ServiceConfig) => {
          // They are old as soon as others follow.
          const own = loader(led.settings, led.connections);
          if (areInForce(own, leading.catalog)) memoryFor(led).wereInForce = true;
          onLeading?.(led.settings);
        };
        remember(config);
        return composeLeader(compose, leading, leadPorts, { remember, onEnd: () => onLeading?.(undefined) });
      } finally {
        stopped.removeEventListener("abort", close);
      }
    },
    close: () => git.close(),
  };
}

/** `remember` is called with settings that have taken over, `onEnd` when it leads no more. */
function composeLeader(
  compose: ComposeSettings,
  leading: Leading,
  ports: LeadingPorts,
  { remember, onEnd }: { readonly remember: (config: ServiceConfig) => void; readonly onEnd: () => void },
): Leader {
  return {
    run: (stopped) => leading.run(stopped),
    execute: (command) => leading.execute(command),
    hint: () => {
      leading.hint();
      ports.onPushed?.();
    },
    snapshot: () => leading.snapshot(),
    look: leading.look,
    get lead() {
      return leading.lead;
    },
    get unansweredMs() {
      return leading.unansweredMs;
    },
    abandon: () => leading.abandon(),
    prepare: async (next) => {
      const prepared = await leading.prepare(compose(next, ports), namesOf(next.settings));
      return {
        exchange: async (takeStreams) => {
          await leading.exchange(prepared, takeStreams);
          remember(next);
        },
      };
    },
    close: () => {
      onEnd();
      return ports.git.close();
    },
  };
}

/** Reads the secrets that rendering and review need. */
export function composeSettings(
  context: CliContext,
  { settings, connections }: Pick<ServiceConfig, "settings" | "connections">,
  ports: LeadingPorts,
): Omit<LeadingSettings, "streams"> {
  const { repository, output, commit, config, review, fromSecrets, outcomes } = settings;
  const hidden = composeHiddenTexts(context, settings, true);
  const sealer = composeSealer(settings, hidden);
  const publisher = review.mode === "pull-request" ? { review: composeReview(context, settings, review, ports) } : {};
  return {
    options: {
      ...commit,
      lookMs: repository.pollMs,
      layout: layoutOf(settings),
      outputPath: output.path,
      guard: settings.guard,
      ...(settings.state.historyMinutesMax === undefined
        ? {}
        : { historyMinutesMax: settings.state.historyMinutesMax }),
      records: output.records,
      deadLettersMax,
      ...(outcomes === undefined ? {} : { outbox: { outcomesMax, isReviewed: review.mode === "pull-request" } }),
      render: composeRenderSettings(settings, context),
      hidden,
      ...(sealer === undefined ? {} : { sealer }),
    },
    config:
      config.kind === "directory" ? folderSource(context, settings) : targetSource(ports.git, config.path, settings),
    loadCatalog: catalogLoader(settings, connections, hidden),
    ...(settings.hub === undefined ? {} : { openHub: () => openHub(context, settings.hub!) }),
    ...(fromSecrets.length === 0 ? {} : { derive: (catalog) => deriveConnections(catalog, fromSecrets) }),
    ...publisher,
    ...(outcomes === undefined ? {} : { outcomes: composeOutcomes(context, outcomes, connections) }),
    at: ({ branch, path }) => {
      const placed = { ...settings, repository: { ...repository, branch }, output: { ...output, path } };
      return composeSettings(context, { settings: placed, connections }, ports);
    },
  };
}

export function openBranches(settings: Settings, ports: Omit<LeadingPorts, "metrics">): Branches {
  const message = compileShipped("commit-message.tmpl");
  return new Branches(namesOf(settings), ports, (changeSet) => writeCommitMessage(message, changeSet));
}

function layoutOf(settings: Settings): Layout {
  return { shards: settings.output.shards, buckets: hubDeliveryOf(settings)?.buckets ?? 1 };
}

export function namesOf(settings: Settings): BranchNames {
  const { name, repository, state, output, review } = settings;
  const delivery = hubDeliveryOf(settings);
  const isReviewed = review.mode === "pull-request";
  const deliveryPath = delivery === undefined ? {} : { deliveryPath: delivery.path };
  const names = { target: repository.branch, state: state.branch, outputPath: output.path, ...deliveryPath };
  return {
    ...names,
    hasReleases: deliversReleases(settings),
    isReviewed,
    instance: name,
    repository: nameRepository(repository.url),
  };
}

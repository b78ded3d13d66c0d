/** The service, put together from the settings: repository, streams, review, catalog. */
import { noMetrics } from "../../adapters/system/no-metrics.ts";
import { systemChance, systemClock } from "../../adapters/system/system-clock.ts";
import type { Settings } from "../../model/settings.ts";
import type { BranchNames } from "../../pipeline/branches/branch-parts.ts";
import { Branches } from "../../pipeline/branches/branches.ts";
import { writeCommitMessage } from "../../pipeline/commit-message.ts";
import type { LeadingSettings } from "../../pipeline/loop/in-force.ts";
import { Leading, type LeadingPorts } from "../../pipeline/loop/leading.ts";
import type { EventStream } from "../../ports/event-stream.ts";
import type { Metrics } from "../../ports/metrics.ts";
import type { Log } from "../../ports/system.ts";
import type { CliContext } from "../cli/context.ts";
import type { Leader } from "../host/host-parts.ts";
import { catalogLoader, type ServiceConfig } from "../read-config.ts";
import { folderSource, targetSource } from "./documents.ts";
import { composeRenderSettings } from "./render-settings.ts";
import { openRepository } from "./repository.ts";
import { composeReview } from "./review.ts";
import { compileShipped } from "./shipped-template.ts";

const deadLettersMax = 1000;

export interface ServiceWindows {
  readonly log: Log;
  readonly metrics?: Metrics;
  /** Is given the branches before they are waited for: what helps them to be there goes through them. */
  readonly onBranches?: (branches: Branches) => void;
}

/**
 * The service, started: branches open, catalog in force, target as the state wants it. Throws where the signal aborts
 * before that, also while a server keeps silent.
 */
export async function composeService(
  context: CliContext,
  config: ServiceConfig,
  streams: readonly EventStream[],
  { log, metrics = noMetrics, onBranches }: ServiceWindows,
  onReady: () => void,
  signal: AbortSignal = context.stop,
): Promise<Leader> {
  const git = await openRepository(context, config.settings, "git", log);
  const ports = { git, clock: systemClock, chance: systemChance, log, metrics };
  // Closing ends whatever is under way.
  const close = () => void git.close();
  signal.addEventListener("abort", close, { once: true });
  // A stop that came while the repository was opened is not told again.
  if (signal.aborted) close();
  try {
    const settings = { ...composeSettings(context, config, ports), streams };
    const branches = openBranches(config.settings, ports);
    onBranches?.(branches);
    const leading = await Leading.start({ ...ports, ...settings, branches, onReady }, signal);
    signal.removeEventListener("abort", close);
    return {
      run: (stopped) => leading.run(stopped),
      execute: (command) => leading.execute(command),
      hint: () => leading.hint(),
      snapshot: () => leading.snapshot(),
      look: leading.look,
      get lead() {
        return leading.lead;
      },
      prepare: async (next) => {
        const prepared = await leading.prepare(composeSettings(context, next, ports), namesOf(next.settings));
        return { exchange: (takeStreams) => leading.exchange(prepared, takeStreams) };
      },
      close: () => git.close(),
    };
  } catch (error) {
    signal.removeEventListener("abort", close);
    await git.close();
    throw error;
  }
}

/** What the settings say of a service, its streams apart. Reads the secrets that rendering and review need. */
function composeSettings(
  context: CliContext,
  { settings, connections }: ServiceConfig,
  ports: LeadingPorts,
): Omit<LeadingSettings, "streams"> {
  const { repository, output, commit, config, review } = settings;
  const publisher = review.mode === "pull-request" ? { review: composeReview(context, settings, review, ports) } : {};
  return {
    options: {
      ...commit,
      lookMs: repository.pollMs,
      layout: { shards: output.shards, buckets: 1 },
      outputPath: output.path,
      guard: settings.guard,
      records: output.records,
      deadLettersMax,
      render: composeRenderSettings(settings, context),
    },
    config:
      config.kind === "directory"
        ? folderSource(context, settings)
        : targetSource(ports.git, config.path, config.exclude),
    loadCatalog: catalogLoader(settings, connections),
    ...publisher,
  };
}

export function openBranches(settings: Settings, ports: Omit<LeadingPorts, "metrics">): Branches {
  const message = compileShipped("commit-message.tmpl");
  return new Branches(namesOf(settings), ports, (changeSet) => writeCommitMessage(message, changeSet));
}

function namesOf({ name, repository, state, output, review }: Settings): BranchNames {
  const isReviewed = review.mode === "pull-request";
  return { target: repository.branch, state: state.branch, outputPath: output.path, isReviewed, instance: name };
}

/** The host with everything real behind it. */
import { rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { openGitRepository, readBranchesToPush } from "../../adapters/git/open-git-repository.ts";
import { preparedStore } from "../../adapters/git/seed-store.ts";
import { DialGate } from "../../adapters/nats/dial-gate.ts";
import { fingerprintFiles } from "../../adapters/system/fingerprint-files.ts";
import { limitHeapGrowth } from "../../adapters/system/heap-growth.ts";
import { createPromMetrics, type PromMetrics } from "../../adapters/system/prom-metrics.ts";
import { holdStateDirectory } from "../../adapters/system/state-directory.ts";
import { systemChance, systemClock } from "../../adapters/system/system-clock.ts";
import { type Problem, SluiceError } from "../../model/problem.ts";
import type { Settings } from "../../model/settings.ts";
import type { Branches } from "../../pipeline/branches/branches.ts";
import type { SettingsMemory } from "../../pipeline/loop/standing-by.ts";
import { randomId } from "../../pipeline/random-id.ts";
import type { Log } from "../../ports/system.ts";
import type { CliContext, ExitCode } from "../cli/context.ts";
import { reportProblems } from "../cli/context.ts";
import type { HostParts } from "../host/host-parts.ts";
import { plainText } from "../host/plain-text.ts";
import { Host } from "../host.ts";
import { openStatusServer } from "../http/status-server.ts";
import { openWebhooks } from "../http/webhooks.ts";
import { readVersion } from "../project-files.ts";
import { readServiceConfig, type ServiceConfig, secretReader } from "../read-config.ts";
import { secretsOf } from "../secrets-of.ts";
import { ApplierChild } from "./applier-child.ts";
import { openControl } from "./control.ts";
import { composeLease } from "./lease.ts";
import { composeRenderSettings } from "./render-settings.ts";
import { repositoryOptions } from "./repository.ts";
import { composeService, composeStandby, openBranches } from "./service.ts";
import { checkJournalFolders, openConnection } from "./streams.ts";

/** Runs until the context is stopped. Exit code 3 where the settings can't be used at the start. */
export async function hostService(
  context: CliContext,
  file: string,
  log: Log,
  logFlags: readonly string[],
): Promise<ExitCode> {
  limitHeapGrowth();
  const metrics = createPromMetrics(readVersion());
  const applier = new ApplierChild(resolve(context.workingDirectory, file), logFlags, log, metrics);
  const host = new Host(composeHostParts(context, file, log, metrics, applier), context.stop);
  try {
    const ran = await host.run((problems) => reportProblems(context, problems));
    return ran ? 0 : 3;
  } finally {
    await applier.stop();
  }
}

function composeHostParts(
  context: CliContext,
  file: string,
  log: Log,
  metrics: PromMetrics,
  applier: ApplierChild,
): HostParts {
  const read = secretReader(context);
  const version = readVersion();
  const holder = randomId(systemChance);
  const memoryFor = createSettingsMemory();
  const onPushed = () => applier.hint();
  const onLeading = (settings: Settings | undefined) => applier.follow(settings);
  let newest: Branches | undefined;
  const onBranches = (branches: Branches) => {
    newest = branches;
  };
  const gate = new DialGate();
  return {
    clock: systemClock,
    log,
    version,
    applier: () => applier.snapshot(),
    settingsFile: resolve(context.workingDirectory, file),
    readConfig: async (isStrict) => {
      try {
        return await readServiceConfig(context, file, isStrict);
      } catch (error) {
        if (!(error instanceof SluiceError)) throw error;
        return { value: undefined, problems: [error.problem] };
      }
    },
    fingerprint: fingerprintFiles,
    lockState: holdStateDirectory,
    openControl,
    openListener: (host, port, { secret, onHint }) =>
      openWebhooks({
        host,
        port,
        secret: () => {
          const ref = secret();
          return ref === undefined ? undefined : read(ref);
        },
        onHint,
      }),
    openStatus: (host, port, source) => openStatusServer({ host, port, source, redactor: context.redactor, metrics }),
    openConnection: (settings, connection, lead) => openConnection(context, settings, connection, log, lead, gate),
    checkSettings: async ({ settings }) => checkSecrets(context, settings),
    checkJournals: checkJournalFolders,
    checkDatabase: (config, before, onReached, signal) =>
      checkDatabase(context, config, before, { log, onReached, signal }),
    startLeader: (config, streams, windows, signal) => {
      const { log: startLog, ...leader } = windows;
      return composeService(
        context,
        config,
        streams,
        { log: startLog, metrics, onBranches, onPushed, onLeading },
        leader,
        signal,
      );
    },
    openStandby: (config, standbyLog) =>
      composeStandby(context, config, { log: standbyLog, metrics, onBranches, onPushed, onLeading }, memoryFor),
    openLease: (config, stateId) => ({ ...composeLease(context, config, stateId), holder }),
    claimState: (claim) => newest?.claimOrigin(claim),
    restoreState: async () => newest?.restoreState(context.stop),
  };
}

/** What a process remembers of its settings, for as long as they say the same. */
function createSettingsMemory(): (config: ServiceConfig) => SettingsMemory {
  let known: { readonly text: string; readonly memory: SettingsMemory } | undefined;
  return ({ settings }) => {
    const text = plainText(settings);
    if (known?.text !== text) known = { text, memory: { wereInForce: false } };
    return known.memory;
  };
}

/** Reads everything that is used later, so that what is not there refuses the settings and not the service. */
function checkSecrets(context: CliContext, settings: Settings): void {
  const read = secretReader(context);
  composeRenderSettings(settings, context);
  for (const ref of secretsOf(settings)) read(ref);
}

/**
 * Opens another database in a store of its own, and reads its state; the store is left for who starts with it. Throws a
 * SluiceError where that can't be.
 */
async function checkDatabase(
  context: CliContext,
  { settings }: ServiceConfig,
  { settings: before }: ServiceConfig,
  { log, onReached, signal }: { readonly log: Log; readonly onReached: () => void; readonly signal: AbortSignal },
): Promise<void> {
  const { directory } = settings.state;
  const options = repositoryOptions(context, settings, preparedStore("git"), log, directory);
  await rm(options.directory, { recursive: true, force: true });
  await readBranchesToPush(options, signal);
  onReached();
  const git = await openGitRepository({ ...options, seed: join(before.state.directory, "git") });
  const close = () => void git.close();
  signal.addEventListener("abort", close, { once: true });
  let isReady = false;
  try {
    // Nothing of it stays at the signal where it has aborted while the store was filled.
    if (signal.aborted) close();
    const branches = openBranches(settings, { git, clock: systemClock, chance: systemChance, log });
    const checkpoint = await branches.open();
    if (branches.stateTree === undefined) throw new SluiceError(heldProblem(settings));
    branches.judgeOrigin(checkpoint);
    isReady = true;
  } finally {
    signal.removeEventListener("abort", close);
    await git.close();
    if (!isReady) await rm(options.directory, { recursive: true, force: true });
  }
}

function heldProblem({ repository, state }: Settings): Problem {
  return {
    code: "CHANGE_HELD",
    severity: "error",
    message: `${repository.url} has no branch ${state.branch}, and the one that is in force has a state`,
    hint: "Push the state branch there first, or stop the service and start it with the new settings to begin anew.",
  };
}

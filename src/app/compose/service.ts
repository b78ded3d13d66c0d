/** The service, put together from the settings: repository, streams, review, catalog. */
import { noMetrics } from "../../adapters/system/no-metrics.ts";
import { systemChance, systemClock } from "../../adapters/system/system-clock.ts";
import { Branches } from "../../pipeline/branches/branches.ts";
import { writeCommitMessage } from "../../pipeline/commit-message.ts";
import type { ControlCommand } from "../../pipeline/execute-command.ts";
import { Leading } from "../../pipeline/loop/leading.ts";
import type { EventStream, StreamStatus } from "../../ports/event-stream.ts";
import type { Log } from "../../ports/system.ts";
import type { CliContext } from "../cli/context.ts";
import { catalogLoader, type ServiceConfig } from "../read-config.ts";
import { folderSource, targetSource } from "./documents.ts";
import { composeRenderSettings } from "./render-settings.ts";
import { openRepository } from "./repository.ts";
import { composeReview } from "./review.ts";
import { compileShipped } from "./shipped-template.ts";

const deadLettersMax = 1000;

export interface OpenService {
  run(signal: AbortSignal): Promise<void>;
  execute(command: ControlCommand): Promise<string>;
  /** Something has changed on the forge, perhaps. */
  hint(): void;
  statuses(): ReadonlyMap<string, StreamStatus>;
  close(): Promise<void>;
}

/** The service, started: branches open, catalog in force, target as the state wants it. */
export async function composeService(
  context: CliContext,
  { settings, connections }: ServiceConfig,
  streams: readonly EventStream[],
  log: Log,
  onReady: () => void,
): Promise<OpenService> {
  const git = await openRepository(context, settings, "git", log);
  const { repository, state, output, commit, config, review } = settings;
  const isReviewed = review.mode === "pull-request";
  const names = { target: repository.branch, state: state.branch, outputPath: output.path, isReviewed };
  const ports = { git, clock: systemClock, chance: systemChance, log };
  const message = compileShipped("commit-message.tmpl");
  const publisher = review.mode === "pull-request" ? { review: composeReview(context, settings, review, ports) } : {};
  const branches = new Branches(names, ports, (changeSet) => writeCommitMessage(message, changeSet));
  try {
    const service = await Leading.start(
      {
        options: {
          ...commit,
          lookMs: repository.pollMs,
          shards: output.shards,
          records: output.records,
          deadLettersMax,
          render: composeRenderSettings(settings, context),
        },
        ...ports,
        metrics: noMetrics,
        ...publisher,
        branches,
        streams,
        config:
          config.kind === "directory"
            ? folderSource(context, settings)
            : targetSource(git, config.path, config.exclude),
        loadCatalog: catalogLoader(settings, connections),
        onReady,
      },
      context.stop,
    );
    return {
      run: (signal) => service.run(signal),
      execute: (command) => service.execute(command),
      hint: () => service.hint(),
      statuses: () => service.statuses,
      close: () => git.close(),
    };
  } catch (error) {
    await git.close();
    throw error;
  }
}

/** `sluice run`: the service. */
import type { Command } from "commander";
import { composeLog, composeService, type LogFlags, openSettings } from "../compose.ts";
import { addFileOption, type CliContext, type CommonOptions, type ExitCode, reportProblems } from "./context.ts";

export function addRunCommand(program: Command, context: CliContext, end: (code: ExitCode) => void): void {
  addFileOption(program.command("run"))
    .description("the service: subscribes, renders, commits and pushes until it is told to stop")
    .option("--log-format <json|text>", "how to log to stderr (default: text on a terminal, else json)")
    .option("--log-level <level>", "debug, info, warn or error", "info")
    .action(async (options: CommonOptions & LogFlags) => end(await run(context, options)));
}

async function run(context: CliContext, options: CommonOptions & LogFlags): Promise<ExitCode> {
  const { value: settings, problems } = await openSettings(context, options.file);
  if (reportProblems(context, problems) || settings === undefined) return 3;
  const log = composeLog(context, options);
  const service = await composeService(context, settings, log, () => log.info("ready"));
  try {
    await service.run(context.stop);
    log.info("stopped");
    return 0;
  } finally {
    await service.close();
  }
}

/** `sluice run`: the service. */
import { type Command, Option } from "commander";
import { hostService } from "../compose/host.ts";
import { composeLog, type LogFlags, logFlagsOf } from "../compose/log.ts";
import { addFileOption, type CliContext, type CommonOptions, type ExitCode } from "./context.ts";

export function addRunCommand(program: Command, context: CliContext, end: (code: ExitCode) => void): void {
  addFileOption(program.command("run"))
    .description("the service: subscribes, renders, commits and pushes until it is told to stop")
    .addOption(
      new Option("--log-format <format>", "how to log to stderr (default: text on a terminal, else json)").choices([
        "json",
        "text",
      ]),
    )
    .addOption(
      new Option("--log-level <level>", "the least that is logged")
        .choices(["debug", "info", "warn", "error"])
        .default("info"),
    )
    .action(async (options: CommonOptions & LogFlags) => end(await run(context, options)));
}

async function run(context: CliContext, options: CommonOptions & LogFlags): Promise<ExitCode> {
  context.stopInOrder();
  const log = composeLog(context, options);
  const code = await hostService(context, options.file, log, logFlagsOf(context, options));
  if (code === 0) log.info("stopped");
  return code;
}

/** The command line: one file a command, the same streams and exit codes for all. */
import { Command, CommanderError } from "commander";
import { readVersion } from "../project-files.ts";
import { type CliContext, type ExitCode, reportFailure } from "./context.ts";
import { addControlCommands } from "./control.ts";
import { addDemoCommand } from "./demo.ts";
import { addDiffCommand } from "./diff.ts";
import { addExplainCommand } from "./explain.ts";
import { addPublishCommand } from "./publish.ts";
import { addRenderCommand } from "./render.ts";
import { addRunCommand } from "./run.ts";
import { addShowCommand } from "./show.ts";
import { addTestCommand } from "./test.ts";
import { addValidateCommand } from "./validate.ts";

/** Runs one command; `args` are the words behind the program's name. */
export async function runCli(args: readonly string[], context: CliContext): Promise<ExitCode> {
  let code: ExitCode = 0;
  const end = (ended: ExitCode) => {
    code = ended;
  };
  const program = new Command("sluice")
    .description("CloudEvents in, reviewed Kubernetes manifests out, in Git")
    .version(readVersion())
    .exitOverride()
    .configureOutput({ writeOut: context.out, writeErr: context.err })
    .showHelpAfterError("(see sluice --help)");
  const adders = [
    addRunCommand,
    addRenderCommand,
    addDiffCommand,
    addTestCommand,
    addExplainCommand,
    addValidateCommand,
    addShowCommand,
    addControlCommands,
    addPublishCommand,
    addDemoCommand,
  ];
  for (const add of adders) add(program, context, end);
  // Commander copies these only to commands that it makes itself after they are set.
  for (const command of program.commands)
    command.exitOverride().configureOutput({ writeOut: context.out, writeErr: context.err });
  program.addHelpText(
    "after",
    "\nResults go to stdout, logs and progress to stderr.\nExit codes: 0 done, 1 differences or findings, 2 usage, 3 failure.",
  );
  try {
    await program.parseAsync([...args], { from: "user" });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    return reportFailure(context, error);
  }
}

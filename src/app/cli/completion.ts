/** `sluice completion`: a script that completes commands, flags and their values in a shell. */
import { Argument, type Command } from "commander";
import { describeCommands } from "./command-tree.ts";
import { type Shell, shells, writeCompletion } from "./completion-scripts.ts";
import type { CliContext, ExitCode } from "./context.ts";

export function addCompletionCommand(program: Command, context: CliContext, end: (code: ExitCode) => void): void {
  program
    .command("completion")
    .description("print a script that completes commands, flags and values in a shell")
    .addArgument(new Argument("<shell>", "whose script").choices(shells))
    .addHelpText("after", "\nExamples:\n  source <(sluice completion bash)\n  sluice completion fish | source")
    .action(async (shell: Shell) => {
      const { loadProgram } = await import("./program.ts");
      context.out(writeCompletion(shell, describeCommands(await loadProgram(context))));
      end(0);
    });
}

/** `sluice forget --left`: takes away what LeavePolicies left. */
import type { Command } from "commander";
import { addFileOption, type CliContext, type CommonOptions, type ExitCode, usageError } from "./context.ts";
import { control } from "./control.ts";

interface ForgetOptions extends CommonOptions {
  readonly left?: boolean;
}

export function addForgetCommand(program: Command, context: CliContext, end: (code: ExitCode) => void): void {
  addFileOption(program.command("forget"))
    .description("take away from Git what LeavePolicies left there; what is in the clusters stays")
    .option("--left", "what `show addons --left` lists")
    .argument("[trigger]", "only what this EventTrigger had")
    .action(async (trigger: string | undefined, { left, ...options }: ForgetOptions) => {
      if (left !== true) throw usageError("forget what? sluice forget --left takes away what LeavePolicies left");
      end(await control(context, options, { command: "forget-left", ...(trigger === undefined ? {} : { trigger }) }));
    });
}

/** The command line as data, for what completes words: made from commander's own commands, so that it is never another one. */
import type { Command } from "commander";

export interface CommandOption {
  /** `--output`, `-o`. */
  readonly flags: readonly string[];
  readonly description: string;
  /** Whether a value follows. */
  readonly takesValue: boolean;
  /** Empty: any value, a file perhaps. */
  readonly choices: readonly string[];
}

export interface CommandNode {
  readonly name: string;
  readonly description: string;
  readonly options: readonly CommandOption[];
  /** Of its first argument; empty: any. */
  readonly choices: readonly string[];
}

export function describeCommands(program: Command): readonly CommandNode[] {
  return program.commands.map((command) => ({
    name: command.name(),
    description: command.description(),
    options: command.options.map(({ short, long, description, required, optional, argChoices }) => ({
      flags: [long, short].filter((flag) => flag !== undefined && flag !== null),
      description,
      takesValue: required || optional,
      choices: argChoices ?? [],
    })),
    choices: command.registeredArguments[0]?.argChoices ?? [],
  }));
}

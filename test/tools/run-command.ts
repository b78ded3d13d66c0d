/** A command line run within the test's own process, as one that is given no terminal. */
import type { CliContext } from "../../src/app/cli/context.ts";
import { runCli } from "../../src/app/cli/program.ts";

export interface CommandRun {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** `args` are the words behind `sluice`. What it prints passes no redactor. */
export async function runCommand(workingDirectory: string, args: readonly string[]): Promise<CommandRun> {
  let out = "";
  let err = "";
  const context: CliContext = {
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    isTerminal: false,
    workingDirectory,
    stop: new AbortController().signal,
    stopInOrder: () => undefined,
    redactor: { remember: () => undefined, redact: (text) => text, redactValue: (value) => value },
  };
  return { code: await runCli(args, context), out, err };
}

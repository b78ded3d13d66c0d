/** What every command gets: where to write, how to end, and the flags that all of them share. */
import type { Command } from "commander";
import { formatProblem, type Problem, SluiceError } from "../../model/problem.ts";
import type { Redactor } from "../../ports/system.ts";

/** 0 done, 1 differences or findings, 2 usage, 3 failure, or what was asked for is not there. */
export type ExitCode = 0 | 1 | 2 | 3;

export interface CliContext {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly isTerminal: boolean;
  readonly workingDirectory: string;
  /** Aborts when the process is asked to stop. */
  readonly stop: AbortSignal;
  /** This command stops in order when asked to, by `stop`; without it the process ends at once. */
  readonly stopInOrder: () => void;
  /** Every text that leaves passes through it: no secret is ever printed. */
  readonly redactor: Redactor;
}

export interface CommonOptions {
  readonly file: string;
}

export type OutputFormat = "table" | "wide" | "name" | "json" | "yaml";

export function addFileOption(command: Command): Command {
  return command.option("-f, --file <sluice.yaml>", "settings", "sluice.yaml");
}

/** Prints the problems to stderr; true if one of them is an error. */
export function reportProblems(context: CliContext, problems: readonly Problem[]): boolean {
  for (const problem of problems) context.err(`${context.redactor.redact(formatProblem(problem))}\n`);
  return problems.some(({ severity }) => severity === "error");
}

/** What went wrong, as one problem where it is known, and the exit code for it. */
export function reportFailure(context: CliContext, error: unknown): ExitCode {
  if (error instanceof SluiceError) {
    reportProblems(context, [error.problem]);
    return error.problem.code === "USAGE" ? 2 : 3;
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  context.err(`${context.redactor.redact(`a bug in Sluice: ${text}`)}\n`);
  return 3;
}

/** What was asked for is not there: exit code 3, unlike words that are off. */
export function notFoundError(message: string, hint?: string): SluiceError {
  return new SluiceError({ code: "NOT_FOUND", message, ...(hint === undefined ? {} : { hint }) });
}

export function usageError(message: string, hint?: string): SluiceError {
  return new SluiceError({ code: "USAGE", message, ...(hint === undefined ? {} : { hint }) });
}

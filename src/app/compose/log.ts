/** The log of a process: where it goes, and how it looks. */
import { createLog } from "../../adapters/system/pino-log.ts";
import type { Log } from "../../ports/system.ts";
import type { CliContext } from "../cli/context.ts";

export interface LogFlags {
  readonly logFormat?: "json" | "text";
  readonly logLevel?: "debug" | "info" | "warn" | "error";
}

export function composeLog(context: CliContext, { logFormat, logLevel }: LogFlags): Log {
  const format = logFormat ?? (context.isTerminal ? "text" : "json");
  const { redactor, err: write } = context;
  return createLog({ level: logLevel ?? "info", format, redactor, isDated: true, write });
}

/** What has another process log as this one does. */
export function logFlagsOf(context: CliContext, { logFormat, logLevel }: LogFlags): readonly string[] {
  const format = logFormat ?? (context.isTerminal ? "text" : "json");
  return ["--log-format", format, "--log-level", logLevel ?? "info"];
}

/** Commands that print results log only what is wrong, and as text. */
export function quietLog(context: CliContext): Log {
  return createLog({ level: "warn", format: "text", redactor: context.redactor, write: context.err });
}

/** Flags of commands that print rows, and of those that log while they go on. */
import { type Command, Option } from "commander";
import type { OutputFormat } from "./context.ts";

const formats = ["table", "wide", "name", "json", "yaml"] as const satisfies readonly OutputFormat[];

/** How rows are printed: `headers` and `output`. */
export function addPrintOptions(command: Command): Command {
  return command
    .option("--no-headers", "a table without its titles")
    .addOption(new Option("-o, --output <format>", "how to print").choices([...formats]).default("table"));
}

/** LogFlags of a command that logs with --watch. */
export function addWatchLogOptions(command: Command): Command {
  return command
    .addOption(new Option("--log-format <format>", "with --watch: how to log to stderr").choices(["json", "text"]))
    .addOption(
      new Option("--log-level <level>", "with --watch: the least that is logged")
        .choices(["debug", "info", "warn", "error"])
        .default("info"),
    );
}

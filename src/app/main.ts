#!/usr/bin/env node
/** The door from the shell: reads argv and the process, writes to its streams, ends with an exit code. */
import type { CliContext } from "./cli/context.ts";
import { runCli } from "./cli/program.ts";
import { createCliRedactor } from "./compose/process.ts";

const stop = new AbortController();
let signals = 0;
for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.on(signal, () => {
    stop.abort();
    // Who asks twice does not want to wait for the last push.
    if (++signals > 1) process.exit(3);
  });
}
// `sluice show … | head` is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 3));

const context: CliContext = {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  isTerminal: process.stderr.isTTY === true,
  workingDirectory: process.cwd(),
  stop: stop.signal,
  redactor: createCliRedactor(),
};

process.exitCode = await runCli(process.argv.slice(2), context);

#!/usr/bin/env node
/** The door from the shell: reads argv and the process, writes to its streams, ends with an exit code. */
import module from "node:module";
import type { CliContext } from "./cli/context.ts";
import { runCli } from "./cli/program.ts";
import { createCliRedactor } from "./compose/process.ts";

// From Node 22 on, what was compiled once is kept: most commands are shorter than compiling them.
(module as { enableCompileCache?: () => void }).enableCompileCache?.();

/** What was written is written by then. */
const endMsMax = 2_000;
const stop = new AbortController();
let stopsInOrder = false;
for (const [signal, code] of [
  ["SIGTERM", 143],
  ["SIGINT", 130],
] as const) {
  process.on(signal, () => {
    // Who asks twice does not want to wait for the last push; what only reads has nothing to bring to an end.
    if (stop.signal.aborted || !stopsInOrder) process.exit(code);
    stop.abort();
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
  stopInOrder: () => {
    stopsInOrder = true;
  },
  redactor: createCliRedactor(),
};

process.exitCode = await runCli(process.argv.slice(2), context);
// A service that has ended in order ends, whatever a server that keeps silent may hold open still.
if (stopsInOrder) setTimeout(() => process.exit(), endMsMax).unref();

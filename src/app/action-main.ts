/** The door from a workflow: hands the runner's variables to the Action, ends with its exit code. */
import { runAction } from "./action.ts";
import { createCliRedactor } from "./compose/process.ts";

const stop = new AbortController();
for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => stop.abort());

process.exitCode = await runAction(
  {
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
    isTerminal: false,
    workingDirectory: process.cwd(),
    stop: stop.signal,
    redactor: createCliRedactor(),
  },
  process.env,
);

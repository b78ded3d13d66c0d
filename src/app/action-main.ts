/** The door from a workflow: hands the runner's variables to the Action, ends with its exit code. */
import { runAction } from "./action.ts";
import { createCliRedactor } from "./compose/process.ts";

const stop = new AbortController();
// It only reads: nothing has to be brought to an end.
process.on("SIGTERM", () => process.exit(143));
process.on("SIGINT", () => process.exit(130));

process.exitCode = await runAction(
  {
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
    isTerminal: false,
    workingDirectory: process.cwd(),
    stop: stop.signal,
    stopInOrder: () => undefined,
    redactor: createCliRedactor(),
  },
  process.env,
);

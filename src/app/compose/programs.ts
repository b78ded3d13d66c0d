/** Programs that the demo runs beside the service itself. */
import { gitEnv, runProgram } from "../../adapters/git/git-program.ts";
import { type StartedNatsServer, startNatsServer } from "../../adapters/programs/start-nats-server.ts";
import { SluiceError } from "../../model/problem.ts";

export interface DemoPrograms {
  readonly startServer: (directory: string, user: string, password: string) => Promise<StartedNatsServer>;
  /** Runs git; its output, or a SluiceError (PROGRAM_FAILED) with what it said. */
  readonly git: (args: readonly string[]) => Promise<string>;
}

/** The programs that the demo runs besides the service itself. */
export function demoPrograms(): DemoPrograms {
  return {
    startServer: (directory, user, password) =>
      startNatsServer(process.env.NATS_SERVER || "nats-server", directory, user, password),
    git: async (args) => {
      const { code, stdout, stderr } = await runProgram("git", args, { env: gitEnv(), durationMsMax: 60_000 });
      if (code !== 0)
        throw new SluiceError({ code: "PROGRAM_FAILED", message: `git ${args[0]} failed: ${stderr.trim()}` });
      return stdout.toString();
    },
  };
}

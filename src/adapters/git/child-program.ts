/**
 * A program that was started: in a process group of its own, so that ending it ends what it has started itself (`git fetch` starts
 * `git-remote-http` or `ssh`), and Ctrl-C in a terminal goes to Sluice alone.
 */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { SluiceError } from "../../model/problem.ts";
import type { ProgramEnv } from "../../ports/program-runner.ts";

const stderrCharsMax = 8192;

/** Programs that run now: in groups of their own they would outlive this process. */
const running = new Set<ChildProgram>();
process.on("exit", () => {
  for (const program of running) program.kill();
});

export class ChildProgram {
  readonly child: ChildProcessWithoutNullStreams;
  /** Resolves when it has ended and its output is read. */
  readonly exited: Promise<void>;
  #stderr = "";
  #stderrBytes = 0;
  #spawnError: NodeJS.ErrnoException | undefined;

  /** Throws a SluiceError where the program can't be started, or finds out about it later: then `failure` says why. */
  constructor(program: string, args: readonly string[], env: ProgramEnv) {
    let child: ChildProcessWithoutNullStreams | undefined;
    try {
      child = spawn(program, args, { env, stdio: "pipe", detached: true });
      child.on("error", (error) => {
        this.#spawnError = error;
      });
      // Out of file descriptors it comes without its pipes.
      if (child.stdout == null) throw Object.assign(new Error("no more files can be opened"), { code: "EMFILE" });
    } catch (error) {
      throw explainSpawnError(program, error);
    }
    this.child = child;
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#stderrBytes += text.length;
      this.#stderr = (this.#stderr + text).slice(-stderrCharsMax);
    });
    // A program that ends early closes its input; what it said on the way counts, not the broken pipe.
    child.stdin.on("error", () => undefined);
    running.add(this);
    const end = () => {
      running.delete(this);
    };
    this.exited = once(child, "close").then(end, end);
  }

  /** The end of what it has said on its standard error. */
  get stderr(): string {
    return this.#stderr.trim();
  }

  /** How much it has said there so far. */
  get stderrBytes(): number {
    return this.#stderrBytes;
  }

  /** Why it could not be started. */
  get failure(): NodeJS.ErrnoException | undefined {
    return this.#spawnError;
  }

  get isAlive(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null && this.#spawnError === undefined;
  }

  /** Asks it and all that it has started to end, and ends them where they have not after so many milliseconds. */
  end(graceMs: number): void {
    if (graceMs === 0) {
      this.kill();
      return;
    }
    this.#signal("SIGTERM");
    const late = setTimeout(() => this.kill(), graceMs);
    void this.exited.then(() => clearTimeout(late));
  }

  /** Ends it and all that it has started, without asking. */
  kill(): void {
    this.#signal("SIGKILL");
  }

  #signal(signal: "SIGTERM" | "SIGKILL"): void {
    const { pid } = this.child;
    if (pid === undefined) return;
    try {
      process.kill(-pid, signal);
    } catch {
      // It has ended.
    }
  }
}

/** What a program that could not be started means. */
export function explainSpawnError(program: string, error: unknown): SluiceError {
  if (error instanceof SluiceError) return error;
  const { code } = error as NodeJS.ErrnoException;
  if (code === "ENOENT") {
    return new SluiceError(
      {
        code: "PROGRAM_MISSING",
        message: `the program ${program} is not installed`,
        hint: `Install ${program} and see that it is on the PATH.`,
      },
      error,
    );
  }
  return new SluiceError(
    {
      code: "PROGRAM_FAILED",
      message: `the program ${program} can't be started: ${code ?? String(error)}`,
      hint: "Look at the limits of this machine: open files, processes, memory; Sluice tries again.",
    },
    error,
  );
}

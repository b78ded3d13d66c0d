/** A process of our own beside this one: started again when it dies, ended with this one, and spoken to by messages. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { setPriority } from "node:os";
import type { Log } from "../../ports/system.ts";
import { systemChance, systemClock } from "../system/system-clock.ts";

export interface KeptChildOptions {
  /** What it is called in the log. */
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
  /** What its heap may take, in MiB. */
  readonly heapMax: number;
  readonly log: Log;
  readonly onMessage: (message: unknown) => void;
}

/** As `nice` has it: where there is too little for both, this process gets three times as much of the processor. */
export const childPriority = 5;
const delayMsMin = 1_000;
const delayMsMax = 60_000;
/** One that ran for so long did not die of how it was started. */
const settledMs = 60_000;
const stopMsMax = 15_000;

export class KeptChild {
  readonly #options: KeptChildOptions;
  readonly #stopped = new AbortController();
  #child: ChildProcess | undefined;
  readonly #running: Promise<void>;

  constructor(options: KeptChildOptions) {
    this.#options = options;
    this.#running = this.#run();
  }

  /** Nothing is kept for one that is not there at the moment. */
  send(message: string): void {
    if (this.#child?.connected === true) this.#child.send(message, () => undefined);
  }

  /** It is asked to end, and made to where it does not. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    const child = this.#child;
    child?.kill("SIGTERM");
    const late = setTimeout(() => child?.kill("SIGKILL"), stopMsMax);
    await this.#running;
    clearTimeout(late);
  }

  async #run(): Promise<void> {
    const { name, log } = this.#options;
    let delayMs = delayMsMin;
    while (!this.#stopped.signal.aborted) {
      const startedAt = systemClock.monotonic();
      const how = await this.#runOnce();
      if (this.#stopped.signal.aborted) return;
      if (systemClock.monotonic() - startedAt > settledMs) delayMs = delayMsMin;
      log.warn(`the ${name} has ended, and is started again`, { how, milliseconds: Math.round(delayMs) });
      await systemClock.sleep(delayMs * (0.5 + systemChance.next() / 2), this.#stopped.signal);
      delayMs = Math.min(delayMs * 2, delayMsMax);
    }
  }

  async #runOnce(): Promise<string> {
    const { program, args, heapMax, onMessage } = this.#options;
    const child = fork(program, [...args], {
      execArgv: [`--max-old-space-size=${heapMax}`],
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    this.#child = child;
    stepBack(child);
    child.on("message", onMessage);
    if (this.#stopped.signal.aborted) child.kill("SIGTERM");
    try {
      const [code, signal] = (await once(child, "exit")) as [number | null, string | null];
      return signal ?? `exit code ${code}`;
    } catch (error) {
      return `it can't be started: ${(error as Error).message}`;
    }
  }
}

/** At once, so that the threads that it starts are like it. Where the system does not allow it, it is as important as we are. */
function stepBack({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    setPriority(pid, childPriority);
  } catch {
    // It may have ended already, too.
  }
}

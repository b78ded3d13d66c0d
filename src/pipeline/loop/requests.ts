/** Work that must not run while a push is under way: it waits here until the loop comes to it, between two pushes. */
import { SluiceError } from "../../model/problem.ts";

interface Request {
  /** Never rejects: whoever made the request learns how it went. */
  run(signal: AbortSignal): Promise<void>;
  reject(reason: unknown): void;
}

export class Requests {
  #waiting: Request[] = [];
  #hasEnded = false;
  /** Ends the loop's waiting. */
  readonly #wake: () => void;

  constructor(wake: () => void) {
    this.#wake = wake;
  }

  get areWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  /** Resolves to what the work comes to, once the loop has done it; rejects where the loop ends before. */
  add<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#hasEnded) reject(stoppedError());
      else this.#waiting.push({ run: (signal) => work(signal).then(resolve, reject), reject });
      this.#wake();
    });
  }

  /** Does what waits, in order. */
  async runAll(signal: AbortSignal): Promise<void> {
    for (const request of this.#waiting.splice(0)) await request.run(signal);
  }

  /** Nobody does anything any more; whoever waits for it is told. */
  end(): void {
    this.#hasEnded = true;
    for (const { reject } of this.#waiting.splice(0)) reject(stoppedError());
  }
}

export function stoppedError(): SluiceError {
  return new SluiceError({
    code: "SERVICE_BUSY",
    message: "the service stopped before that was pushed",
    hint: "Look at what is in force when it is up again, and repeat the command if need be.",
  });
}

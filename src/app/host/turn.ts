/** This process's turn to lead: it lasts until the lease is lost, given up because nothing gets on, or ended in order. */
import { SluiceError } from "../../model/problem.ts";
import type { Tenure } from "../../pipeline/lease/tenure.ts";

/** A leader whose pushes get no answer for so long lets others try. */
const unansweredMsMax = 60_000;

export class Turn {
  readonly #tenure: Tenure;
  readonly #lost = new AbortController();
  readonly #ended = new AbortController();
  readonly #running: Promise<void>;
  #reason: SluiceError | undefined;

  /** `unansweredMs`: for how long what is pushed has had no answer; `onStuck` is called once, where that is too long. */
  constructor(tenure: Tenure, unansweredMs: () => number, onStuck: () => void) {
    this.#tenure = tenure;
    const look = () => {
      if (this.#lost.signal.aborted) return;
      const { takenBy } = tenure;
      if (takenBy !== undefined) this.#lose(takenError(takenBy.address));
      else if (unansweredMs() > unansweredMsMax) {
        onStuck();
        this.#lose(stuckError());
      }
    };
    this.#running = tenure.run(this.#ended.signal, look);
  }

  /** Aborts when it is somebody else's turn. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** LEADER_LOST, once it is lost. */
  get reason(): SluiceError | undefined {
    return this.#reason;
  }

  /** After a stop of the process it is not known whether the turn is still its own. */
  get isStale(): boolean {
    return this.#tenure.isStale;
  }

  /** To be asked before anything is done on the outside that the state does not fence. */
  async mayAct(): Promise<boolean> {
    return !this.#lost.signal.aborted && (await this.#tenure.mayAct());
  }

  /** Never resolves; throws why it is lost, or what a bug ended it with. */
  untilLost(): Promise<never> {
    return new Promise((_, reject) => {
      const tell = () => reject(this.#reason);
      if (this.#lost.signal.aborted) tell();
      this.#lost.signal.addEventListener("abort", tell, { once: true });
      this.#running.catch(reject);
    });
  }

  /** Gives the lease up, where it is still held: the next instance takes it at once. */
  async end(): Promise<void> {
    this.#ended.abort();
    await this.#running.catch(() => undefined);
    await this.#tenure.release();
  }

  #lose(reason: SluiceError): void {
    this.#reason = reason;
    this.#lost.abort();
  }
}

function takenError(address: string): SluiceError {
  return new SluiceError({
    code: "LEADER_LOST",
    message: `the lease was taken by ${address}: another instance leads`,
    hint: "This one stands by, and takes over when it is its turn.",
  });
}

function stuckError(): SluiceError {
  return new SluiceError({
    code: "LEADER_LOST",
    message: `no push was answered for ${unansweredMsMax / 1000} s: the lease is given up, so that another instance can try`,
    hint: "See whether the repository can be reached from here.",
  });
}

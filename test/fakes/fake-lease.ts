/** A lease in memory, which several instances share; a test may cut one of them off from it. */
import { SluiceError } from "../../src/model/problem.ts";
import type { Lease, LeaseEntry, LeaseValue } from "../../src/ports/lease.ts";

export class FakeLeaseServer {
  #entry: LeaseEntry | undefined;
  #revision = 0;
  /** Every writing that was taken. */
  readonly written: LeaseValue[] = [];

  get entry(): LeaseEntry | undefined {
    return this.#entry;
  }

  /** The bucket is removed, and made again. */
  recreate(): void {
    this.#entry = undefined;
    this.#revision = 0;
  }

  /** The lease as one instance sees it. */
  connect() {
    const state = { isCut: false, losesAnswers: false, isClosed: false };
    const ask = () => {
      if (state.isCut) throw new SluiceError({ code: "NATS_UNAVAILABLE", message: "no answer" });
    };
    const lease: Lease = {
      read: async () => {
        ask();
        return this.#entry;
      },
      write: async (value, at) => {
        ask();
        if (this.#entry?.revision !== at) return undefined;
        this.#revision++;
        this.#entry = { value, revision: this.#revision };
        this.written.push(value);
        if (state.losesAnswers) throw new SluiceError({ code: "NATS_UNAVAILABLE", message: "the answer got lost" });
        return this.#revision;
      },
      close: async () => {
        state.isClosed = true;
      },
    };
    return Object.assign(state, { lease });
  }
}

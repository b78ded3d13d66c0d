/** So many at a time, and the others wait in the order in which they came. */
export class Turns {
  #free: number;
  readonly #waiting: { readonly go: () => void; readonly fail: (reason: unknown) => void }[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  async take<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((go, fail) => this.#waiting.push({ go, fail }));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free++;
      else next.go();
    }
  }

  /** Whoever waits at the moment gets no turn, and this as the reason. */
  failWaiting(reason: unknown): void {
    for (const { fail } of this.#waiting.splice(0)) fail(reason);
  }
}

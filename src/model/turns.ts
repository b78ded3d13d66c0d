/** So many at a time, and the others wait in the order in which they came. */
export class Turns {
  #count: number;
  #taken = 0;
  readonly #waiting: { readonly go: () => void; readonly fail: (reason: unknown) => void }[] = [];

  constructor(count: number) {
    this.#count = count;
  }

  get count(): number {
    return this.#count;
  }

  /** From now on so many at a time; those beyond that which are at work already come to their end. */
  resize(count: number): void {
    this.#count = count;
    this.#letIn();
  }

  async take<T>(work: () => Promise<T>): Promise<T> {
    if (this.#taken < this.#count) this.#taken++;
    else await new Promise<void>((go, fail) => this.#waiting.push({ go, fail }));
    try {
      return await work();
    } finally {
      this.#taken--;
      this.#letIn();
    }
  }

  /** Whoever waits at the moment gets no turn, and this as the reason. */
  failWaiting(reason: unknown): void {
    for (const { fail } of this.#waiting.splice(0)) fail(reason);
  }

  #letIn(): void {
    while (this.#taken < this.#count) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.#taken++;
      next.go();
    }
  }
}

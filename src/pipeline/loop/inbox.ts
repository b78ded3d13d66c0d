/**
 * Where deliveries wait for the next batch. There is no timer: a batch is what arrived while the last one was being
 * committed or pushed. Bounded, so that a slow repository slows reading down instead of filling memory.
 */

export interface InboxBounds {
  readonly entriesMax: number;
  readonly bytesMax: number;
}

export class Inbox<Entry extends { readonly bytes: number }> {
  readonly #bounds: InboxBounds;
  #entries: Entry[] = [];
  #bytes = 0;
  #waiters: { readonly isDue: () => boolean; readonly resolve: () => void }[] = [];

  constructor(bounds: InboxBounds) {
    this.#bounds = bounds;
  }

  get size(): number {
    return this.#entries.length;
  }

  get isFull(): boolean {
    return this.#entries.length >= this.#bounds.entriesMax || this.#bytes >= this.#bounds.bytesMax;
  }

  add(entry: Entry): void {
    this.#entries.push(entry);
    this.#bytes += entry.bytes;
    this.#wake();
  }

  /** The oldest entries, in order, up to the bounds; one at least. */
  take(entriesMax: number, bytesMax: number): Entry[] {
    let count = 0;
    let taking = 0;
    for (; count < Math.min(entriesMax, this.#entries.length); count++) {
      const { bytes } = this.#entries[count]!;
      if (count > 0 && taking + bytes > bytesMax) break;
      taking += bytes;
    }
    const taken = this.#entries.splice(0, count);
    this.#bytes -= taking;
    this.#wake();
    return taken;
  }

  untilRoom(signal: AbortSignal): Promise<void> {
    return this.#until(() => !this.isFull, signal);
  }

  untilAny(signal: AbortSignal): Promise<void> {
    return this.#until(() => this.#entries.length > 0, signal);
  }

  /** Until there are so many entries, or so many bytes of them. */
  untilAtLeast(entries: number, bytes: number, signal: AbortSignal): Promise<void> {
    return this.#until(() => this.#entries.length >= entries || this.#bytes >= bytes || this.isFull, signal);
  }

  /** Resolves when due, or when the signal aborts. */
  #until(isDue: () => boolean, signal: AbortSignal): Promise<void> {
    if (isDue() || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const waiter = { isDue, resolve: done };
      const waiters = this.#waiters;
      function done(): void {
        signal.removeEventListener("abort", abandon);
        resolve();
      }
      function abandon(): void {
        waiters.splice(waiters.indexOf(waiter) >>> 0, 1);
        resolve();
      }
      waiters.push(waiter);
      signal.addEventListener("abort", abandon, { once: true });
    });
  }

  #wake(): void {
    for (let index = this.#waiters.length - 1; index >= 0; index--) {
      const waiter = this.#waiters[index];
      if (!waiter?.isDue()) continue;
      this.#waiters.splice(index, 1);
      waiter.resolve();
    }
  }
}

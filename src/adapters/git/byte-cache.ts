/**
 * A cache bounded in bytes, in two generations: what is used moves to the young one, and when that is half of the bound it
 * becomes the old one and what nobody used since goes. Constant time for each use, where a Map kept in order of use
 * slows down with all the places that were deleted from its front.
 */
export class ByteCache {
  #young = new Map<string, Buffer>();
  #old = new Map<string, Buffer>();
  readonly #generationBytesMax: number;
  #youngBytes = 0;

  constructor(bytesMax: number) {
    this.#generationBytesMax = bytesMax / 2;
  }

  get(key: string): Buffer | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old !== undefined) this.set(key, old);
    return old;
  }

  set(key: string, value: Buffer): void {
    const cost = costOf(value);
    if (cost > this.#generationBytesMax) return;
    const replaced = this.#young.get(key);
    if (replaced !== undefined) this.#youngBytes -= costOf(replaced);
    if (this.#youngBytes + cost > this.#generationBytesMax) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#youngBytes = 0;
    }
    this.#young.set(key, value);
    this.#youngBytes += cost;
  }

  /** What is in the old generation stays there: it goes soon. */
  delete(key: string): void {
    const value = this.#young.get(key);
    if (value === undefined) return;
    this.#young.delete(key);
    this.#youngBytes -= costOf(value);
  }

  clear(): void {
    this.#young.clear();
    this.#old.clear();
    this.#youngBytes = 0;
  }
}

/** An entry's bytes, with what the map, its key and the buffer's own object take. */
function costOf(value: Buffer): number {
  return value.length + 250;
}

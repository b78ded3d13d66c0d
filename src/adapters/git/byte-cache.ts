/** A cache bounded in bytes; what was used longest ago goes first. */
export class ByteCache {
  readonly #entries = new Map<string, Buffer>();
  readonly #bytesMax: number;
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get(key: string): Buffer | undefined {
    const found = this.#entries.get(key);
    if (found !== undefined) {
      this.#entries.delete(key);
      this.#entries.set(key, found);
    }
    return found;
  }

  set(key: string, value: Buffer): void {
    const old = this.#entries.get(key);
    if (old !== undefined) {
      this.#bytes -= costOf(old);
      this.#entries.delete(key);
    }
    if (costOf(value) > this.#bytesMax) return;
    this.#entries.set(key, value);
    this.#bytes += costOf(value);
    for (const [oldest, bytes] of this.#entries) {
      if (this.#bytes <= this.#bytesMax) break;
      this.#entries.delete(oldest);
      this.#bytes -= costOf(bytes);
    }
  }

  clear(): void {
    this.#entries.clear();
    this.#bytes = 0;
  }
}

/** An entry's bytes, with what the map, its key and the buffer's own object take. */
function costOf(value: Buffer): number {
  return value.length + 250;
}

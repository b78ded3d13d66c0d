/**
 * Gives out small buffers of large pieces of memory, for what lives long. Node's own pool mixes them with buffers that
 * are dropped at once, and each that is left keeps its 8 KiB.
 */
const pieceBytes = 64 * 1024;
/** Larger ones have memory of their own. */
const smallBytesMax = 4 * 1024;

export class Arena {
  #piece = Buffer.alloc(0);
  #at = 0;

  /** With whatever was there. */
  allocate(size: number): Buffer {
    if (size > smallBytesMax) return Buffer.allocUnsafeSlow(size);
    if (this.#at + size > this.#piece.length) {
      this.#piece = Buffer.allocUnsafeSlow(pieceBytes);
      this.#at = 0;
    }
    const start = this.#at;
    this.#at += size;
    return this.#piece.subarray(start, this.#at);
  }

  copy(bytes: Buffer): Buffer {
    const kept = this.allocate(bytes.length);
    bytes.copy(kept);
    return kept;
  }
}

/** Bytes that need not all be in memory at a time. */
export interface ByteSource {
  /** How many they are. */
  readonly length: number;
  /** All of them, from the first; each time anew. A piece that was given stays as it is. */
  pieces(): Iterable<Buffer>;
}

/** Bytes that are in memory. */
export function sourceOf(bytes: Buffer): ByteSource {
  return { length: bytes.length, pieces: () => [bytes] };
}

/** Git's deltas: a result as stretches copied from a base and inserted bytes. */
import { DamagedStoreError } from "./store-error.ts";
import type { Segment } from "./tree-bytes.ts";

const copySizeMax = 0xffffff;
const insertSizeMax = 0x7f;
/** A command, four bytes of offset and three of size. */
const copyBytesMax = 8;
/** Of numbers up to 2^53. */
const varintBytesMax = 8;

/** The delta that makes a result of `resultSize` bytes out of a base of `baseSize` bytes. */
export function encodeDelta(baseSize: number, resultSize: number, segments: readonly Segment[]): Buffer {
  let sizeMax = 2 * varintBytesMax;
  for (const segment of segments) sizeMax += encodedSizeMax(segment);
  const out = Buffer.allocUnsafe(sizeMax);
  let end = writeVarint(out, 0, baseSize);
  end = writeVarint(out, end, resultSize);
  for (const segment of segments) {
    if ("bytes" in segment) {
      const { bytes } = segment;
      for (let at = 0; at < bytes.length; at += insertSizeMax) {
        const size = Math.min(bytes.length - at, insertSizeMax);
        out[end++] = size;
        end += bytes.copy(out, end, at, at + size);
      }
    } else {
      for (let at = segment.start; at < segment.end; at += copySizeMax) {
        end = writeCopy(out, end, at, Math.min(segment.end - at, copySizeMax));
      }
    }
  }
  return out.subarray(0, end);
}

function encodedSizeMax(segment: Segment): number {
  if (!("bytes" in segment)) return copyBytesMax * Math.ceil((segment.end - segment.start) / copySizeMax);
  return segment.bytes.length + Math.ceil(segment.bytes.length / insertSizeMax);
}

/** Writes a number at `at`; where it ends. */
function writeVarint(out: Buffer, at: number, value: number): number {
  let end = at;
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) out[end++] = (rest & 0x7f) | 0x80;
  out[end++] = rest;
  return end;
}

/**
 * Writes a copy at `at`; where it ends. A command byte's bits say which bytes of offset (4) and size (3) follow; absent ones
 * are zero.
 */
function writeCopy(out: Buffer, at: number, offset: number, size: number): number {
  let command = 0x80;
  let end = at + 1;
  for (let byte = 0; byte < 4; byte++) {
    const value = (offset >>> (8 * byte)) & 0xff;
    if (value === 0) continue;
    out[end++] = value;
    command |= 1 << byte;
  }
  // A size of 65,536 is written as none at all.
  for (let byte = 0; byte < 3 && size !== 0x10000; byte++) {
    const value = (size >>> (8 * byte)) & 0xff;
    if (value === 0) continue;
    out[end++] = value;
    command |= 0x10 << byte;
  }
  out[at] = command;
  return end;
}

/** The result of a delta on its base; throws a DamagedStoreError where they don't fit. */
export function applyDelta(base: Buffer, delta: Buffer): Buffer {
  let at = 0;
  const byte = (): number => {
    const value = delta[at++];
    if (value === undefined) throw malformed();
    return value;
  };
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 0x80) {
      const next = byte();
      value += (next & 0x7f) * scale;
      if (next < 0x80) return value;
    }
  };

  if (varint() !== base.length) throw malformed();
  const result = Buffer.allocUnsafe(varint());
  let filled = 0;
  while (at < delta.length) {
    const command = byte();
    if (command === 0) throw malformed();
    let source = delta;
    let start = at;
    let size = command;
    if (command & 0x80) {
      let offset = 0;
      size = 0;
      for (let bit = 0; bit < 4; bit++) if (command & (1 << bit)) offset += byte() * 2 ** (8 * bit);
      for (let bit = 0; bit < 3; bit++) if (command & (0x10 << bit)) size += byte() * 2 ** (8 * bit);
      if (size === 0) size = 0x10000;
      source = base;
      start = offset;
    } else {
      at += size;
    }
    if (start + size > source.length || filled + size > result.length) throw malformed();
    source.copy(result, filled, start, start + size);
    filled += size;
  }
  if (filled !== result.length) throw malformed();
  return result;
}

function malformed(): DamagedStoreError {
  return new DamagedStoreError("a delta does not fit its base");
}

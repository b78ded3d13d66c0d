/** Git's deltas: a result as stretches copied from a base and inserted bytes. */
import { DamagedStoreError } from "./store-error.ts";
import type { Segment } from "./tree-bytes.ts";

const copySizeMax = 0xffffff;
const insertSizeMax = 0x7f;

/** The delta that makes a result of `resultSize` bytes out of a base of `baseSize` bytes. */
export function encodeDelta(baseSize: number, resultSize: number, segments: readonly Segment[]): Buffer {
  const out: number[] = [];
  pushVarint(out, baseSize);
  pushVarint(out, resultSize);
  for (const segment of segments) {
    if ("bytes" in segment) {
      for (let at = 0; at < segment.bytes.length; at += insertSizeMax) {
        const piece = segment.bytes.subarray(at, at + insertSizeMax);
        out.push(piece.length, ...piece);
      }
    } else {
      for (let at = segment.start; at < segment.end; at += copySizeMax) {
        pushCopy(out, at, Math.min(segment.end - at, copySizeMax));
      }
    }
  }
  return Buffer.from(out);
}

function pushVarint(out: number[], value: number): void {
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) out.push((rest & 0x7f) | 0x80);
  out.push(rest);
}

/** A command byte whose bits say which bytes of offset (4) and size (3) follow; absent ones are zero. */
function pushCopy(out: number[], offset: number, size: number): void {
  const command = out.push(0x80) - 1;
  for (let byte = 0; byte < 4; byte++) {
    const value = (offset >>> (8 * byte)) & 0xff;
    if (value === 0) continue;
    out.push(value);
    out[command]! |= 1 << byte;
  }
  // A size of 65,536 is written as none at all.
  if (size === 0x10000) return;
  for (let byte = 0; byte < 3; byte++) {
    const value = (size >>> (8 * byte)) & 0xff;
    if (value === 0) continue;
    out.push(value);
    out[command]! |= 0x10 << byte;
  }
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

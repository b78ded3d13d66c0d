/**
 * zlib streams of small objects. A batch has thousands of them, of some hundred bytes each, and zlib spends most of its time on
 * setting itself up: here that is done once. One block with the fixed Huffman codes, matches found greedily through
 * a table of hashes (RFC 1951, 3.2.6); larger objects are left to zlib.
 */
import { deflateSync } from "node:zlib";
import { Arena } from "./arena.ts";

/** From here on zlib is worth its start. */
const ownBytesMax = 16 * 1024;
const matchMin = 4;
const matchMax = 258;
const hashBits = 12;

/** Bits of a code in the order they are sent, and above them, from bit 16 on, how many there are. */
const literalCodes = Uint32Array.from({ length: 288 }, (_, symbol) => packCode(...fixedCode(symbol)));
const lengthCodes = new Uint32Array(matchMax + 1);
const lengthExtra = new Uint32Array(matchMax + 1);
/** By distance - 1 below 256, above by (distance - 1) / 128 and on from 256. */
const distanceCodes = new Uint32Array(512);
const distanceBases = new Uint32Array(30);
const distanceExtraBits = new Uint8Array(30);

fillLengths();
fillDistances();

const output = Buffer.allocUnsafe(ownBytesMax * 2);
/** What is compressed is kept until it is pushed and stored. */
const kept = new Arena();
/** Where four bytes of that hash were last seen: the position counted on over all objects, so that nothing is ever cleared. */
const seen = new Uint32Array(1 << hashBits);
let seenStart = 0;

/**
 * The zlib stream of an object's body. In a tree only the stretches between ids are worth a search: ids don't compress.
 */
export function deflate(body: Buffer, isTree = false): Buffer {
  if (body.length > ownBytesMax) return deflateSync(body, { level: 1 });
  if (seenStart > 0xf0000000) {
    seen.fill(0);
    seenStart = 0;
  }
  seenStart += 1;
  const start = seenStart;
  seenStart += body.length;

  // Header of a zlib stream without preset dictionary, then: last block, fixed codes.
  output[0] = 0x78;
  output[1] = 0x01;
  let end = 2;
  let bits = 0b011;
  let bitCount = 3;
  const length = body.length;
  const lastSearch = length - matchMin;
  /** Where the next search is due, and how far a match may reach. */
  let search = 0;
  let reach = isTree ? entryEnd(body, 0) : length;
  for (let at = 0; at < length; ) {
    if (at === search && at <= lastSearch) {
      const four = body[at]! | (body[at + 1]! << 8) | (body[at + 2]! << 16) | (body[at + 3]! << 24);
      const slot = Math.imul(four, 0x9e3779b1) >>> (32 - hashBits);
      const candidate = seen[slot]! - start;
      seen[slot] = at + start;
      const size = candidate < 0 ? 0 : matchSize(body, candidate, at, Math.min(at + matchMax, reach));
      if (isTree) {
        search = reach;
        reach = entryEnd(body, search);
      } else {
        search = at + Math.max(1, size);
      }
      if (size > 0) {
        // Of 32 bits never more than 15 are in use when one of the four parts of a match is added, of 13 bits at most.
        const lengthCode = lengthCodes[size]!;
        bits |= (lengthCode & 0xffff) << bitCount;
        bitCount += lengthCode >>> 16;
        if (bitCount >= 16) {
          output[end] = bits;
          output[end + 1] = bits >>> 8;
          end += 2;
          bits >>>= 16;
          bitCount -= 16;
        }
        const extra = lengthExtra[size]!;
        const distance = at - candidate - 1;
        const distanceCode = distanceCodes[distance < 256 ? distance : 256 + (distance >>> 7)]!;
        bits |= (extra & 0xffff) << bitCount;
        bitCount += extra >>> 16;
        bits |= (distanceCode & 0xffff) << bitCount;
        bitCount += 5;
        if (bitCount >= 16) {
          output[end] = bits;
          output[end + 1] = bits >>> 8;
          end += 2;
          bits >>>= 16;
          bitCount -= 16;
        }
        const symbol = distanceCode >>> 16;
        bits |= (distance - distanceBases[symbol]!) << bitCount;
        bitCount += distanceExtraBits[symbol]!;
        at += size;
      } else {
        const code = literalCodes[body[at++]!]!;
        bits |= (code & 0xffff) << bitCount;
        bitCount += code >>> 16;
      }
    } else {
      const code = literalCodes[body[at++]!]!;
      bits |= (code & 0xffff) << bitCount;
      bitCount += code >>> 16;
    }
    if (bitCount >= 16) {
      output[end] = bits;
      output[end + 1] = bits >>> 8;
      end += 2;
      bits >>>= 16;
      bitCount -= 16;
    }
  }
  // The end of the block is seven zeros.
  bitCount += 7;
  for (; bitCount > 0; bitCount -= 8) {
    output[end++] = bits;
    bits >>>= 8;
  }
  if (end > length + 7) end = storeWhole(body);
  end = output.writeUInt32BE(adler32(body), end);
  return kept.copy(output.subarray(0, end));
}

/** How many bytes at `at`, up to `most`, are those at `candidate`; 0 where a match would not pay. */
function matchSize(body: Buffer, candidate: number, at: number, most: number): number {
  let end = at;
  for (let from = candidate; end < most && body[from] === body[end]; from++) end++;
  return end - at < matchMin ? 0 : end - at;
}

/** Where the tree entry that starts at `start` ends. */
function entryEnd(tree: Buffer, start: number): number {
  let nul = start;
  while (nul < tree.length && tree[nul] !== 0) nul++;
  return Math.min(tree.length, nul + 21);
}

/** One stored block: for what does not compress. */
function storeWhole(body: Buffer): number {
  output[2] = 1;
  output.writeUInt16LE(body.length, 3);
  output.writeUInt16LE(body.length ^ 0xffff, 5);
  return 7 + body.copy(output, 7);
}

/** The checksum at the end of a zlib stream (RFC 1950). */
export function adler32(bytes: Buffer): number {
  let [low, high] = [1, 0];
  for (let at = 0; at < bytes.length; ) {
    // As many as are added without overflow before the remainders must be taken.
    const stop = Math.min(bytes.length, at + 3800);
    while (at < stop) {
      low += bytes[at++]!;
      high += low;
    }
    low %= 65521;
    high %= 65521;
  }
  return high * 65536 + low;
}

/** The fixed code of a literal or length symbol. */
function fixedCode(symbol: number): [code: number, bits: number] {
  if (symbol < 144) return [0x30 + symbol, 8];
  if (symbol < 256) return [0x190 + symbol - 144, 9];
  if (symbol < 280) return [symbol - 256, 7];
  return [0xc0 + symbol - 280, 8];
}

/** Huffman codes are sent with their highest bit first, everything else with its lowest. */
function packCode(code: number, bits: number): number {
  let reversed = 0;
  for (let bit = 0; bit < bits; bit++) reversed |= ((code >>> bit) & 1) << (bits - 1 - bit);
  return reversed | (bits << 16);
}

function fillLengths(): void {
  let length = 3;
  for (let symbol = 257; symbol < 285; symbol++) {
    const extraBits = symbol < 265 ? 0 : (symbol - 261) >>> 2;
    for (let extra = 0; extra < 1 << extraBits; extra++, length++) {
      lengthCodes[length] = literalCodes[symbol]!;
      lengthExtra[length] = extra | (extraBits << 16);
    }
  }
  lengthCodes[matchMax] = literalCodes[285]!;
  lengthExtra[matchMax] = 0;
}

function fillDistances(): void {
  let distance = 0;
  for (let symbol = 0; symbol < 30; symbol++) {
    const extraBits = symbol < 4 ? 0 : (symbol - 2) >>> 1;
    distanceBases[symbol] = distance;
    distanceExtraBits[symbol] = extraBits;
    const packed = (packCode(symbol, 5) & 0xffff) | (symbol << 16);
    for (let extra = 0; extra < 1 << extraBits; extra++, distance++) {
      distanceCodes[distance < 256 ? distance : 256 + (distance >>> 7)] = packed;
    }
  }
}

/**
 * zlib streams of small objects. A batch has thousands of them, of some hundred bytes each, and zlib spends most of its time on
 * setting itself up: here that is done once. One block with the fixed Huffman codes, matches found greedily through
 * a table of hashes (RFC 1951, 3.2.6); larger objects are left to zlib.
 */
import { deflateSync } from "node:zlib";

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
/** Where four bytes of that hash were last seen: the position counted on over all objects, so that nothing is ever cleared. */
const seen = new Uint32Array(1 << hashBits);
let seenStart = 0;

export function deflate(body: Buffer): Buffer {
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
  const lastStart = length - matchMin;
  let at = 0;
  while (at < length) {
    if (at <= lastStart) {
      const four = body[at]! | (body[at + 1]! << 8) | (body[at + 2]! << 16) | (body[at + 3]! << 24);
      const slot = Math.imul(four, 0x9e3779b1) >>> (32 - hashBits);
      const candidate = seen[slot]! - start;
      seen[slot] = at + start;
      if (
        candidate >= 0 &&
        body[candidate] === body[at] &&
        body[candidate + 1] === body[at + 1] &&
        body[candidate + 2] === body[at + 2] &&
        body[candidate + 3] === body[at + 3]
      ) {
        const most = Math.min(matchMax, length - at);
        let size = matchMin;
        while (size < most && body[candidate + size] === body[at + size]) size++;
        const lengthCode = lengthCodes[size]!;
        bits |= (lengthCode & 0xffff) << bitCount;
        bitCount += lengthCode >>> 16;
        while (bitCount >= 8) {
          output[end++] = bits;
          bits >>>= 8;
          bitCount -= 8;
        }
        const extra = lengthExtra[size]!;
        bits |= (extra & 0xffff) << bitCount;
        bitCount += extra >>> 16;
        const distance = at - candidate - 1;
        const code = distanceCodes[distance < 256 ? distance : 256 + (distance >>> 7)]!;
        bits |= (code & 0xffff) << bitCount;
        bitCount += 5;
        while (bitCount >= 8) {
          output[end++] = bits;
          bits >>>= 8;
          bitCount -= 8;
        }
        const symbol = code >>> 16;
        bits |= (distance - distanceBases[symbol]!) << bitCount;
        bitCount += distanceExtraBits[symbol]!;
        while (bitCount >= 8) {
          output[end++] = bits;
          bits >>>= 8;
          bitCount -= 8;
        }
        at += size;
        continue;
      }
    }
    const code = literalCodes[body[at++]!]!;
    bits |= (code & 0xffff) << bitCount;
    bitCount += code >>> 16;
    while (bitCount >= 8) {
      output[end++] = bits;
      bits >>>= 8;
      bitCount -= 8;
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
  return Buffer.from(output.subarray(0, end));
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

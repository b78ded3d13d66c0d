/**
 * bcrypt, as golang.org/x/crypto/bcrypt writes it: `$2a$10$` and 53 characters.
 *
 * Blowfish's tables are the digits of pi, and are computed from pi when first needed instead of being spelled out.
 */
import { GoFunctionError } from "./registry.ts";

const rounds = 16;
const subkeyCount = rounds + 2;
const boxSize = 256;
const wordCount = subkeyCount + 4 * boxSize;
const cost = 10;
const passwordBytesMax = 72;
/** "OrpheanBeholderScryDoubt", which bcrypt encrypts 64 times. */
const magicText = "OrpheanBeholderScryDoubt";
const alphabet = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const standardAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

export const saltBytes = 16;

/** pi - 3 in words of 32 bits, by Machin's formula: pi = 16 arctan(1/5) - 4 arctan(1/239). */
function computePiWords(): Uint32Array {
  const guardBits = 64n;
  const bits = BigInt(wordCount * 32) + guardBits;
  const arctanOfInverse = (divisor: bigint): bigint => {
    const square = divisor * divisor;
    let power = (1n << bits) / divisor;
    let sum = power;
    for (let odd = 3n; power !== 0n; odd += 2n) {
      power /= -square;
      sum += power / odd;
    }
    return sum;
  };
  const pi = 16n * arctanOfInverse(5n) - 4n * arctanOfInverse(239n);
  const fraction = (pi & ((1n << bits) - 1n)) >> guardBits;
  const hex = fraction.toString(16).padStart(wordCount * 8, "0");
  return Uint32Array.from({ length: wordCount }, (_, index) =>
    Number.parseInt(hex.slice(index * 8, index * 8 + 8), 16),
  );
}

let piWords: Uint32Array | undefined;

/** Blowfish's state: the subkeys, and behind them the four boxes. */
class Blowfish {
  private readonly words: Uint32Array;

  constructor() {
    piWords ??= computePiWords();
    this.words = piWords.slice();
  }

  /** Encrypts one block of two words in place. */
  encrypt(block: Uint32Array, at: number): void {
    const { words } = this;
    let left = block[at]! ^ words[0]!;
    let right = block[at + 1]!;
    for (let round = 1; round <= rounds; round += 2) {
      right ^= this.mix(left) ^ words[round]!;
      left ^= this.mix(right) ^ words[round + 1]!;
    }
    block[at] = right ^ words[rounds + 1]!;
    block[at + 1] = left;
  }

  private mix(word: number): number {
    const { words } = this;
    const sum = words[subkeyCount + (word >>> 24)]! + words[subkeyCount + boxSize + ((word >>> 16) & 0xff)]!;
    const mixed = (sum ^ words[subkeyCount + 2 * boxSize + ((word >>> 8) & 0xff)]!) >>> 0;
    return (mixed + words[subkeyCount + 3 * boxSize + (word & 0xff)]!) | 0;
  }

  /** The expensive key schedule: with a salt, its words go into the blocks in turn. */
  expandKey(key: Uint32Array, salt?: Uint32Array): void {
    const { words } = this;
    for (let index = 0; index < subkeyCount; index++) words[index]! ^= key[index]!;
    const block = new Uint32Array(2);
    for (let index = 0; index < wordCount; index += 2) {
      if (salt !== undefined) {
        block[0]! ^= salt[index & 3]!;
        block[1]! ^= salt[(index & 3) + 1]!;
      }
      this.encrypt(block, 0);
      words[index] = block[0]!;
      words[index + 1] = block[1]!;
    }
  }
}

/** As many big-endian words as asked for, of bytes that repeat. */
function cyclicWords(bytes: Uint8Array, count: number): Uint32Array {
  let at = 0;
  return Uint32Array.from({ length: count }, () => {
    let word = 0;
    for (let index = 0; index < 4; index++) word = (word << 8) | bytes[at++ % bytes.length]!;
    return word;
  });
}

/** bcrypt's own base64, without padding. */
function encode(bytes: Uint8Array): string {
  const standard = Buffer.from(bytes).toString("base64").replace(/=+$/, "");
  return standard.replace(/./g, (digit) => alphabet[standardAlphabet.indexOf(digit)]!);
}

/** The hash of a password with a salt of 16 bytes, at Go's default cost of 10. */
export function hashPassword(password: Uint8Array, salt: Uint8Array): string {
  if (password.length > passwordBytesMax) {
    throw new GoFunctionError(`bcrypt: password length exceeds ${passwordBytesMax} bytes`);
  }
  const key = cyclicWords(Uint8Array.from([...password, 0]), subkeyCount);
  const saltKey = cyclicWords(salt, subkeyCount);
  const cipher = new Blowfish();
  cipher.expandKey(key, cyclicWords(salt, 4));
  for (let round = 0; round < 1 << cost; round++) {
    cipher.expandKey(key);
    cipher.expandKey(saltKey);
  }
  const text = cyclicWords(Buffer.from(magicText), magicText.length / 4);
  for (let at = 0; at < text.length; at += 2) {
    for (let round = 0; round < 64; round++) cipher.encrypt(text, at);
  }
  const bytes = Buffer.alloc(magicText.length);
  text.forEach((word, index) => {
    bytes.writeUInt32BE(word, index * 4);
  });
  // Compatible with other implementations: the last byte is left out.
  return `$2a$${cost}$${encode(salt)}${encode(bytes.subarray(0, -1))}`;
}

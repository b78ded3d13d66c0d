/** Sprig's functions of cryptography that are functions of their arguments, and of the context's draws. */
import { createCipheriv, createDecipheriv, createHmac, hash, scryptSync } from "node:crypto";
import { byteLength, decodeBytes, encodeBytes } from "../bytes.ts";
import { hashPassword, saltBytes } from "./bcrypt.ts";
import { decodeBase64 } from "./encoding.ts";
import {
  define,
  type FunctionContext,
  type FunctionDeclaration,
  type FunctionTable,
  GoFunctionError,
} from "./registry.ts";

/** What one slow hash, some 0.1 s of work, is charged: it bounds them to a handful an execution. */
const slowHashBytes = 4 * 1024 * 1024;

function checksum(algorithm: "sha1" | "sha256" | "sha512"): FunctionDeclaration {
  return define(["string"], (_, text) => hash(algorithm, text.isWellFormed() ? text : encodeBytes(text), "hex"));
}

/** hash/adler32, in decimal. */
function adler32(text: string): string {
  let low = 1;
  let high = 0;
  for (const byte of encodeBytes(text)) {
    low = (low + byte) % 65_521;
    high = (high + low) % 65_521;
  }
  return String(high * 65_536 + low);
}

function bcrypt(context: FunctionContext, password: string): string {
  context.chargeBytes(slowHashBytes);
  try {
    return hashPassword(encodeBytes(password), context.drawBytes(saltBytes));
  } catch (error) {
    // The lack of a seed key is told as it is; what bcrypt refuses, Sprig gives as text.
    if (error instanceof GoFunctionError && error.message.startsWith("bcrypt:")) {
      return `failed to encrypt string with bcrypt: ${error.message}`;
    }
    throw error;
  }
}

function htpasswd(context: FunctionContext, user: string, password: string): string {
  return user.includes(":") ? `invalid username: ${user}` : `${user}:${bcrypt(context, password)}`;
}

const masterPasswordSeed = "com.lyndir.masterpassword";

/** What passwords of a kind look like: each letter stands for a class of characters. */
const passwordTemplates: ReadonlyMap<string, readonly string[]> = new Map([
  ["maximum", ["anoxxxxxxxxxxxxxxxxx", "axxxxxxxxxxxxxxxxxno"]],
  [
    "long",
    [
      "CvcvnoCvcvCvcv",
      "CvcvCvcvnoCvcv",
      "CvcvCvcvCvcvno",
      "CvccnoCvcvCvcv",
      "CvccCvcvnoCvcv",
      "CvccCvcvCvcvno",
      "CvcvnoCvccCvcv",
      "CvcvCvccnoCvcv",
      "CvcvCvccCvcvno",
      "CvcvnoCvcvCvcc",
      "CvcvCvcvnoCvcc",
      "CvcvCvcvCvccno",
      "CvccnoCvccCvcv",
      "CvccCvccnoCvcv",
      "CvccCvccCvcvno",
      "CvcvnoCvccCvcc",
      "CvcvCvccnoCvcc",
      "CvcvCvccCvccno",
      "CvccnoCvcvCvcc",
      "CvccCvcvnoCvcc",
      "CvccCvcvCvccno",
    ],
  ],
  ["medium", ["CvcnoCvc", "CvcCvcno"]],
  ["short", ["Cvcn"]],
  ["basic", ["aaanaaan", "aannaaan", "aaannaaa"]],
  ["pin", ["nnnn"]],
]);

const passwordCharacters: Readonly<Record<string, string>> = {
  V: "AEIOU",
  C: "BCDFGHJKLMNPQRSTVWXYZ",
  v: "aeiou",
  c: "bcdfghjklmnpqrstvwxyz",
  A: "AEIOUBCDFGHJKLMNPQRSTVWXYZ",
  a: "AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz",
  n: "0123456789",
  o: "@&%?,=[]_:-+*$#!'^~;()/.",
  x: "AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz0123456789!@#$%^&*()",
};

/** Spectre's (Master Password's) algorithm. */
function derivePassword(
  context: FunctionContext,
  counter: number,
  kind: string,
  password: string,
  user: string,
  site: string,
): string {
  const templates = passwordTemplates.get(kind);
  if (templates === undefined) return `cannot find password template ${kind}`;
  context.chargeBytes(slowHashBytes);
  const salt = Buffer.concat([Buffer.from(masterPasswordSeed), uint32(byteLength(user)), encodeBytes(user)]);
  const key = scryptSync(encodeBytes(password), salt, 64, { N: 32_768, r: 8, p: 2, maxmem: 128 * 1024 * 1024 });
  const seed = createHmac("sha256", key)
    .update(masterPasswordSeed)
    .update(uint32(byteLength(site)))
    .update(encodeBytes(site))
    .update(uint32(counter))
    .digest();
  const template = templates[seed[0]! % templates.length]!;
  return Array.from(template, (letter, index) => {
    const characters = passwordCharacters[letter]!;
    return characters[seed[index + 1]! % characters.length];
  }).join("");
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

const cipherName = "aes-256-cbc";
const blockBytes = 16;

/** The password itself, cut or filled up with zeros to 32 bytes. */
function aesKey(password: string): Buffer {
  const key = Buffer.alloc(32);
  key.set(encodeBytes(password).subarray(0, 32));
  return key;
}

function encryptAes(context: FunctionContext, password: string, text: string): string {
  if (text === "") return "";
  const start = context.drawBytes(blockBytes);
  const cipher = createCipheriv(cipherName, aesKey(password), start);
  return Buffer.concat([start, cipher.update(encodeBytes(text)), cipher.final()]).toString("base64");
}

function decryptAes(_: FunctionContext, password: string, text: string): string {
  if (text === "") return "";
  const decoded = decodeBase64(text);
  if ("corruptAt" in decoded) throw new GoFunctionError(`illegal base64 data at input byte ${decoded.corruptAt}`);
  const { bytes } = decoded;
  if (bytes.length < blockBytes) throw new GoFunctionError(`runtime error: slice bounds out of range [:${blockBytes}]`);
  if (bytes.length % blockBytes !== 0) throw new GoFunctionError("crypto/cipher: input not full blocks");
  const decipher = createDecipheriv(cipherName, aesKey(password), bytes.subarray(0, blockBytes));
  decipher.setAutoPadding(false);
  const plain = Buffer.concat([decipher.update(bytes.subarray(blockBytes)), decipher.final()]);
  // Sprig takes off as many bytes as the last one says, and looks no further.
  const end = plain.length - (plain.at(-1) ?? 1);
  if (end < 0) throw new GoFunctionError(`runtime error: slice bounds out of range [:${end}]`);
  return decodeBytes(plain.subarray(0, end));
}

export const cryptoFunctions: FunctionTable = {
  sha1sum: checksum("sha1"),
  sha256sum: checksum("sha256"),
  sha512sum: checksum("sha512"),
  adler32sum: define(["string"], (_, text) => adler32(text)),
  bcrypt: define(["string"], bcrypt),
  htpasswd: define(["string", "string"], htpasswd),
  derivePassword: define(["uint32", "string", "string", "string", "string"], derivePassword),
  encryptAES: define(["string", "string"], encryptAes),
  decryptAES: define(["string", "string"], decryptAes),
};

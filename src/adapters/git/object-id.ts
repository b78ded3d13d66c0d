/** Git's object names: the SHA-1 of a header and the object's body. */
import { createHash, hash } from "node:crypto";
import type { ObjectId } from "../../ports/git.ts";

export type ObjectType = "commit" | "tree" | "blob" | "tag";

/** An object as Git names it: its type and its body without header. */
export interface GitObject {
  readonly type: ObjectType;
  readonly body: Buffer;
}

export const idBytes = 20;

/** Stands for "no object" where the wire wants one. */
export const zeroId: ObjectId = "0".repeat(idBytes * 2);

export const emptyTreeId: ObjectId = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

/** Most objects are small, and hashing them in one go is a third faster than through a Hash object. */
const inOneGoBytesMax = 16 * 1024;
const scratch = Buffer.allocUnsafe(inOneGoBytesMax + 32);

export function hashObject(type: ObjectType, body: Uint8Array): ObjectId {
  const header = `${type} ${body.byteLength}\0`;
  if (body.byteLength > inOneGoBytesMax) return createHash("sha1").update(header).update(body).digest("hex");
  scratch.write(header, "latin1");
  scratch.set(body, header.length);
  return hash("sha1", scratch.subarray(0, header.length + body.byteLength), "hex");
}

export function isObjectId(text: string): boolean {
  return /^[0-9a-f]{40}$/.test(text);
}

/**
 * Sluice's own `dnsName`: any string as a DNS-1123 label, valid as the name of every kind of object.
 *
 * A string that is a label stays what it is, all others get 80 bits of their SHA-256 behind a hyphen. So that no
 * string that is a label can be the name of another string, a label that has the form of such an output gets a hash of
 * its own too: every output that ends in a hash is one of exactly the string that was hashed.
 */
import { hash } from "node:crypto";
import { define, encodeBase32, encodeBytes, type FunctionTable } from "../go-template/index.ts";

const labelLengthMax = 63;
const label = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
/** 80 bits are 16 digits of base32. */
const hashBytes = 10;
const hashed = /-[a-z2-7]{16}$/;
const prefixLengthMax = labelLengthMax - 17;
/** Stands in front where nothing of the string can, so that no output is a bare hash. */
const emptyPrefix = "x";

/** A valid name of at most 63 characters; two different strings never give the same one. */
export function toDnsName(text: string): string {
  if (label.test(text) && !hashed.test(text)) return text;
  const digest = hash("sha256", encodeBytes(text), "buffer").subarray(0, hashBytes);
  const prefix = text
    .slice(0, 4 * labelLengthMax)
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-/, "")
    .slice(0, prefixLengthMax)
    .replace(/-$/, "");
  return `${prefix || emptyPrefix}-${encodeBase32(digest).toLowerCase()}`;
}

export const dnsNameFunctions: FunctionTable = {
  dnsName: define(["string"], (_, text) => toDnsName(text)),
};

/** Records of the journal as bytes; docs/journal.md describes the format. */
import { crc32 } from "node:zlib";
import type { JournalEntry, JournalMessage } from "../../ports/journal.ts";

/** `JREC`: where a record begins, and where to go on behind damage. */
const mark = Buffer.from("JREC", "latin1");
const markNumber = mark.readUInt32LE();
/** Mark, length of the body, checksum of the body. */
const prefixBytes = 12;
/** Sequence, time, length of the subject, length of the headers. */
const bodyBytesMin = 22;
/** NATS allows messages of 64 MiB; a longer record is damage. */
const bodyBytesMax = 128 * 1024 * 1024;

/** What a record says; the epoch is said by its segment. */
export type RecordEntry = Omit<JournalEntry, "epoch">;

/** What stands at a place of a segment. */
export type ParsedRecord =
  | { readonly kind: "record"; readonly entry: RecordEntry; readonly next: number }
  /** The bytes end before the record does; so many are needed from where it begins. */
  | { readonly kind: "partial"; readonly bytesMin: number }
  | { readonly kind: "damaged" };

/** How many bytes a message takes up. `headers` is what {@link encodeHeaders} made of its headers. */
export function recordBytes(message: JournalMessage, headers: string): number {
  const texts = Buffer.byteLength(message.subject) + Buffer.byteLength(headers);
  return prefixBytes + bodyBytesMin + texts + message.payload.length;
}

export function encodeHeaders(headers: JournalMessage["headers"]): string {
  let text = "";
  for (const [name, values] of headers) for (const value of values) text += `${name}:${value}\r\n`;
  return text;
}

/** Writes a record at `at`, where there must be room for {@link recordBytes}, and says where it ends. */
export function writeRecord(
  target: Buffer,
  at: number,
  seed: number,
  sequence: number,
  nanos: bigint,
  message: JournalMessage,
  headers: string,
): number {
  const body = at + prefixBytes;
  const texts = body + bodyBytesMin;
  const subjectLength = target.write(message.subject, texts);
  const headersLength = target.write(headers, texts + subjectLength);
  const payload = texts + subjectLength + headersLength;
  target.set(message.payload, payload);
  const end = payload + message.payload.length;
  target.writeBigUInt64LE(BigInt(sequence), body);
  target.writeBigUInt64LE(nanos, body + 8);
  target.writeUInt16LE(subjectLength, body + 16);
  target.writeUInt32LE(headersLength, body + 18);
  target.writeUInt32LE(markNumber, at);
  target.writeUInt32LE(end - body, at + 4);
  target.writeUInt32LE(crc32(target.subarray(body, end), seed), at + 8);
  return end;
}

/** The record at `at`. The entry's payload is part of `bytes`, not a copy. */
export function parseRecord(bytes: Buffer, at: number, seed: number): ParsedRecord {
  const available = bytes.length - at;
  if (available < prefixBytes) return { kind: "partial", bytesMin: prefixBytes };
  const length = bytes.readUInt32LE(at + 4);
  if (bytes.readUInt32LE(at) !== markNumber || length < bodyBytesMin || length > bodyBytesMax) {
    return { kind: "damaged" };
  }
  if (available < prefixBytes + length) return { kind: "partial", bytesMin: prefixBytes + length };
  const body = bytes.subarray(at + prefixBytes, at + prefixBytes + length);
  if (crc32(body, seed) !== bytes.readUInt32LE(at + 8)) return { kind: "damaged" };
  const subjectEnd = bodyBytesMin + body.readUInt16LE(16);
  const headersEnd = subjectEnd + body.readUInt32LE(18);
  if (headersEnd > length) return { kind: "damaged" };
  const entry = {
    sequence: Number(body.readBigUInt64LE(0)),
    nanos: body.readBigUInt64LE(8),
    subject: body.toString("utf8", bodyBytesMin, subjectEnd),
    headers: decodeHeaders(body.toString("utf8", subjectEnd, headersEnd)),
    payload: body.subarray(headersEnd),
  };
  return { kind: "record", entry, next: at + prefixBytes + length };
}

/** Where the next whole record begins behind `at`; undefined: there is none. */
export function findRecord(bytes: Buffer, at: number, seed: number): number | undefined {
  for (let found = bytes.indexOf(mark, at + 1); found >= 0; found = bytes.indexOf(mark, found + 1)) {
    if (parseRecord(bytes, found, seed).kind === "record") return found;
  }
  return undefined;
}

const noHeaders: JournalMessage["headers"] = new Map();

function decodeHeaders(text: string): JournalMessage["headers"] {
  if (text === "") return noHeaders;
  const headers = new Map<string, string[]>();
  for (const line of text.split("\r\n")) {
    const colon = line.indexOf(":");
    if (colon < 0) continue;
    const name = line.slice(0, colon);
    const values = headers.get(name);
    if (values === undefined) headers.set(name, [line.slice(colon + 1)]);
    else values.push(line.slice(colon + 1));
  }
  return headers;
}

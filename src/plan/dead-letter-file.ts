/** Dead letters as files of the state branch. */
import { createHash } from "node:crypto";
import type { Delivery } from "../model/delivery.ts";
import { isJsonObject, type Json, writeJson } from "../model/json.ts";
import type { Problem } from "../model/problem.ts";
import type { DeadLetter } from "../model/record.ts";
import { parseStateFile, problemFromJson, problemToJson } from "./record-file.ts";

/** How much of a payload is kept for people to look at. */
const payloadBytesMax = 64 * 1024;

/** The letter of a delivery; the id ascends with time and is the same however often the delivery is read. */
export function makeDeadLetter(delivery: Delivery, problem: Problem, index: number): DeadLetter {
  const { connection, stream, position, subject, payload } = delivery;
  const { epoch, sequence, time } = position;
  const hash = createHash("sha256")
    .update(JSON.stringify([stream, epoch, sequence, index]))
    .digest("hex")
    .slice(0, 12);
  return {
    id: `${sortableTime(time)}-${hash}`,
    connection,
    stream,
    sequence,
    time,
    subject,
    problem,
    payload: Buffer.from(payload.subarray(0, payloadBytesMax)).toString("base64"),
    payloadBytes: payload.length,
  };
}

/** RFC 3339 to digits down to the nanosecond: by code unit they sort by time. */
function sortableTime(time: string): string {
  return time.replace(/[^0-9]/g, "").padEnd(23, "0");
}

export function writeDeadLetter(letter: DeadLetter): string {
  const { id, connection, stream, sequence, time, subject, problem, payload, payloadBytes } = letter;
  const file = new Map<string, Json>([
    ["version", 1n],
    ["id", id],
    ["connection", connection],
    ["stream", stream],
    ["sequence", BigInt(sequence)],
    ["time", time],
    ["subject", subject],
    ["problem", problemToJson(problem)],
    ["payloadBytes", BigInt(payloadBytes)],
    ["payload", payload],
  ]);
  return `${writeJson(file, 1)}\n`;
}

/** Throws a SluiceError (STATE_INVALID). */
export function parseDeadLetter(text: string, path: string): DeadLetter {
  const file = parseStateFile(text, path);
  const problem = file.get("problem");
  const member = (key: string) => String(file.get(key) ?? "");
  return {
    id: member("id"),
    connection: member("connection"),
    stream: member("stream"),
    sequence: Number(file.get("sequence") ?? 0),
    time: member("time"),
    subject: member("subject"),
    problem: problemFromJson(isJsonObject(problem) ? problem : new Map()),
    payload: member("payload"),
    payloadBytes: Number(file.get("payloadBytes") ?? 0),
  };
}

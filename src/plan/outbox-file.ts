/**
 * The outbox: what pushes brought and nobody was told of yet, a file for each commit of the state. The file comes with the
 * effects and goes when they are told, so that what a crash leaves untold is told by whoever leads next.
 */
import { createHash } from "node:crypto";
import type { EventEffect } from "../model/change-set.ts";
import type { Entity, MessageInfo } from "../model/cloud-event.ts";
import { isJsonObject, type Json, type JsonObject, writeJson } from "../model/json.ts";
import { textOf } from "../model/json-members.ts";
import type { OutboxBatch, Outcome, OutcomeResult } from "../model/outcome.ts";
import { type OwnerKey, ownerKey, parseOwnerKey } from "../model/owner.ts";
import type { Problem } from "../model/problem.ts";
import type { DeadLetter, RecordedEvent } from "../model/record.ts";
import { parseStateFile, problemFromJson, problemToJson } from "./record-file.ts";

export const outboxFolder = "outbox";
/** Of a reason more is said where the record is shown. */
const reasonCharactersMax = 1000;
/** Of an outcome's objects so many are looked for on the target. */
const pathsMax = 1000;
const numberDigits = 16;

/** Names sort by commit, and tell how many outcomes a file has without being read. */
export function outboxPath(commit: number, outcomes: number): string {
  return `${outboxFolder}/${String(commit).padStart(numberDigits, "0")}-${outcomes}.json`;
}

/** How many outcomes a file of this name or path had when it was written. */
export function countOfName(name: string): number {
  return Number(/-(\d+)\.json$/.exec(name)?.[1] ?? 0);
}

/** `pass`: the number of the pass that rendered it, for what is none of the event's own doing. */
export function outcomeOfEffect(
  stateId: string,
  { owner, connection, source, subject, action, clusters, failed, reason }: EventEffect,
  recorded: RecordedEvent | undefined,
  paths: readonly string[] | undefined,
  pass?: number,
): Outcome {
  const { event, message } = recorded ?? {};
  const seed = [stateId, connection, message?.stream, message?.sequence, message?.time, source, subject];
  const named = event === undefined ? {} : { type: event.type, id: event.id };
  return {
    id: hashId([...seed, event?.type, event?.id, ownerKey(owner), pass]),
    result: action,
    connection,
    ...(message === undefined ? {} : { message: messageOf(message) }),
    event: { source, subject, ...named },
    owner,
    clusters,
    failed,
    ...(reason === undefined ? {} : { reason: cutReason(reason) }),
    ...(paths === undefined ? {} : { paths: paths.slice(0, pathsMax) }),
  };
}

export function outcomeOfLetter(stateId: string, letter: DeadLetter): Outcome {
  const { id, connection, problem } = letter;
  return {
    id: hashId([stateId, "dead-letter", id]),
    result: "dead-letter",
    connection,
    message: messageOf(letter),
    clusters: 0,
    failed: 0,
    reason: cutReason(problem),
    deadLetter: id,
  };
}

/** What several have rendered together (`oneForEvent: false`) and one of them asked for. */
export function failOutcome(outcome: Outcome, problem: Problem): Outcome {
  const reason = outcome.reason ?? cutReason(problem);
  return { ...outcome, result: "failed", failed: outcome.failed + 1, reason };
}

/** Whom an outcome is of: an owner's key and an entity; undefined: of a delivery that could not be decoded. */
export function ownedByOutcome({ connection, event, owner }: Outcome): string | undefined {
  return owner === undefined || event === undefined
    ? undefined
    : ownedEntity(ownerKey(owner), { connection, source: event.source, subject: event.subject });
}

/** As {@link ownedByOutcome} says it. */
export function ownedEntity(owner: OwnerKey, { connection, source, subject }: Entity): string {
  return JSON.stringify([owner, connection, source, subject]);
}

export function writeOutbox(outcomes: readonly Outcome[]): string {
  const file = new Map<string, Json>([
    ["version", 1n],
    ["outcomes", outcomes.map(outcomeToJson)],
  ]);
  return `${writeJson(file, 1)}\n`;
}

/** Throws a SluiceError (STATE_INVALID). */
export function parseOutbox(text: string, path: string): OutboxBatch {
  const outcomes = parseStateFile(text, path).get("outcomes");
  const list = Array.isArray(outcomes) ? (outcomes as readonly Json[]) : [];
  const commit = Number.parseInt(path.slice(outboxFolder.length + 1), 10);
  return { path, commit, outcomes: list.filter(isJsonObject).map(outcomeFromJson) };
}

function messageOf({ subject, stream, sequence, time }: Omit<MessageInfo, "headers">): NonNullable<Outcome["message"]> {
  return { subject, stream, sequence, time };
}

function cutReason({ code, message, at }: Problem): NonNullable<Outcome["reason"]> {
  const cut = message.length > reasonCharactersMax ? `${message.slice(0, reasonCharactersMax)}…` : message;
  return { code, message: cut, ...(at === undefined ? {} : { at }) };
}

function hashId(parts: readonly unknown[]): string {
  const text = JSON.stringify(parts.map((part) => part ?? null));
  return createHash("sha256").update(text).digest("hex").slice(0, 32);
}

function outcomeToJson(outcome: Outcome): JsonObject {
  const { id, result, connection, message, event, owner, clusters, failed, reason, deadLetter, paths } = outcome;
  const json = new Map<string, Json>([
    ["id", id],
    ["result", result],
    ["connection", connection],
  ]);
  if (message !== undefined) {
    json.set("message", new Map<string, Json>([...Object.entries(message), ["sequence", BigInt(message.sequence)]]));
  }
  if (event !== undefined) json.set("event", new Map(Object.entries(event)));
  if (owner !== undefined) json.set("owner", ownerKey(owner));
  json.set("clusters", BigInt(clusters));
  json.set("failed", BigInt(failed));
  if (reason !== undefined) json.set("reason", problemToJson({ severity: "error", ...reason }));
  if (deadLetter !== undefined) json.set("deadLetter", deadLetter);
  if (paths !== undefined) json.set("paths", paths);
  return json;
}

function outcomeFromJson(json: JsonObject): Outcome {
  const [message, event, reason] = [json.get("message"), json.get("event"), json.get("reason")];
  const [deadLetter, paths] = [json.get("deadLetter"), json.get("paths")];
  const owner = parseOwnerKey(textOf(json, "owner"));
  return {
    id: textOf(json, "id"),
    result: textOf(json, "result") as OutcomeResult,
    connection: textOf(json, "connection"),
    ...(isJsonObject(message)
      ? {
          message: {
            subject: textOf(message, "subject"),
            stream: textOf(message, "stream"),
            sequence: Number(message.get("sequence") ?? 0),
            time: textOf(message, "time"),
          },
        }
      : {}),
    ...(isJsonObject(event) ? { event: eventFromJson(event) } : {}),
    ...(owner === undefined ? {} : { owner }),
    clusters: Number(json.get("clusters") ?? 0),
    failed: Number(json.get("failed") ?? 0),
    ...(isJsonObject(reason) ? { reason: cutReason(problemFromJson(reason)) } : {}),
    ...(typeof deadLetter === "string" ? { deadLetter } : {}),
    ...(Array.isArray(paths) ? { paths: paths.map(String) } : {}),
  };
}

function eventFromJson(json: JsonObject): NonNullable<Outcome["event"]> {
  const optional = (key: "type" | "id") => (json.has(key) ? { [key]: textOf(json, key) } : {});
  return { source: textOf(json, "source"), subject: textOf(json, "subject"), ...optional("type"), ...optional("id") };
}

/** Sample events from files: as deliveries that a stream might have brought. */
import { dirname, resolve } from "node:path";
import { countOf } from "../model/count-of.ts";
import type { Delivery } from "../model/delivery.ts";
import { isJsonObject, type Json, JsonSyntaxError, parseJson, writeJson } from "../model/json.ts";
import { type CliContext, usageError } from "./cli/context.ts";
import type { FileSource } from "./file-source.ts";
import { readStandardInput } from "./read-standard-input.ts";

/** How sample events are taken to come in. */
export interface SampleRoute {
  readonly connection: string;
  readonly subject: string;
}

export interface RouteOptions {
  readonly connection?: string;
  readonly subject?: string;
}

/**
 * The route that the options name, else the first connection and its only subject. `subjects`: by connection, those it
 * subscribes to. Throws a SluiceError (USAGE) where that leaves a choice.
 */
export function chooseRoute(
  options: RouteOptions,
  subjects: ReadonlyMap<string, readonly string[]>,
  first: string | undefined,
): SampleRoute {
  const connection = options.connection ?? first;
  if (connection === undefined) throw usageError("the settings name no connection");
  if (!subjects.has(connection)) {
    throw usageError(`the settings have no connection ${connection}`, `They have: ${[...subjects.keys()].join(", ")}`);
  }
  // Of a stream that is read whole nothing more is known.
  const known = (subjects.get(connection) ?? []).filter((subject) => subject !== ">");
  const subject = options.subject ?? (known.length === 1 ? known[0] : undefined);
  if (subject === undefined) {
    const choice = known.length === 0 ? "names no subject" : `has ${countOf(known.length, "subject")}`;
    throw usageError(`connection ${connection} ${choice}`, "Say which one with --subject.");
  }
  return { connection, subject };
}

/** As readEvents, of what a person named: relative to where the command was given, or `-` for standard input. */
export async function readNamedEvents(
  source: FileSource,
  { workingDirectory }: Pick<CliContext, "workingDirectory">,
  name: string,
): Promise<readonly Uint8Array[]> {
  if (name !== "-") return readEvents(source, resolve(workingDirectory, name));
  const text = (await readStandardInput()).toString("utf8");
  return splitEvents(text).map((document) => new TextEncoder().encode(document));
}

/** The events of a file (JSON, a list of events, JSON lines) or of all such files in a folder. Throws USAGE. */
export async function readEvents(source: FileSource, path: string): Promise<readonly Uint8Array[]> {
  const text = await source.read(path);
  if (text !== undefined) return splitEvents(text).map((document) => new TextEncoder().encode(document));
  const files = (await source.list(path)).filter(
    (file) => dirname(file) === path && /\.(json|jsonl|ndjson)$/.test(file),
  );
  if (files.length === 0) throw usageError(`there is no ${path}, or no events in it`);
  const events: Uint8Array[] = [];
  for (const file of files) events.push(...(await readEvents(source, file)));
  return events;
}

/** A delivery as a stream would have it; its time is fixed, so that the same events give the same bytes. */
export function makeDelivery({ connection, subject }: SampleRoute, payload: Uint8Array, sequence: number): Delivery {
  const position = { epoch: "offline", sequence, time: "1970-01-01T00:00:00Z" };
  return { connection, stream: `${connection}/offline`, position, subject, headers: new Map(), payload };
}

/** One document, a list of them, or one a line; what is not JSON is one event, which decoding reports. */
function splitEvents(text: string): readonly string[] {
  const whole = tryParse(text);
  if (whole !== undefined)
    return (Array.isArray(whole) ? (whole as readonly Json[]) : [whole]).map((event) => writeJson(event));
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return lines.length > 1 && isJsonObject(tryParse(lines[0] ?? "")) ? lines : [text];
}

function tryParse(text: string): Json | undefined {
  try {
    return parseJson(text);
  } catch (error) {
    if (error instanceof JsonSyntaxError) return undefined;
    throw error;
  }
}

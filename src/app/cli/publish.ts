/** `sluice publish`: send a CloudEvent. */
import { randomUUID } from "node:crypto";
import type { Command } from "commander";
import { Option } from "commander";
import { findSubjectFault } from "../../config/find-subject-fault.ts";
import { decodeDelivery } from "../../events/decode-delivery.ts";
import { countOf } from "../../model/count-of.ts";
import { type Json, JsonSyntaxError, parseJson, writeJson } from "../../model/json.ts";
import { hasWildcard } from "../../model/nats-subjects.ts";
import { composePublisher } from "../compose/streams.ts";
import { openSettings } from "../read-config.ts";
import { readGiven } from "../read-given.ts";
import {
  addFileOption,
  type CliContext,
  type CommonOptions,
  type ExitCode,
  reportProblems,
  usageError,
} from "./context.ts";

interface PublishOptions extends CommonOptions {
  readonly connection?: string;
  readonly type?: string;
  readonly source?: string;
  readonly subject?: string;
  readonly id?: string;
  readonly data?: string;
  readonly event?: string;
  readonly mode: "structured" | "binary";
}

export function addPublishCommand(program: Command, context: CliContext, end: (code: ExitCode) => void): void {
  addFileOption(program.command("publish"))
    .description("send a CloudEvent over a connection of the settings")
    .argument("<subject>", "the NATS subject to publish on")
    .option("--type <type>", "the event's type")
    .option("--source <source>", "the event's source")
    .option("--subject <subject>", "the event's subject")
    .option("--id <id>", "the event's id (default: a random one)")
    .option("--data <json|@file>", "the event's data: JSON, other text, or @ and a file (@- for standard input)")
    .option("--event <file>", "send this file as it is instead, - for standard input")
    .option("--connection <name>", "over which connection (default: the first)")
    .addOption(new Option("--mode <mode>", "content mode").choices(["structured", "binary"]).default("structured"))
    .action(async (subject: string, options: PublishOptions) => end(await publish(context, subject, options)));
}

async function publish(context: CliContext, natsSubject: string, options: PublishOptions): Promise<ExitCode> {
  const fault = findSubjectFault(natsSubject) ?? (hasWildcard(natsSubject) ? "has a wildcard" : undefined);
  if (fault !== undefined) throw usageError(`${natsSubject} is no subject to publish on: it ${fault}`);
  const { payload, headers } = await makeMessage(context, options);
  const { value: settings, problems } = await openSettings(context, options.file);
  if (reportProblems(context, problems) || settings === undefined) return 3;
  const { publisher, reads } = await composePublisher(context, settings, options.connection);
  try {
    await publisher.publish(natsSubject, payload, headers);
    context.err(`published ${countOf(payload.length, "byte")} on ${natsSubject}\n`);
    // It is sent as it is: what is wrong with it the service would only say in its log.
    for (const warning of findDoubts(natsSubject, payload, headers, reads)) context.err(`warning: ${warning}\n`);
    return 0;
  } finally {
    await publisher.close();
  }
}

function findDoubts(
  subject: string,
  payload: Uint8Array,
  headers: Message["headers"],
  reads: (subject: string) => boolean,
): readonly string[] {
  const position = { epoch: "published", sequence: 0, time: "1970-01-01T00:00:00Z" };
  const listed = new Map([...headers].map(([name, value]) => [name, [value]]));
  const delivery = { connection: "published", stream: "published", position, subject, headers: listed, payload };
  const faults = decodeDelivery(delivery).problems.map(({ message }) => `it becomes a dead letter: ${message}`);
  return reads(subject) ? faults : [...faults, `the connection does not read ${subject}`];
}

interface Message {
  readonly payload: Uint8Array;
  readonly headers: ReadonlyMap<string, string>;
}

async function makeMessage(context: CliContext, options: PublishOptions): Promise<Message> {
  if (options.event !== undefined) {
    return { payload: await readGiven(context, options.event), headers: new Map() };
  }
  const { type, source, subject } = options;
  if (type === undefined || source === undefined)
    throw usageError("a CloudEvent needs --type and --source, or --event");
  const attributes = new Map<string, string>([
    ["specversion", "1.0"],
    ["id", options.id ?? randomUUID()],
    ["source", source],
    ["type", type],
  ]);
  if (subject !== undefined) attributes.set("subject", subject);
  const data = await readData(context, options.data);
  if (data !== undefined) attributes.set("datacontenttype", data.isJson ? "application/json" : "text/plain");

  if (options.mode === "binary") {
    const headers = [...attributes].map(([name, value]): [string, string] =>
      name === "datacontenttype" ? ["content-type", value] : [`ce-${name}`, encodeHeader(value)],
    );
    return { payload: new TextEncoder().encode(data?.text ?? ""), headers: new Map(headers) };
  }
  const event = new Map<string, Json>(attributes);
  if (data !== undefined) event.set("data", data.value);
  return {
    payload: new TextEncoder().encode(writeJson(event)),
    headers: new Map([["content-type", "application/cloudevents+json"]]),
  };
}

interface EventData {
  readonly text: string;
  readonly value: Json;
  readonly isJson: boolean;
}

async function readData(context: CliContext, data: string | undefined): Promise<EventData | undefined> {
  if (data === undefined) return undefined;
  const text = data.startsWith("@") ? (await readGiven(context, data.slice(1))).toString() : data;
  try {
    return { text, value: parseJson(text), isJson: true };
  } catch (error) {
    if (error instanceof JsonSyntaxError) return { text, value: text, isJson: false };
    throw error;
  }
}

/** Header values are percent-encoded as the HTTP binding says: blanks, quotes, percent and all beyond ASCII. */
function encodeHeader(value: string): string {
  return value.replace(/[^\x21\x23\x24\x26-\x7e]/gu, (character) => encodeURIComponent(character));
}

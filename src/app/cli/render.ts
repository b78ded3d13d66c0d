/** `sluice render`: events in, manifests out, without any network. */
import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { dirname, join, relative, resolve, sep } from "node:path";
import type { Command } from "commander";
import type { Delivery } from "../../model/delivery.ts";
import { isJsonObject, type Json, JsonSyntaxError, parseJson, writeJson } from "../../model/json.ts";
import { renderOffline } from "../../pipeline/render-offline.ts";
import { composeRenderSettings, loadWorkingCatalog } from "../compose.ts";
import { openSettings } from "../read-config.ts";
import {
  addFileOption,
  type CliContext,
  type CommonOptions,
  type ExitCode,
  reportProblems,
  usageError,
} from "./context.ts";

interface RenderOptions extends CommonOptions {
  readonly event: readonly string[];
  readonly output?: string;
  readonly config?: string;
  readonly connection?: string;
  readonly subject?: string;
}

export function addRenderCommand(program: Command, context: CliContext, end: (code: ExitCode) => void): void {
  addFileOption(program.command("render"))
    .description("render events to manifests, on stdout or into a folder, without any network")
    .requiredOption("--event <file...>", "CloudEvents: a JSON file, JSON lines, or a folder of such files")
    .option("--output <dir>", "write the files into this folder, which must be empty or not there yet")
    .option("--config <dir>", "the config folder, where it is not the one that the settings name")
    .option("--connection <name>", "the connection that the events are taken to come over (default: the first)")
    .option("--subject <subject>", "the NATS subject they are taken to come on (default: the connection's only one)")
    .action(async (options: RenderOptions) => end(await render(context, options)));
}

async function render(context: CliContext, options: RenderOptions): Promise<ExitCode> {
  const { value: settings, problems } = await openSettings(context, options.file);
  if (reportProblems(context, problems) || settings === undefined) return 3;
  const loaded = await loadWorkingCatalog(context, settings, options.config);
  const isConfigBroken = reportProblems(context, loaded.problems);
  const connection = options.connection ?? settings.connections[0]?.name;
  if (connection === undefined) throw usageError("the settings name no connection");
  const subjects = loaded.subjects.get(connection) ?? [];
  const subject = options.subject ?? (subjects.length === 1 ? subjects[0] : undefined);
  if (subject === undefined) {
    throw usageError(`connection ${connection} has ${subjects.length} subjects`, "Say which one with --subject.");
  }

  const payloads: Uint8Array[] = [];
  for (const path of options.event) payloads.push(...(await readEvents(resolve(context.workingDirectory, path))));
  const deliveries = payloads.map((payload, index) => makeDelivery(connection, subject, payload, index + 1));
  const rendering = renderOffline(loaded.value, deliveries, settings.output, composeRenderSettings(settings, context));
  const hasFailures = reportProblems(context, rendering.problems);

  if (options.output === undefined) {
    for (const [path, text] of rendering.files) context.out(`---\n# ${path}\n${text}`);
  } else await writeFiles(resolve(context.workingDirectory, options.output), rendering.files);
  return hasFailures || isConfigBroken ? 1 : 0;
}

/** A delivery as a stream would have it; its time is fixed, so that the same events give the same bytes. */
function makeDelivery(connection: string, subject: string, payload: Uint8Array, sequence: number): Delivery {
  const position = { epoch: "offline", sequence, time: "1970-01-01T00:00:00Z" };
  return { connection, stream: `${connection}/offline`, position, subject, headers: new Map(), payload };
}

async function readEvents(path: string): Promise<readonly Uint8Array[]> {
  const info = await stat(path).catch(() => undefined);
  if (info === undefined) throw usageError(`there is no ${path}`);
  if (info.isDirectory()) {
    const names = (await readdir(path)).filter((name) => /\.(json|jsonl|ndjson)$/.test(name)).sort();
    return (await Promise.all(names.map((name) => readEvents(join(path, name))))).flat();
  }
  const text = await readFile(path, "utf8");
  const documents = parseDocuments(text);
  return (documents ?? [text]).map((document) => new TextEncoder().encode(document));
}

/** The events of a file: one document, a list of them, or one a line. Undefined: it is not JSON, which decoding reports. */
function parseDocuments(text: string): readonly string[] | undefined {
  const whole = tryParse(text);
  if (whole !== undefined)
    return (Array.isArray(whole) ? (whole as readonly Json[]) : [whole]).map((event) => writeJson(event));
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return lines.length > 1 && isJsonObject(tryParse(lines[0] ?? "")) ? lines : undefined;
}

function tryParse(text: string): Json | undefined {
  try {
    return parseJson(text);
  } catch (error) {
    if (error instanceof JsonSyntaxError) return undefined;
    throw error;
  }
}

async function writeFiles(directory: string, files: ReadonlyMap<string, string>): Promise<void> {
  const existing = await readdir(directory).catch(() => []);
  if (existing.length > 0) throw usageError(`${directory} is not empty`, "Name a new folder, or empty it first.");
  for (const [path, text] of files) {
    const file = join(directory, path);
    if (relative(directory, file).startsWith(`..${sep}`)) throw usageError(`${path} leaves the output folder`);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  }
}

/** `sluice render`: events in, manifests out, without any network. */
import { readdir, writeFile } from "node:fs/promises";
import { dirname, join, relative, resolve, sep } from "node:path";
import type { Command } from "commander";
import { decodeDelivery } from "../../events/decode-delivery.ts";
import { explainMatch } from "../../events/explain-match.ts";
import type { Catalog } from "../../model/catalog.ts";
import type { Delivery } from "../../model/delivery.ts";
import { renderOffline } from "../../pipeline/render-offline.ts";
import { loadWorkingCatalog, workingFiles } from "../compose/documents.ts";
import { makeFolders } from "../compose/make-folders.ts";
import { composeRenderSettings } from "../compose/render-settings.ts";
import { openSettings } from "../read-config.ts";
import { chooseRoute, makeDelivery, readNamedEvents } from "../read-events.ts";
import {
  addFileOption,
  type CliContext,
  type CommonOptions,
  type ExitCode,
  reportProblems,
  usageError,
} from "./context.ts";
import { oneLine } from "./print-rows.ts";

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
    .requiredOption(
      "--event <file...>",
      "CloudEvents: a JSON file, JSON lines, a folder of such files, or - for standard input",
    )
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
  const route = chooseRoute(options, loaded.subjects, settings.connections[0]?.name);
  const payloads: Uint8Array[] = [];
  for (const path of options.event) payloads.push(...(await readNamedEvents(workingFiles, context, path)));
  const deliveries = payloads.map((payload, index) => makeDelivery(route, payload, index + 1));
  const render = composeRenderSettings(settings, context);
  const rendering = await renderOffline(loaded.value, deliveries, settings.output, render);
  const hasFailures = reportProblems(context, rendering.problems);
  explainIdle(context, deliveries, loaded.value);

  if (options.output === undefined) {
    for (const [path, text] of rendering.files) context.out(`---\n# ${path}\n${text}`);
  } else await writeFiles(resolve(context.workingDirectory, options.output), rendering.files);
  return hasFailures || isConfigBroken ? 1 : 0;
}

/** Says of each event that no trigger took where its way ended: printing nothing would leave people guessing. */
function explainIdle(context: CliContext, deliveries: readonly Delivery[], catalog: Catalog): void {
  for (const received of deliveries.flatMap((delivery) => decodeDelivery(delivery).events)) {
    const { id, source, subject } = received.event;
    const event = `event ${JSON.stringify(id)} (source ${JSON.stringify(source)}, subject ${JSON.stringify(subject)})`;
    for (const line of explainMatch(received, catalog)) {
      context.err(`${context.redactor.redact(oneLine(`${event} has no effect: ${line}`))}\n`);
    }
  }
}

async function writeFiles(directory: string, files: ReadonlyMap<string, string>): Promise<void> {
  const existing = await readdir(directory).catch(() => []);
  if (existing.length > 0) throw usageError(`${directory} is not empty`, "Name a new folder, or empty it first.");
  for (const [path, text] of files) {
    const file = join(directory, path);
    if (relative(directory, file).startsWith(`..${sep}`)) throw usageError(`${path} leaves the output folder`);
    await makeFolders(dirname(file));
    await writeFile(file, text);
  }
}

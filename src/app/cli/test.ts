/** `sluice test`: cases in YAML, events in and manifests expected. */
import { readdir, stat } from "node:fs/promises";
import { dirname, join, relative, resolve, sep } from "node:path";
import { type Command, Option } from "commander";
import { loadTests } from "../../config/load-tests.ts";
import type { Delivery } from "../../model/delivery.ts";
import type { TestCase, TestFile } from "../../model/template-test.ts";
import { runTestCase, type TestScope } from "../../pipeline/dry-run/run-test-case.ts";
import { readWorkingFiles, workingFiles } from "../compose/documents.ts";
import { composeOpenRenderSettings } from "../compose/render-settings.ts";
import { readConnectionsOpenly } from "../dry-run/origin.ts";
import { diskFiles } from "../file-source.ts";
import { catalogLoader, openSettings, subjectsOf } from "../read-config.ts";
import { chooseRoute, makeDelivery, readEvents, type SampleRoute } from "../read-events.ts";
import {
  addFileOption,
  type CliContext,
  type CommonOptions,
  type ExitCode,
  notFoundError,
  reportProblems,
} from "./context.ts";

interface TestOptions extends CommonOptions {
  readonly config?: string;
  readonly output: "text" | "json";
}

interface FileResult {
  readonly file: string;
  readonly name: string;
  readonly line: number;
  readonly faults: readonly string[];
}

const testName = /\.test\.ya?ml$/;

export function addTestCommand(program: Command, context: CliContext, end: (code: ExitCode) => void): void {
  addFileOption(program.command("test"))
    .description("run tests of templates: events in, manifests expected")
    .argument("[path...]", "files of cases, or folders with *.test.yaml (default: the folder of the settings)")
    .option("--config <dir>", "the config folder, where it is not the one that the settings name")
    .addOption(new Option("-o, --output <format>", "how to print").choices(["text", "json"]).default("text"))
    .action(async (paths: readonly string[], options: TestOptions) => end(await test(context, paths, options)));
}

async function test(context: CliContext, paths: readonly string[], options: TestOptions): Promise<ExitCode> {
  const { value: settings, problems } = await openSettings(context, options.file);
  if (reportProblems(context, problems) || settings === undefined) return 3;
  const read = await readConnectionsOpenly(context, settings, diskFiles);
  const files = await readWorkingFiles(context, settings, options.config);
  const { value: catalog, problems: found } = catalogLoader(settings, read.connections)(files, undefined);
  const isConfigBroken = reportProblems(context, [...read.problems, ...found]);
  const { path: outputPath, shards } = settings.output;
  const scope: TestScope = { catalog, render: composeOpenRenderSettings(settings), outputPath, shards };
  const route = (given: Partial<SampleRoute>): SampleRoute =>
    chooseRoute(given, subjectsOf(read), settings.connections[0]?.name);

  const results: FileResult[] = [];
  let isAnyIllegible = false;
  const starts = paths.length === 0 ? [dirname(settings.file)] : paths;
  for (const file of (await Promise.all(starts.map((path) => findFiles(context, path)))).flat()) {
    const shown = relative(context.workingDirectory, file) || file;
    const loaded = loadTests((await workingFiles.read(file)) ?? "", shown);
    if (reportProblems(context, loaded.problems) || loaded.value === undefined) isAnyIllegible = true;
    else results.push(...(await runFile(file, shown, loaded.value, route, scope)));
  }
  if (results.length === 0 && !isAnyIllegible)
    throw notFoundError("there are no tests", "Name files, or folders with *.test.yaml.");
  context.out(context.redactor.redact(options.output === "json" ? writeJsonResults(results) : writeResults(results)));
  if (isAnyIllegible) return 3;
  return isConfigBroken || results.some(({ faults }) => faults.length > 0) ? 1 : 0;
}

async function findFiles({ workingDirectory }: CliContext, path: string): Promise<readonly string[]> {
  const start = resolve(workingDirectory, path);
  const info = await stat(start).catch(() => undefined);
  if (info === undefined) throw notFoundError(`there is no ${path}`);
  if (!info.isDirectory()) return [start];
  const names = await readdir(start, { recursive: true });
  const isHidden = (name: string) => name.split(sep).some((part) => part.startsWith(".") || part === "node_modules");
  return names
    .filter((name) => testName.test(name) && !isHidden(name))
    .sort()
    .map((name) => join(start, name));
}

async function runFile(
  file: string,
  shown: string,
  { cases, ...defaults }: TestFile,
  route: (given: Partial<SampleRoute>) => SampleRoute,
  scope: TestScope,
): Promise<readonly FileResult[]> {
  const results: FileResult[] = [];
  for (const testCase of cases) {
    const deliveries = await readDeliveries(dirname(file), testCase, (given) => route({ ...defaults, ...given }));
    const files = testCase.files === undefined ? undefined : await readTree(resolve(dirname(file), testCase.files));
    const { name, faults } = await runTestCase(testCase, deliveries, files, scope);
    results.push({ file: shown, name, line: testCase.at.line, faults });
  }
  return results;
}

async function readDeliveries(
  folder: string,
  { events }: TestCase,
  route: (given: Partial<SampleRoute>) => SampleRoute,
): Promise<readonly Delivery[]> {
  const deliveries: Delivery[] = [];
  for (const { payload, headers, connection, subject } of events) {
    const given = {
      ...(connection === undefined ? {} : { connection }),
      ...(subject === undefined ? {} : { subject }),
    };
    const payloads =
      payload.kind === "text"
        ? [new TextEncoder().encode(payload.text)]
        : await readEvents(workingFiles, resolve(folder, payload.path));
    for (const bytes of payloads)
      deliveries.push({ ...makeDelivery(route(given), bytes, deliveries.length + 1), headers });
  }
  return deliveries;
}

/** All files below a folder, by their path in it. */
async function readTree(folder: string): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>();
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => undefined);
  if (entries === undefined) throw notFoundError(`there is no folder ${folder}`);
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    files.set(relative(folder, file).split(sep).join("/"), (await workingFiles.read(file)) ?? "");
  }
  return files;
}

function writeResults(results: readonly FileResult[]): string {
  const failed = results.filter(({ faults }) => faults.length > 0).length;
  const lines = results.map(({ file, line, name, faults }) => {
    const details = faults.join("").replace(/^(?=.)/gm, "    ");
    return `${faults.length === 0 ? "ok" : "not ok"}  ${file}:${line}  ${name}\n${details}`;
  });
  return `${lines.join("")}${results.length - failed} passed, ${failed} failed\n`;
}

function writeJsonResults(results: readonly FileResult[]): string {
  return `${JSON.stringify(results, undefined, 2)}\n`;
}

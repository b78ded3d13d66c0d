/** `sluice doctor`: whether what the settings name is there and lets Sluice do its work, and what to do where not. */
import type { Command } from "commander";
import { Option } from "commander";
import { stringify } from "yaml";
import { checkConnections } from "../../config/check-connections.ts";
import type { Examination } from "../../model/examination.ts";
import { formatPlace, type Problem, SluiceError } from "../../model/problem.ts";
import type { Settings } from "../../model/settings.ts";
import { sendControl } from "../compose/control.ts";
import { examineDocuments, examineForge, examineNats, examineRepository, examineTelling } from "../compose/doctor.ts";
import { examineClusters } from "../compose/doctor-clusters.ts";
import { examineSecrets, examineStateDirectory } from "../doctor/examine-machine.ts";
import { openSettings, readConnections } from "../read-config.ts";
import { addFileOption, type CliContext, type CommonOptions, type ExitCode } from "./context.ts";
import { oneLine } from "./print-rows.ts";

interface DoctorOptions extends CommonOptions {
  readonly output: "text" | "json" | "yaml";
}

export function addDoctorCommand(program: Command, context: CliContext, end: (code: ExitCode) => void): void {
  addFileOption(program.command("doctor"))
    .description(
      "look at all that the settings name, and say what to do where something does not work; changes nothing",
    )
    .addOption(new Option("-o, --output <format>", "how to print").choices(["text", "json", "yaml"]).default("text"))
    .action(async (options: DoctorOptions) => end(await doctor(context, options)));
}

async function doctor(context: CliContext, { file, output }: DoctorOptions): Promise<ExitCode> {
  let hasErrors = false;
  const all: Examination[] = [];
  const tell = (found: Examination) => {
    const examination = context.redactor.redactValue(found) as Examination;
    hasErrors ||= examination.problems.some(({ severity }) => severity === "error");
    all.push(examination);
    if (output === "text") context.out(writeExamination(examination));
  };
  for await (const examination of examineAll(context, file)) tell(examination);
  if (output === "json") context.out(`${JSON.stringify(all, undefined, 2)}\n`);
  if (output === "yaml") context.out(stringify(all));
  return hasErrors ? 1 : 0;
}

/** One after the other, so that each is told when it is known. */
async function* examineAll(context: CliContext, file: string): AsyncGenerator<Examination> {
  const { value: settings, problems } = await openSettings(context, file).catch(refusedSettings);
  yield { subject: "settings", facts: settings === undefined ? [] : [`${settings.file} can be read`], problems };
  if (settings === undefined) return;
  yield examineSecrets(context, settings);
  yield examineStateDirectory(settings, await hasService(settings));
  const { documents, stateId, ...repository } = await examineRepository(context, settings);
  yield repository;
  const read = await readConnections(context, settings);
  let needsNoEvent = false;
  if (documents !== undefined) {
    const { needsNoEvent: isWithout, ...examination } = examineDocuments(settings, read.connections, documents);
    needsNoEvent = isWithout;
    yield examination;
  }
  const forge = await examineForge(context, settings);
  if (forge !== undefined) yield forge;
  for (const { name } of settings.connections) {
    const config = read.connections.find(({ connection }) => connection.name === name);
    if (config !== undefined) yield await examineNats(settings, config, stateId);
  }
  const telling = await examineTelling(settings, read.connections);
  if (telling !== undefined) yield telling;
  yield* examineClusters(context, settings);
  const problemsOfAll = [...read.problems, ...checkConnections(settings, read.connections)];
  if (problemsOfAll.length > 0) yield { subject: "connections", facts: [], problems: problemsOfAll };
  if (settings.connections.length === 0 && settings.fromSecrets.length === 0 && !needsNoEvent) {
    const message = "the settings name no connection";
    const hint = "No event can come: name one under connections.";
    yield {
      subject: "connections",
      facts: [],
      problems: [{ code: "SETTINGS_INVALID", severity: "error", message, hint }],
    };
  }
}

function refusedSettings(error: unknown): { value: undefined; problems: readonly Problem[] } {
  if (!(error instanceof SluiceError)) throw error;
  return { value: undefined, problems: [error.problem] };
}

async function hasService(settings: Settings): Promise<boolean> {
  return sendControl(settings, { command: "status" }).then(
    () => true,
    () => false,
  );
}

function writeExamination({ subject, facts, problems }: Examination): string {
  const lines = [subject, ...facts.map((fact) => `  ok       ${oneLine(fact)}`)];
  for (const { severity, message, code, at, hint } of problems) {
    const where = at === undefined ? "" : `${formatPlace(at)}: `;
    lines.push(`  ${severity.padEnd(8)} ${oneLine(where + message)} [${code}]`);
    if (hint !== undefined) lines.push(`           ${oneLine(hint)}`);
  }
  return `${lines.join("\n")}\n`;
}

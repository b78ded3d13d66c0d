/** `sluice diff`: what a change of the config folder would do to the manifests, before it is made. */
import { type Command, Option } from "commander";
import type { Problem } from "../../model/problem.ts";
import { dryRun } from "../../pipeline/dry-run/dry-run.ts";
import { type DryRunReport, hasDifferences } from "../../pipeline/dry-run/report.ts";
import { writeHeld, writeSummary, writeUnified } from "../../pipeline/dry-run/write-report.ts";
import type { DryRunOptions } from "../dry-run/options.ts";
import { openDryRun } from "../dry-run-sources.ts";
import {
  addFileOption,
  type CliContext,
  type CommonOptions,
  type ExitCode,
  reportProblems,
  usageError,
} from "./context.ts";

interface DiffOptions extends CommonOptions {
  readonly event?: readonly string[];
  readonly base?: string;
  readonly config?: string;
  readonly connection?: string;
  readonly subject?: string;
  readonly offline?: boolean;
  readonly showData?: boolean;
  readonly held?: boolean;
  readonly limit: string;
  readonly output: "unified" | "summary" | "json";
}

/** Recorded entities that a dry run renders at most. */
const dryRunEntitiesMax = 100_000;

export function addDiffCommand(program: Command, context: CliContext, end: (code: ExitCode) => void): void {
  addFileOption(program.command("diff"))
    .description("what a change of the config folder would change, over the entities on record and sample events")
    .option("--event <file...>", "sample CloudEvents besides: a JSON file, JSON lines, or a folder of such files")
    .option("--base <revision>", "compare with the config folder of this revision (default: with what is in force)")
    .option("--config <dir>", "the config folder, where it is not the one that the settings name")
    .option("--connection <name>", "the connection that samples are taken to come over (default: the first)")
    .option("--subject <subject>", "the NATS subject they are taken to come on (default: the connection's only one)")
    .option("--offline", "leave the state on the server alone: samples only, and --base")
    .option("--show-data", "show what recorded events say; Secrets stay masked")
    .option("--held", "only what the service would hold until it is approved, by the ids that it gives")
    .option("--limit <n>", "show at most so many objects", "1000")
    .addOption(
      new Option("-o, --output <format>", "how to print").choices(["unified", "summary", "json"]).default("unified"),
    )
    .action(async (options: DiffOptions) => end(await diff(context, options)));
}

async function diff(context: CliContext, options: DiffOptions): Promise<ExitCode> {
  const limit = Number(options.limit);
  if (!Number.isInteger(limit) || limit < 0) throw usageError("--limit takes a number from 0");
  let hasErrors = false;
  const report = await runDryRun(
    context,
    { ...options, isOffline: options.offline === true, isUntrusted: false },
    { showsData: options.showData === true, objectsMax: limit },
    (problem) => {
      if (reportProblems(context, [problem])) hasErrors = true;
    },
  );
  if (options.held === true) {
    const { held } = report;
    context.out(
      context.redactor.redact(
        options.output === "json" ? `${JSON.stringify(held, undefined, 2)}\n` : writeHeld(report),
      ),
    );
    return hasErrors || held.length > 0 ? 1 : 0;
  }
  const text =
    options.output === "json"
      ? `${JSON.stringify(report, undefined, 2)}\n`
      : options.output === "summary"
        ? writeSummary(report)
        : writeUnified(report);
  context.out(context.redactor.redact(text));
  return hasErrors || hasDifferences(report) ? 1 : 0;
}

export interface DryRunShows {
  readonly showsData: boolean;
  readonly objectsMax: number;
}

/** The report; `onProblem` is told what is wrong with settings, documents and samples. Throws a SluiceError. */
export async function runDryRun(
  context: CliContext,
  options: DryRunOptions,
  shows: DryRunShows,
  onProblem: (problem: Problem) => void,
): Promise<DryRunReport> {
  const sources = await openDryRun(context, options, onProblem);
  try {
    const { state, checkpoint, base, head, samples, settings, guard } = sources;
    for (const problem of sources.problems) onProblem(problem);
    const tree = state?.tree === undefined ? undefined : { git: state.git, tree: state.tree };
    const input = { ...shows, state: tree, checkpoint, base, head, samples, settings, guard };
    const result = await dryRun(input, dryRunEntitiesMax);
    for (const problem of result.problems) onProblem(problem);
    return result.report;
  } finally {
    await sources.close();
  }
}

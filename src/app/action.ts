/**
 * The GitHub Action: a dry run of a pull request as job summary, annotations, outputs and comment.
 *
 * For a pull request from a fork everything comes from commits of the checkout and nothing is reached; its comment is
 * made by a second workflow, from the report that the first one left.
 */
import { appendFile, readFile } from "node:fs/promises";
import { isAbsolute, relative, resolve, sep } from "node:path";
import { countOf } from "../model/count-of.ts";
import { type Problem, SluiceError } from "../model/problem.ts";
import {
  type ActionReport,
  actionReportBytesMax,
  readActionReport,
  writeActionReport,
} from "../pipeline/dry-run/action-report.ts";
import { writeMarkdown } from "../pipeline/dry-run/markdown-report.ts";
import { type DryRunReport, hasDifferences } from "../pipeline/dry-run/report.ts";
import { annotate, writeAnnotation, writeLogLine } from "../pipeline/dry-run/workflow-commands.ts";
import { type CliContext, type ExitCode, usageError } from "./cli/context.ts";
import { runDryRun } from "./cli/diff.ts";
import { type ActionForge, openActionForge } from "./compose/forge.ts";
import { readUnlinkedFile, writeUnlinkedFile } from "./unlinked-files.ts";
import { baseOf, isOfTheBase, type WorkflowEvent } from "./workflow-event.ts";

type Environment = Readonly<Record<string, string | undefined>>;

const summaryCharactersMax = 900_000;
const commentMarker = "<!-- sluice:diff -->";

/** `environment`: the runner's variables, and the Action's inputs as `SLUICE_…`. */
export async function runAction(runner: CliContext, environment: Environment): Promise<ExitCode> {
  // The runner takes commands from logs, too.
  const log = (text: string) => runner.err(text.replace(/.+/g, writeLogLine));
  const context = { ...runner, err: log };
  const say = (line: string) => context.out(`${context.redactor.redact(line)}\n`);
  try {
    const event = await readEvent(environment);
    const reportFile = input(environment, "COMMENT_FROM");
    if (reportFile !== undefined) return await commentFromReport(context, environment, event, reportFile, say);
    return await diffChange(context, environment, event, say);
  } catch (error) {
    const problem: Omit<Problem, "severity"> =
      error instanceof SluiceError
        ? error.problem
        : { code: "INTERNAL", message: `a bug in Sluice: ${String((error as Error).stack)}` };
    for (const annotation of annotate(undefined, [{ ...problem, severity: "error" }], () => undefined))
      say(writeAnnotation(annotation));
    return problem.code === "USAGE" ? 2 : 3;
  }
}

async function diffChange(
  context: CliContext,
  environment: Environment,
  event: WorkflowEvent,
  say: (line: string) => void,
): Promise<ExitCode> {
  // Before anything is done: what a misspelt one was to forbid would be done.
  for (const name of flags) isFlag(environment, name);
  const isUntrusted = isFlag(environment, "UNTRUSTED") || !isOfTheBase(environment.GITHUB_EVENT_NAME, event);
  const problems: Problem[] = [];
  let report: DryRunReport | undefined;
  try {
    report = await runDryRun(context, dryRunOptions(environment, event, isUntrusted), shows, (problem) =>
      problems.push(problem),
    );
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    // What is wrong with the settings was told one by one before.
    if (error.problem.code !== "SETTINGS_INVALID" || problems.length === 0) problems.push(error.problem);
  }
  const found: ActionReport = {
    report,
    problems: problems.map((problem) => redactProblem(context, problem)),
    isUntrusted,
  };

  for (const annotation of annotate(report, found.problems, (file) => repositoryPath(context, environment, file)))
    say(writeAnnotation(annotation));
  await leaveReport(context, environment, found);
  const counts = countAll(found);
  await writeOutputs(environment, counts);
  const { create, update, delete: deleted, failures, errors } = counts;
  say(
    writeLogLine(
      `${create} to create, ${update} to update, ${deleted} to delete, ${failures} to fail, ${countOf(errors, "error")}`,
    ),
  );
  if (!isUntrusted && isFlag(environment, "COMMENT")) await commentHere(context, environment, event, found, say);

  if (report === undefined) return 3;
  const isRefused = isFlag(environment, "FAIL_ON_DELETIONS") && deleted > 0;
  if (isRefused)
    say(
      writeAnnotation({ level: "error", title: "Sluice", message: `${countOf(deleted, "object")} would be deleted` }),
    );
  return errors + failures > 0 || isRefused ? 1 : 0;
}

const shows = { showsData: false, objectsMax: 0 };

function dryRunOptions(environment: Environment, event: WorkflowEvent, isUntrusted: boolean) {
  const base = input(environment, "BASE") ?? baseOf(event);
  const text = (name: string, key: string) => {
    const value = input(environment, name);
    return value === undefined ? {} : { [key]: value };
  };
  return {
    file: input(environment, "SETTINGS") ?? "sluice.yaml",
    ...text("CONFIG", "config"),
    ...text("CONNECTION", "connection"),
    ...text("SUBJECT", "subject"),
    ...(base === undefined || (base === "in-force" && !isUntrusted) ? {} : { base }),
    event: (input(environment, "EVENTS") ?? "")
      .split("\n")
      .map((path) => path.trim())
      .filter((path) => path !== ""),
    isOffline: isFlag(environment, "OFFLINE"),
    isUntrusted,
  };
}

interface Counts {
  readonly create: number;
  readonly update: number;
  readonly delete: number;
  readonly failures: number;
  readonly errors: number;
  readonly result: "clean" | "changed" | "broken";
}

function countAll({ report, problems }: ActionReport): Counts {
  const counts = report?.counts ?? { create: 0, update: 0, delete: 0 };
  const introduced = (report?.failures ?? []).filter(({ change }) => change === "introduced");
  const failures = introduced.reduce((sum, { entities }) => sum + entities, 0);
  const errors = problems.filter(({ severity }) => severity === "error").length;
  const isBroken = errors + failures > 0;
  const isChanged = report !== undefined && hasDifferences(report);
  return { ...counts, failures, errors, result: isBroken ? "broken" : isChanged ? "changed" : "clean" };
}

/** Numbers and words of ours only: nothing that could write an output of its own. */
async function writeOutputs({ GITHUB_OUTPUT: file }: Environment, counts: Counts): Promise<void> {
  if (file === undefined || file === "") return;
  await appendFile(
    file,
    Object.entries(counts)
      .map(([name, value]) => `${name}=${value}\n`)
      .join(""),
  );
}

async function leaveReport(context: CliContext, environment: Environment, found: ActionReport): Promise<void> {
  const { GITHUB_STEP_SUMMARY: summary } = environment;
  if (summary !== undefined && summary !== "")
    await appendFile(summary, context.redactor.redact(writeMarkdown(found, summaryCharactersMax)));
  const report = input(environment, "REPORT");
  if (report !== undefined)
    await writeUnlinkedFile(
      context.workingDirectory,
      report,
      context.redactor.redact(writeActionReport(found)),
      "the report",
    );
}

async function commentHere(
  context: CliContext,
  environment: Environment,
  event: WorkflowEvent,
  found: ActionReport,
  say: (line: string) => void,
): Promise<void> {
  const number = event.pull_request?.number;
  if (number === undefined) return;
  const forge = openForge(context, environment);
  try {
    await keepComment(context, forge, number, found);
  } catch (error) {
    // The check itself has its result; who may not comment still has the summary.
    if (!(error instanceof SluiceError)) throw error;
    const hint = "Give the job `permissions: {pull-requests: write}`, or set comment to false.";
    say(
      writeAnnotation({ level: "warning", title: "Sluice", message: `no comment: ${error.problem.message}\n${hint}` }),
    );
  } finally {
    forge.host.close();
  }
}

/** The second workflow: which pull request it is about is asked of the forge, never of the file. */
async function commentFromReport(
  context: CliContext,
  environment: Environment,
  { workflow_run: run }: WorkflowEvent,
  path: string,
  say: (line: string) => void,
): Promise<ExitCode> {
  const [owner, branch, commit] = [run?.head_repository?.owner?.login, run?.head_branch, run?.head_sha];
  if (run?.event !== "pull_request" || !owner || !branch || !commit) {
    say(writeLogLine("the workflow that ran was for no pull request: no comment"));
    return 0;
  }
  // An artifact may hold a link to anything.
  const text = await readUnlinkedFile(context.workingDirectory, path, actionReportBytesMax, "the report");
  const found = readActionReport(text);
  const forge = openForge(context, environment);
  try {
    const number = await forge.findRequest({ owner, branch, commit });
    if (number === undefined) say(writeLogLine("the pull request is closed, or has moved on: no comment"));
    else await keepComment(context, forge, number, found);
    return 0;
  } finally {
    forge.host.close();
  }
}

async function keepComment(
  { redactor }: CliContext,
  { host }: ActionForge,
  number: number,
  found: ActionReport,
): Promise<void> {
  const text = writeMarkdown(found, host.bodyCharactersMax - commentMarker.length - 1);
  await host.keepComment(number, commentMarker, redactor.redact(`${commentMarker}\n${text}`));
}

function openForge(context: CliContext, environment: Environment): ActionForge {
  const token = input(environment, "TOKEN");
  const [owner, repository] = (environment.GITHUB_REPOSITORY ?? "").split("/");
  if (token === undefined || !owner || !repository) throw usageError("a comment needs a token and GITHUB_REPOSITORY");
  const apiUrl = input(environment, "API_URL") ?? environment.GITHUB_API_URL ?? "https://api.github.com";
  return openActionForge(context, { apiUrl, owner, repository }, token);
}

async function readEvent({ GITHUB_EVENT_PATH: path }: Environment): Promise<WorkflowEvent> {
  if (path === undefined || path === "") return {};
  return JSON.parse(await readFile(path, "utf8")) as WorkflowEvent;
}

/** The path from the repository's root of a file that problems name from the working folder. */
function repositoryPath(context: CliContext, environment: Environment, file: string): string | undefined {
  const root = environment.GITHUB_WORKSPACE || context.workingDirectory;
  const path = relative(root, resolve(context.workingDirectory, file)).split(sep).join("/");
  return path === "" || path.startsWith("../") || isAbsolute(path) ? undefined : path;
}

function redactProblem({ redactor }: CliContext, problem: Problem): Problem {
  return { ...problem, message: redactor.redact(problem.message) };
}

function input(environment: Environment, name: string): string | undefined {
  const value = environment[`SLUICE_${name}`]?.trim();
  return value === undefined || value === "" ? undefined : value;
}

const flags = ["OFFLINE", "UNTRUSTED", "FAIL_ON_DELETIONS", "COMMENT"] as const;

/** Throws a SluiceError (USAGE) for another word: `yes` must not pass for no. */
function isFlag(environment: Environment, name: (typeof flags)[number]): boolean {
  const given = input(environment, name)?.toLowerCase() ?? "false";
  if (given === "true" || given === "false") return given === "true";
  const words = `the input ${name.toLowerCase().replaceAll("_", "-")} is ${JSON.stringify(given)}`;
  throw new SluiceError({ code: "USAGE", message: `${words}, and can be true or false` });
}

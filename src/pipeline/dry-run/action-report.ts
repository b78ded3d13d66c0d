/**
 * What the Action's first workflow hands to the second one: the report as a file.
 *
 * For a pull request from a fork the first one runs what the fork says, so the file may hold anything. Reading takes
 * from it numbers and bounded texts in known places, and nothing else.
 */
import { isJsonObject, type Json, JsonSyntaxError, parseJson } from "../../model/json.ts";
import { type ErrorCode, isSourcePlace, type Place, type Problem, SluiceError } from "../../model/problem.ts";
import type { SettingChange } from "../../model/setting-change.ts";
import type {
  ChangeGroup,
  DryRunReport,
  FailureGroup,
  Hunk,
  ObjectAction,
  ObjectChange,
  TriggerCount,
} from "./report.ts";

export interface ActionReport {
  /** Undefined where the settings could not be read. */
  readonly report: DryRunReport | undefined;
  readonly problems: readonly Problem[];
  /** Whether it is of a pull request from a fork: from samples alone, and by the fork's own word. */
  readonly isUntrusted: boolean;
}

export const actionReportBytesMax = 1024 * 1024;
const listMax = 50;
const linesMax = 400;
const textCharactersMax = 500;

export function writeActionReport({ report, problems, isUntrusted }: ActionReport): string {
  const bounded =
    report === undefined
      ? undefined
      : {
          ...report,
          objects: [],
          dryRuns: report.dryRuns.slice(0, listMax),
          groups: report.groups.slice(0, listMax),
          failures: report.failures.slice(0, listMax),
          triggers: report.triggers.slice(0, listMax),
          newTriggers: report.newTriggers.slice(0, listMax),
          settings: report.settings.slice(0, listMax),
        };
  return `${JSON.stringify({ version: 1, report: bounded, problems: problems.slice(0, listMax), isUntrusted })}\n`;
}

/** Throws a SluiceError (USAGE) where the text is no such file. Whatever it says, it is untrusted. */
export function readActionReport(text: string): ActionReport {
  let file: Json;
  try {
    if (text.length > actionReportBytesMax) throw new JsonSyntaxError("too large", actionReportBytesMax);
    file = parseJson(text);
  } catch (cause) {
    if (!(cause instanceof JsonSyntaxError)) throw cause;
    throw new SluiceError({ code: "USAGE", message: "the report is not JSON, or larger than it may be" }, cause);
  }
  const report = member(file, "report");
  return {
    report: isJsonObject(report) ? readReport(report) : undefined,
    problems: list(file, "problems").map(readProblem),
    isUntrusted: true,
  };
}

function readReport(value: Json): DryRunReport {
  const counts = member(value, "counts");
  return {
    base: textOf(value, "base"),
    head: textOf(value, "head"),
    counts: {
      create: numberOf(counts, "create"),
      update: numberOf(counts, "update"),
      delete: numberOf(counts, "delete"),
    },
    triggers: list(value, "triggers").map(readTrigger),
    groups: list(value, "groups").map(readGroup),
    objects: [],
    failures: list(value, "failures").map(readFailure),
    dryRuns: list(value, "dryRuns").map(readChange),
    entities: numberOf(value, "entities"),
    isComplete: member(value, "isComplete") === true,
    newTriggers: list(value, "newTriggers").map(cut),
    settings: list(value, "settings").map(readSetting),
    // A fork's run does not see the state, so it can't tell what would be held.
    held: [],
    moves: {
      objects: numberOf(member(value, "moves"), "objects"),
      examples: list(member(value, "moves") ?? null, "examples")
        .slice(0, 5)
        .map((move) => ({ from: textOf(move, "from"), to: textOf(move, "to") })),
    },
  };
}

function readSetting(value: Json): SettingChange {
  const text = (key: string) => (member(value, key) === undefined ? {} : { [key]: textOf(value, key) });
  const isPlacing = member(value, "isPlacing") === true;
  return { key: textOf(value, "key"), ...text("before"), ...text("after"), isPlacing };
}

function readTrigger(value: Json): TriggerCount {
  return {
    trigger: textOf(value, "trigger"),
    create: numberOf(value, "create"),
    update: numberOf(value, "update"),
    delete: numberOf(value, "delete"),
    clusters: numberOf(value, "clusters"),
  };
}

function readGroup(value: Json): ChangeGroup {
  return {
    action: actionOf(value),
    trigger: textOf(value, "trigger"),
    objects: numberOf(value, "objects"),
    clusters: numberOf(value, "clusters"),
    ...placeOf(value),
    first: readChange(member(value, "first") ?? null),
  };
}

function readChange(value: Json): ObjectChange {
  return {
    action: actionOf(value),
    path: textOf(value, "path"),
    cluster: textOf(value, "cluster"),
    trigger: textOf(value, "trigger"),
    object: textOf(value, "object"),
    ...placeOf(value),
    hunks: list(value, "hunks").map(readHunk),
  };
}

function readHunk(value: Json): Hunk {
  const range = (key: string): readonly [number, number] => {
    const [start, lines] = list(value, key);
    return [toNumber(start), toNumber(lines)];
  };
  const lines = member(value, "lines");
  return {
    before: range("before"),
    after: range("after"),
    lines: (Array.isArray(lines) ? (lines as readonly Json[]) : []).slice(0, linesMax).map((line) => {
      const sign = textOf(line, "sign");
      return { sign: sign === "+" || sign === "-" ? sign : " ", text: textOf(line, "text") };
    }),
  };
}

function readFailure(value: Json): FailureGroup {
  return {
    change: textOf(value, "change") === "mended" ? "mended" : "introduced",
    trigger: textOf(value, "trigger"),
    code: textOf(value, "code"),
    message: textOf(value, "message"),
    ...placeOf(value),
    entities: numberOf(value, "entities"),
    examples: list(value, "examples").slice(0, 5).map(cut),
  };
}

function readProblem(value: Json): Problem {
  return {
    code: textOf(value, "code") as ErrorCode,
    severity: textOf(value, "severity") === "warning" ? "warning" : "error",
    message: textOf(value, "message"),
    ...placeOf(value),
  };
}

function placeOf(value: Json): { readonly at?: Place } {
  const at = member(value, "at") ?? null;
  if (!isJsonObject(at)) return {};
  const place: Place = { file: textOf(at, "file"), line: numberOf(at, "line"), column: numberOf(at, "column") };
  return isSourcePlace(place) ? { at: place } : {};
}

function actionOf(value: Json): ObjectAction {
  const action = textOf(value, "action");
  return action === "create" || action === "delete" ? action : "update";
}

function member(value: Json | undefined, key: string): Json | undefined {
  return isJsonObject(value) ? value.get(key) : undefined;
}

function list(value: Json, key: string): readonly Json[] {
  const items = member(value, key);
  return Array.isArray(items) ? (items as readonly Json[]).slice(0, listMax) : [];
}

function textOf(value: Json, key: string): string {
  return cut(member(value, key));
}

function cut(value: Json | undefined): string {
  return typeof value === "string" ? value.slice(0, textCharactersMax) : "";
}

function numberOf(value: Json | undefined, key: string): number {
  return toNumber(member(value, key));
}

function toNumber(value: Json | undefined): number {
  return typeof value === "bigint" && value >= 0n && value < 1_000_000_000n ? Number(value) : 0;
}

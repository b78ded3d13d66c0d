/**
 * What a workflow's runner reads from a step's output: annotations at file and line, written so that nothing in their
 * text can be taken for a command of its own.
 */
import { countOf } from "../../model/count-of.ts";
import { titleOfOwner } from "../../model/owner.ts";
import { isSourcePlace, type Problem, type SourcePlace } from "../../model/problem.ts";
import type { DryRunReport } from "./report.ts";

export interface Annotation {
  readonly level: "error" | "warning" | "notice";
  readonly message: string;
  /** Relative to the repository's root; undefined: the change as a whole. */
  readonly at?: Pick<SourcePlace, "file" | "line" | "column">;
  readonly title: string;
}

/** GitHub shows no more of each level for a step. */
const annotationsMax = 10;
const messageCharactersMax = 500;

/** Errors first; of each level as many as are shown. `fileOf` makes of a file's name the path from the repository's root. */
export function annotate(
  report: DryRunReport | undefined,
  problems: readonly Problem[],
  fileOf: (file: string) => string | undefined,
): readonly Annotation[] {
  const all: Annotation[] = [];
  const add = (level: Annotation["level"], title: string, message: string, place: Problem["at"]) => {
    const file = place !== undefined && isSourcePlace(place) ? fileOf(place.file) : undefined;
    const at = file === undefined ? undefined : { ...(place as SourcePlace), file };
    all.push({ level, title, message, ...(at === undefined ? {} : { at }) });
  };
  for (const { severity, code, message, at, hint } of problems)
    add(severity, code, hint === undefined ? message : `${message}\n${hint}`, at);
  for (const { change, trigger, code, message, at, entities } of report?.failures ?? []) {
    const who = `${countOf(entities, "entity")} of ${titleOfOwner(trigger)}`;
    if (change === "introduced") add("error", code, `${who} would fail: ${message}`, at);
    else add("notice", code, `${who} would be mended`, at);
  }
  for (const { action, trigger, objects, clusters, at, first } of report?.groups ?? []) {
    const where = `${countOf(objects, "object")} like ${first.object} on ${countOf(clusters, "cluster")}`;
    const title = trigger === "" ? "Sluice" : titleOfOwner(trigger);
    add(action === "delete" ? "warning" : "notice", title, `would ${action} ${where}`, at);
  }
  const levels = ["error", "warning", "notice"] as const;
  return levels.flatMap((level) => all.filter((annotation) => annotation.level === level).slice(0, annotationsMax));
}

/** `::error file=…,line=…,col=…,title=…::message`. */
export function writeAnnotation({ level, message, at, title }: Annotation): string {
  const place = at === undefined ? "" : `file=${escapeProperty(at.file)},line=${at.line},col=${at.column},`;
  const text = message.length > messageCharactersMax ? `${message.slice(0, messageCharactersMax)}…` : message;
  return `::${level} ${place}title=${escapeProperty(title.slice(0, 100))}::${escapeData(text)}`;
}

/** One line of log that is no command, whatever it says: commands stand at a line's start, or anywhere as `##[`. */
export function writeLogLine(text: string): string {
  return `| ${text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, " ").replace(/##\[/g, "##\\[")}`;
}

/** As the runner's toolkit does; besides, old runners look for commands behind `##[`, too. */
function escapeData(text: string): string {
  return text
    .replace(/%/g, "%25")
    .replace(/\r/g, "%0D")
    .replace(/\n/g, "%0A")
    .replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, " ")
    .replace(/##\[/g, "##\\[")
    .replace(/::/g, ":\u200b:");
}

function escapeProperty(text: string): string {
  return escapeData(text).replace(/:/g, "%3A").replace(/,/g, "%2C");
}

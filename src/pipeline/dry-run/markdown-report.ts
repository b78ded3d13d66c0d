/**
 * A report as Markdown, for a job's summary and for the comment on a pull request.
 *
 * All text that is not ours stands in code, where forges look for no mention, reference or link, and is defused besides.
 * What does not fit is left out in whole parts, and that is said.
 */
import { countOf } from "../../model/count-of.ts";
import { formatPlace, type Place, type Problem } from "../../model/problem.ts";
import type { SettingChange } from "../../model/setting-change.ts";
import { describeHeld } from "../mass-change/judge-change.ts";
import { defuseText, fenceFor } from "../review/defuse-text.ts";
import type { ActionReport } from "./action-report.ts";
import { type ChangeGroup, type DryRunReport, type FailureGroup, hasDifferences } from "./report.ts";
import { describeSetting, writeChange } from "./write-report.ts";

const cellCharactersMax = 120;
const textCharactersMax = 400;
const rowsMax = 50;
const patchCharactersMax = 8000;
const reserveCharacters = 200;

/** At most so many UTF-16 units, ending in a newline. */
export function writeMarkdown({ report, problems, isUntrusted }: ActionReport, charactersMax: number): string {
  const parts = [
    `### Sluice: ${headline(report, problems)}\n`,
    ...(isUntrusted
      ? [
          "From a fork: rendered from the samples in the change alone, by its own word. Entities on record were not looked at.\n",
        ]
      : []),
    ...(report === undefined ? [] : describeScope(report)),
    ...list("Problems", problems.map(writeProblem)),
    ...list(
      "Held until it is approved",
      (report?.held ?? []).map(
        (change) =>
          `- ${code(describeHeld(change), textCharactersMax)} ${code(`sluice approve ${change.id}`, textCharactersMax)}`,
      ),
    ),
    ...list("Failures", (report?.failures ?? []).map(writeFailure)),
    ...list("Settings", (report?.settings ?? []).map(writeSetting)),
    ...list(
      "Moved by settings",
      (report?.moves.examples ?? []).map(
        ({ from, to }) => `- ${code(from, textCharactersMax)} → ${code(to, textCharactersMax)}`,
      ),
    ),
    ...(report === undefined ? [] : writeTriggers(report)),
    ...(report?.groups ?? []).map(writeGroup),
    ...(report?.dryRuns ?? []).map((change) => writePatch(`In sync mode DryRun, not written`, writeChange(change))),
  ];
  let text = "";
  let left = parts.length;
  for (const part of parts) {
    if (text.length + part.length + 1 > charactersMax - reserveCharacters) break;
    text += `${part}\n`;
    left--;
  }
  return left === 0 ? text : `${text}${countOf(left, "further part")} did not fit in here: see \`sluice diff\`.\n`;
}

function headline(report: DryRunReport | undefined, problems: readonly Problem[]): string {
  const errors = problems.filter(({ severity }) => severity === "error").length;
  const failing = (report?.failures ?? []).filter(({ change }) => change === "introduced");
  const failed = failing.reduce((sum, { entities }) => sum + entities, 0);
  const { create, update, delete: deleted } = report?.counts ?? { create: 0, update: 0, delete: 0 };
  const moved = report?.moves.objects ?? 0;
  const parts = [
    ...(errors > 0 ? [countOf(errors, "error")] : []),
    ...(failed > 0 ? [`${countOf(failed, "entity")} would fail`] : []),
    ...(create + update + deleted > 0 ? [`${create} to create, ${update} to update, ${deleted} to delete`] : []),
    ...(moved > 0 ? [`${moved} to move`] : []),
  ];
  if (parts.length > 0) return parts.join("; ");
  if (report === undefined || !hasDifferences(report)) return "no differences";
  return report.failures.length > 0 ? "failures mended" : "other settings";
}

function describeScope(report: DryRunReport): readonly string[] {
  const { base, head, entities, isComplete, newTriggers } = report;
  const lines = [
    `${code(base)} → ${code(head)}, ${countOf(entities, "recorded entity")} rendered again. Recorded event data and Secrets are masked.`,
    ...(isComplete ? [] : ["There are more recorded entities than a dry run renders: the rest is not counted."]),
    ...newTriggers.slice(0, rowsMax).map((name) => `EventTrigger ${code(name)} is new: it sees later events only.`),
  ];
  return [`${lines.join("\n\n")}\n`];
}

function list(title: string, items: readonly string[]): readonly string[] {
  if (items.length === 0) return [];
  const more = items.length > rowsMax ? [`- and ${items.length - rowsMax} more`] : [];
  return [`#### ${title}\n\n${[...items.slice(0, rowsMax), ...more].join("\n")}\n`];
}

function writeProblem({ severity, code: name, message, at }: Problem): string {
  return `- ${severity}${place(at)}: ${code(message, textCharactersMax)} ${code(name)}`;
}

function writeFailure({ change, trigger, code: name, message, at, entities }: FailureGroup): string {
  const verb = change === "introduced" ? "would fail" : "would be mended";
  const who = `${countOf(entities, "entity")} of ${code(trigger)}`;
  return `- ${who} ${verb}${place(at)}: ${code(message, textCharactersMax)} ${code(name)}`;
}

function writeSetting(change: SettingChange): string {
  return `- ${code(describeSetting(change), textCharactersMax)}`;
}

function writeTriggers({ triggers }: DryRunReport): readonly string[] {
  if (triggers.length === 0) return [];
  const rows = triggers
    .slice(0, rowsMax)
    .map(
      ({ trigger, create, update, delete: deleted, clusters }) =>
        `| ${trigger === "" ? "Sluice itself" : code(trigger)} | ${create} | ${update} | ${deleted} | ${clusters} |`,
    );
  const head = "| EventTrigger or profile | create | update | delete | clusters |\n| --- | ---: | ---: | ---: | ---: |";
  return [`${[head, ...rows].join("\n")}\n`];
}

function writeGroup({ action, trigger, objects, clusters, at, first }: ChangeGroup): string {
  const owner = trigger === "" ? "Sluice itself" : code(trigger);
  const title = `${action} ${countOf(objects, "object")} on ${countOf(clusters, "cluster")}: ${owner}${place(at)}`;
  return writePatch(title, writeChange(first));
}

/** Folded, so that a long report can be read. The title is safe already. */
function writePatch(title: string, patch: string): string {
  const cut = patch.length > patchCharactersMax ? `${patch.slice(0, patchCharactersMax)}\n…\n` : patch;
  // A hunk's head is ours, and what shows it in colour wants it whole.
  const text = defuseText(cut).replace(/^@\u200b@\u200b (-[0-9,]+ \+[0-9,]+) @\u200b@\u200b$/gm, "@@ $1 @@");
  const fence = fenceFor(text);
  return `<details><summary>${title}</summary>\n\n${fence}diff\n${text}${fence}\n\n</details>\n`;
}

function place(at: Place | undefined): string {
  return at === undefined ? "" : ` at ${code(formatPlace(at))}`;
}

/** One bounded line as HTML code, which tables and summaries take: everything but plain characters by number. */
function code(text: string, charactersMax = cellCharactersMax): string {
  const cut = text.length > charactersMax ? `${text.slice(0, charactersMax)}…` : text;
  const line = defuseText(cut.replace(/[\r\n\t]+/g, " "));
  return `<code>${line.replace(/[^A-Za-z0-9 /…\u200b\ufffd-]/gu, (character) => `&#${character.codePointAt(0)};`)}</code>`;
}

/** A report as text for terminals: every change with its lines, or a summary with one change of each sort. */
import { countOf } from "../../model/count-of.ts";
import { titleOfOwner } from "../../model/owner.ts";
import { formatPlace } from "../../model/problem.ts";
import type { SettingChange } from "../../model/setting-change.ts";
import { describeHeld } from "../mass-change/judge-change.ts";
import { type DryRunReport, type FailureGroup, type Hunk, hasDifferences, type ObjectChange } from "./report.ts";

const controls = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

/** As `diff -u` prints it, one change after the other, failures and totals behind them. */
export function writeUnified(report: DryRunReport): string {
  const parts = report.objects.map(writeChange);
  const hidden = changesOf(report) - report.objects.length;
  if (hidden > 0)
    parts.push(`# ${countOf(hidden, "more object differs", "more objects differ")}: raise --limit to see them\n`);
  for (const change of report.dryRuns) parts.push(`# in sync mode DryRun, not written:\n${writeChange(change)}`);
  const rest = writeFailures(report.failures) + writeSettings(report) + writeHeld(report) + writeTotals(report);
  return parts.join("") + rest;
}

/** Totals, a line for each trigger, and of changes that are alike the first one with its lines. */
export function writeSummary(report: DryRunReport): string {
  const lines = report.triggers.map(
    ({ trigger, create, update, delete: deleted, clusters }) =>
      `${ownerName(trigger)}: ${create} to create, ${update} to update, ${deleted} to delete, on ${countOf(clusters, "cluster")}\n`,
  );
  const groups = report.groups.map(({ first, objects }) => {
    const alike = objects > 1 ? `# and ${countOf(objects - 1, "object")} more like this\n` : "";
    return writeChange(first) + alike;
  });
  const rest = writeFailures(report.failures) + writeSettings(report) + writeHeld(report) + writeTotals(report);
  return [...lines, ...groups].join("") + rest;
}

/** One change as a patch; what it is for stands above it as a comment. */
export function writeChange({ action, path, at, hunks, trigger }: ObjectChange): string {
  const from = action === "create" ? "/dev/null" : `a/${path}`;
  const to = action === "delete" ? "/dev/null" : `b/${path}`;
  const place = at === undefined ? "" : ` (${formatPlace(at)})`;
  const head = `# ${action} by ${ownerName(trigger)}${place}\n--- ${from}\n+++ ${to}\n`;
  return clean(head + hunks.map(writeHunk).join(""));
}

function writeHunk({ before, after, lines }: Hunk): string {
  const text = lines.map((line) => `${line.sign}${line.text}\n`).join("");
  return `@@ -${before.join(",")} +${after.join(",")} @@\n${text}`;
}

function writeFailures(failures: readonly FailureGroup[]): string {
  return failures
    .map(({ change, trigger, code, message, at, entities, examples }) => {
      const place = at === undefined ? "" : `${formatPlace(at)}: `;
      const verb = change === "introduced" ? "would fail" : "would be mended";
      const some = examples.map((example) => `  ${example}\n`).join("");
      const who = `${countOf(entities, "entity")} of ${ownerName(trigger)}`;
      return clean(`${place}${who} ${verb}: ${message} [${code}]\n${some}`);
    })
    .join("");
}

/** What the service would hold, by the ids that it gives them. */
export function writeHeld({ held }: Pick<DryRunReport, "held">): string {
  return clean(
    held.map((change) => `! ${describeHeld(change)}\n! allow it with: sluice approve ${change.id}\n`).join(""),
  );
}

/** Keys of the settings that differ, and what follows for where manifests stand. */
function writeSettings({ settings, moves }: DryRunReport): string {
  const lines = settings.map((change) => `# setting ${describeSetting(change)}\n`);
  for (const { from, to } of moves.examples) lines.push(`# moves: ${from} → ${to}\n`);
  const more = moves.objects - moves.examples.length;
  if (more > 0) lines.push(`# and ${countOf(more, "more manifest moves", "more manifests move")}\n`);
  return clean(lines.join(""));
}

export function describeSetting({ key, before, after, isPlacing }: SettingChange): string {
  const values =
    before === undefined && after === undefined ? "changed" : `${before ?? "(none)"} → ${after ?? "(none)"}`;
  return `${key}: ${values}${isPlacing ? "" : " (changes no manifest by itself)"}`;
}

function writeTotals(report: DryRunReport): string {
  const { counts, failures, entities, base, head } = report;
  const notes = report.newTriggers.map((name) => `${ownerName(name)} is new: it sees later events only\n`);
  if (!report.isComplete)
    notes.push("there are more recorded entities than a dry run renders: the rest is not counted\n");
  const rendered = `${countOf(entities, "recorded entity")} rendered again`;
  const failed = (change: string) =>
    failures.filter((failure) => failure.change === change).reduce((sum, failure) => sum + failure.entities, 0);
  const { moves } = report;
  const moved = moves.objects > 0 ? `, ${moves.objects} to move` : "";
  const totals = hasDifferences(report)
    ? `${counts.create} to create, ${counts.update} to update, ${counts.delete} to delete${moved}; ${failed("introduced")} to fail, ${failed("mended")} mended`
    : "no differences";
  return clean(`${notes.join("")}${base} → ${head}: ${totals} (${rendered})\n`);
}

function changesOf({ counts }: DryRunReport): number {
  return counts.create + counts.update + counts.delete;
}

function ownerName(trigger: string): string {
  return trigger === "" ? "Sluice" : titleOfOwner(trigger);
}

/** Text from events must not steer a terminal. */
function clean(text: string): string {
  return text.replace(controls, "\ufffd");
}

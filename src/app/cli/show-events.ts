/** `sluice show events`: what became of the last events, told by the service that runs on this machine. */
import { ownerKey } from "../../model/owner.ts";
import { briefProblem } from "../../model/problem.ts";
import type { Settings } from "../../model/settings.ts";
import type { PushedEffect, WithoutEffect } from "../../pipeline/loop/recent.ts";
import { sendControl } from "../compose/control.ts";
import type { HostSnapshot } from "../host/host-snapshot.ts";
import type { CliContext } from "./context.ts";
import { type Column, formatTime, oneLine, type PrintOptions, printRows, type View } from "./print-rows.ts";

const askMs = 1_000;

/** A line: an event with its effect, or a delivery without one. */
interface EventRow {
  /** RFC 3339. */
  readonly time: string;
  readonly result: string;
  readonly subject: string;
  readonly type?: string;
  readonly source?: string;
  readonly id?: string;
  readonly trigger?: string;
  readonly clusters?: number;
  readonly commit?: string;
  readonly branch?: string;
  readonly stream?: string;
  readonly sequence?: number;
  readonly reason?: string;
}

export interface EventsOptions extends PrintOptions {
  readonly limit: number;
  readonly isWatched: boolean;
  readonly trigger: string | undefined;
  readonly failedOnly: boolean;
}

/** The oldest first; watched, until the command is interrupted. */
export async function showEvents(context: CliContext, settings: Settings, options: EventsOptions): Promise<void> {
  const { format, limit, isWatched } = options;
  let shown: ReadonlySet<string> = new Set();
  for (let isFirst = true; ; isFirst = false) {
    const rows = (await readEvents(context, settings)).filter((row) => isWanted(row, options));
    const keys = rows.map((row) => JSON.stringify(row));
    const fresh = rows.filter((_, index) => !shown.has(keys[index]!));
    shown = new Set(keys);
    const printed = isFirst ? fresh.slice(-limit) : fresh;
    // A table has an end; what goes on is a line each.
    if (isWatched && (format === "table" || format === "wide"))
      for (const row of printed) context.out(writeLine(row, format === "wide"));
    else if (isFirst || printed.length > 0) await printRows(context, options, printed, eventView);
    if (!isWatched || context.stop.aborted) return;
    await new Promise((resolve) => setTimeout(resolve, askMs));
  }
}

async function readEvents(context: CliContext, settings: Settings): Promise<EventRow[]> {
  const answer = await sendControl(settings, { command: "status" });
  const { leading } = context.redactor.redactValue(JSON.parse(answer)) as HostSnapshot;
  if (leading === undefined) return [];
  const rows = [...leading.effects.map(rowOfEffect), ...leading.withoutEffect.map(rowWithoutEffect)];
  return rows.sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
}

function isWanted(row: EventRow, { trigger, failedOnly }: EventsOptions): boolean {
  if (trigger !== undefined && row.trigger !== trigger) return false;
  return !failedOnly || row.result === "failed" || row.result === "undecoded";
}

function rowOfEffect(effect: PushedEffect): EventRow {
  const { at, action, owner, source, subject, type, id, clusters, commit, branch, reason } = effect;
  const trigger = owner.kind === "EventTrigger" ? owner.name : ownerKey(owner);
  return {
    time: new Date(at).toISOString(),
    result: action === "failed" ? "failed" : action,
    ...{ subject, type, source, id, trigger, clusters, branch },
    ...(commit === undefined ? {} : { commit }),
    ...(reason === undefined ? {} : { reason: briefProblem(reason) }),
  };
}

function rowWithoutEffect({ at, stream, sequence, subject, reason, problem }: WithoutEffect): EventRow {
  const why = problem === undefined ? {} : { reason: briefProblem(problem) };
  return { time: new Date(at).toISOString(), result: reason, subject, stream, sequence, ...why };
}

const columns: readonly Column<EventRow>[] = [
  { title: "TIME", cell: ({ time }) => formatTime(time) },
  { title: "RESULT", cell: ({ result }) => result },
  { title: "SUBJECT", cell: ({ subject }) => subject },
  { title: "TRIGGER", cell: ({ trigger = "" }) => trigger },
  { title: "CLUSTERS", cell: ({ clusters }) => (clusters === undefined ? "" : String(clusters)) },
  { title: "COMMIT", cell: ({ commit = "" }) => commit.slice(0, 7) },
  { title: "TYPE", cell: ({ type = "" }) => type, isWide: true },
  { title: "SOURCE", cell: ({ source = "" }) => source, isWide: true },
  { title: "STREAM", cell: ({ stream = "", sequence = "" }) => `${stream} ${sequence}`.trim(), isWide: true },
  { title: "REASON", cell: ({ reason = "" }) => reason },
];

function writeLine(row: EventRow, isWide: boolean): string {
  const cells = columns.filter((column) => isWide || column.isWide !== true).map(({ cell }) => cell(row));
  return `${oneLine(cells.filter((cell) => cell !== "").join("  "))}\n`;
}

const eventView: View<EventRow> = {
  columns,
  name: ({ subject }) => subject,
  plain: (row) => row,
};

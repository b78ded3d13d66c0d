/** Prints rows as the table that kubectl-like tools draw, as JSON or as YAML. */
import Table from "cli-table3";
import { stringify } from "yaml";
import type { CliContext, OutputFormat } from "./context.ts";

export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => string;
}

const border = {
  top: "-",
  "top-mid": "+",
  "top-left": "+",
  "top-right": "+",
  bottom: "-",
  "bottom-mid": "+",
  "bottom-left": "+",
  "bottom-right": "+",
  left: "|",
  "left-mid": "+",
  mid: "-",
  "mid-mid": "+",
  right: "|",
  "right-mid": "+",
  middle: "|",
};

/** `plain` makes of a row what JSON and YAML show. */
export function printRows<Row>(
  context: CliContext,
  format: OutputFormat,
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  plain: (row: Row) => unknown,
): void {
  if (format === "json") context.out(context.redactor.redact(`${JSON.stringify(rows.map(plain), undefined, 2)}\n`));
  else if (format === "yaml") context.out(context.redactor.redact(stringify(rows.map(plain))));
  else context.out(context.redactor.redact(`${drawTable(rows, columns)}\n`));
}

function drawTable<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): string {
  const table = new Table({
    head: columns.map(({ title }) => title),
    chars: border,
    style: { head: [], border: [], "padding-left": 1, "padding-right": 1, compact: true },
  });
  // Text from events may hold anything; a table has lines.
  for (const row of rows)
    table.push(columns.map(({ cell }) => cell(row).replace(/[\u0000-\u001f\u007f-\u009f]/g, " ")));
  return table.toString();
}

/** As Go prints times, which is how the seed's table shows them: `2025-02-04 14:12:03 +0100 CET`. */
export function formatTime(rfc3339: string): string {
  const time = new Date(rfc3339);
  if (Number.isNaN(time.getTime())) return rfc3339;
  const two = (number: number) => String(Math.trunc(Math.abs(number))).padStart(2, "0");
  const offset = -time.getTimezoneOffset();
  const date = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
  const clock = `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
  const zone = new Intl.DateTimeFormat("en", { timeZoneName: "short" }).formatToParts(time);
  const name = zone.find(({ type }) => type === "timeZoneName")?.value ?? "UTC";
  return `${date} ${clock} ${offset < 0 ? "-" : "+"}${two(offset / 60)}${two(offset % 60)} ${name}`;
}

/**
 * Prints rows as the table that kubectl-like tools draw, as names, as JSON or as YAML: each as it comes, so that a list
 * of any length takes time in proportion to it, and little memory.
 */
import stringWidth from "string-width";
import { stringify } from "yaml";
import type { CliContext, OutputFormat } from "./context.ts";

export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => string;
  /** Only with `-o wide`. */
  readonly isWide?: true;
}

/** What is printed of a kind of row. */
export interface View<Row> {
  readonly columns: readonly Column<Row>[];
  /** What identifies the row in one word: what `-o name` prints. */
  readonly name: (row: Row) => string;
  /** What JSON and YAML show. */
  readonly plain: (row: Row) => unknown;
}

export interface PrintOptions {
  readonly format: OutputFormat;
  /** Whether a table has its titles; they are there unless this says no. */
  readonly headers?: boolean;
}

/** Columns are as wide as the titles and the cells of so many rows ask for; what comes later may stand out. */
const measuredRowsMax = 1000;

/** Prints all rows; returns how many there were. */
export async function printRows<Row>(
  context: CliContext,
  { format, headers = true }: PrintOptions,
  rows: AsyncIterable<Row> | Iterable<Row>,
  view: View<Row>,
): Promise<number> {
  const { out, redactor } = context;
  let count = 0;
  async function* counted() {
    for await (const row of rows) {
      count++;
      yield row;
    }
  }
  switch (format) {
    case "json":
      for await (const row of counted()) {
        const text = JSON.stringify(redactor.redactValue(view.plain(row)), undefined, 2).replaceAll("\n", "\n  ");
        out(`${count === 1 ? "[" : ","}\n  ${text}`);
      }
      out(count === 0 ? "[]\n" : "\n]\n");
      break;
    case "yaml":
      for await (const row of counted()) out(stringify([redactor.redactValue(view.plain(row))]));
      if (count === 0) out("[]\n");
      break;
    case "name":
      for await (const row of counted()) out(`${redactor.redact(oneLine(view.name(row)))}\n`);
      break;
    case "table":
    case "wide": {
      const columns = view.columns.filter(({ isWide }) => format === "wide" || isWide !== true);
      const cells = (row: Row) => columns.map(({ cell }) => oneLine(redactor.redact(cell(row))));
      await drawTable(out, headers ? columns.map(({ title }) => title) : undefined, columns.length, counted(), cells);
      break;
    }
    default:
      format satisfies never;
  }
  return count;
}

const asciiOnly = /^[ -~]*$/;

/** In columns of a terminal. Nearly all cells are plain, and those of a thousand rows would take longer than the rest. */
function widthOf(text: string): number {
  return asciiOnly.test(text) ? text.length : stringWidth(text);
}

async function drawTable<Row>(
  out: (text: string) => void,
  titles: readonly string[] | undefined,
  columnCount: number,
  rows: AsyncIterable<Row>,
  cells: (row: Row) => readonly string[],
): Promise<void> {
  const measured: (readonly string[])[] = titles === undefined ? [] : [titles];
  let widths: readonly number[] | undefined;
  const begin = () => {
    const measure = (column: number) => Math.max(0, ...measured.map((line) => widthOf(line[column] ?? "")));
    const found = Array.from({ length: columnCount }, (_, column) => measure(column));
    out(rule(found));
    measured.forEach((line, index) => {
      out(drawLine(line, found));
      if (index === 0 && titles !== undefined) out(rule(found));
    });
    widths = found;
  };
  for await (const row of rows) {
    if (widths !== undefined) out(drawLine(cells(row), widths));
    else if (measured.push(cells(row)) > measuredRowsMax) begin();
  }
  // Whoever wants no titles reads rows by program: of none there is nothing to see, no frame either.
  if (measured.length === 0) return;
  if (widths === undefined) begin();
  if (widths !== undefined && (titles === undefined || measured.length > 1)) out(rule(widths));
}

function rule(widths: readonly number[]): string {
  return `+${widths.map((width) => "-".repeat(width + 2)).join("+")}+\n`;
}

function drawLine(cells: readonly string[], widths: readonly number[]): string {
  const padded = cells.map((cell, column) => cell + " ".repeat(Math.max(0, (widths[column] ?? 0) - widthOf(cell))));
  return `| ${padded.join(" | ")} |\n`;
}

/** Text from events may hold anything; a table has lines. */
export function oneLine(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g, " ");
}

/** As Go prints times, which is how the seed's table shows them: `2025-02-04 14:12:03 +0100 CET`. */
export function formatTime(rfc3339: string): string {
  const time = new Date(rfc3339);
  if (Number.isNaN(time.getTime())) return rfc3339;
  const two = (number: number) => String(Math.trunc(Math.abs(number))).padStart(2, "0");
  const offset = -time.getTimezoneOffset();
  const date = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
  const clock = `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
  zoneNames ??= new Intl.DateTimeFormat("en", { timeZoneName: "short" });
  const name = zoneNames.formatToParts(time).find(({ type }) => type === "timeZoneName")?.value ?? "UTC";
  return `${date} ${clock} ${offset < 0 ? "-" : "+"}${two(offset / 60)}${two(offset % 60)} ${name}`;
}

/** Made once: it costs far more than to use it. */
let zoneNames: Intl.DateTimeFormat | undefined;

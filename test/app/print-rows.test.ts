import { describe, expect, it } from "vitest";
import type { CliContext, OutputFormat } from "../../src/app/cli/context.ts";
import { printRows, type View } from "../../src/app/cli/print-rows.ts";

interface Row {
  readonly name: string;
  readonly count: number;
}

const view: View<Row> = {
  columns: [
    { title: "NAME", cell: ({ name }) => name },
    { title: "COUNT", cell: ({ count }) => String(count) },
    { title: "TWICE", cell: ({ count }) => String(2 * count), isWide: true },
  ],
  name: ({ name }) => `row/${name}`,
  plain: (row) => row,
};
const rows: readonly Row[] = [
  { name: "a", count: 1 },
  { name: "日本\nx", count: 12 },
];

async function print(format: OutputFormat, given: Iterable<Row>, headers?: boolean): Promise<string> {
  let text = "";
  const context: CliContext = {
    out: (more) => {
      text += more;
    },
    err: () => undefined,
    isTerminal: false,
    workingDirectory: "/",
    stop: new AbortController().signal,
    stopInOrder: () => undefined,
    redactor: { remember: () => undefined, redact: (plain) => plain, redactValue: (value) => value },
  };
  await printRows(context, { format, ...(headers === undefined ? {} : { headers }) }, given, view);
  return text;
}

const printed: readonly { readonly format: OutputFormat; readonly headers?: boolean; readonly text: string }[] = [
  {
    format: "table",
    text: "+--------+-------+\n| NAME   | COUNT |\n+--------+-------+\n| a      | 1     |\n| 日本 x | 12    |\n+--------+-------+\n",
  },
  { format: "table", headers: false, text: "+--------+----+\n| a      | 1  |\n| 日本 x | 12 |\n+--------+----+\n" },
  {
    format: "wide",
    text: "+--------+-------+-------+\n| NAME   | COUNT | TWICE |\n+--------+-------+-------+\n| a      | 1     | 2     |\n| 日本 x | 12    | 24    |\n+--------+-------+-------+\n",
  },
  { format: "name", text: "row/a\nrow/日本 x\n" },
  { format: "yaml", text: "- name: a\n  count: 1\n- name: |-\n    日本\n    x\n  count: 12\n" },
];

describe.each(printed)("as $format, headers: $headers", ({ format, headers, text }) => {
  it("prints the rows", async () => {
    expect(await print(format, rows, headers)).toBe(text);
  });
});

it("prints JSON that parses, empty or not", async () => {
  expect(JSON.parse(await print("json", rows))).toEqual(rows);
  expect(JSON.parse(await print("json", []))).toEqual([]);
  expect(await print("yaml", [])).toBe("[]\n");
});

it("prints a table's head where there are no rows", async () => {
  expect(await print("table", [])).toBe("+------+-------+\n| NAME | COUNT |\n+------+-------+\n");
});

it("prints each row as it comes once it has seen enough to be as wide as most", async () => {
  const seen: string[] = [];
  async function* many() {
    for (let index = 0; index < 3000; index++) {
      // The rows before are out by then: nothing is gathered to the end.
      if (index === 2500) expect(seen.length).toBeGreaterThan(2400);
      yield { name: `row ${index}`, count: index };
    }
  }
  const context = {
    out: (text: string) => seen.push(text),
    redactor: { remember: () => undefined, redact: (text: string) => text, redactValue: (value: unknown) => value },
  } as unknown as CliContext;
  expect(await printRows(context, { format: "table" }, many(), view)).toBe(3000);
});

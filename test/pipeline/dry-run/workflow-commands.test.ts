import fc from "fast-check";
import { expect, it } from "vitest";
import type { Problem } from "../../../src/model/problem.ts";
import { annotate, writeAnnotation, writeLogLine } from "../../../src/pipeline/dry-run/workflow-commands.ts";

const hostile = fc.oneof(
  fc.string({ unit: "grapheme" }),
  fc.constantFrom(
    "::error::x",
    "a\n::set-output name=x::y",
    "##[error]x",
    "%0A::x::",
    "\r\n::stop-commands::x",
    "a,b=c:d",
  ),
);

function problem(message: string, file: string): Problem {
  return { code: "TEMPLATE_FAILED", severity: "error", message, at: { file, line: 3, column: 7 } };
}

it("an annotation is one line and one command, whatever is in it", () => {
  fc.assert(
    fc.property(hostile, hostile, hostile, (message, file, title) => {
      const [annotation] = annotate(undefined, [problem(message, file)], (name) => name);
      const line = writeAnnotation({ ...annotation!, title });
      expect(line).toMatch(/^::error file=[^,\n\r]*,line=3,col=7,title=[^,:\n\r]*::[^\n\r]*$/u);
      const parts = line.split("::");
      expect(parts).toHaveLength(3);
      expect(line).not.toContain("##[");
    }),
  );
});

it("as the runner's toolkit escapes them", () => {
  expect(
    writeAnnotation({
      level: "warning",
      title: "a:b,c",
      message: "50%\nnext",
      at: { file: "x,y.yaml", line: 1, column: 2 },
    }),
  ).toBe("::warning file=x%2Cy.yaml,line=1,col=2,title=a%3Ab%2Cc::50%25%0Anext");
});

it("a line of log is no command", () => {
  fc.assert(
    fc.property(hostile, (text) => {
      const line = writeLogLine(text);
      expect(line.startsWith("| ")).toBe(true);
      expect(line).not.toMatch(/[\n\r]|##\[/);
    }),
  );
});

it("of each level as many as GitHub shows, errors first; a file outside the repository has no place", () => {
  const errors = Array.from({ length: 30 }, (_, index) => problem(String(index), "a.yaml"));
  const annotations = annotate(undefined, [{ ...problem("w", "b.yaml"), severity: "warning" }, ...errors], (file) =>
    file === "b.yaml" ? undefined : file,
  );
  expect(annotations.map(({ level }) => level)).toEqual([...Array.from({ length: 10 }, () => "error"), "warning"]);
  expect(annotations.at(-1)?.at).toBeUndefined();
});

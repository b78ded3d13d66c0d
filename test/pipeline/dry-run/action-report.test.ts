import fc from "fast-check";
import { expect, it } from "vitest";
import { type ActionReport, readActionReport, writeActionReport } from "../../../src/pipeline/dry-run/action-report.ts";
import { writeMarkdown } from "../../../src/pipeline/dry-run/markdown-report.ts";

const change = {
  action: "update",
  path: "rendered/fleet/eu-1/triggers/users/_cluster/namespace/alice.yaml",
  cluster: "fleet/eu-1",
  trigger: "users",
  object: "namespace alice",
  at: { file: "config/users.yaml", line: 27, column: 5 },
  hunks: [
    {
      before: [1, 1],
      after: [1, 1],
      lines: [
        { sign: "-", text: "a" },
        { sign: "+", text: "b" },
      ],
    },
  ],
} as const;

const found: ActionReport = {
  isUntrusted: true,
  problems: [
    { code: "FIELD_UNKNOWN", severity: "warning", message: "unknown", at: { file: "a.yaml", line: 1, column: 2 } },
  ],
  report: {
    base: "main",
    head: "config",
    counts: { create: 1, update: 2, delete: 3 },
    held: [],
    triggers: [{ trigger: "users", create: 1, update: 2, delete: 3, clusters: 4 }],
    groups: [{ action: "update", trigger: "users", objects: 2, clusters: 1, at: change.at, first: change }],
    objects: [],
    failures: [
      {
        change: "introduced",
        trigger: "users",
        code: "TEMPLATE_FAILED",
        message: "no",
        entities: 5,
        examples: ["a b"],
      },
    ],
    dryRuns: [change],
    entities: 6,
    isComplete: true,
    newTriggers: ["new"],
    settings: [{ key: "output.shards", before: "0", after: "1", isPlacing: true }],
    moves: { objects: 7, examples: [{ from: "a", to: "b" }] },
  },
};

it("what one workflow writes the other reads", () => {
  expect(readActionReport(writeActionReport(found))).toEqual(found);
});

it("whatever a report holds is read as something harmless, or refused with USAGE", () => {
  // Reports with anything in the place of any part.
  const anything = fc.anything({ maxDepth: 4 });
  const report = fc.record(
    Object.fromEntries(Object.keys(found.report!).map((key) => [key, fc.oneof(anything, fc.array(fc.object()))])),
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(fc.oneof(anything, fc.record({ report, problems: fc.array(fc.object()) })), (value) => {
      const text = JSON.stringify(value, (_, member) => (typeof member === "bigint" ? String(member) : member)) ?? "";
      let read: ActionReport;
      try {
        read = readActionReport(text);
      } catch (error) {
        expect(error).toMatchObject({ problem: { code: "USAGE" } });
        return;
      }
      expect(read.isUntrusted).toBe(true);
      expect(writeMarkdown(read, 10_000).length).toBeLessThanOrEqual(10_000);
    }),
  );
  expect(() => readActionReport(`"${"x".repeat(2 * 1024 * 1024)}"`)).toThrow();
});

it("text of others stands in code, and closes nothing", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: "grapheme" }),
      fc.constantFrom(
        "@team ",
        "```\n",
        "</details>",
        "</code><script>",
        "| x |\n# ",
        "Fixes #1 ",
        "https://evil.example ",
      ),
      (noise, evil) => {
        const text = noise + evil + noise;
        const { report } = found;
        const hunks = [{ ...change.hunks[0], lines: [{ sign: "+" as const, text }] }];
        const markdown = writeMarkdown(
          {
            ...found,
            problems: [{ code: "INTERNAL", severity: "error", message: text }],
            report: {
              ...report!,
              base: text,
              newTriggers: [text],
              groups: [{ ...report!.groups[0]!, trigger: text, first: { ...change, hunks } }],
            },
          },
          100_000,
        );
        const outside = markdown
          .replace(/^(`{3,})diff\n[\s\S]*?^\1$/gm, "")
          .replace(/<code>[^<]*<\/code>/g, "")
          .replace(/<\/?details>|<\/?summary>/g, "");
        expect(outside).not.toMatch(/[@<]|Fixes|https|evil|script/);
        expect(markdown.match(/<details>/g)?.length).toBe(2);
      },
    ),
  );
});

it("what does not fit is left out in whole parts, and said", () => {
  const groups = Array.from({ length: 100 }, () => found.report!.groups[0]!);
  const markdown = writeMarkdown({ ...found, report: { ...found.report!, groups } }, 5000);
  expect(markdown.length).toBeLessThanOrEqual(5000);
  expect(markdown).toMatch(/further parts did not fit in here/);
  expect(markdown.match(/<details>/g)?.length).toBe(markdown.match(/<\/details>/g)?.length);
});

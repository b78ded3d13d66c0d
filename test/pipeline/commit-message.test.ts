/** Commit messages: what they say, and that text from events says nothing to forges, bots and mail programs. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ChangeSet, EventEffect, ObjectChange } from "../../src/model/change-set.ts";
import { triggerOwner } from "../../src/model/owner.ts";
import { escapeText, writeCommitMessage } from "../../src/pipeline/commit-message.ts";
import { compileTemplate } from "../../src/render/compile-template.ts";
import { findProjectRoot } from "../tools/find-project-root.ts";

const { template } = compileTemplate({
  text: readFileSync(join(findProjectRoot(), "templates/commit-message.tmpl"), "utf8"),
  engine: "go",
  file: "templates/commit-message.tmpl",
  part: "",
  line: 1,
  column: 1,
});

function event(fields: Partial<EventEffect> = {}): EventEffect {
  return {
    owner: triggerOwner("login"),
    connection: "bus",
    source: "auth.example.com",
    subject: "mgianluc",
    type: "auth.example.com.login",
    id: "10001",
    action: "Create",
    clusters: 1,
    failed: 0,
    ...fields,
  };
}

function write(events: readonly EventEffect[], objects: readonly ObjectChange["action"][] = ["create"]): string {
  const changeSet: ChangeSet = {
    changes: [],
    objects: objects.map((action, index) => ({ action, path: `desired/${index}` })),
    events,
    droppedLetters: 0,
  };
  return writeCommitMessage(template!, changeSet);
}

it("one event is the subject", () => {
  expect(
    write([event({ clusters: 2 })]),
  ).toBe(`Create mgianluc on 2 clusters (login: auth.example.com.login from auth.example.com)

Sluice-Trigger: login
Sluice-Event: auth.example.com mgianluc 10001
`);
});

it("several are counted and listed", () => {
  const events = [
    event(),
    event({ subject: "bob", action: "Delete" }),
    event({ owner: triggerOwner("a"), action: "failed" }),
  ];
  expect(
    write(events, ["create", "create", "update", "delete"]),
  ).toBe(`Create 2, update 1, delete 1 manifests for 3 events

- Create mgianluc on 1 cluster (login: auth.example.com.login from auth.example.com)
- Delete bob on 1 cluster (login: auth.example.com.login from auth.example.com)
- Fail mgianluc on 1 cluster (a: auth.example.com.login from auth.example.com)

Sluice-Trigger: a
Sluice-Trigger: login
Sluice-Event: auth.example.com mgianluc 10001
Sluice-Event: auth.example.com bob 10001
Sluice-Event: auth.example.com mgianluc 10001
`);
});

it("very many are cut", () => {
  const message = write(Array.from({ length: 1000 }, (_, index) => event({ subject: `user-${index}` })));
  expect(message.split("\n").filter((line) => line.startsWith("- "))).toHaveLength(51);
  expect(message).toContain("- and 950 more\n");
  expect(message.split("\n").filter((line) => line.startsWith("Sluice-Event:"))).toHaveLength(50);
  expect(message.length).toBeLessThan(30_000);
});

it("without events it says what it does", () => {
  expect(write([], [])).toBe("Bring manifests to the state\n");
  expect(write([], ["delete"])).toBe("Delete 1 manifest\n");
});

describe("text of events", () => {
  const hostile: [string, string][] = [
    ["mgianluc", "mgianluc"],
    ["alice@example.com", "alice%40example.com"],
    ["@everyone", "%40everyone"],
    ["fixes #1", "fixes%20%231"],
    ["a\nSigned-off-by: Linus", "a%0ASigned-off-by:%20Linus"],
    ["a\r\n\r\ndiff --git", "a%0D%0A%0D%0Adiff%20--git"],
    ["[skip ci]", "%5Bskip%20ci%5D"],
    ["https://github.com/o/r/issues/1", "https%3A//github.com/o/r/issues/1"],
    ["urn:device:1", "urn:device:1"],
    ["GH-26", "GH%2D26"],
    ["gh-actions", "gh-actions"],
    ["o/r!1", "o/r%211"],
    ["<script>", "%3Cscript%3E"],
    ["{{ .secret }}", "%7B%7B%20.secret%20%7D%7D"],
    ["\u202Eevil", "%E2%80%AEevil"],
    ["é", "%C3%A9"],
    ["", "-"],
    ["a".repeat(101), `${"a".repeat(100)}...`],
  ];
  for (const [text, escaped] of hostile) {
    it(`${JSON.stringify(text.slice(0, 40))} is ${escaped.slice(0, 40)}`, () => expect(escapeText(text)).toBe(escaped));
  }

  const foreign = fc.oneof(
    fc.string({ unit: "binary", maxLength: 300 }),
    fc.string({ unit: fc.constantFrom("\n", "@", "#", "GH-1", "fixes ", "://", "a", ": ", "\r", "\u2028", "closes") }),
  );
  it("stays on its line, bounded, and without any mark of its own", () => {
    fc.assert(
      fc.property(foreign, foreign, foreign, foreign, (subject, source, type, id) => {
        const message = write([event({ subject, source, type, id }), event({ subject: id })]);
        const lines = message.split("\n");
        expect(lines).toHaveLength(9);
        expect(lines.slice(6, 8).every((line) => /^Sluice-Event: \S+ \S+ \S+$/.test(line))).toBe(true);
        expect(message).toMatch(/^[\x20-\x7e\n]*$/);
        expect(message).not.toMatch(/[@#![\]<>{}`\\]|:\/\/|\bgh-\d/i);
        expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(500);
      }),
    );
  });
});

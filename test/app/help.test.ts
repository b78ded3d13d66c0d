/** The command line as it presents itself: help, usage errors, and the pages that speak of it. */
import type { CommanderError } from "commander";
import { describe, expect, it } from "vitest";
import type { CliContext } from "../../src/app/cli/context.ts";
import { examples, summaries } from "../../src/app/cli/examples.ts";
import { loadProgram } from "../../src/app/cli/program.ts";
import { codeBlocks, codeSpans, readPages, shellBlocks } from "../docs/pages.ts";
import { commandLines, simpleCommands } from "../docs/shell-commands.ts";
import { runCommand } from "../tools/run-command.ts";

const run = (...args: string[]) => runCommand("/nowhere", args);

const help = (await run("--help")).out;
const commands = [...help.slice(help.indexOf("\nTo begin:")).matchAll(/^ {2}([a-z]+)/gm)]
  .map(([, name = ""]) => name)
  .filter((name) => name !== "help");
const flags = new Map<string, ReadonlySet<string>>();
for (const command of commands) flags.set(command, flagsIn((await run(command, "--help")).out));
const programFlags = flagsIn(help);

function flagsIn(text: string): ReadonlySet<string> {
  return new Set([...text.matchAll(/(?<![\w-])--?[a-z][\w-]*|(?<![\w-])-[A-Z]\b/g)].map(([flag]) => flag));
}

describe("help", () => {
  it("names the streams and the exit codes", () => {
    expect(help).toContain("stdout");
    expect(help).toContain("stderr");
    expect(help).toContain("0 done, 1 differences or findings, 2 usage, 3 failure or not there");
  });

  it("knows every command", () => {
    expect(commands).toEqual(expect.arrayContaining(["run", "render", "validate", "show", "publish", "demo"]));
  });

  it.each([["--help"], ["--version"], ["help"], ["help", "run"], ...commands.map((name) => [name, "--help"])])(
    "is a result: %s %s",
    async (...args) => {
      const { code, out, err } = await run(...args.filter((arg) => arg !== undefined));
      expect(code).toBe(0);
      expect(out).not.toBe("");
      expect(err).toBe("");
    },
  );
});

describe("examples in the help", () => {
  it("are there for every command, and a line about each", () => {
    expect(Object.keys(examples).sort()).toEqual([...commands].sort());
    expect(Object.keys(summaries).sort()).toEqual([...commands].sort());
    expect(help.split("\n").filter((line) => line.length > 80)).toEqual([]);
    expect(help).not.toMatch(/^ {20,}/m);
  });

  it.each(Object.entries(examples))("of %s are commands with flags that exist", async (command, lines) => {
    expect((await run(command, "--help")).out).toContain(`Examples:\n  ${lines[0]}`);
    for (const line of lines) {
      const [words = []] = sluiceCommands(line);
      expect(words[0], line).toBe(command);
      expect((await complaint(words))?.message, line).toBeUndefined();
    }
  });
});

describe("usage errors", () => {
  it.each([
    ["no command", []],
    ["a command that does not exist", ["launch"]],
    ["an option that does not exist", ["run", "--fast"]],
    ["an option without its value", ["run", "--file"]],
    ["a missing argument", ["show"]],
    ["a missing option", ["render"]],
    ["an argument too many", ["status", "now"]],
    ["a view that does not exist", ["show", "everything"]],
    ["a format that does not exist", ["show", "addons", "-o", "xml"]],
    ["a limit that is none", ["show", "addons", "--limit", "few"]],
    ["a log level that does not exist", ["run", "--log-level", "loud"]],
    ["a log format that does not exist", ["run", "--log-format", "xml"]],
    ["an event without its type", ["publish", "login"]],
    ["a wildcard as an event's subject", ["publish", "login.>", "--type", "t", "--source", "s"]],
    ["a subject with an empty token", ["publish", "login..a", "--type", "t", "--source", "s"]],
  ])("%s ends with 2, and nothing on stdout", async (_, args) => {
    const { code, out, err } = await run(...args);
    expect(code).toBe(2);
    expect(out).toBe("");
    expect(err).not.toBe("");
  });
});

it("suggests a value that is close, and names the command's own help", async () => {
  const { err } = await run("show", "addon");
  expect(err).toMatch(/Allowed choices are addons, .*\n\(Did you mean addons\?\)\n\(see sluice show --help\)\n$/);
});

describe("what is not there", () => {
  it.each([
    ["an event's file", ["publish", "login", "--event", "nothing.json"]],
    ["a data file", ["publish", "login", "--type", "t", "--source", "s", "--data", "@nothing.json"]],
  ])("%s ends with 3: the words were right", async (_, args) => {
    const { code, out, err } = await run(...args);
    expect(code).toBe(3);
    expect(out).toBe("");
    expect(err).toContain("NOT_FOUND");
  });
});

describe("the settings' file", () => {
  it.each([
    ["before the command", ["-f", "/nowhere/x.yaml", "validate"]],
    ["before the command, in one word", ["--file=/nowhere/x.yaml", "validate"]],
    ["behind the command", ["validate", "--file", "/nowhere/x.yaml"]],
  ])("is named %s", async (_, args) => {
    const { code, err } = await run(...args);
    expect(code).toBe(3);
    expect(err).toContain("/nowhere/x.yaml");
  });
});

it.each([
  ["get", "show"],
  ["describe", "explain"],
  ["reconcile", "rerender"],
  ["suspend", "pause"],
  ["delete", "remove"],
  ["lint", "validate"],
])("%s is answered with what it is called here", async (word, ours) => {
  const { code, err } = await run(word);
  expect(code).toBe(2);
  expect(err).toContain(`sluice ${ours}`);
});

it("says what runs, for programs too", async () => {
  const { code, out } = await run("version", "-o", "json");
  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject({
    node: process.versions.node,
    stateFormat: 3,
    kubernetesSchema: expect.stringMatching(/^v1\./),
  });
  expect((await run("version")).out).toContain("kubernetesSchema");
});

it("is a failure when the settings can't be read", async () => {
  const { code, err } = await run("validate", "--file", "/nowhere/sluice.yaml");
  expect(code).toBe(3);
  expect(err).toContain("SETTINGS_INVALID");
});

/** The command line as commander takes it, with nothing behind it: whether words name a command with its flags and arguments. */
const parser = (await loadProgram({} as CliContext)).version("0.0.0");
for (const command of [parser, ...parser.commands]) {
  command.exitOverride().configureOutput({ writeErr: () => undefined, writeOut: () => undefined });
  command.action(() => undefined);
}

/** What commander has against these words behind `sluice`; undefined: nothing. */
async function complaint(words: readonly string[]): Promise<CommanderError | undefined> {
  return parser.parseAsync([...words], { from: "user" }).then(
    () => undefined,
    (error: CommanderError) => (error.exitCode === 0 ? undefined : error),
  );
}

/** What a page says to `sluice` in this text: the words behind it, of each time. */
function sluiceCommands(text: string): readonly (readonly string[])[] {
  return simpleCommands(text).flatMap((words) => {
    const at = words.findIndex((word) => /^(?:.*\/)?sluice$/.test(word));
    // Behind other programs' words it is a name, unless those start it: `kubectl exec … -- sluice`.
    if (at < 0 || (at > 0 && words[at - 1] !== "--" && words[0] !== "npx")) return [];
    const said = words.slice(at + 1);
    return said.length === 0 ? [] : [said];
  });
}

/** What is missing where a command is only mentioned: `sluice explain`, `sluice show … --at COMMIT`. */
const mentions = [
  "commander.missingArgument",
  "commander.missingMandatoryOptionValue",
  "commander.optionMissingArgument",
];

describe("the pages", () => {
  const pages = readPages();

  it.each(pages)("$path: commands to type are taken as they are printed", async (page) => {
    for (const { language, text } of shellBlocks(page)) {
      for (const line of commandLines(language, text)) {
        for (const words of sluiceCommands(line)) expect((await complaint(words))?.message, line).toBeUndefined();
      }
    }
  });

  it.each(pages)("$path: commands that it speaks of exist, with their flags", async (page) => {
    // In YAML and the like commands stand within lines.
    const others = codeBlocks(page).flatMap(({ text }) => text.match(/(?<=^|[\s/$&|;(])sluice [a-z-].*/gm) ?? []);
    for (const span of [...codeSpans(page), ...others]) {
      for (const [command = "", ...words] of sluiceCommands(span)) {
        if (!/^[a-z]|^--?[a-z]/.test(command)) continue;
        const { code, message } = (await complaint([command, ...words.filter((word) => word !== "…")])) ?? {};
        if (!mentions.includes(code ?? "")) expect(message, span).toBeUndefined();
      }
    }
  });

  it.each(pages)("$path: flags by themselves exist somewhere", (page) => {
    const all = [...flags.values(), programFlags].flatMap((known) => [...known]);
    for (const span of codeSpans(page)) {
      if (/^--[a-z]/.test(span)) expect(all, span).toContain(span.split(/[\s=]/)[0]);
    }
  });

  it("mention every command", () => {
    const spans = pages.flatMap((page) => codeSpans(page));
    const mentioned = new Set([...spans.map(firstWord), ...spans.flatMap(sluiceCommands).map(([word]) => word)]);
    expect(commands.filter((command) => !mentioned.has(command))).toEqual([]);
  });
});

function firstWord(text: string): string {
  return text.split(/\s/, 1)[0] ?? "";
}

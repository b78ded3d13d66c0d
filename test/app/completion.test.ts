/** Completion as the shells themselves do it, where they are on this machine; and that it knows every command and flag. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { describeCommands } from "../../src/app/cli/command-tree.ts";
import { shells, writeCompletion } from "../../src/app/cli/completion-scripts.ts";
import type { CliContext } from "../../src/app/cli/context.ts";
import { loadProgram } from "../../src/app/cli/program.ts";

const context = {} as CliContext;
const commands = describeCommands(await loadProgram(context));
const folder = mkdtempSync(join(tmpdir(), "sluice-completion-"));
const scripts = new Map(
  shells.map((shell) => {
    const path = join(folder, `sluice.${shell}`);
    writeFileSync(path, writeCompletion(shell, commands));
    return [shell, path];
  }),
);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const isThere = (shell: string) => spawnSync(shell, ["--version"]).status === 0;

it.each(shells)("knows every command and every long flag in %s", (shell) => {
  const text = writeCompletion(shell, commands);
  for (const { name, options } of commands) {
    expect(text).toContain(name);
    for (const flag of options.flatMap(({ flags }) => flags))
      expect(text, `${name} ${flag}`).toContain(shell === "fish" ? flag.replace(/^-+/, "") : flag);
  }
});

/** What is typed, the last word being completed, and what must and must not be among the proposals. */
const typed: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  ["sluice ", ["run", "show", "doctor", "completion"], ["--failed"]],
  ["sluice sho", ["show"], ["run"]],
  ["sluice -f x.yaml sho", ["show"], ["run"]],
  ["sluice show ", ["addons", "events"], ["run"]],
  ["sluice show --fa", ["--failed"], ["--cluster"]],
  ["sluice show addons -o ", ["table", "wide", "name"], ["addons"]],
  ["sluice completion ", ["bash", "zsh", "fish"], []],
  ["sluice run --log-level ", ["debug", "info"], ["text"]],
];

describe.skipIf(!isThere("bash"))("bash", () => {
  it.each(typed)("completes %j", (line, wanted, unwanted) => {
    const words = line.split(" ");
    const array = words.map((word) => `'${word}'`).join(" ");
    const script = `source '${scripts.get("bash")}'; COMP_WORDS=(${array}); COMP_CWORD=${words.length - 1}; _sluice; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const proposed = execFileSync("bash", ["-c", script], { encoding: "utf8" }).trim().split("\n");
    expect(proposed).toEqual(expect.arrayContaining([...wanted]));
    for (const word of unwanted) expect(proposed).not.toContain(word);
  });
});

describe.skipIf(!isThere("fish"))("fish", () => {
  it.each(typed)("completes %j", (line, wanted, unwanted) => {
    const script = `source '${scripts.get("fish")}'; complete -C '${line}'`;
    // It keeps a history in the home folder.
    const env = {
      ...process.env,
      HOME: folder,
      XDG_DATA_HOME: folder,
      XDG_CONFIG_HOME: folder,
      XDG_CACHE_HOME: folder,
    };
    const proposed = execFileSync("fish", ["-N", "-c", script], { encoding: "utf8", env })
      .split("\n")
      .map((row) => row.split("\t")[0]);
    expect(proposed).toEqual(expect.arrayContaining([...wanted]));
    for (const word of unwanted) expect(proposed).not.toContain(word);
  });
});

describe.skipIf(!isThere("zsh"))("zsh", () => {
  it("takes the script", () => {
    execFileSync("zsh", ["-n", scripts.get("zsh")!]);
    const script = `autoload -U compinit; compinit -u -d '${folder}/dump'; source '${scripts.get("zsh")}'; print -r -- $_comps[sluice]`;
    expect(execFileSync("zsh", ["-f", "-c", script], { encoding: "utf8" }).trim()).toBe("_sluice");
  });

  it.each(typed)("completes %j", (line, wanted, unwanted) => {
    // Without a terminal to type in: the function itself, with what it tells the shell printed.
    const words = line
      .split(" ")
      .map((word) => `'${word}'`)
      .join(" ");
    const script = `compdef() { :; }; compadd() { print -rl -- \${@:#--}; }; _files() { :; }; _describe() { local name=$2 item; for item in \${(P)name}; print -r -- \${item%%:*}; }
source '${scripts.get("zsh")}'; words=(${words}); CURRENT=$#words; _sluice`;
    const last = line.split(" ").at(-1) ?? "";
    const proposed = execFileSync("zsh", ["-f", "-c", script], { encoding: "utf8" })
      .trim()
      .split("\n")
      .filter((word) => word.startsWith(last));
    expect(proposed).toEqual(expect.arrayContaining([...wanted]));
    for (const word of unwanted) expect(proposed).not.toContain(word);
  });
});

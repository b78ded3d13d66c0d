/** What the tests of the pages take for commands. */
import { expect, it } from "vitest";
import { codeBlocks, readPages } from "./pages.ts";
import { commandLines, simpleCommands } from "./shell-commands.ts";

it.each([
  [
    "sluice validate && sluice test",
    [
      ["sluice", "validate"],
      ["sluice", "test"],
    ],
  ],
  ["sluice status    # 'all' of it", [["sluice", "status"]]],
  ["source <(sluice completion bash)", [["source"], ["sluice", "completion", "bash"]]],
  [`sluice publish x --data '{"a": "b # c; d"}'`, [["sluice", "publish", "x", "--data", '{"a": "b # c; d"}']]],
  ['sluice completion zsh > "${fpath[1]}/_sluice"', [["sluice", "completion", "zsh"]]],
  ["sluice show events 2>/dev/null | head", [["sluice", "show", "events"], ["head"]]],
  [`git commit --message="Begin with Sluice"`, [["git", "commit", "--message=Begin with Sluice"]]],
])("%s", (line, commands) => {
  expect(simpleCommands(line)).toEqual(commands);
});

it("reads lines as a person types them", () => {
  expect(commandLines("sh", "a --b \\\n  c  # d\n\n# e\n'f # g'\n")).toEqual(["a --b c", "'f # g'"]);
  expect(commandLines("console", "$ a  # b\nwhat it prints\n$ c\n")).toEqual(["a", "c"]);
});

it.each(readPages())("$path: each block says what it is, so that commands are known as such", (page) => {
  const programs = /^\s*\$ |^\s*(?:sluice|git|npm|npx|kubectl|helm|nats|nsc|flux|docker|systemctl) [a-z-]/m;
  for (const { language, text, line } of codeBlocks(page)) {
    expect(language, `line ${line}`).not.toBe("");
    if (["sh", "console"].includes(language)) expect(commandLines(language, text), `line ${line}`).not.toEqual([]);
    if (["text", "conf"].includes(language)) expect(text, `line ${line}`).not.toMatch(programs);
  }
});

import { expect, it } from "vitest";
import { checkPath } from "../../../src/adapters/git/tree-path.ts";
import { SluiceError } from "../../../src/model/problem.ts";

it.each([
  "a",
  "a/b.yaml",
  ".gitignore",
  ".github/workflows/x",
  "a b/ü/日本",
  "git",
  ".git2",
  "a.git",
  "%2e%2e/x",
  "x".repeat(255),
  "-",
  "...",
  `${"d/".repeat(300)}x`,
])("takes %j", (path) => expect(() => checkPath(path)).not.toThrow());

const refused = [
  "",
  "/a",
  "a/",
  "a//b",
  ".",
  "..",
  "a/../b",
  "./a",
  ".git",
  "a/.git/config",
  ".GIT",
  ".Git/x",
  ".g\u200cit",
  "\ufeff.git",
  "git~1",
  "GIT~1/x",
  ".git.",
  ".git ",
  ".git . .",
  ".git::$INDEX_ALLOCATION",
  "a\\.git",
  ".git\\x",
  "a\0b",
  "\ud800",
  "x".repeat(256),
  "é".repeat(128),
];

it.each(refused)("refuses %j", (path) => {
  let code: string | undefined;
  try {
    checkPath(path);
  } catch (error) {
    if (error instanceof SluiceError) code = error.problem.code;
  }
  expect(code).toBe("GIT_INVALID");
});

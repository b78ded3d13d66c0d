/** Secrets for programs, in files that nobody else reads and that go. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { SecretFiles } from "../../../src/adapters/git/secret-files.ts";

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "sluice-secrets-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

it("are this user's alone, written again when they change, and gone afterwards", () => {
  const files = new SecretFiles(join(root, "state/secrets"));
  const path = files.write("key", "one");
  expect(path.startsWith(join(root, "state/secrets/"))).toBe(true);
  const modes = [path, dirname(path), join(root, "state/secrets")].map((file) => statSync(file).mode & 0o777);
  expect(modes).toEqual([0o600, 0o700, 0o700]);
  expect(files.write("key", "two")).toBe(path);
  expect(readFileSync(path, "utf8")).toBe("two");
  files.remove();
  expect(readdirSync(join(root, "state/secrets"))).toEqual([]);
});

it("are in the temporary folder where theirs can't be made", () => {
  writeFileSync(join(root, "state"), "a file");
  const files = new SecretFiles(join(root, "state/secrets"));
  const path = files.write("key", "one");
  expect(readFileSync(path, "utf8")).toBe("one");
  files.remove();
  expect(existsSync(dirname(path))).toBe(false);
});

it("are reached by a short path where a socket has to be beside them", () => {
  const files = new SecretFiles(join(root, "a-long-name/".repeat(12)));
  const path = files.write("key", "one");
  const { shortFolder } = files;
  expect(Buffer.byteLength(shortFolder)).toBeLessThanOrEqual(80);
  expect(readFileSync(join(shortFolder, "key"), "utf8")).toBe("one");
  files.remove();
  expect([existsSync(dirname(path)), existsSync(dirname(shortFolder))]).toEqual([false, false]);
});

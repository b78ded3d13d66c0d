/**
 * `npm run test:node -- 24 [words for npm test]`: the tests on another major version of Node, whose program npm's
 * package `node` brings; with `--integration` only those that start real programs, with `--unit` only the others.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { fail, root } from "./prepare.mjs";

const [version, ...words] = process.argv.slice(2);
if (!/^\d+(\.\d+){0,2}$/.test(version ?? "")) fail("usage: npm run test:node -- VERSION, as in 24 or 20.15");
const args = ["--yes", "--package", `node@${version}`, "--", "node", join(root, ".ci", "test.mjs"), ...words];
const { status, error } = spawnSync("npx", args, { cwd: root, stdio: "inherit" });
if (error !== undefined) fail(`npx can't be started: ${error.message}`);
process.exitCode = status ?? 3;

/** End-to-end tests run the built program: build it first if it is older than its sources. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { findProjectRoot } from "../tools/find-project-root.ts";

export default function setup(): void {
  execFileSync(process.execPath, [join(findProjectRoot(), ".ci", "prepare.mjs")], { stdio: "inherit" });
}

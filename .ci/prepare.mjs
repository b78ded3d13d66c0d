/**
 * Brings a clean clone to where the project's commands run: the right Node, Git, packages as locked, and a build.
 * Says in one line what is missing. Plain JavaScript without packages, since it runs before there are any.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
/** zlib.crc32 came with it. */
const nodeMin = [20, 15];

export function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(3);
}

/** Runs a program with our streams; ends this one where that fails. */
export function runOrFail(program, args, options = {}) {
  const { status, error } = spawnSync(program, args, { cwd: root, stdio: "inherit", ...options });
  if (error !== undefined) fail(`${program} can't be started: ${error.message}`);
  if (status !== 0) fail(`${program} ${args.join(" ")} failed`);
}

/** Newest modification below these files and folders, in milliseconds. */
function newest(paths) {
  let time = 0;
  for (const path of paths) {
    if (!existsSync(path)) continue;
    const info = statSync(path);
    if (info.isDirectory()) time = Math.max(time, newest(readdirSync(path).map((name) => join(path, name))));
    else time = Math.max(time, info.mtimeMs);
  }
  return time;
}

export function prepare() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major < nodeMin[0] || (major === nodeMin[0] && minor < nodeMin[1])) {
    fail(`Node ${nodeMin.join(".")} or newer is needed; this is ${process.version}`);
  }
  try {
    execFileSync("git", ["--version"], { stdio: "ignore" });
  } catch {
    fail("Git is needed and is not on PATH");
  }
  const installed = join(root, "node_modules", ".package-lock.json");
  if (newest([installed]) < newest([join(root, "package-lock.json")])) {
    process.stderr.write("Installing packages …\n");
    runOrFail("npm", ["ci", "--silent", "--no-audit", "--no-fund"]);
  }
  const built = join(root, "dist", "program", "sluice.js");
  const sources = ["src", "test/tools", "test/bench", "test/soak", "schemas", ".ci/compile-schemas.mjs", ".ci/bundle.mjs", "tsconfig.json", "tsconfig.build.json", "tsconfig.go-template.json"];
  if (newest([built]) < newest(sources.map((path) => join(root, path)))) {
    process.stderr.write("Building …\n");
    // The second one writes the types of what others may import.
    for (const project of ["tsconfig.build.json", "tsconfig.go-template.json"]) {
      runOrFail(process.execPath, [join(root, "node_modules", "typescript", "bin", "tsc"), "-p", project]);
    }
    for (const step of ["compile-schemas.mjs", "bundle.mjs"]) runOrFail(process.execPath, [join(root, ".ci", step)]);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) prepare();

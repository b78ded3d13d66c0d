/**
 * `npm run licenses`: every package that is installed has a licence that Apache-2.0 software may bring along; names those that
 * have not. What is only used to build and test counts too.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fail, root } from "./prepare.mjs";

const allowed = new Set([
  ...["MIT", "MIT-0", "ISC", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "0BSD", "BlueOak-1.0.0", "CC0-1.0"],
  ...["Unlicense", "Python-2.0", "CC-BY-4.0", "Zlib"],
]);
/** A weak copyleft that stays with its files: test tools alone, or unchanged. */
const allowedFor = new Map([
  ["axe-core", "MPL-2.0"],
  ["lightningcss", "MPL-2.0"],
]);

function isAllowed(name, license) {
  const parts = license.replace(/[()]/g, "").split(/\s+OR\s+/);
  const isFor = [...allowedFor].some(([prefix, own]) => name.startsWith(prefix) && license === own);
  return isFor || parts.some((part) => part.split(/\s+AND\s+/).every((one) => allowed.has(one)));
}

const { packages } = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"));
const faults = [];
let count = 0;
for (const [path, { license, optional }] of Object.entries(packages)) {
  if (path === "") continue;
  const name = path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
  let told = license;
  try {
    told ??= JSON.parse(readFileSync(join(root, path, "package.json"), "utf8")).license;
  } catch {
    // Not installed here: another platform's.
    if (optional) continue;
  }
  count++;
  if (!isAllowed(name, String(told ?? "none"))) faults.push(`${name}: ${told ?? "none"}`);
}
if (faults.length > 0) fail(`licences that are not allowed:\n  ${faults.join("\n  ")}`);
process.stdout.write(`${count} packages, all with licences that are allowed\n`);

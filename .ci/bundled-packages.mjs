/**
 * What the bundle is made of besides our own files: the packages, their versions and their licences. They are not installed
 * by users, so that the program has to name them itself.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fail } from "./prepare.mjs";

const mark = "/node_modules/";

/** By name, the packages that these modules are of: {name, version, license, text}. */
export function packagesOf(moduleIds) {
  const folders = new Set();
  for (const id of moduleIds) {
    const path = id.replace(/^\0/, "").split("?", 1)[0];
    const at = path.lastIndexOf(mark);
    if (at < 0) continue;
    const parts = path.slice(at + mark.length).split("/");
    folders.add(path.slice(0, at + mark.length) + parts.slice(0, parts[0].startsWith("@") ? 2 : 1).join("/"));
  }
  const packages = [...folders].map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    const file = readdirSync(folder).find((one) => /^(licen[cs]e|copying)/i.test(one));
    return { name, version, license, text: file === undefined ? "" : readFileSync(join(folder, file), "utf8").trim() };
  });
  return packages.sort((a, b) => (`${a.name}@${a.version}` < `${b.name}@${b.version}` ? -1 : 1));
}

/** Writes `packages.json`, for the SBOM, and `LICENSES.txt`, which their licences ask for, beside the bundle. */
export function writePackages(packages, folder) {
  const unlicensed = packages.filter(({ license }) => typeof license !== "string");
  if (unlicensed.length > 0) fail(`bundled packages without a licence: ${unlicensed.map(({ name }) => name).join(", ")}`);
  const list = packages.map(({ name, version, license }) => ({ name, version, license }));
  writeFileSync(join(folder, "packages.json"), `${JSON.stringify(list, undefined, 1)}\n`);
  const head = "Sluice is under the Apache License 2.0 (LICENSE). Its program brings these packages along:\n";
  const parts = packages.map(({ name, version, license, text }) => `${"-".repeat(80)}\n${name} ${version}: ${license}\n\n${text}`);
  writeFileSync(join(folder, "LICENSES.txt"), `${head}\n${parts.join("\n\n")}\n`);
}

/** As `writePackages` left it. */
export function readPackages(folder) {
  const file = join(folder, "packages.json");
  if (!existsSync(dirname(file))) fail("the program is not built: npm run build");
  return JSON.parse(readFileSync(file, "utf8"));
}

/**
 * `npm run release-files -- DIR`: what a release consists of besides image and chart: the npm package, the Action with its
 * bundle (so that `uses:` installs nothing), and the list of everything that is in them (SBOM, CycloneDX).
 */
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fail, root, runOrFail } from "./prepare.mjs";

const [given] = process.argv.slice(2);
if (given === undefined) fail("usage: npm run release-files -- DIR");
const folder = resolve(given);
const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
mkdirSync(folder, { recursive: true });

runOrFail("npm", ["pack", "--silent", "--pack-destination", folder], { stdio: ["ignore", "ignore", "inherit"] });
renameSync(join(folder, `sluice-${version}.tgz`), join(folder, `sluice-npm-${version}.tgz`));

// What action.yml runs, and what that reads.
const action = mkdtempSync(join(tmpdir(), "sluice-action-"));
for (const path of ["action.yml", "LICENSE", "package.json", "dist/program", "templates", "schemas"])
  cpSync(join(root, path), join(action, path), { recursive: true });
runOrFail("tar", ["--sort=name", "--owner=0", "--group=0", "--mtime=@0", "-czf", join(folder, `sluice-action-${version}.tgz`), "-C", action, "."]);
rmSync(action, { recursive: true });

const sbom = execFileSync("npm", ["sbom", "--omit=dev", "--sbom-format=cyclonedx"], { cwd: root, encoding: "utf8", maxBuffer: 64 * 1024 * 1024 });
writeFileSync(join(folder, `sluice-${version}.cdx.json`), sbom);

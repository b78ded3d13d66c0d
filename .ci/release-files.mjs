/**
 * `npm run release-files -- DIR`: what a release consists of besides image and chart: the npm package, the Action with its
 * bundle (so that `uses:` installs nothing), and the list of everything that is in them (SBOM, CycloneDX).
 */
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { readPackages } from "./bundled-packages.mjs";
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

// Of everything that is installed here: what the bundle is made of, and what the package asks for.
const text = execFileSync("npm", ["sbom", "--sbom-format=cyclonedx"], { cwd: root, encoding: "utf8", maxBuffer: 64 * 1024 * 1024 });
const sbom = JSON.parse(text);
const bundled = new Set(readPackages(join(root, "dist", "program")).map((one) => `${one.name}@${one.version}`));
const { dependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const asked = new Set(Object.keys(dependencies));
const nameOf = ({ group, name }) => (group ? `${group}/${name}` : name);
sbom.components = sbom.components.filter((one) => bundled.has(`${nameOf(one)}@${one.version}`) || asked.has(nameOf(one)));
const kept = new Set(sbom.components.map((one) => one["bom-ref"]));
const own = sbom.metadata.component["bom-ref"];
sbom.dependencies = sbom.dependencies
  .filter(({ ref }) => kept.has(ref) || ref === own)
  .map(({ ref, dependsOn = [] }) => ({ ref, dependsOn: dependsOn.filter((one) => kept.has(one)) }));
const missing = [...bundled].filter((one) => !sbom.components.some((part) => `${nameOf(part)}@${part.version}` === one));
if (missing.length > 0) fail(`the SBOM lacks what is bundled: ${missing.join(", ")}`);
writeFileSync(join(folder, `sluice-${version}.cdx.json`), `${JSON.stringify(sbom, undefined, 2)}\n`);

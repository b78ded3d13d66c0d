/**
 * What it takes to fetch a repository that Sluice has filled: a plain clone and its listing, and what a syncer fetches to
 * get at one cluster's folder.
 *
 *     npm run build && node dist/test/bench/fetch.js --repository BARE [--folder rendered/fleet/c-0]
 *
 * Flux's source-controller clones one branch at depth 1 and packs the folder as a tar.gz for the controllers; a syncer
 * that works with Git alone can leave out the files of other folders (a partial, sparse clone). All over http.
 */
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { parseArgs, promisify } from "node:util";
import { GitHttpServer } from "../tools/git-http.ts";
import { runTimed } from "./run-timed.ts";

const { values } = parseArgs({
  options: { repository: { type: "string" }, folder: { type: "string", default: "rendered/fleet/c-0" } },
});
if (values.repository === undefined) throw new Error("--repository is missing: a bare repository");
const repository = resolve(values.repository);
const { folder } = values;

const server = await GitHttpServer.start({ root: dirname(repository) });
const url = server.urlOf(basename(repository));
const scratch = mkdtempSync(join(tmpdir(), "sluice-fetch-"));

async function measure(what: string, command: string, result: string): Promise<void> {
  const started = performance.now();
  await runTimed(command);
  const seconds = (performance.now() - started) / 1000;
  console.log(`${what}: ${seconds.toFixed(2)} s, ${(sizeOf(join(scratch, result)) / 1_000_000).toFixed(2)} MB`);
}

/** Bytes of a file, or of the packs below a clone. */
function sizeOf(path: string): number {
  if (!statSync(path).isDirectory()) return statSync(path).size;
  const packs = join(path, readdirSync(path).includes(".git") ? ".git" : "", "objects", "pack");
  return readdirSync(packs).reduce((sum, name) => sum + statSync(join(packs, name)).size, 0);
}

/** Files at the branch's head, below the folder. */
async function countFiles(below: string): Promise<void> {
  const listed = join(scratch, "listed");
  await measure(
    `git ls-tree -r main ${below}`,
    `git -C ${scratch}/clone ls-tree -r main ${below} > ${listed}`,
    "listed",
  );
  const { stdout } = await promisify(execFile)("wc", ["-l", listed]);
  console.log(`  ${Number.parseInt(stdout, 10)} files`);
}

await measure("git clone, everything", `git clone --quiet --bare ${url} ${scratch}/clone`, "clone");
await countFiles("");
await countFiles(folder);
const shallow = "--quiet --depth 1 --single-branch --branch main --no-checkout";
await measure("as Flux clones: one branch, depth 1", `git clone ${shallow} ${url} ${scratch}/flux`, "flux");
const archive = `git -C ${scratch}/flux archive HEAD ${folder} | gzip > ${scratch}/artifact.tar.gz`;
await measure(`its artifact of ${folder}`, archive, "artifact.tar.gz");
const partial = `git clone ${shallow} --filter=blob:none --sparse ${url} ${scratch}/sparse`;
const checkout = `git -C ${scratch}/sparse sparse-checkout set ${folder} && git -C ${scratch}/sparse checkout --quiet main`;
await measure(`partial, sparse clone of ${folder}`, `${partial} && ${checkout}`, "sparse");
await server.stop();
rmSync(scratch, { recursive: true, force: true });
process.exit(0);

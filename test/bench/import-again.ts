/** Git's side of a race: the commits that Sluice made, imported by `git fast-import` and pushed to the same server. */
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { BenchSite } from "./bench-site.ts";
import { git, runTimed } from "./run-timed.ts";

/** Wall-clock and CPU seconds of one side. */
export interface Side {
  readonly seconds: number;
  readonly cpuSeconds: number;
}

/**
 * What the service has added, imported by git into `before`, a copy of what was there before, and pushed to another
 * repository on the same server. Files are kept below `scratch`.
 */
export async function importAgain(site: BenchSite, before: string, scratch: string): Promise<Side> {
  const heads = ["main", "sluice/state"];
  const known = await Promise.all(heads.map(async (head) => `^${(await git(before, "rev-parse", head)).trim()}`));
  const stream = join(scratch, "stream");
  const exported = ["fast-export", "--reference-excluded-parents", ...heads, ...known];
  await runTimed(`git -C ${site.repository} ${exported.join(" ")} > ${stream}`);

  const server = join(site.folder, "rival.git");
  cpSync(before, server, { recursive: true });
  const url = site.url.replace("fleet.git", "rival.git");
  const started = performance.now();
  const importing = await runTimed(`git -C ${before} fast-import --quiet --force < ${stream}`);
  const pushing = await runTimed(`git -C ${before} push --quiet ${url} ${heads.join(" ")}`);
  const seconds = (performance.now() - started) / 1000;
  rmSync(server, { recursive: true, force: true });
  return { seconds, cpuSeconds: importing + pushing };
}

/** A lone event, published to pushed over http, against `git commit` and `git push` of the same file to the same server. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type BenchOptions, type BenchRow, formatNumber, percentile } from "./bench-row.ts";
import { BenchSite } from "./bench-site.ts";
import { git, runTimed } from "./run-timed.ts";

export async function benchLatency({ isQuick }: BenchOptions): Promise<readonly BenchRow[]> {
  const events = isQuick ? 100 : 1000;
  const site = await BenchSite.open({ clusters: 1, shards: 0 });
  try {
    const service = await site.startService();
    const own: number[] = [];
    for (let user = 0; user < events; user++) {
      const pushed = site.nextPush("main");
      const started = performance.now();
      await site.publish([user]);
      await pushed;
      own.push(performance.now() - started);
    }
    await service.stop();
    const rival = await commitLone(site, events);
    return [0.5, 0.99].map((share) => {
      const [mine, theirs] = [percentile(own, share), percentile(rival, share)];
      return {
        name: `lone event, p${share * 100} of ${events}, against git commit and push`,
        ratio: mine / theirs,
        goal: { atMost: 0.5 },
        detail: `Sluice ${formatNumber(mine)} ms, git ${formatNumber(theirs)} ms`,
      };
    });
  } finally {
    await site.close();
  }
}

/** Git's times for the same manifests, in a checkout of the same repository, in milliseconds. */
async function commitLone(site: BenchSite, events: number): Promise<number[]> {
  const checkout = join(site.folder, "lone");
  await runTimed(`git clone --quiet ${site.url} ${checkout}`);
  const times: number[] = [];
  for (let user = 0; user < events; user++) {
    const path = `rendered/fleet/c-0/triggers/manage-namespace/_cluster/namespace/user-${user}.yaml`;
    const manifest = await git(site.repository, "show", `main:${path}`);
    mkdirSync(dirname(join(checkout, path)), { recursive: true });
    writeFileSync(join(checkout, path), `${manifest}# ${user}\n`);
    await git(checkout, "add", path);
    const started = performance.now();
    await git(checkout, "commit", "--quiet", "-m", "Update");
    await git(checkout, "push", "--quiet", site.url, "HEAD:refs/heads/lone");
    times.push(performance.now() - started);
  }
  return times;
}

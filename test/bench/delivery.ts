/**
 * A lone event, published to pushed, with what a hub applies for a thousand clusters and two hundred owners on the target,
 * beside the same without it: event by event in turn, so that both meet the machine in the same mood.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type BenchOptions, type BenchRow, formatNumber, percentile } from "./bench-row.ts";
import { BenchSite } from "./bench-site.ts";
import { git } from "./run-timed.ts";

export async function benchDelivery({ isQuick }: BenchOptions): Promise<readonly BenchRow[]> {
  const [clusters, owners, events] = isQuick ? [100, 20, 100] : [1000, 200, 500];
  const sites: BenchSite[] = [];
  try {
    const times: [number[], number[]] = [[], []];
    for (const settings of ["delivery: {kind: flux, split: owner, artifacts: true}", ""]) {
      const site = await BenchSite.open({ clusters: 1, shards: 0, settings });
      sites.push(site);
      writeFleet(site, clusters, owners);
      await site.startService();
      await site.publish([0]);
      await site.untilPushed();
    }
    const [first] = sites as [BenchSite, BenchSite];
    const files =
      (await git(first.repository, "ls-tree", "-r", "--name-only", "main", "delivery")).split("\n").length - 1;
    for (let user = 1; user <= events; user++) {
      for (const [index, site] of sites.entries()) {
        const pushed = site.nextPush("main");
        const started = performance.now();
        await site.publish([user]);
        await pushed;
        times[index]!.push(performance.now() - started);
        await site.untilPushed();
      }
    }
    const [with_, without] = times.map((all) => percentile(all, 0.5)) as [number, number];
    return [
      {
        name: `lone event, p50 of ${events}, with ${clusters} clusters and ${owners} owners in delivery/, against without`,
        ratio: with_ / without,
        goal: { atMost: 1.05 },
        detail: `with ${formatNumber(with_)} ms, ${files} files in delivery/; without ${formatNumber(without)} ms`,
      },
    ];
  } finally {
    for (const site of sites) await site.close();
  }
}

/** Events are for the first cluster; all others have triggers of their own, which no event is for. */
function writeFleet({ folder }: BenchSite, clusters: number, owners: number): void {
  const documents = [];
  for (let index = 1; index < clusters; index++) {
    documents.push(
      `apiVersion: lib.projectsveltos.io/v1beta1\nkind: SveltosCluster\nmetadata: {name: c-${index}, namespace: fleet, labels: {env: others}}\nspec: {kubeconfigKeyName: k}\n`,
    );
  }
  for (let index = 1; index < owners; index++) {
    documents.push(
      `apiVersion: lib.projectsveltos.io/v1beta1\nkind: EventTrigger\nmetadata: {name: t-${index}}\nspec: {eventSourceName: other, oneForEvent: true, sourceClusterSelector: {matchLabels: {env: others}}}\n`,
    );
  }
  documents.push(
    "apiVersion: lib.projectsveltos.io/v1beta1\nkind: EventSource\nmetadata: {name: other}\nspec: {messagingMatchCriteria: [{subject: user-operation, cloudEventType: none}]}\n",
  );
  writeFileSync(join(folder, "config", "fleet.yaml"), documents.join("---\n"));
}

/** One event for many clusters, manifests per second from publishing to pushed, against Git itself. */
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BenchOptions, type BenchRow, formatNumber, percentile } from "./bench-row.ts";
import { BenchSite } from "./bench-site.ts";
import { importAgain } from "./import-again.ts";

/** The first turns compile what later ones run. */
const turns = 9;

export async function benchFanOut({ isQuick }: BenchOptions): Promise<readonly BenchRow[]> {
  const clusters = isQuick ? 300 : 1000;
  const site = await BenchSite.open({ clusters, shards: 0 });
  const scratch = mkdtempSync(join(tmpdir(), "sluice-fan-out-"));
  const [own, rival]: [number[], number[]] = [[], []];
  try {
    const service = await site.startService();
    for (let turn = 0; turn < turns; turn++) {
      const before = join(scratch, `before-${turn}.git`);
      cpSync(site.repository, before, { recursive: true });
      const started = performance.now();
      await site.publish([turn]);
      await site.untilPushed();
      own.push((performance.now() - started) / 1000);
      // What the service made when it first had a cluster is in no later turn.
      if (turn > 0) rival.push((await importAgain(site, before, scratch)).seconds);
    }
    await service.stop();
  } finally {
    await site.close();
    rmSync(scratch, { recursive: true, force: true });
  }
  const [mine, theirs] = [percentile(own.slice(turns / 3), 0.5), percentile(rival, 0.5)];
  return [
    {
      name: `one event for ${clusters} clusters, manifests/s, against git fast-import and push`,
      ratio: theirs / mine,
      goal: { atLeast: 1 },
      detail: `Sluice ${formatNumber(clusters / mine)}/s (${formatNumber(mine)} s), git ${formatNumber(clusters / theirs)}/s`,
    },
  ];
}

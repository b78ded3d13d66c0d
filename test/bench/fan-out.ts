/** One event for many clusters, per manifest, against as many events for one cluster. */
import { type BenchOptions, type BenchRow, formatNumber } from "./bench-row.ts";
import { BenchSite } from "./bench-site.ts";

export async function benchFanOut({ isQuick }: BenchOptions): Promise<readonly BenchRow[]> {
  const manifests = isQuick ? 300 : 1000;
  const many = await measure(manifests, 1);
  const one = await measure(1, manifests);
  return [
    {
      name: `one event for ${manifests} clusters, per manifest, against ${manifests} events for one cluster`,
      ratio: many / one,
      goal: { atMost: 0.5 },
      detail: `${formatNumber((many / manifests) * 1000)} µs and ${formatNumber((one / manifests) * 1000)} µs a manifest`,
    },
  ];
}

/** The first turns compile what later ones run. */
const turns = 6;

/** Milliseconds from the first event's publishing to the last one's push; the best of all turns. */
async function measure(clusters: number, events: number): Promise<number> {
  const site = await BenchSite.open({ clusters, shards: 0 });
  try {
    const service = await site.startService();
    let best = Number.POSITIVE_INFINITY;
    for (let turn = 0; turn < turns; turn++) {
      const users = Array.from({ length: events }, (_, index) => turn * events + index);
      const started = performance.now();
      await site.publish(users);
      await site.untilPushed();
      best = Math.min(best, performance.now() - started);
    }
    await service.stop();
    return best;
  } finally {
    await site.close();
  }
}

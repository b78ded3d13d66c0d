/** Entities that share one object, per event, against entities that share none. */
import { type BenchOptions, type BenchRow, formatNumber } from "./bench-row.ts";
import { BenchSite } from "./bench-site.ts";

const shared = "kind: Namespace\napiVersion: v1\nmetadata:\n  name: shared";
const own = "kind: Namespace\napiVersion: v1\nmetadata:\n  name: second-{{ .CloudEvent.subject }}";

export async function benchSharedObject({ isQuick }: BenchOptions): Promise<readonly BenchRow[]> {
  const entities = isQuick ? 2_000 : 10_000;
  const [alone, together] = [await measure(entities, own), await measure(entities, shared)];
  return [
    {
      name: `${entities} entities that share one object, per event, against entities that share none`,
      ratio: together / alone,
      goal: { atMost: 1.2 },
      detail: `${formatNumber((together / entities) * 1000)} and ${formatNumber((alone / entities) * 1000)} µs an event`,
    },
  ];
}

/** Milliseconds for one more event of each entity, when all are there; the best of three turns. */
async function measure(entities: number, manifest: string): Promise<number> {
  const site = await BenchSite.open({ clusters: 1, shards: 1, manifest });
  try {
    const service = await site.startService();
    const users = Array.from({ length: entities }, (_, index) => index);
    let best = Number.POSITIVE_INFINITY;
    for (let turn = 0; turn <= 3; turn++) {
      const started = performance.now();
      await site.publish(users);
      await site.untilPushed();
      if (turn > 0) best = Math.min(best, performance.now() - started);
    }
    await service.stop();
    return best;
  } finally {
    await site.close();
  }
}

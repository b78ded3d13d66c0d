/** How soon the first effect is pushed where a million messages wait, against a lone event of an empty stream. */
import { type BenchOptions, type BenchRow, formatNumber, percentile } from "./bench-row.ts";
import { BenchSite } from "./bench-site.ts";

const lone = 50;
const usersOfBacklog = 10_000;
const publishedAtOnce = 50_000;

export async function benchBacklog({ isQuick }: BenchOptions): Promise<readonly BenchRow[]> {
  const waiting = isQuick ? 50_000 : 1_000_000;
  const site = await BenchSite.open({ clusters: 1, shards: 0 });
  try {
    const first = await site.startService();
    const times: number[] = [];
    for (let user = 0; user < lone; user++) {
      const started = performance.now();
      await site.publish([user]);
      await site.untilPushed();
      times.push(performance.now() - started);
    }
    await first.stop();
    for (let from = 0; from < waiting; from += publishedAtOnce) {
      await site.publish(Array.from({ length: publishedAtOnce }, (_, index) => (from + index) % usersOfBacklog));
    }
    const pushed = site.nextPush("main");
    const second = await site.startService();
    const started = performance.now();
    await pushed;
    const mine = performance.now() - started;
    await second.kill();
    const other = percentile(times, 0.5);
    return [
      {
        name: `first effect with ${waiting} messages waiting, against a lone event`,
        ratio: mine / other,
        goal: { atMost: 20 },
        detail: `${formatNumber(mine)} ms after ready, and ${formatNumber(other)} ms`,
      },
    ];
  } finally {
    await site.close();
  }
}

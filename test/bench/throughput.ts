/**
 * Events per second, published on JetStream to pushed over http, against Git itself: `git fast-import` of the same files
 * and commits, then one `git push` to the same server.
 */
import { cpSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BenchOptions, type BenchRow, formatNumber } from "./bench-row.ts";
import { BenchSite, type Usage } from "./bench-site.ts";
import { importAgain, type Side } from "./import-again.ts";
import { prefill } from "./prefill.ts";
import { runTimed } from "./run-timed.ts";

/** The rows at an empty repository. */
export async function benchThroughput({ isQuick }: BenchOptions): Promise<readonly BenchRow[]> {
  const events = isQuick ? 10_000 : 50_000;
  const site = await BenchSite.open({ clusters: 1, shards: 0 });
  try {
    const { own, rival } = await race(site, range(events));
    const perEvent = await commitEach(site, isQuick ? 20 : 100);
    const rate = events / own.seconds;
    return [
      {
        name: `events/s, ${events} new entities, empty repository, against git fast-import and push`,
        ratio: rival.seconds / own.seconds,
        goal: { atLeast: 1.5 },
        detail: describe(events, own, rival),
      },
      {
        name: "the same, against git add, commit and push for each event",
        ratio: rate / perEvent,
        goal: { atLeast: 250 },
        detail: `${formatNumber(rate)}/s against ${formatNumber(perEvent)}/s`,
      },
    ];
  } finally {
    await site.close();
  }
}

/** The rows in a large repository: updates of entities that are there. */
export async function benchLarge({ isQuick, base: kept }: BenchOptions): Promise<readonly BenchRow[]> {
  const entities = isQuick ? 20_000 : 1_000_000;
  const events = isQuick ? 5_000 : 50_000;
  const base = kept ?? mkdtempSync(join(tmpdir(), "sluice-base-"));
  if (!existsSync(join(base, "HEAD"))) await fillBase(entities, base);
  const rows: BenchRow[] = [];
  try {
    for (const [name, users, goal] of [
      ["uniform updates", scatter(events, entities), 2],
      ["updates of 1 %", scatter(events, Math.ceil(entities / 100)), 1],
    ] as const) {
      const site = await BenchSite.open({ clusters: 1, shards: 2, base });
      try {
        const { own, rival, usage } = await race(site, users);
        rows.push({
          name: `events/s at ${entities} entities, ${name}, against git fast-import and push`,
          ratio: rival.seconds / own.seconds,
          goal: { atLeast: goal },
          detail: describe(events, own, rival),
        });
        rows.push({
          name: `peak memory of the process tree at ${entities} entities, ${name}, MiB`,
          ratio: usage.peakMiB,
          goal: { atMost: 400 },
          detail: `${formatNumber(usage.peakMiB)} MiB`,
        });
      } finally {
        await site.close();
      }
    }
  } finally {
    if (kept === undefined) rmSync(base, { recursive: true, force: true });
  }
  return rows;
}

/** The events through the service, then the commits that it made of them through git fast-import. */
async function race(site: BenchSite, users: readonly number[]): Promise<{ own: Side; rival: Side; usage: Usage }> {
  const scratch = mkdtempSync(join(tmpdir(), "sluice-rival-"));
  try {
    const service = await site.startService();
    await service.stop();
    const before = join(scratch, "before.git");
    cpSync(site.repository, before, { recursive: true });
    await site.publish(users);
    const again = await site.startService();
    const started = performance.now();
    await site.untilPushed();
    const seconds = (performance.now() - started) / 1000;
    const usage = again.usage();
    await again.stop();
    return { own: { seconds, cpuSeconds: usage.cpuSeconds }, rival: await importAgain(site, before, scratch), usage };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Events per second of a bot that adds, commits and pushes for each. */
async function commitEach(site: BenchSite, events: number): Promise<number> {
  const server = join(site.folder, "each.git");
  const checkout = join(site.folder, "each");
  await runTimed(`git init --quiet --bare ${server} && git init --quiet --initial-branch=main ${checkout}`);
  await runTimed(`git -C ${server} config http.receivepack true`);
  const url = site.url.replace("fleet.git", "each.git");
  const started = performance.now();
  for (let event = 0; event < events; event++) {
    writeFileSync(join(checkout, `user-${event}.yaml`), manifestOf(event));
    await runTimed(
      `cd ${checkout} && git add user-${event}.yaml && git commit --quiet -m "Create user-${event}" && git push --quiet ${url} main`,
    );
  }
  return events / ((performance.now() - started) / 1000);
}

/** Fills a repository with so many entities, and puts a copy of it, bare, into the folder. */
async function fillBase(entities: number, folder: string): Promise<void> {
  const site = await BenchSite.open({ clusters: 1, shards: 2 });
  try {
    await prefill(site, entities);
    cpSync(site.repository, folder, { recursive: true });
  } finally {
    await site.close();
  }
}

function manifestOf(user: number): string {
  return `apiVersion: v1\nkind: Namespace\nmetadata:\n  name: user-${user}\n`;
}

function describe(events: number, own: Side, rival: Side): string {
  const side = ({ seconds, cpuSeconds }: Side) =>
    `${formatNumber(events / seconds)}/s (${formatNumber(seconds)} s, CPU ${formatNumber(cpuSeconds)} s)`;
  return `Sluice ${side(own)}, git ${side(rival)}`;
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}

/** Numbers below `below` that look random, the same in each run. */
function scatter(count: number, below: number): number[] {
  return range(count).map((index) => Number((BigInt(index) * 2_654_435_761n) % BigInt(below)));
}

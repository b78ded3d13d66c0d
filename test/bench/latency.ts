/**
 * A lone event, published to pushed over http, beside the floor (the very request that Sluice sent, replayed to a copy of
 * the repository on the same server) and beside `git commit` and `git push` of the same file.
 */
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { dirname, join } from "node:path";
import { type BenchOptions, type BenchRow, formatNumber, percentile } from "./bench-row.ts";
import { BenchSite, type RecordedRequest } from "./bench-site.ts";
import { git, runTimed } from "./run-timed.ts";

interface LoneTimes {
  /** From publishing to the move of the branch, in milliseconds. */
  readonly own: readonly number[];
  /** From sending the same request to the move of the copy's branch, in milliseconds. */
  readonly floor: readonly number[];
}

export async function benchLatency({ isQuick }: BenchOptions): Promise<readonly BenchRow[]> {
  const events = isQuick ? 100 : 1000;
  const site = await BenchSite.open({ clusters: 1, shards: 0 });
  try {
    const { own, floor } = await measureLone(site, events);
    const rival = await commitLone(site, events);
    const rows = (name: string, theirs: readonly number[], what: string, atMost: number): BenchRow[] =>
      [0.5, 0.99].map((share) => {
        const [mine, other] = [percentile(own, share), percentile(theirs, share)];
        return {
          name: `lone event, p${share * 100} of ${events}, against ${name}`,
          ratio: mine / other,
          goal: { atMost },
          detail: `Sluice ${formatNumber(mine)} ms, ${what} ${formatNumber(other)} ms`,
        };
      });
    return [
      ...rows("its own request replayed", floor, "the server alone", 1.25),
      ...rows("git commit and push", rival, "git", 0.6),
    ];
  } finally {
    await site.close();
  }
}

/** Each event beside its own request again, so that both meet the machine in the same mood. */
async function measureLone(site: BenchSite, events: number): Promise<LoneTimes> {
  const service = await site.startService();
  // The first event makes what later ones find, and the first push opens the connection.
  await site.publish([0]);
  await site.untilPushed();
  const copy = join(site.folder, "copy.git");
  cpSync(site.repository, copy, { recursive: true });
  const agent = new Agent({ keepAlive: true });
  const recorded = site.recordPushes();
  const [own, floor]: [number[], number[]] = [[], []];
  for (let user = 1; user <= events; user++) {
    const pushed = site.nextPush("main");
    const started = performance.now();
    await site.publish([user]);
    await pushed;
    own.push(performance.now() - started);
    await site.untilPushed();
    const last = recorded.at(-1);
    if (last === undefined || recorded.length !== user) throw new Error(`event ${user} made ${recorded.length} pushes`);
    floor.push(await replay(site, copy, last, agent));
  }
  agent.destroy();
  await service.stop();
  return { own, floor };
}

/** Milliseconds until the copy's branch has moved; ends when the answer is there. */
async function replay(
  site: BenchSite,
  copy: string,
  { headers, body }: RecordedRequest,
  agent: Agent,
): Promise<number> {
  const url = site.url.replace("fleet.git", "copy.git/git-receive-pack");
  const moved = site.nextPush("main", copy);
  const started = performance.now();
  const answered = new Promise<void>((resolve, reject) => {
    const sent = request(
      url,
      { method: "POST", agent, headers: { ...headers, host: new URL(url).host } },
      (response) => {
        response.resume();
        response.once("end", resolve);
      },
    );
    sent.once("error", reject);
    sent.end(body);
  });
  await moved;
  const milliseconds = performance.now() - started;
  await answered;
  return milliseconds;
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

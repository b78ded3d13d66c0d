/**
 * Several Sluices over one bus: three instances, each with its own partition of the entities, on one cluster of three
 * nats-servers and one Git server, each pushing to a target branch of its own. Nobody falls behind, and nothing is lost.
 */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { type JetStreamClient, jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { afterEach, describe, expect, it } from "vitest";
import { findProjectRoot } from "../tools/find-project-root.ts";
import { GitHttpServer } from "../tools/git-http.ts";
import { type NatsCluster, startNatsCluster } from "../tools/nats-cluster.ts";
import { loggedInUsers } from "./users-config.ts";
import { clusterDocument, SluiceProcess, until } from "./workbench.ts";

const run = promisify(execFile);
const partitions = [0, 1, 2];
const eventsTotal = 1500;
/** An event every so often, whoever's. */
const paceMs = 6;
/** No event takes longer to the target, whichever instance has to push it there. */
const lagMsMax = 30_000;

const guide = readFileSync(join(findProjectRoot(), "docs", "scaling.md"), "utf8");
const documents = {
  "eu.yaml": clusterDocument("eu-1", { env: "production" }),
  "users.yaml": loggedInUsers("users\\..*", '{type: "{{ .CloudEvent.type }}"}'),
  // Its name depends on no event.
  "shared/team.yaml": `apiVersion: lib.projectsveltos.io/v1beta1
kind: EventTrigger
metadata: {name: team}
spec:
  sourceClusterSelector: {matchLabels: {env: production}}
  eventSourceName: users
  oneForEvent: true
  policyRefs:
  - {name: team, namespace: default, kind: ConfigMap}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: team, namespace: default, annotations: {projectsveltos.io/instantiate: ok}}
data:
  team.yaml: |
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: team, namespace: default}
    data: {all: the same}
`,
};

let folder = "";
let cluster: NatsCluster | undefined;
let nats: NatsConnection | undefined;
let git: GitHttpServer | undefined;
const services: SluiceProcess[] = [];

afterEach(async () => {
  for (const service of services.splice(0)) await service.kill();
  await nats?.close();
  await cluster?.stop();
  await git?.stop();
  if (folder !== "") await rm(folder, { recursive: true, force: true });
});

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(folder, path)), { recursive: true });
  await writeFile(join(folder, path), text);
}

async function makeRepository(): Promise<string> {
  const bare = join(folder, "fleet.git");
  await run("git", ["init", "--quiet", "--bare", "--initial-branch=main", bare]);
  await run("git", ["-C", bare, "config", "http.receivepack", "true"]);
  for (const [path, text] of Object.entries(documents)) await write(`checkout/config/${path}`, text);
  const checkout = join(folder, "checkout");
  const person = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"];
  await run("git", ["init", "--quiet", "--initial-branch=main", checkout]);
  await run("git", ["-C", checkout, "add", "--all"]);
  await run("git", ["-C", checkout, ...person, "commit", "--quiet", "--message=Begin"]);
  const targets = partitions.map((partition) => `main:${targetOf(partition)}`);
  await run("git", ["-C", checkout, "push", "--quiet", bare, ...targets]);
  git = await GitHttpServer.start({ root: folder });
  return git.urlOf("fleet.git");
}

/** What docs/scaling.md shows of partition 3, for another one. */
function readSnippet(start: string, partition: number): string {
  const block = [...guide.matchAll(/^```[a-z]*\n(.*?)^```$/gms)].find(([, text = ""]) => text.includes(start))?.[1];
  if (block === undefined) throw new Error(`docs/scaling.md shows no ${start}`);
  return block.replaceAll(/(?<=-|part\.|partition: )3\b/g, String(partition));
}

/** The stream that the guide's `nats stream add` makes. */
function streamOf(partition: number) {
  const command = readSnippet("nats stream add", partition);
  const option = (name: string) => command.match(new RegExp(`--${name} '([^']+)'`))![1]!;
  return {
    name: command.match(/stream add (\S+)/)![1]!,
    subjects: [option("subjects")],
    subject_transform: { src: option("transform-source"), dest: option("transform-destination") },
  };
}

async function startInstance(partition: number, url: string, servers: string): Promise<SluiceProcess> {
  const connection = readSnippet('"jetstream"', partition).replace("nats://nats:4222", servers);
  await write(`sveltos-nats-${partition}.json`, connection);
  const settings = readSnippet(`partition: 3`, partition)
    .replace("https://git.example.com/acme/fleet.git", `"${url}"`)
    .replace(/^ {2}branch: .*$/m, "$&\n  pollInterval: 1s");
  // What partitions share is partition 0's.
  await write(`sluice-${partition}.yaml`, partition === 0 ? settings.replace(", exclude: [shared]", "") : settings);
  const service = new SluiceProcess(folder, {}, `sluice-${partition}.yaml`);
  services.push(service);
  await service.untilLogged("ready");
  return service;
}

/** Users of each partition, as the server has it. */
async function findUsers(js: JetStreamClient, each: number): Promise<ReadonlyMap<number, readonly string[]>> {
  const found = new Map<number, string[]>(partitions.map((partition) => [partition, []]));
  for (let number = 0; [...found.values()].some((users) => users.length < each); number++) {
    const user = `user-${number}`;
    const { stream } = await js.publish(`users.${user}`, event(user, "logout"));
    const users = found.get(Number(stream.slice("USERS-".length)));
    if (users !== undefined && users.length < each) users.push(user);
  }
  return found;
}

let events = 0;

function event(user: string, type: string): string {
  const id = String(++events);
  return JSON.stringify({ specversion: "1.0", id, source: "auth", type, subject: user });
}

/** As the guide has it. On one branch whose pushes are slower would lose race after race. */
function targetOf(partition: number): string {
  return `main-${partition}`;
}

/** Names of what triggers rendered into the partition's folder. */
async function namesOnTarget(partition: number): Promise<readonly string[]> {
  const path = `rendered-${partition}/`;
  const { stdout } = await run("git", [
    "-C",
    join(folder, "fleet.git"),
    "ls-tree",
    "-r",
    "--name-only",
    targetOf(partition),
    path,
  ]);
  return [...stdout.matchAll(/triggers\/.*\/([^/]+)\.yaml$/gm)].map(([, name = ""]) => name).sort();
}

describe.skipIf(process.env.SLUICE_TEST_ALL === undefined)("three instances, each with its partition", () => {
  it("bring every event to their targets within a bound, and nothing twice", async () => {
    folder = await mkdtemp(join(tmpdir(), "sluice-scaling-"));
    cluster = await startNatsCluster(readSnippet("mappings = {", 3));
    nats = await connect({ servers: cluster.url.split(",") });
    const manager = await jetstreamManager(nats, { checkAPI: false });
    for (let partition = 0; partition < 16; partition++) {
      const add = () => manager.streams.add({ ...streamOf(partition), num_replicas: 3 });
      // A cluster that has just begun has no leader for a moment.
      await until(
        () =>
          add().then(
            () => true,
            () => false,
          ),
        "a stream",
      );
    }
    const js = jetstream(nats);
    const users = await findUsers(js, 60);
    const url = await makeRepository();
    for (const partition of partitions) await startInstance(partition, url, cluster.url);

    // Each user logs in; when it is on the target is looked at beside.
    const publishedAt = new Map<string, number>();
    const lags = new Map<number, number[]>(partitions.map((partition) => [partition, []]));
    const expected = new Map<string, string>();
    let isPublishing = true;
    const watching = (async () => {
      while (isPublishing || [...lags.values()].reduce((sum, { length }) => sum + length, 0) < publishedAt.size) {
        for (const partition of partitions) {
          const known = lags.get(partition)!;
          const there = await namesOnTarget(partition);
          const now = performance.now();
          for (const user of there.filter((one) => publishedAt.has(`${partition} ${one}`))) {
            known.push(now - publishedAt.get(`${partition} ${user}`)!);
            publishedAt.delete(`${partition} ${user}`);
          }
        }
        if ([...publishedAt.values()].some((at) => performance.now() - at > lagMsMax)) break;
        if (!isPublishing && publishedAt.size === 0) break;
        await sleep(100);
      }
    })();
    for (let number = 0; number < eventsTotal; number++) {
      const partition = partitions[number % partitions.length]!;
      const list = users.get(partition)!;
      const user = list[Math.floor(number / partitions.length) % list.length]!;
      const isFirst = !expected.has(user);
      // Nobody logs out before the login was seen: of both in one push there would be nothing to see.
      const isSeen = !isFirst && !publishedAt.has(`${partition} ${user}`);
      const type = isSeen && number % 7 === 0 ? "logout" : "login";
      await js.publish(`users.${user}`, event(user, type));
      if (isFirst) publishedAt.set(`${partition} ${user}`, performance.now());
      expected.set(user, type);
      await sleep(paceMs);
    }
    isPublishing = false;
    await watching;
    if (publishedAt.size > 0) for (const { log } of services) console.log(log.split("\n").slice(-20).join("\n"));
    expect([...publishedAt.keys()], `not on the target within ${lagMsMax} ms`).toEqual([]);
    const worst = [...lags].map(([partition, all]) => `${partition}: ${Math.round(Math.max(...all))} ms`);
    console.log(`the longest that a first login took to the target, by partition: ${worst.join(", ")}`);

    for (const partition of partitions) {
      const wanted = users.get(partition)!.filter((user) => expected.get(user) === "login");
      // What partitions share is made by the first of them alone.
      if (partition === 0) wanted.push("team");
      await until(
        async () => JSON.stringify(await namesOnTarget(partition)) === JSON.stringify(wanted.sort()),
        `what partition ${partition} comes to`,
      );
    }
    expect(services.map((service) => service.count("OBJECT_SHARED"))).toEqual([1, 0, 0]);
    const { stdout } = await run("git", [
      "-C",
      join(folder, "fleet.git"),
      "log",
      "--format=%x00%B",
      ...partitions.map(targetOf),
    ]);
    // Each trigger tells of its own effect, in one commit.
    const told = stdout.split("\0").flatMap((message) => [...new Set(message.match(/^Sluice-Event: .*$/gm))]);
    expect(told.length).toBeGreaterThan(users.size);
    expect(new Set(told).size, "no event is told twice").toBe(told.length);
    await run("git", ["-C", join(folder, "fleet.git"), "fsck", "--strict"]);
  });
});

/**
 * Several Sluices over one bus: three instances, each with its own partition of the entities, on one cluster of three
 * nats-servers and one Git server, all pushing to one target. Nobody falls behind for good, and nothing is lost.
 */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { type JetStreamClient, jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { afterEach, describe, expect, it } from "vitest";
import { GitHttpServer } from "../tools/git-http.ts";
import { type NatsCluster, startNatsCluster } from "../tools/nats-cluster.ts";
import { clusterDocument, SluiceProcess, until } from "./workbench.ts";

const run = promisify(execFile);
const partitions = [0, 1, 2];
const eventsTotal = 1500;
/** An event every so often, whoever's. */
const paceMs = 6;
/** No event takes longer to the target, whichever instance has to push it there. */
const lagMsMax = 30_000;

const mappings = 'mappings = { "users.*": "part.{{partition(16,1)}}.{{wildcard(1)}}" }';
const documents = {
  "eu.yaml": clusterDocument("eu-1", { env: "production" }),
  "users.yaml": `apiVersion: lib.projectsveltos.io/v1beta1
kind: EventSource
metadata: {name: users}
spec:
  messagingMatchCriteria:
  - subject: users\\..*
---
apiVersion: lib.projectsveltos.io/v1beta1
kind: EventTrigger
metadata: {name: users}
spec:
  sourceClusterSelector: {matchLabels: {env: production}}
  eventSourceName: users
  oneForEvent: true
  cloudEventAction: '{{if eq .CloudEvent.type "logout"}}Delete{{else}}Create{{end}}'
  policyRefs:
  - {name: users, namespace: default, kind: ConfigMap}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: users, namespace: default, annotations: {projectsveltos.io/instantiate: ok}}
data:
  user.yaml: |
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: "{{ .CloudEvent.subject }}", namespace: default}
    data: {type: "{{ .CloudEvent.type }}"}
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
  await run("git", ["-C", checkout, "push", "--quiet", bare, "main"]);
  git = await GitHttpServer.start({ root: folder });
  return git.urlOf("fleet.git");
}

async function startInstance(partition: number, url: string, servers: string): Promise<SluiceProcess> {
  const streams = [{ name: `USERS-${partition}`, subjects: ["users.*"] }];
  await write(`bus-${partition}.json`, JSON.stringify({ jetstream: { configuration: { url: servers, streams } } }));
  await write(
    `sluice-${partition}.yaml`,
    `apiVersion: sluice.dev/v1alpha1
kind: Settings
name: sluice-${partition}
repository: {url: "${url}", branch: main, pollInterval: 1s, author: {name: sluice, email: sluice@example.com}}
config: {path: config}
connections: [{name: bus, file: ./bus-${partition}.json, partition: ${partition}}]
output: {path: rendered-${partition}}
state: {branch: sluice-${partition}/state, directory: ./state-${partition}}
`,
  );
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

async function usersOnTarget(partition: number): Promise<readonly string[]> {
  const path = `rendered-${partition}/`;
  const { stdout } = await run("git", ["-C", join(folder, "fleet.git"), "ls-tree", "-r", "--name-only", "main", path]);
  return [...stdout.matchAll(/triggers\/.*\/(user-\d+)\.yaml$/gm)].map(([, user = ""]) => user).sort();
}

describe.skipIf(process.env.SLUICE_TEST_ALL === undefined)("three instances, each with its partition", () => {
  it("bring every event to one target within a bound, and nothing twice", async () => {
    folder = await mkdtemp(join(tmpdir(), "sluice-scaling-"));
    cluster = await startNatsCluster(mappings);
    nats = await connect({ servers: cluster.url.split(",") });
    const manager = await jetstreamManager(nats, { checkAPI: false });
    for (let partition = 0; partition < 16; partition++) {
      const add = () =>
        manager.streams.add({
          name: `USERS-${partition}`,
          subjects: [`part.${partition}.*`],
          num_replicas: 3,
          subject_transform: { src: `part.${partition}.*`, dest: "users.{{wildcard(1)}}" },
        });
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
          const there = await usersOnTarget(partition);
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
      const type = isFirst || number % 7 !== 0 ? "login" : "logout";
      await js.publish(`users.${user}`, event(user, type));
      if (isFirst) publishedAt.set(`${partition} ${user}`, performance.now());
      expected.set(user, type);
      await sleep(paceMs);
    }
    isPublishing = false;
    await watching;
    expect([...publishedAt.keys()], `not on the target within ${lagMsMax} ms`).toEqual([]);
    const worst = [...lags].map(([partition, all]) => `${partition}: ${Math.round(Math.max(...all))} ms`);
    console.log(`the longest that a first login took to the target, by partition: ${worst.join(", ")}`);

    for (const partition of partitions) {
      const wanted = users.get(partition)!.filter((user) => expected.get(user) === "login");
      await until(
        async () => JSON.stringify(await usersOnTarget(partition)) === JSON.stringify([...wanted].sort()),
        `what partition ${partition} comes to`,
      );
    }
    const { stdout } = await run("git", ["-C", join(folder, "fleet.git"), "log", "--format=%B", "main"]);
    const told = [...stdout.matchAll(/^Sluice-Event: .*$/gm)].map(([line]) => line);
    expect(new Set(told).size, "no event is told twice").toBe(told.length);
    await run("git", ["-C", join(folder, "fleet.git"), "fsck", "--strict"]);
  });
});

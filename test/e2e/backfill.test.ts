/**
 * A backfill on the built program and a real nats-server: events of old, Creates with later Deletes among them, live ones
 * meanwhile, and the service killed three times. What comes out is the fold over the whole stream.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { jetstream } from "@nats-io/jetstream";
import { afterEach, expect, it } from "vitest";
import { countOf } from "../../src/model/count-of.ts";
import { createRandom, seed } from "../chaos/random.ts";
import { clusterDocument, readExample, until, Workbench } from "./workbench.ts";

/** 100,000 take minutes; these are in every run. */
const eventsOfOld = Number(process.env.SLUICE_BACKFILL_EVENTS ?? 6000);
const users = Math.max(50, eventsOfOld / 20);
const liveTotal = 600;
const waitMsMax = 600_000;
/** The service lives for up to so long between two kills: a backfill of more takes longer. */
const livesMsMax = Math.max(1200, eventsOfOld / 5);

const source = `apiVersion: lib.projectsveltos.io/v1beta1
kind: EventSource
metadata: {name: users}
spec: {messagingMatchCriteria: [{subject: user-operation}]}
`;
const trigger = (name: string, action: string) => `apiVersion: lib.projectsveltos.io/v1beta1
kind: EventTrigger
metadata: {name: ${name}}
spec:
  sourceClusterSelector: {matchLabels: {env: production}}
  eventSourceName: users
  oneForEvent: true
  cloudEventAction: '${action}'
  policyRefs: [{kind: ConfigMap, namespace: default, name: content}]
`;
const content = `apiVersion: v1
kind: ConfigMap
metadata: {name: content, namespace: default, annotations: {projectsveltos.io/instantiate: ok}}
data:
  user.yaml: |
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: "{{ .CloudEvent.subject }}", namespace: default}
    data: {id: "{{ .CloudEvent.id }}"}
`;

let bench: Workbench | undefined;
afterEach(async () => {
  await bench?.close();
  bench = undefined;
});

const name = `is exact against live events, killed three times (SLUICE_CHAOS_SEED=${seed})`;
it(name, { timeout: 3 * waitMsMax }, async () => {
  const random = createRandom(seed);
  const last = new Map<string, { readonly id: string; readonly type: string }>();
  let published = 0;
  const marker = () => {
    const id = String(++published);
    const event = { specversion: "1.0", id, source: "auth.example.com", type: "marker", subject: "marker", data: {} };
    return open.publish("user-operation", JSON.stringify(event));
  };
  const next = () => {
    const id = String(++published);
    const subject = `user-${Math.floor(random() * users)}`;
    const type = random() < 0.6 ? "login" : "logout";
    last.set(subject, { id, type });
    return JSON.stringify({ specversion: "1.0", id, source: "auth.example.com", type, subject, data: {} });
  };
  const open = await Workbench.open({
    config: {
      "clusters.yaml": clusterDocument("eu-1", { env: "production" }),
      "source.yaml": source,
      "content.yaml": content,
      // Something has to be in force for events to be taken; what it has moves the positions at once.
      "idle.yaml": trigger("idle", '{{ if eq .CloudEvent.type "marker" }}Create{{ end }}'),
    },
    connection: await readExample("3-end-to-end/sveltos-jetstream.json"),
    streams: { USERS: ["user-operation"] },
    settings: "output: {secrets: plain}\nguard: {removals: 1000000, share: 1, additions: 1000000}",
  });
  bench = open;
  const client = jetstream(open.nats);
  for (let left = eventsOfOld; left > 0; left -= 500) {
    await Promise.all(Array.from({ length: Math.min(500, left) }, () => client.publish("user-operation", next())));
  }
  await marker();
  let service = await open.start();
  const isTaken = async () =>
    (await open.checkpoint().catch(() => undefined))?.positions["bus/USERS"]?.sequence === published;
  await until(isTaken, "the events of old", waitMsMax);
  expect(await open.rendered()).toHaveLength(1);

  await open.commitConfig({
    "late.yaml": trigger(
      "late",
      '{{ if eq .CloudEvent.type "login" }}Create{{ else if eq .CloudEvent.type "logout" }}Delete{{ end }}',
    ),
  });
  const isInForce = async () => (await open.sluice("backfill", "late", "--dry-run")).code === 0;
  await until(isInForce, "the trigger in force", waitMsMax);
  const tried = await open.sluice("backfill", "late", "--dry-run");
  expect(tried.stdout).toContain(`would act on ${countOf(published, "event")} of ${countOf(published, "message")}`);
  const told = await open.sluice("backfill", "late");
  expect(told.stdout + told.stderr).toContain("late is backfilled from bus/USERS");

  const publishing = (async () => {
    for (let live = 0; live < liveTotal; live++) {
      await client.publish("user-operation", next());
      if (live % 20 === 0) await sleep(random() * 200);
    }
  })();
  for (let kills = 0; kills < 3; kills++) {
    await sleep(200 + random() * livesMsMax);
    await service.kill();
    service = await open.start();
  }
  await publishing;
  await marker();

  const pending = async () => {
    const checkpoint = JSON.parse(await open.git("show", "sluice/state:checkpoint.json")) as Record<string, unknown>;
    return checkpoint.backfill !== undefined || checkpoint.passes !== undefined;
  };
  await until(async () => (await isTaken()) && !(await pending()), "the backfill's end", waitMsMax);
  const wanted = [...last].flatMap(([user, { id, type }]) => (type === "login" ? [`${user}=${id}`] : [])).sort();
  const there = async () => {
    const texts = await open
      .git("grep", "--only-matching", "-e", "  id: .*", "main", "--", "rendered/")
      .catch(() => "");
    return [...texts.matchAll(/\/(user-\d+)\.yaml: {2}id: "?(\d+)/g)].map(([, user, id]) => `${user}=${id}`).sort();
  };
  await until(
    async () => JSON.stringify(await there()) === JSON.stringify(wanted),
    "what the fold says",
    120_000,
  ).catch(async () => expect(await there()).toEqual(wanted));
  expect(await service.stop()).toBe(0);
  await open.git("fsck", "--strict");
});

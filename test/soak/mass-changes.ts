/**
 * `npm run soak:changes -- [--entities N] [--clusters N]`: mass changes on the built program at size. Of each it says how
 * long it took until it was held or in force, and sees to it that what is taken back stands as before, byte for byte.
 */
import assert from "node:assert/strict";
import { rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { jetstream } from "@nats-io/jetstream";
import { requestControl } from "../../src/adapters/control/control-socket.ts";
import type { LeadingSnapshot } from "../../src/pipeline/loop/snapshot.ts";
import { clusterDocument, type SluiceProcess, Workbench } from "../e2e/workbench.ts";

const { values } = parseArgs({
  options: { entities: { type: "string", default: "10000" }, clusters: { type: "string", default: "50" } },
});
const entities = Number(values.entities);
const clusters = Number(values.clusters);
/** Whose trigger is another team's. */
const othersMax = 15;
const waitMsMax = 900_000;

type Files = Readonly<Record<string, string | undefined>>;

const action =
  '{{ if or (eq .Cluster.metadata.labels.all "yes") (eq .CloudEvent.data.cluster .Cluster.metadata.name) }}Create{{ end }}';
const trigger = (name: string) => `apiVersion: lib.projectsveltos.io/v1beta1
kind: EventTrigger
metadata: {name: ${name}}
spec:
  eventSourceName: ${name}
  oneForEvent: true
  sourceClusterSelector: {matchLabels: {env: production}}
  cloudEventAction: '${action}'
  policyRefs: [{kind: ConfigMap, namespace: default, name: ${name}}]
`;
const source = (name: string, subject: string) => `apiVersion: lib.projectsveltos.io/v1beta1
kind: EventSource
metadata: {name: ${name}}
spec:
  messagingMatchCriteria: [{subject: tenants, cloudEventSubject: '${subject}'}]
`;
const content = (name: string, manifest: string) => `apiVersion: v1
kind: ConfigMap
metadata: {name: ${name}, namespace: default, annotations: {projectsveltos.io/instantiate: ok}}
data:
  object.yaml: |
${manifest.replace(/^(?=.)/gm, "    ")}`;
const object = (name: string, value: string) =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: '${name}', namespace: default}\ndata: {value: ${value}}\n`;
const subject = "{{ .CloudEvent.subject }}";
const cluster = (n: number, all = "no", env = "production") => clusterDocument(`c-${n}`, { env, all });

const config: Files = {
  "tenants.yaml": trigger("tenants"),
  "tenants-source.yaml": source("tenants", "t-.*"),
  "tenants-content.yaml": content("tenants", object(subject, "v1")),
  "others.yaml": trigger("others"),
  "others-source.yaml": source("others", `t-(?:${Array.from({ length: othersMax }, (_, n) => n).join("|")})`),
  "others-content.yaml": content("others", object(`other-${subject}`, "v1")),
  ...Object.fromEntries(Array.from({ length: clusters }, (_, n) => [`cluster-${n}.yaml`, cluster(n)])),
};
const total = entities + othersMax;

const settings = "output: {shards: 2}";
const bench = await Workbench.open({
  config: config as Record<string, string>,
  connection: JSON.stringify({
    jetstream: {
      configuration: {
        url: "nats://nats.nats.svc.cluster.local:4222",
        streams: [{ name: "TENANTS", subjects: ["tenants"] }],
        authorization: { user: { user: "admin", password: "my-password" } },
      },
    },
  }),
  streams: { TENANTS: ["tenants"] },
  settings,
});
let service: SluiceProcess;

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => void bench.close().finally(() => process.exit(1)));
}

const tree = () => bench.git("rev-parse", "main:rendered");
const status = async () =>
  JSON.parse(await requestControl(join(bench.folder, "state"), { command: "status" })).leading as LeadingSnapshot;
const held = async () => (await status()).held;
const objects = async () => (await bench.rendered()).filter((path) => path.includes("/triggers/"));

/** How long it took, in seconds, until that was so. */
async function timed(isTrue: () => boolean | Promise<boolean>): Promise<string> {
  const began = performance.now();
  while (!(await isTrue())) {
    if (performance.now() - began > waitMsMax) throw new Error("it never comes to that");
    await sleep(100);
  }
  return `${((performance.now() - began) / 1000).toFixed(1)} s`;
}

function say(name: string, what: string): void {
  process.stdout.write(`${name.padEnd(52)} ${what}\n`);
}

const change = (files: Files) => bench.commitConfig(files);
const takeBack = (files: Files) => change(Object.fromEntries(Object.keys(files).map((path) => [path, config[path]])));

/** A change that is held, and taken back. */
async function isHeld(name: string, files: Files, removals: number): Promise<void> {
  const before = await tree();
  await change(files);
  const time = await timed(async () => (await held()).length > 0);
  const counted = await timed(async () => (await held()).every(({ isCounting }) => isCounting === undefined));
  const [one] = await held();
  assert.equal(one?.removals, removals, name);
  await takeBack(files);
  const back = await timed(async () => (await held()).length === 0);
  assert.equal(await tree(), before, `${name}: the tree as before`);
  await change(files);
  await timed(async () => (await held()).length > 0);
  await takeBack(files);
  const early = await timed(async () => (await held()).length === 0);
  assert.equal(await tree(), before, `${name}: the tree as before`);
  say(
    name,
    `held after ${time}, counted ${counted} later (${removals} removals); taken back ${back} later, while it is counted ${early}`,
  );
}

try {
  service = await bench.start();
  const stream = jetstream(bench.nats);
  for (let n = 0; n < entities; n += 500) {
    await Promise.all(
      Array.from({ length: Math.min(500, entities - n) }, (_, k) => {
        const data = { cluster: `c-${(n + k) % clusters}` };
        const event = { specversion: "1.0", id: `${n + k}`, type: "t", source: "s", subject: `t-${n + k}`, data };
        return stream.publish("tenants", JSON.stringify(event));
      }),
    );
  }
  say(
    `${entities} entities on ${clusters} clusters`,
    `there after ${await timed(async () => (await objects()).length === total)}`,
  );
  const before = await tree();

  await isHeld("a trigger removed", { "tenants.yaml": undefined }, entities);
  await isHeld(
    "a selector mistyped",
    { "tenants.yaml": trigger("tenants").replace("env: production", "env: prodution") },
    entities,
  );
  await isHeld(
    "a template that renders nothing",
    { "tenants-content.yaml": content("tenants", "# nothing\n") },
    entities,
  );
  const onSeven = (await objects()).filter((path) => path.startsWith("rendered/fleet/c-7/")).length;
  await isHeld("a cluster's labels lost", { "cluster-7.yaml": cluster(7, "no", "none") }, onSeven);

  const files = Object.keys(config);
  const list = `apiVersion: v1\nkind: List\nitems:\n${files.map((path) => `- ${config[path]?.trimEnd().replace(/\n/g, "\n  ")}\n`).join("")}`;
  const inForce = () => service.lines().filter(({ message }) => message === "configuration in force").length;
  let seen = inForce();
  await change({ ...Object.fromEntries(files.map((path) => [path, undefined])), "all.yaml": list });
  say("all files replaced by one List", `in force after ${await timed(() => inForce() > seen)}, nothing changed`);
  assert.equal(await tree(), before);
  seen = inForce();
  await change({ ...config, "all.yaml": undefined });
  await timed(() => inForce() > seen);
  assert.equal(await tree(), before);

  await bench.moveInTarget("config", "renamed");
  say(
    "the config folder renamed",
    `CONFIG_MISSING after ${await timed(async () => (await status()).absent.documents?.code === "CONFIG_MISSING")}`,
  );
  await bench.moveInTarget("renamed", "config");
  await timed(async () => (await status()).absent.documents === undefined);
  assert.equal(await tree(), before);

  const mended = { "others-content.yaml": content("others", object(`other-${subject}`, "v2")) };
  await change({ "tenants.yaml": undefined, ...mended });
  const isMended = async () =>
    (await bench.git("grep", "-l", "value: v2", "main", "--", "rendered").catch(() => "")).split("\n").length >
    othersMax;
  say("another team's mend beside a held removal", `in force after ${await timed(isMended)}`);
  assert.deepEqual(
    (await held()).map(({ documents }) => documents),
    [["EventTrigger//tenants"]],
  );
  await takeBack({ "tenants.yaml": undefined, ...mended });
  await timed(async () => (await tree()) === before);

  // What is approved counts for the hour: slices come before.
  const sliced = (count: number) => ({
    "tenants-content.yaml": content(
      "tenants",
      `{{ if ge (atoi (trimPrefix "t-" .CloudEvent.subject)) ${count} }}\n${object(subject, "v1")}{{ end }}\n`,
    ),
  });
  await change(sliced(15));
  await timed(async () => (await objects()).length === total - 15);
  await change(sliced(30));
  say("slices of 15 objects", `the second held after ${await timed(async () => (await held()).length > 0)}`);
  assert.equal((await objects()).length, total - 15);
  await takeBack(sliced(30));
  await timed(async () => (await tree()) === before);

  await change({ "tenants.yaml": undefined });
  await timed(async () => (await held()).length > 0);
  await bench.sluice("approve", ...(await held()).map(({ id }) => id));
  say("the removal approved", `done after ${await timed(async () => (await objects()).length === othersMax)}`);
  await takeBack({ "tenants.yaml": undefined });
  say("and taken back", `the tree as before after ${await timed(async () => (await tree()) === before)}`);

  seen = inForce();
  for (let n = 2; n < 8; n++) {
    await change({ "tenants-content.yaml": content("tenants", object(subject, `v${n}`)) });
    await sleep(1000);
  }
  const newest = async () =>
    (await bench.git("grep", "-c", "value: v7", "main", "--", "rendered").catch(() => "")).split("\n").length >
    entities;
  say("a template that changes faster than a pass", `the last one everywhere after ${await timed(newest)}`);
  await takeBack({ "tenants-content.yaml": undefined });
  await timed(async () => (await tree()) === before);

  await change({ "new.yaml": clusterDocument("new", { env: "production", all: "yes" }) });
  say(
    `a new cluster for ${entities} tenants`,
    `there after ${await timed(async () => (await objects()).length === 2 * total)}, not held`,
  );
  assert.deepEqual(await held(), []);

  for (const [path, text] of Object.entries(config)) await bench.write(`documents/${path}`, text ?? "");
  await bench.write("documents/new.yaml", clusterDocument("new", { env: "production", all: "yes" }));
  await bench.changeSettings((text) => text.replace("config: {path: config}", "config: {directory: ./documents}"));
  await service.untilLogged("settings in force");
  const withNew = await tree();
  await rename(join(bench.folder, "documents"), join(bench.folder, "aside"));
  await bench.write("documents/tenants.yaml", "");
  await sleep(700);
  await rm(join(bench.folder, "documents"), { recursive: true });
  await rename(join(bench.folder, "aside"), join(bench.folder, "documents"));
  await sleep(8000);
  assert.equal(await tree(), withNew);
  assert.deepEqual(await held(), []);
  say("a directory half-written for 0.7 s", "nothing happened");
  assert.equal(await service.stop(), 0);
} finally {
  await bench.close();
}

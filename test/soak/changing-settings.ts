/**
 * `npm run soak:settings -- [--changes N] [--minutes N] [--rate N] [--seed N]`: settings and connections change at random,
 * again and again, under load over core NATS and from a stream of each retention. Each message has an object of its own: at
 * the end there is one for every message, and the log counts each message once.
 */
import assert from "node:assert/strict";
import { appendFileSync, writeFileSync } from "node:fs";
import { rename } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { jetstream } from "@nats-io/jetstream";
import { createRandom } from "../chaos/random.ts";
import { clusterDocument, until, Workbench } from "../e2e/workbench.ts";

const { values } = parseArgs({
  options: {
    changes: { type: "string", default: "200" },
    /** No change begins later; what was sent is judged all the same. */
    minutes: { type: "string", default: "600" },
    rate: { type: "string", default: "500" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
  },
});
const [changes, minutes] = [Number(values.changes), Number(values.minutes)];
const [rate, seed] = [Number(values.rate), Number(values.seed)];
const draw = createRandom(seed);
const below = (bound: number) => Math.floor(draw() * bound);
/** Of each source at once: publishing waits for the service where it is behind. */
const backlogMax = 20_000;
const publishEveryMs = 50;
const waitMsMax = 900_000;
/** A change has to be in force by then, or refused: another database is another start, on a busy machine. */
const changeMsMax = 600_000;
const sources = ["core", "limits", "interest", "work"] as const;

const trigger = (name: string) => `apiVersion: lib.projectsveltos.io/v1beta1
kind: EventSource
metadata: {name: ${name}}
spec: {messagingMatchCriteria: [{subject: '${name}\\..*'}]}
---
apiVersion: lib.projectsveltos.io/v1beta1
kind: EventTrigger
metadata: {name: ${name}}
spec:
  eventSourceName: ${name}
  oneForEvent: true
  sourceClusterSelector: {matchLabels: {env: production}}
  policyRefs: [{kind: ConfigMap, namespace: default, name: content}]
`;
const content = `apiVersion: v1
kind: ConfigMap
metadata: {name: content, namespace: default, annotations: {projectsveltos.io/instantiate: ok}}
data:
  object.yaml: |
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: '{{ .CloudEvent.subject }}', namespace: default}
`;

/** What the settings say; a change draws another value of one of these. */
const shape = {
  maxEvents: 1000,
  minInterval: 0,
  directory: 0,
  shards: 2,
  removals: 20,
  host: "127.0.0.1",
  /** Subjects of connections beside those that are always read. */
  extraCore: false,
  extraStream: false,
  extraConnection: false,
  checks: "refuse",
  secrets: "refuse",
};

const connection = (port: number) =>
  JSON.stringify({
    nats: {
      configuration: {
        url: `nats://${shape.host}:${port}`,
        subjects: ["core.>", ...(shape.extraCore ? ["other.>"] : [])],
        authorization: { user: { user: "admin", password: "my-password" } },
      },
    },
    jetstream: {
      configuration: {
        url: `nats://${shape.host}:${port}`,
        streams: [
          { name: "LIMITS", subjects: ["limits.>"] },
          { name: "INTEREST", subjects: ["interest.>"] },
          { name: "WORK", subjects: ["work.>"] },
          ...(shape.extraStream ? [{ name: "EXTRA", subjects: ["extra.>"] }] : []),
        ],
        authorization: { user: { user: "admin", password: "my-password" } },
      },
    },
  });

const settings = () => `apiVersion: sluice.dev/v1alpha1
kind: Settings
repository:
  url: ./fleet.git
  branch: main
  pollInterval: 500ms
  author: {name: sluice, email: sluice@example.com}
config: {path: config}
connections:
  - {name: bus, file: ./connection.json}
${shape.extraConnection ? "  - {name: second, file: ./second.json}\n" : ""}state: {directory: ./state-${shape.directory}}
output: {shards: ${shape.shards}, secrets: ${shape.secrets}}
commit: {maxEvents: ${shape.maxEvents}, minInterval: ${shape.minInterval}ms}
checks: {kubernetes: ${shape.checks}}
guard: {removals: ${shape.removals}}
`;

/** Changes one thing, and says what. */
const kinds: Readonly<Record<string, () => void>> = {
  maxEvents: () => {
    shape.maxEvents = below(2000) + 1;
  },
  minInterval: () => {
    shape.minInterval = below(200);
  },
  "state.directory": () => {
    shape.directory = (shape.directory + 1 + below(2)) % 3;
  },
  shards: () => {
    shape.shards = shape.shards === 2 ? 1 : 2;
  },
  guard: () => {
    shape.removals = below(100);
  },
  "the server's name": () => {
    shape.host = shape.host === "localhost" ? "127.0.0.1" : "localhost";
  },
  "core subjects": () => {
    shape.extraCore = !shape.extraCore;
  },
  "a stream": () => {
    shape.extraStream = !shape.extraStream;
  },
  "a connection": () => {
    shape.extraConnection = !shape.extraConnection;
  },
  checks: () => {
    shape.checks = shape.checks === "refuse" ? "warn" : "refuse";
  },
  "output.secrets": () => {
    shape.secrets = shape.secrets === "refuse" ? "plain" : "refuse";
  },
};

const bench = await Workbench.open({
  config: {
    "cluster.yaml": clusterDocument("eu-1", { env: "production" }),
    "content.yaml": content,
    ...Object.fromEntries(sources.map((name) => [`${name}.yaml`, trigger(name)])),
  },
  connection: "{}",
});
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => void bench.close().finally(() => process.exit(1)));
}
const { port } = bench.server;
const second = () =>
  connection(port)
    .replace(/"(core|limits|interest|work|extra)\./g, '"second-$1.')
    .replace(/"(LIMITS|INTEREST|WORK|EXTRA)"/g, '"SECOND_$1"');
const files = () => ({ "connection.json": connection(port), "second.json": second(), "sluice.yaml": settings() });
/** Whole, as editors and Kubernetes exchange files: one that is seen half written is refused, as it should be. */
const write = async () => {
  for (const [name, text] of Object.entries(files())) {
    await bench.write(`${name}.new`, text);
    await rename(join(bench.folder, `${name}.new`), join(bench.folder, name));
  }
};

const sent = new Map<string, number>(sources.map((name) => [name, 0]));
let isDone = false;
const logFile = join(tmpdir(), `sluice-settings-${seed}.log`);
writeFileSync(logFile, "");
console.log(`seed ${seed}; the service's log: ${logFile}`);

const objects = async () => (await bench.rendered()).filter((path) => path.includes("/triggers/"));
const total = () => [...sent.values()].reduce((sum, count) => sum + count, 0);

/** Until the server has it: on a busy machine its answer may come late, and it knows what came twice by its id. */
async function publishSurely(publish: () => Promise<unknown>): Promise<void> {
  while (
    !(await publish()
      .then(() => true)
      .catch(() => false))
  )
    await sleep(publishEveryMs);
}

async function publishAll(pushed: () => number): Promise<void> {
  const stream = jetstream(bench.nats);
  let due = 0;
  for (let last = performance.now(); !isDone; ) {
    await sleep(publishEveryMs);
    const now = performance.now();
    due += ((now - last) / 1000) * rate;
    last = now;
    const count = Math.floor(due);
    due -= count;
    if (total() - pushed() > backlogMax) continue;
    const publishing: Promise<unknown>[] = [];
    for (const source of sources) {
      for (let n = 0; n < count; n++) {
        const number = sent.get(source)! + 1;
        sent.set(source, number);
        const subject = `${source}-${number}`;
        const event = JSON.stringify({ specversion: "1.0", id: subject, type: "t", source: "s", subject });
        if (source === "core") bench.nats.publish("core.event", event);
        else publishing.push(publishSurely(() => stream.publish(`${source}.event`, event, { msgID: subject })));
      }
    }
    await Promise.all(publishing);
  }
  await bench.nats.flush();
}

try {
  const retentions = { LIMITS: "limits", INTEREST: "interest", WORK: "workqueue", EXTRA: "limits" } as const;
  for (const [name, retention] of Object.entries(retentions)) {
    const subjects = [`${name.toLowerCase()}.>`];
    await bench.streams.streams.add({ name, subjects, retention });
    await bench.streams.streams.add({
      name: `SECOND_${name}`,
      subjects: subjects.map((one) => `second-${one}`),
      retention,
    });
  }
  await write();
  const service = bench.launch();
  await service.untilLogged("ready");
  const seen = { length: 0, taken: 0, inForce: 0, refused: 0, troubles: [] as string[] };
  /** What the service has logged so far; each line is read once, there are many. */
  const told = () => {
    const end = service.log.lastIndexOf("\n") + 1;
    const more = service.log.slice(seen.length, end);
    appendFileSync(logFile, more);
    for (const text of more.split("\n")) {
      if (!text.startsWith("{")) continue;
      const { message, events, level } = JSON.parse(text) as Record<string, unknown>;
      if (typeof events === "number") seen.taken += events;
      if (message === "settings in force") seen.inForce++;
      if (String(message).startsWith("the new settings are refused")) seen.refused++;
      if (level === "warn" || level === "error") seen.troubles.push(text);
    }
    seen.length = end;
    return seen;
  };
  const taken = () => told().taken;
  const troubles = () => told().troubles.slice(-10);
  const publishing = publishAll(taken);
  const began = performance.now();
  const slowest = { ms: 0, what: "" };
  const count = new Map<string, number>();
  const isTimeLeft = () => performance.now() - began < minutes * 60_000;
  let done = 0;
  for (let change = 1; change <= changes && isTimeLeft(); change++) {
    const names: string[] = [];
    // What is drawn may be what was: then nothing is to be told.
    for (const text = JSON.stringify(files()); JSON.stringify(files()) === text; ) {
      const drawn = Object.keys(kinds).filter(() => below(4) === 0);
      if (drawn.length === 0) drawn.push(Object.keys(kinds)[below(Object.keys(kinds).length)]!);
      for (const name of drawn) {
        kinds[name]!();
        count.set(name, (count.get(name) ?? 0) + 1);
      }
      names.push(...drawn);
    }
    const before = { ...told() };
    const from = performance.now();
    await write();
    const isSettled = () => told().inForce > before.inForce || told().refused > before.refused || !service.isRunning;
    await until(isSettled, `change ${change} (${names.join()}) to be in force or refused: seed ${seed}`, changeMsMax);
    assert.ok(service.isRunning, `sluice run ended: ${troubles().join("\n")}`);
    const what = `change ${change} (${names.join()}) is refused: seed ${seed}`;
    assert.equal(told().refused, before.refused, [what, ...troubles()].join("\n"));
    const ms = performance.now() - from;
    if (ms > slowest.ms) Object.assign(slowest, { ms, what: names.join(", ") });
    done = change;
    const waiting = total() - taken();
    console.log(`change ${change}: ${(ms / 1000).toFixed(1)} s, ${waiting} waiting, ${names.join(", ")}`);
    if (change % 20 === 0) {
      const seconds = (performance.now() - began) / 1000;
      const slow = `slowest ${(slowest.ms / 1000).toFixed(1)} s (${slowest.what})`;
      console.log(`${change} changes in ${seconds.toFixed(0)} s, ${total()} sent, ${taken()} taken, ${slow}`);
    }
    await sleep(below(500));
  }
  isDone = true;
  await publishing;
  await until(async () => (await objects()).length >= total(), `${total()} objects`, waitMsMax);
  const found = new Set((await objects()).map((path) => /([a-z]+-\d+)\.yaml$/.exec(path)?.[1]));
  const lost = sources.flatMap((name) =>
    Array.from({ length: sent.get(name)! }, (_, n) => `${name}-${n + 1}`).filter((one) => !found.has(one)),
  );
  assert.deepEqual(lost, [], `lost: seed ${seed}`);
  assert.equal(found.size, total());
  assert.equal(await service.stop(), 0);
  assert.equal(taken(), total(), `taken more often than sent, or less: seed ${seed}`);
  const each = [...sent].map(([name, number]) => `${name} ${number}`).join(", ");
  const what = [...count].map(([name, number]) => `${name} ${number}`).join(", ");
  console.log(`seed ${seed}: ${done} changes (${what}); ${each}: none lost, none doubled`);
} finally {
  isDone = true;
  await bench.close();
}

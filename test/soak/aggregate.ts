/**
 * `npm run soak:aggregate -- [--entities N] [--events N]`: so many entities alive under one trigger with
 * `oneForEvent: false`, then events one at a time: how long each takes to the target, and how much it makes the repository
 * larger. At the end the list on the target has what is alive, and nothing else.
 */
import assert from "node:assert/strict";
import { parseArgs } from "node:util";
import { jetstream } from "@nats-io/jetstream";
import { clusterDocument, readExample, until, Workbench } from "../e2e/workbench.ts";

const { values } = parseArgs({
  options: { entities: { type: "string", default: "9999" }, events: { type: "string", default: "100" } },
});
const [entities, eventsMax] = [Number(values.entities), Number(values.events)];
const waitMsMax = 600_000;
const atOnce = 500;

const config = `apiVersion: lib.projectsveltos.io/v1beta1
kind: EventSource
metadata: {name: users}
spec: {messagingMatchCriteria: [{subject: user-operation}]}
---
apiVersion: lib.projectsveltos.io/v1beta1
kind: EventTrigger
metadata: {name: users}
spec:
  sourceClusterSelector: {matchLabels: {env: production}}
  eventSourceName: users
  oneForEvent: false
  cloudEventAction: '{{ if eq .CloudEvent.type "login" }}Create{{ else }}Delete{{ end }}'
  policyRefs: [{kind: ConfigMap, namespace: default, name: users}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: users, namespace: default, annotations: {projectsveltos.io/instantiate: ok}}
data:
  users.yaml: |
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: users, namespace: default}
    data:
      {{- range .CloudEvents }}
      {{ .subject }}: {{ .id | quote }}
      {{- end }}
`;

const alive = new Map<string, string>();
let published = 0;
function event(user: number, type: "login" | "logout"): string {
  const [id, subject] = [String(++published), `user-${user}`];
  if (type === "login") alive.set(subject, id);
  else alive.delete(subject);
  return JSON.stringify({ specversion: "1.0", id, source: "auth", type, subject });
}

const bench = await Workbench.open({
  config: { "cluster.yaml": clusterDocument("eu-1", { env: "production" }), "config.yaml": config },
  connection: await readExample("3-end-to-end/sveltos-jetstream.json"),
  streams: { USERS: ["user-operation"] },
});
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => void bench.close().finally(() => process.exit(1)));
}

/** `user=id` of each that is listed on the target. */
async function listed(): Promise<readonly string[]> {
  const text = await bench.git("grep", "-h", "-E", "^  user-", "main", "--", "rendered/").catch(() => "");
  return [...text.matchAll(/^ {2}(user-\d+): "?(\d+)/gm)].map(([, user, id]) => `${user}=${id}`).sort();
}

const wanted = () => [...alive].map(([user, id]) => `${user}=${id}`).sort();

/** Bytes of all that the repository has, packed or not. */
async function repositoryBytes(): Promise<number> {
  const text = await bench.git("count-objects", "-v");
  const kibibytes = (name: string) => Number(new RegExp(`^${name}: (\\d+)`, "m").exec(text)?.[1]);
  return (kibibytes("size") + kibibytes("size-pack")) * 1024;
}

try {
  const stream = jetstream(bench.nats);
  const began = performance.now();
  for (let first = 0; first < entities; first += atOnce) {
    const users = Array.from({ length: Math.min(atOnce, entities - first) }, (_, index) => first + index);
    await Promise.all(users.map((user) => stream.publish("user-operation", event(user, "login"))));
  }
  const service = await bench.start();
  await until(async () => (await listed()).length === entities, `${entities} entities`, waitMsMax);
  console.log(`${entities} alive after ${((performance.now() - began) / 1000).toFixed(1)} s`);

  const [milliseconds, bytes]: [number[], number[]] = [[], []];
  for (let number = 0; number < eventsMax; number++) {
    const user = Math.floor((number / 2) * 7) % entities;
    const head = await bench.git("rev-parse", "main");
    const before = await repositoryBytes();
    const from = performance.now();
    await stream.publish("user-operation", event(user, number % 2 === 0 ? "logout" : "login"));
    await until(async () => (await bench.git("rev-parse", "main")) !== head, `event ${number}`, waitMsMax);
    milliseconds.push(performance.now() - from);
    bytes.push((await repositoryBytes()) - before);
  }
  assert.deepEqual(await listed(), wanted());
  const quantile = (all: readonly number[], share: number) =>
    [...all].sort((one, other) => one - other)[Math.floor(share * (all.length - 1))]!;
  const time = [0.5, 0.99].map((share) => `${Math.round(quantile(milliseconds, share))} ms`).join(", ");
  const size = [0.5, 0.99].map((share) => `${Math.round(quantile(bytes, share) / 1024)} KiB`).join(", ");
  console.log(`one more event: p50, p99 ${time} to the target; ${size} in the repository`);
  assert.equal(await service.stop(), 0);
} finally {
  await bench.close();
}

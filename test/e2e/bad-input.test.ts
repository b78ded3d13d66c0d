/** The table of bad input: for each, what the user sees and what is kept, on the running program. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { clusterDocument, readExample, type SluiceProcess, until, Workbench } from "./workbench.ts";

const config = `apiVersion: lib.projectsveltos.io/v1beta1
kind: EventSource
metadata: {name: users}
spec:
  messagingMatchCriteria:
  - subject: user-operation
---
apiVersion: lib.projectsveltos.io/v1beta1
kind: EventTrigger
metadata: {name: users}
spec:
  sourceClusterSelector: {matchLabels: {env: production}}
  eventSourceName: users
  oneForEvent: true
  cloudEventAction: Create
  policyRefs:
  - {kind: ConfigMap, namespace: default, name: user}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: user
  namespace: default
  annotations: {projectsveltos.io/instantiate: ok}
data:
  user.yaml: |
    apiVersion: v1
    kind: ConfigMap
    metadata:
      name: {{ .CloudEvent.subject }}
      namespace: users
    data:
      subject: {{ .CloudEvent.subject }}
`;

let bench: Workbench;
let service: SluiceProcess;
beforeAll(async () => {
  bench = await Workbench.open({
    config: { "eu.yaml": clusterDocument("eu-1", { env: "production" }), "users.yaml": config },
    connection: await readExample("3-end-to-end/sveltos-jetstream.json"),
    streams: { USERS: ["user-operation"] },
  });
  service = await bench.start();
});
afterAll(() => bench.close());

const attributes = { specversion: "1.0", id: "1", source: "auth.example.com", type: "login" };
let marks = 0;

/** Publishes, then waits until an event behind it has had its effect: nothing bad may hold it up. */
async function publish(payload: string): Promise<void> {
  const mark = `mark-${++marks}`;
  await bench.publish("user-operation", payload);
  await bench.publish("user-operation", JSON.stringify({ ...attributes, subject: mark }));
  await until(
    async () => (await bench.rendered()).some((path) => path.endsWith(`/${mark}.yaml`)),
    `the event behind (${mark})`,
  );
}

interface Row {
  readonly subject: string;
  readonly sequence: number;
  readonly problem: { readonly code: string };
  readonly failures: Readonly<Record<string, { readonly code: string; readonly message: string }>>;
}

async function show(what: string, ...flags: readonly string[]): Promise<readonly Row[]> {
  return JSON.parse((await bench.sluice("show", what, "-o", "json", ...flags)).stdout) as Row[];
}

const undecodable: readonly { readonly name: string; readonly payload: string; readonly code: string }[] = [
  { name: "not JSON", payload: "<xml/>", code: "EVENT_NOT_JSON" },
  { name: "no source", payload: JSON.stringify({ ...attributes, source: undefined }), code: "EVENT_INVALID" },
  { name: "specversion 0.3", payload: JSON.stringify({ ...attributes, specversion: "0.3" }), code: "EVENT_VERSION" },
  {
    name: "2 MB of data",
    payload: JSON.stringify({ ...attributes, data: "x".repeat(2_000_000) }),
    code: "EVENT_TOO_LARGE",
  },
  {
    name: "control characters in the subject",
    payload: JSON.stringify({ ...attributes, subject: "a\u0001b\u0007" }),
    code: "EVENT_INVALID",
  },
  { name: "a newline in it", payload: JSON.stringify({ ...attributes, subject: "a\nb" }), code: "EVENT_INVALID" },
  { name: "a fraction", payload: JSON.stringify({ ...attributes, ratio: 1.5 }), code: "EVENT_INVALID" },
  { name: "an empty subject", payload: JSON.stringify({ ...attributes, subject: "" }), code: "EVENT_INVALID" },
];

for (const { name, payload, code } of undecodable) {
  it(`${name}: a dead letter that says why`, async () => {
    const before = (await show("dead-letters")).length;
    await publish(payload);
    const letters = await show("dead-letters");
    expect(letters.length).toBe(before + 1);
    expect(letters.at(-1)).toMatchObject({ stream: "bus/USERS", problem: { code } });
  });
}

const unrenderable: readonly { readonly name: string; readonly subject: string }[] = [
  { name: "a path", subject: "../../etc/passwd" },
  { name: "300 characters", subject: "a".repeat(300) },
  { name: "a slash", subject: "team/alice" },
  { name: "a quote", subject: 'a"b' },
];

for (const { name, subject } of unrenderable) {
  it(`a subject with ${name}: a failed record, and no file`, async () => {
    const before = await bench.rendered();
    await publish(JSON.stringify({ ...attributes, subject }));
    const failed = (await show("entities", "--failed")).filter((row) => row.subject === subject);
    expect(failed).toHaveLength(1);
    expect(Object.values(failed[0]!.failures)[0]!.code).toMatch(/NAME_INVALID|GUARD_VIOLATION/);
    expect((await bench.rendered()).length).toBe(before.length + 1);
  });
}

for (const subject of ["123", "true", "team-alice"]) {
  it(`subject ${subject}: an object with that name, as text`, async () => {
    await publish(JSON.stringify({ ...attributes, subject }));
    const path = (await bench.rendered()).find((name) => name.endsWith(`/${subject}.yaml`));
    const manifest = await bench.git("show", `main:${path}`);
    expect(manifest).toMatch(new RegExp(`name: "?${subject}"?\n`));
    if (subject !== "team-alice") expect(manifest).toContain(`name: "${subject}"`);
  });
}

it("documents: an invalid pattern, a hostile one, an unknown EventSource, a missing ConfigMap", async () => {
  const commits = await bench.git("rev-parse", "main");
  const source = (name: string, pattern: string) =>
    `apiVersion: lib.projectsveltos.io/v1beta1\nkind: EventSource\nmetadata: {name: ${name}}\nspec:\n  messagingMatchCriteria:\n  - {subject: user-operation, cloudEventSubject: '${pattern}'}\n`;
  const trigger = (name: string, eventSource: string, configMap: string) =>
    `apiVersion: lib.projectsveltos.io/v1beta1\nkind: EventTrigger\nmetadata: {name: ${name}}\nspec:\n  sourceClusterSelector: {matchLabels: {env: production}}\n  eventSourceName: ${eventSource}\n  oneForEvent: true\n  cloudEventAction: Create\n  policyRefs: [{kind: ConfigMap, namespace: default, name: ${configMap}}]\n`;
  await bench.write("broken/a.yaml", source("invalid", "(unclosed"));
  await bench.write("broken/b.yaml", source("hostile", "(a*)*b(a|aa)+$"));
  await bench.write("broken/c.yaml", trigger("lost", "nowhere", "user"));
  await bench.write("broken/d.yaml", trigger("empty", "hostile", "gone"));
  const { code, stderr } = await bench.sluice("validate", "broken");
  expect(code).toBe(1);
  expect(stderr).toMatch(/broken\/a\.yaml:6:\d+: error: .*\[PATTERN_INVALID\]/);
  expect(stderr).not.toMatch(/b\.yaml:.* error/);
  expect(stderr).toMatch(/broken\/c\.yaml:6:\d+: error: .*\[REFERENCE_MISSING\]/);
  expect(stderr).toMatch(/broken\/d\.yaml:9:\d+: error: .*\[REFERENCE_MISSING\]/);

  const files = { "a.yaml": source("invalid", "(unclosed"), "b.yaml": source("hostile", "(a*)*b(a|aa)+$") };
  await bench.commitConfig(files);
  await service.untilLogged("configuration in force");
  await publish(JSON.stringify({ ...attributes, subject: `${"a".repeat(50)}c` }));
  expect(await bench.git("rev-parse", "main")).not.toBe(commits);
});

it("a stream that is deleted, then created anew, is read on from where it begins; the service says so", async () => {
  await bench.streams.streams.delete("USERS");
  await until(() => service.log.includes("NATS_STREAM"), "a word about the missing stream");
  await bench.streams.streams.add({ name: "USERS", subjects: ["user-operation"] });
  await publish(JSON.stringify({ ...attributes, subject: "after-recreation" }));
  expect((await bench.rendered()).some((path) => path.endsWith("/after-recreation.yaml"))).toBe(true);
});

it("200 logouts and logins of one entity in rapid sequence end in the right state, each time", async () => {
  const login = await readExample("3-end-to-end/login.json");
  const logout = await readExample("3-end-to-end/logout.json");
  const flapping = await Workbench.open({
    config: {
      "eu.yaml": clusterDocument("eu-1", { env: "production" }),
      "config.yaml": await readExample("3-end-to-end/config.yaml"),
    },
    connection: await readExample("3-end-to-end/sveltos-nats.json"),
  });
  try {
    await flapping.start();
    const namespaces = async () => (await flapping.rendered()).map((path) => path.replace(/.*\//, ""));
    for (let round = 0; round < 5; round++) {
      for (let time = 0; time < 20; time++) {
        for (const event of [logout, login]) flapping.nats.publish("user-operation", event);
      }
      if (round % 2 === 1) flapping.nats.publish("user-operation", logout);
      // Events have their effect in order: when this one has it, those before it have.
      const mark = `mark-${round}`;
      flapping.nats.publish("user-operation", login.replaceAll("mgianluc", mark));
      await flapping.nats.flush();
      await until(async () => (await namespaces()).includes(`${mark}.yaml`), mark);
      expect((await namespaces()).includes("mgianluc.yaml")).toBe(round % 2 === 0);
    }
  } finally {
    await flapping.close();
  }
});

/**
 * `sluice doctor` on set-ups that are broken in one thing each, against real servers: it names the thing and says what to
 * do, and it changes nothing there.
 */
import { execFile } from "node:child_process";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { AckPolicy, type JetStreamManager, jetstreamManager } from "@nats-io/jetstream";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { createRedactor } from "../../src/adapters/system/redactor.ts";
import { runCli } from "../../src/app/cli/program.ts";
import type { Examination } from "../../src/model/examination.ts";
import { GitHttpServer } from "../tools/git-http.ts";
import { type NatsServer, startNatsServer } from "../tools/nats-server.ts";
import { usersConfig as usersOverCore } from "./users-config.ts";

const run = promisify(execFile);
/** By file of the config folder; its event comes over JetStream. */
const usersConfig = {
  ...usersOverCore,
  "others.yaml": usersOverCore["others.yaml"].replace("subject: user-operation", "subject: orders.created"),
};
const person = ["-c", "user.name=Platform Team", "-c", "user.email=platform@example.com"];
const documents = Object.fromEntries(
  Object.entries(usersConfig).map(([path, text]) => [`config/${path}`, text] as const),
);
/** As Sluice writes it into the folder of every cluster. */
const clusterFile = `metadata:
  labels:
    app.kubernetes.io/managed-by: sluice
    sluice.dev/instance: sluice
`;
const permissions = (more: string) => `permissions: {publish: [${more}], subscribe: ["_INBOX.>"]}`;
const readOrders = [
  "STREAM.INFO.ORDERS",
  "CONSUMER.DELETE.ORDERS.*",
  "CONSUMER.MSG.NEXT.ORDERS.*",
  "CONSUMER.LIST.ORDERS",
]
  .map((subject) => `"$JS.API.${subject}"`)
  .join(", ");
const readJobs = [
  "STREAM.INFO.JOBS",
  "CONSUMER.CREATE.JOBS.>",
  "CONSUMER.DELETE.JOBS.*",
  "CONSUMER.MSG.NEXT.JOBS.*",
  "CONSUMER.LIST.JOBS",
]
  .map((subject) => `"$JS.API.${subject}"`)
  .join(", ");
const accounts = `
accounts {
  FLEET: {jetstream: enabled, users: [
    {user: admin, password: my-password}
    {user: no-consumers, password: my-password, ${permissions(readOrders)}}
    {user: no-acks, password: my-password, ${permissions(readJobs)}}
    {user: no-subject, password: my-password, permissions: {subscribe: ["_INBOX.>"]}}
  ]}
  BARE: {users: [{user: bare, password: my-password}]}
}`;

let folder: string;
let nats: NatsServer;
let client: NatsConnection;
let streams: JetStreamManager;
let git: GitHttpServer;

beforeAll(async () => {
  nats = await startNatsServer({ config: accounts, jetstream: true });
  client = await connect({ servers: nats.url, user: "admin", pass: "my-password" });
  streams = await jetstreamManager(client);
  await streams.streams.add({ name: "ORDERS", subjects: ["orders.>"] });
  await streams.streams.add({ name: "JOBS", subjects: ["jobs.>"], retention: "workqueue" });
  await streams.streams.add({ name: "TAKEN", subjects: ["taken.>"], retention: "workqueue" });
  await streams.consumers.add("TAKEN", { durable_name: "somebody", ack_policy: AckPolicy.Explicit });
  await streams.streams.add({ name: "LEFT", subjects: ["left.>"] });
  await streams.consumers.add("LEFT", { durable_name: "sluice-other-0123abcd-1-x", ack_policy: AckPolicy.Explicit });
  await streams.streams.add({ name: "SHORT", subjects: ["short.>"], max_age: 60_000_000_000 });
  await streams.streams.add({ name: "FULL", subjects: ["full.>"], retention: "interest", max_consumers: 1 });
});

afterAll(async () => {
  await client?.close();
  await nats?.stop();
  await git?.stop();
});

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-doctor-"));
  await git?.stop();
  git = await GitHttpServer.start({ root: folder });
  await run("git", ["init", "--quiet", "--bare", "--initial-branch=main", join(folder, "fleet.git")]);
  await run("git", ["-C", join(folder, "fleet.git"), "config", "http.receivepack", "true"]);
  await pushFiles("main", documents);
  git.authorization = `Basic ${Buffer.from("bot:git-token").toString("base64")}`;
  process.env.GIT_TOKEN_OF_TEST = "git-token";
  return async () => {
    delete process.env.GIT_TOKEN_OF_TEST;
    await rm(folder, { recursive: true, force: true });
  };
});

/** A branch with nothing but these files. */
async function pushFiles(branch: string, files: Readonly<Record<string, string>>): Promise<void> {
  const checkout = await mkdtemp(join(folder, "checkout-"));
  await run("git", ["init", "--quiet", `--initial-branch=${branch}`, checkout]);
  for (const [path, text] of Object.entries(files)) {
    await mkdir(join(checkout, path, ".."), { recursive: true });
    await writeFile(join(checkout, path), text);
  }
  await run("git", ["-C", checkout, "add", "--all"]);
  await run("git", ["-C", checkout, ...person, "commit", "--quiet", "--message=Begin"]);
  await run("git", ["-C", checkout, "push", "--quiet", "--force", join(folder, "fleet.git"), `HEAD:${branch}`]);
}

/** Of a state that remembers this repository and this name. */
function checkpointOf(repository: string, name: string): string {
  return JSON.stringify({
    version: 2,
    stateId: "0".repeat(32),
    commits: 45,
    term: { number: 3, holder: "1".repeat(32) },
    renderer: 1,
    repository,
    catalog: "2".repeat(64),
    catalogAt: "2026-11-29T23:17:35.099Z",
    catalogRank: 1,
    nextRank: 2,
    layout: { shards: 0, buckets: 1 },
    parts: { places: { name } },
  });
}

interface SetUp {
  /** Changes the healthy settings. */
  readonly settings?: (text: string) => string;
  readonly connection?: object;
  readonly before?: () => unknown;
}

const reads = (name: string, subjects: readonly string[], user = "admin", password = "my-password") => ({
  jetstream: {
    configuration: { url: nats.url, streams: [{ name, subjects }], authorization: { user: { user, password } } },
  },
});
const listens = (subject: string, user: string) => ({
  nats: {
    configuration: { url: nats.url, subjects: [subject], authorization: { user: { user, password: "my-password" } } },
  },
});

async function examine({ settings = (text) => text, connection, before }: SetUp) {
  await writeFile(join(folder, "connection.json"), JSON.stringify(connection ?? reads("ORDERS", ["orders.>"])));
  const healthy = `apiVersion: sluice.dev/v1alpha1
kind: Settings
repository:
  url: ${git.urlOf("fleet.git")}
  branch: main
  auth: {username: {env: GIT_TOKEN_USER}, password: {env: GIT_TOKEN_OF_TEST}}
  author: {name: sluice, email: sluice@example.com}
config: {path: config}
connections: [{name: bus, file: ./connection.json}]
state: {directory: ./state}
output: {secrets: plain}
`;
  process.env.GIT_TOKEN_USER = "bot";
  await writeFile(join(folder, "sluice.yaml"), settings(healthy));
  await before?.();
  let out = "";
  const code = await runCli(["doctor", "-o", "json", "-f", "sluice.yaml"], {
    out: (text) => {
      out += text;
    },
    err: () => undefined,
    isTerminal: false,
    workingDirectory: folder,
    stop: new AbortController().signal,
    stopInOrder: () => undefined,
    redactor: createRedactor(),
  });
  delete process.env.GIT_TOKEN_USER;
  return { code, found: JSON.parse(out) as Examination[], out };
}

it("finds nothing in a set-up that works, and changes nothing on the servers", async () => {
  const refs = async () => (await run("git", ["-C", join(folder, "fleet.git"), "for-each-ref"])).stdout;
  const consumers = async () =>
    (await Promise.all(["ORDERS", "JOBS"].map((name) => streams.streams.info(name)))).map(({ state }) => state);
  const before = [await refs(), await consumers()];
  const { code, found, out } = await examine({});
  expect(found.flatMap(({ problems }) => problems)).toEqual([]);
  expect(code).toBe(0);
  expect(found.map(({ subject }) => subject)).toEqual([
    "settings",
    "secrets",
    "state.directory",
    "repository",
    "documents",
    "connection bus",
  ]);
  expect(out).toContain("lets it read and push");
  expect(out).not.toContain("git-token");
  expect([await refs(), await consumers()]).toEqual(before);
});

interface Broken extends SetUp {
  readonly name: string;
  readonly code: string;
  /** Within the message, and within what it says to do. */
  readonly says: string;
  readonly hint: string;
  readonly severity?: "warning";
}

const isPush = (request: IncomingMessage) => /git-receive-pack/.test(request.url ?? "");
const orders = () => reads("ORDERS", ["orders.>"]);

const broken: readonly (() => Broken)[] = [
  () => ({
    name: "a settings file that is not there",
    code: "SETTINGS_INVALID",
    says: "can't be read",
    hint: "--file",
    before: () => rm(join(folder, "sluice.yaml")),
  }),
  () => ({
    name: "a misspelt setting",
    code: "FIELD_UNKNOWN",
    says: "ouput",
    hint: "output",
    settings: (text) => text.replace("output:", "ouput:"),
  }),
  () => ({
    name: "a variable that is not set",
    code: "SECRET_UNREADABLE",
    says: "NOT_SET_AT_ALL",
    hint: "where the service runs",
    settings: (text) => text.replace("GIT_TOKEN_OF_TEST", "NOT_SET_AT_ALL"),
  }),
  () => ({
    name: "a secret that everybody may read",
    code: "SECRET_UNREADABLE",
    says: "every user",
    hint: "chmod 600",
    severity: "warning",
    settings: (text) => text.replace("{env: GIT_TOKEN_OF_TEST}", "{file: ./token}"),
    before: async () => {
      await writeFile(join(folder, "token"), "git-token");
      await chmod(join(folder, "token"), 0o644);
    },
  }),
  () => ({
    name: "a state directory that is a file",
    code: "DISK_UNAVAILABLE",
    says: "is no folder",
    hint: "another folder",
    before: () => writeFile(join(folder, "state"), ""),
  }),
  () => ({
    name: "a default author",
    code: "SETTINGS_INVALID",
    says: "sluice@localhost",
    hint: "bot account",
    severity: "warning",
    settings: (text) => text.replace(/ {2}author:.*\n/, ""),
  }),
  () => ({
    name: "a repository that is not there",
    code: "GIT_UNAVAILABLE",
    says: "404",
    hint: "",
    settings: (text) => text.replace("fleet.git", "nowhere.git"),
  }),
  () => ({
    name: "an expired Git token",
    code: "GIT_AUTH",
    says: "",
    hint: "",
    before: () => {
      process.env.GIT_TOKEN_OF_TEST = "expired";
    },
  }),
  () => ({
    name: "a Git token that may not push",
    code: "GIT_AUTH",
    says: "",
    hint: "",
    before: () => {
      git.fault = (request) => (isPush(request) ? { kind: "status", status: 403, text: "denied" } : undefined);
    },
  }),
  () => ({
    name: "a target branch that is not there",
    code: "TARGET_MISSING",
    says: "no branch trunk",
    hint: "main",
    settings: (text) => text.replace("branch: main", "branch: trunk"),
  }),
  () => ({
    name: "a state branch that is somebody's",
    code: "STATE_INVALID",
    says: "somebody's",
    hint: "state.branch",
    before: () => pushFiles("sluice/state", { "README.md": "mine" }),
  }),
  () => ({
    name: "a second Sluice on the state of another one",
    code: "SETTINGS_INVALID",
    says: 'made under the name "sluice"',
    hint: "another state.branch and output.path",
    settings: (text) => text.replace("kind: Settings", "kind: Settings\nname: second"),
    before: () => pushFiles("sluice/state", { "checkpoint.json": checkpointOf("127.0.0.1/fleet", "sluice") }),
  }),
  () => ({
    name: "a state that was copied from another repository",
    code: "CHANGE_HELD",
    says: "git.example.com/acme/fleet",
    hint: "sluice repair --copied",
    before: () =>
      pushFiles("sluice/state", { "checkpoint.json": checkpointOf("git.example.com/acme/fleet", "sluice") }),
  }),
  () => ({
    name: "manifests whose state is gone",
    code: "STATE_MISSING",
    says: "no branch sluice/state",
    hint: "sluice repair --restore-state",
    before: () => pushFiles("main", { ...documents, "rendered/fleet/eu-1/base/sluice-cluster.yaml": clusterFile }),
  }),
  () => ({
    name: "an output folder that is somebody's",
    code: "OUTPUT_FOREIGN",
    says: "rendered/web.yaml",
    hint: "output.path",
    before: () => pushFiles("main", { ...documents, "rendered/web.yaml": "kind: Deployment\n" }),
  }),
  () => ({
    name: "a branch in the way of the state's",
    code: "GIT_REFUSED",
    says: "sluice/state",
    hint: "Rename sluice",
    before: () => pushFiles("sluice", { "README.md": "mine" }),
  }),
  () => ({
    name: "a config folder that is not there",
    code: "CONFIG_MISSING",
    says: "confg",
    hint: "",
    settings: (text) => text.replace("path: config", "path: confg"),
  }),
  () => ({
    name: "a document that is broken",
    code: "DOCUMENT_SYNTAX",
    says: "",
    hint: "",
    before: () => pushFiles("main", { "config/trigger.yaml": "kind: [" }),
  }),
  () => ({
    name: "no trigger",
    code: "CONFIG_MISSING",
    says: "no EventTrigger",
    hint: "streams wait",
    severity: "warning",
    before: () => pushFiles("main", { "config/others.yaml": usersConfig["others.yaml"] }),
  }),
  () => ({
    name: "a NATS server that is away",
    code: "NATS_UNAVAILABLE",
    says: "127.0.0.1:1",
    hint: "",
    connection: { jetstream: { configuration: { ...orders().jetstream.configuration, url: "nats://127.0.0.1:1" } } },
  }),
  () => ({
    name: "a wrong NATS password",
    code: "NATS_AUTH",
    says: "refuses",
    hint: "",
    connection: reads("ORDERS", ["orders.>"], "admin", "wrong"),
  }),
  () => ({
    name: "a connection file that is not there",
    code: "CONNECTION_INVALID",
    says: "connection.json",
    hint: "",
    before: () => rm(join(folder, "connection.json")),
  }),
  () => ({
    name: "a stream that is not there",
    code: "NATS_STREAM",
    says: "NOPE does not exist",
    hint: "nats stream add",
    connection: reads("NOPE", ["nope.>"]),
  }),
  () => ({
    name: "an account without JetStream",
    code: "NATS_STREAM",
    says: "no JetStream",
    hint: "Enable jetstream",
    connection: reads("ORDERS", ["orders.>"], "bare"),
  }),
  () => ({
    name: "a subject that the stream has not",
    code: "NATS_STREAM",
    says: "holds no messages of invoices.>",
    hint: "orders.>",
    severity: "warning",
    connection: reads("ORDERS", ["invoices.>"]),
  }),
  () => ({
    name: "a user that may not create consumers",
    code: "NATS_AUTH",
    says: "CONSUMER.CREATE.ORDERS",
    hint: "Allow",
    connection: reads("ORDERS", ["orders.>"], "no-consumers"),
  }),
  () => ({
    name: "a user that may not acknowledge",
    code: "NATS_AUTH",
    says: "$JS.ACK.JOBS",
    hint: "Allow",
    connection: reads("JOBS", ["jobs.>"], "no-acks"),
  }),
  () => ({
    name: "somebody else on a work-queue stream",
    code: "NATS_STREAM",
    says: "somebody takes messages too",
    hint: "nobody else",
    severity: "warning",
    connection: reads("TAKEN", ["taken.>"]),
  }),
  () => ({
    name: "a consumer that was left",
    code: "NATS_STREAM",
    says: "sluice-other",
    hint: "nats consumer rm LEFT",
    severity: "warning",
    connection: reads("LEFT", ["left.>"]),
  }),
  () => ({
    name: "a stream that forgets within the hour",
    code: "NATS_STREAM",
    says: "keeps messages for 1 min",
    hint: "max_age",
    severity: "warning",
    connection: reads("SHORT", ["short.>"]),
  }),
  () => ({
    name: "a stream without room for consumers",
    code: "NATS_STREAM",
    says: "allows 1 consumer",
    hint: "max_consumers",
    severity: "warning",
    connection: reads("FULL", ["full.>"]),
  }),
  () => ({
    name: "a core subject that is forbidden",
    code: "NATS_AUTH",
    says: "user-operation",
    hint: "Allow",
    connection: listens("user-operation", "no-subject"),
  }),
];

it.each(broken.map((make, index) => ({ index, make })))("names broken set-up $index", async ({ make }) => {
  const { name, code, says, hint, severity = "error", ...setUp } = make();
  const { code: exit, found, out } = await examine(setUp);
  const problems = found.flatMap((examination) => examination.problems);
  const met = problems.find(
    (problem) => problem.code === code && problem.message.includes(says) && (problem.hint ?? "").includes(hint),
  );
  expect(met, `${name}: ${out}`).toBeDefined();
  expect(met?.severity, name).toBe(severity);
  expect(exit, name).toBe(severity === "error" ? 1 : 0);
  // One fault is one thing to do: whatever else is told follows from it.
  expect(problems.length, `${name}: ${JSON.stringify(problems)}`).toBeLessThanOrEqual(3);
});

it("asks for no connection and no EventTrigger where profiles alone say what is rendered", async () => {
  await pushFiles("main", {
    "config/baseline.yaml": `apiVersion: lib.projectsveltos.io/v1beta1
kind: SveltosCluster
metadata: {name: eu, namespace: fleet, labels: {env: production}}
---
apiVersion: config.projectsveltos.io/v1beta1
kind: ClusterProfile
metadata: {name: base}
spec: {clusterSelector: {matchLabels: {env: production}}, policyRefs: [{kind: ConfigMap, namespace: default, name: base}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: base, namespace: default}
data: {base.yaml: "{apiVersion: v1, kind: Namespace, metadata: {name: platform}}"}
`,
  });
  const { code, found, out } = await examine({
    settings: (text) => text.replace(/^connections: .*\n/m, ""),
  });
  expect(found.flatMap(({ problems }) => problems)).toEqual([]);
  expect(code).toBe(0);
  expect(out).toContain("0 triggers, 1 profile, 1 cluster");
});

it("refuses what the service refuses: a lease with core subjects that nothing captures", async () => {
  const { code, found } = await examine({
    settings: (text) => `${text}lease: {connection: bus}\n`,
    connection: listens("user-operation", "admin"),
  });
  expect(code).toBe(1);
  const told = found.flatMap(({ problems }) => problems).filter(({ code }) => code === "SETTINGS_INVALID");
  expect(told.map(({ message }) => message)).toEqual([
    expect.stringContaining("nobody listens while it changes hands"),
  ]);
});

it("counts the streams that the state has positions of", async () => {
  const at = { epoch: "2026-11-29T23:16:08.239012919Z", sequence: 6, time: "2026-11-29T23:17:37.851938219Z" };
  await pushFiles("sluice/state", {
    "checkpoint.json": checkpointOf("fleet", "sluice"),
    "positions/bus.json": JSON.stringify({ version: 2, streams: { "bus/ORDERS": { ...at, subjects: ["orders.>"] } } }),
  });
  const { out } = await examine({});
  expect(out).toContain("has had 45 commits, 1 stream has a position");
});

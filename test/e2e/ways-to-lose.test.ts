/**
 * Ways to lose objects by configuration, each on the built program: whatever is mistyped, left out or renamed, no object
 * goes before somebody approves it, and taken back all stands as before.
 */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { usersConfig, usersConnection, usersTrigger } from "./users-config.ts";
import { clusterDocument, type SluiceProcess, until, Workbench } from "./workbench.ts";

const [others = ""] = usersConfig["others.yaml"].split(
  "---\napiVersion: lib.projectsveltos.io/v1beta1\nkind: SveltosCluster",
);
const config: Readonly<Record<string, string>> = {
  "trigger.yaml": usersTrigger,
  "others.yaml": others,
  "eu.yaml": clusterDocument("eu", { env: "production" }),
};
const users = 30;

interface Way {
  readonly name: string;
  readonly files?: Readonly<Record<string, string | undefined>>;
  readonly settings?: (text: string) => string;
}

const ways: readonly Way[] = [
  { name: "a .sluiceignore that leaves out everything", files: { ".sluiceignore": "*\n" } },
  { name: "a .sluiceignore that leaves out the trigger", files: { ".sluiceignore": "trigger.yaml\n" } },
  { name: "a .sluiceignore that leaves out the clusters", files: { ".sluiceignore": "eu.yaml\n" } },
  {
    name: "config.exclude of everything",
    settings: (text) => text.replace("config: {path: config}", 'config: {path: config, exclude: ["**"]}'),
  },
  {
    name: "config.exclude of the trigger",
    settings: (text) => text.replace("config: {path: config}", 'config: {path: config, exclude: ["trigger*"]}'),
  },
  {
    name: "config.path of a folder with less in it",
    settings: (text) => text.replace("config: {path: config}", "config: {path: less}"),
  },
  {
    name: "output.path of the config folder",
    settings: (text) => text.replace("output: {", "output: {path: config, "),
  },
  { name: "syncMode DryRun", files: { "trigger.yaml": `${usersTrigger}  syncMode: DryRun\n` } },
  { name: "no policyRefs", files: { "trigger.yaml": usersTrigger.replace(/ {2}policyRefs: .*\n/, "") } },
  {
    name: "oneForEvent: false",
    files: { "trigger.yaml": usersTrigger.replace("oneForEvent: true", "oneForEvent: false") },
  },
  {
    name: "a destination that is not there",
    files: { "trigger.yaml": `${usersTrigger}  destinationCluster: {namespace: fleet, name: nowhere}\n` },
  },
  {
    name: "a destination selector that fits none",
    files: { "trigger.yaml": `${usersTrigger}  destinationClusterSelector: {matchLabels: {env: nowhere}}\n` },
  },
  {
    name: "a trigger renamed, and not said",
    files: { "trigger.yaml": usersTrigger.replace("name: users", "name: people") },
  },
  {
    name: "a trigger twice, differently",
    files: { "twice.yaml": usersTrigger.replace("env: production", "env: none") },
  },
  {
    name: "a template that is none any more",
    files: { "others.yaml": others.replace(", annotations: {projectsveltos.io/instantiate: ok}", "") },
  },
  {
    name: "a content in another namespace",
    files: { "others.yaml": others.replace("name: user, namespace: default", "name: user, namespace: other") },
  },
  { name: "a separator lost", files: { "others.yaml": others.replace("---\n", "") } },
  {
    name: "a template with an if that is never so",
    files: {
      "others.yaml": others
        .replace("    apiVersion: v1\n", "    {{ if false }}\n    apiVersion: v1\n")
        .replace(/(metadata: \{name: "\{\{.*\n)/, "$1    {{ end }}\n"),
    },
  },
  // What comes on the new cluster goes again when that is taken back: another mass change, which is approved.
  { name: "a cluster renamed", files: { "eu.yaml": clusterDocument("eu-1", { env: "production" }) } },
  {
    name: "a cluster in another namespace",
    files: { "eu.yaml": clusterDocument("eu", { env: "production" }).replace("namespace: fleet", "namespace: fleets") },
  },
];

let bench: Workbench;
let service: SluiceProcess;
/** Manifests of before that are gone or changed. */
async function lost(before: string): Promise<string> {
  return bench.git("diff-tree", "-r", "--name-only", "--diff-filter=DM", before.trim(), (await tree()).trim());
}

const tree = () => bench.git("rev-parse", "--verify", "--quiet", "main:rendered").catch(() => "");

async function login(subject: string): Promise<void> {
  const event = { specversion: "1.0", id: subject, type: "login", source: "auth", subject };
  await bench.publish("user-operation", JSON.stringify(event));
}

/** Until the service has said something of it, or had time to. */
async function settled(lines: number): Promise<void> {
  for (let waited = 0; waited < 40 && service.lines().length === lines; waited++) await sleep(100);
  await sleep(1500);
}

beforeAll(async () => {
  bench = await Workbench.open({ config, connection: usersConnection });
  await bench.commitFiles({ "less/eu.yaml": config["eu.yaml"] });
  service = await bench.start();
  for (let n = 0; n < users; n++) await login(`user-${n}`);
  await until(async () => (await bench.rendered()).length === users, "a Namespace for each");
}, 120_000);

afterAll(async () => {
  await bench?.close();
});

/** Two minutes long: `npm run test:all` runs it. */
const isAll = process.env.SLUICE_TEST_ALL !== undefined;

it.skipIf(!isAll).each(ways)("$name", { timeout: 120_000 }, async ({ files = {}, settings }) => {
  const before = await tree();
  const file = join(bench.folder, "sluice.yaml");
  const text = await readFile(file, "utf8");
  let lines = service.lines().length;
  await bench.commitConfig(files);
  if (settings !== undefined) await bench.changeSettings(settings);
  await settled(lines);
  expect(service.isRunning).toBe(true);
  expect(await lost(before)).toBe("");

  // The same, found by a start.
  await service.stop();
  service = bench.launch();
  await settled(0);
  expect(await lost(before)).toBe("");
  lines = service.lines().length;
  await bench.commitConfig(Object.fromEntries(Object.keys(files).map((path) => [path, config[path]])));
  await writeFile(file, text);
  await settled(lines);
  if (!service.isRunning) service = await bench.start();
  await service.untilLogged("ready");
  const held = async () =>
    JSON.parse((await bench.sluice("status", "-o", "json")).stdout).leading.held as { id: string }[];
  for (const { id } of await held()) await bench.sluice("approve", id);
  await until(async () => (await tree()) === before && (await held()).length === 0, "all as before");
});

it.skipIf(!isAll)(
  "and it is alive",
  async () => {
    await login("later");
    await until(async () => (await bench.rendered()).length === users + 1, "one more");
    expect(await service.stop()).toBe(0);
  },
  60_000,
);

/**
 * What `sluice diff` says beforehand is what the service then does or holds: the same counts, the same ids, for every kind
 * of change of documents and settings. What was not held is taken back afterwards, and all stands as before.
 */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { requestControl } from "../../src/adapters/control/control-socket.ts";
import type { DryRunReport } from "../../src/pipeline/dry-run/report.ts";
import type { LeadingSnapshot } from "../../src/pipeline/loop/snapshot.ts";
import { usersConnection } from "./users-config.ts";
import { clusterDocument, type SluiceProcess, until, Workbench } from "./workbench.ts";

type Files = Readonly<Record<string, string | undefined>>;

const trigger = (
  name: string,
  more = "",
  action = "{{ if eq .CloudEvent.type `logout` }}Delete{{ else }}Create{{ end }}",
) =>
  `apiVersion: lib.projectsveltos.io/v1beta1
kind: EventTrigger
metadata: {name: ${name}}
spec:
  eventSourceName: ${name}
  oneForEvent: true
  sourceClusterSelector: {matchLabels: {env: production}}
  cloudEventAction: '${action}'
  policyRefs: [{kind: ConfigMap, namespace: default, name: ${name}}]
${more}`;
const source = (name: string, subject: string) => `apiVersion: lib.projectsveltos.io/v1beta1
kind: EventSource
metadata: {name: ${name}}
spec:
  messagingMatchCriteria: [{subject: user-operation, cloudEventSubject: '${subject}'}]
`;
const object = (name: string, value = "v1") => `    apiVersion: v1
    kind: ConfigMap
    metadata: {name: '${name}', namespace: team}
    data: {value: ${value}}
`;
const content = (name: string, ...objects: readonly string[]) => `apiVersion: v1
kind: ConfigMap
metadata: {name: ${name}, namespace: default, annotations: {projectsveltos.io/instantiate: ok}}
data:
  objects.yaml: |
${objects.length === 0 ? "    # nothing\n" : objects.join("    ---\n")}`;

const subject = "{{ .CloudEvent.subject }}";
const config = {
  "many.yaml": trigger("many"),
  "many-source.yaml": source("many", "user-.*"),
  "many-content.yaml": content("many", object(subject)),
  "few.yaml": trigger("few"),
  "few-source.yaml": source("few", "user-[0-3]"),
  "few-content.yaml": content("few", object(`few-${subject}`)),
  "eu.yaml": clusterDocument("eu", { env: "production" }),
} as const;
const entities = 30;

interface Kind {
  readonly name: string;
  readonly files?: Files;
  readonly settings?: (text: string) => string;
  /** Documents that are held, by change; none: it goes in force. */
  readonly held?: readonly (readonly string[])[];
  /** So many manifests go although something else is held. */
  readonly beside?: number;
}

const nothing = { create: 0, update: 0, delete: 0, moves: 0 };
const emptyTree = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

/** Small ones come first: what is approved counts for the hour. */
const kinds: readonly Kind[] = [
  { name: "a small trigger removed", files: { "few.yaml": undefined } },
  {
    name: "two triggers removed, of which one is small",
    files: { "many.yaml": undefined, "few.yaml": undefined },
    held: [["EventTrigger//many"]],
    beside: 4,
  },
  { name: "a trigger removed", files: { "many.yaml": undefined }, held: [["EventTrigger//many"]] },
  {
    name: "a selector mistyped",
    files: { "many.yaml": trigger("many").replace("env: production", "env: prodution") },
    held: [["EventTrigger//many"]],
  },
  {
    name: "a template that renders nothing",
    files: { "many-content.yaml": content("many") },
    held: [["ConfigMap/default/many"]],
  },
  {
    name: "an action that says Delete",
    files: { "many.yaml": trigger("many", "", "Delete") },
    held: [["EventTrigger//many"]],
  },
  {
    name: "a pattern mistyped",
    files: { "many-source.yaml": source("many", "usr-.*") },
    held: [["EventSource//many"]],
  },
  {
    name: "a cluster's labels lost",
    files: { "eu.yaml": clusterDocument("eu", {}) },
    held: [["SveltosCluster/fleet/eu"]],
  },
  {
    name: "a cluster removed",
    files: { "eu.yaml": undefined },
    held: [["SveltosCluster/fleet/eu"]],
  },
  { name: "a new cluster for everybody", files: { "us.yaml": clusterDocument("us", { env: "production" }) } },
  { name: "another value everywhere", files: { "many-content.yaml": content("many", object(subject, "v2")) } },
  {
    name: "one object more of each",
    files: { "many-content.yaml": content("many", object(subject), object(`more-${subject}`)) },
  },
  { name: "a label more", files: { "many.yaml": trigger("many", "  extraLabels: {team: a}\n") } },
  { name: "another tier", files: { "many.yaml": trigger("many", "  tier: 50\n") } },
  { name: "LeavePolicies", files: { "many.yaml": trigger("many", "  stopMatchingBehavior: LeavePolicies\n") } },
  {
    name: "LeavePolicies on a cluster that stops matching",
    files: {
      "few.yaml": trigger("few", "  stopMatchingBehavior: LeavePolicies\n").replace("env: production", "env: none"),
    },
  },
  { name: "a trigger that can't be read", files: { "many.yaml": "kind: [" } },
  { name: "a content that is missing", files: { "many-content.yaml": undefined } },
  {
    name: "a new trigger",
    files: {
      "new.yaml": trigger("new"),
      "new-source.yaml": source("new", "x"),
      "new-content.yaml": content("new", object("new")),
    },
  },
  { name: "a document in another file", files: { "many.yaml": undefined, "moved.yaml": trigger("many") } },
  {
    name: "all documents in one List",
    files: {
      ...Object.fromEntries(Object.keys(config).map((path) => [path, undefined])),
      "all.yaml": `apiVersion: v1\nkind: List\nitems:\n${Object.values(config)
        .map((text) => `- ${text.trimEnd().replace(/\n/g, "\n  ")}\n`)
        .join("")}`,
    },
  },
  {
    name: "setting connections[].clusters",
    settings: (text) =>
      text.replace(
        "    file: ./connection.json\n",
        "    file: ./connection.json\n    clusters: {matchLabels: {env: staging}}\n",
      ),
    held: [["Settings//connections[bus].clusters"]],
  },
  { name: "setting compatibility", settings: (text) => `${text}compatibility: sveltos\n` },
  { name: "setting checks", settings: (text) => `${text}checks: {kubernetes: warn}\n` },
  { name: "setting output.shards", settings: (text) => text.replace("output: {", "output: {shards: 1, ") },
];

let bench: Workbench;
let service: SluiceProcess;

beforeAll(async () => {
  bench = await Workbench.open({
    config,
    connection: usersConnection,
    settings: "output: {secrets: plain}\nguard: {share: 1}",
  });
  service = await bench.start();
  for (let n = 0; n < entities; n++) {
    const event = { specversion: "1.0", id: `${n}`, type: "login", source: "auth", subject: `user-${n}` };
    await bench.publish("user-operation", JSON.stringify(event));
  }
  // Ten more are of `few`, by its pattern, and a Namespace that they need.
  await until(async () => (await bench.rendered()).length === entities + 4 + 1, "all objects");
}, 120_000);

afterAll(async () => {
  await bench?.close();
});

const status = async () =>
  JSON.parse(await requestControl(join(bench.folder, "state"), { command: "status" })).leading as LeadingSnapshot;
const tree = () => bench.git("rev-parse", "--verify", "--quiet", "main:rendered").catch(() => emptyTree);

/** How many manifests differ between two trees of the output folder, moves told apart. */
async function differences(before: string, after: string) {
  const text = await bench.git(
    "diff-tree",
    "-r",
    "--name-status",
    "--find-renames=100%",
    "-l0",
    before.trim(),
    after.trim(),
  );
  const lines = text.split("\n").filter((line) => line !== "");
  const count = (letter: string) => lines.filter((line) => line.startsWith(letter)).length;
  return { create: count("A"), update: count("M"), delete: count("D"), moves: count("R") };
}

async function writeKind({ files = {}, settings }: Kind, isBack: boolean): Promise<void> {
  const changed = Object.entries(files).map(([path, text]) => [path, isBack ? (config as Files)[path] : text] as const);
  if (changed.length > 0) await bench.commitConfig(Object.fromEntries(changed));
  if (settings === undefined) return;
  const file = join(bench.folder, "sluice.yaml");
  const next = join(bench.folder, "next.yaml");
  // The file of before lies beside it meanwhile.
  const [from, to] = [await readFile(file, "utf8"), await readFile(next, "utf8")];
  await writeFile(next, from);
  await writeFile(file, to);
}

/** Until the service has looked at what was changed, and nothing is left to do. */
async function followed(messages: number): Promise<void> {
  const told = () =>
    service.lines().filter(({ message, code }) => /in force$/.test(String(message)) || code === "CHANGE_HELD").length;
  await until(() => told() > messages, "the service to follow the change");
  let last = "";
  for (let calm = 0; calm < 4; ) {
    await sleep(250);
    const now = await tree();
    calm = now === last ? calm + 1 : 0;
    last = now;
  }
}

const messages = () =>
  service.lines().filter(({ message, code }) => /in force$/.test(String(message)) || code === "CHANGE_HELD").length;

/** Two minutes long: `npm run test:all` runs it. */
const isAll = process.env.SLUICE_TEST_ALL !== undefined;

it.skipIf(!isAll).each(kinds)(
  "$name",
  async (kind) => {
    const before = await tree();
    // What diff is given is what is committed then.
    const folder = join(bench.folder, "checkout", "config");
    const changed = Object.entries(kind.files ?? {});
    const settingsText = await readFile(join(bench.folder, "sluice.yaml"), "utf8");
    await writeFile(join(bench.folder, "next.yaml"), kind.settings?.(settingsText) ?? settingsText);
    await bench.fetchCheckout();
    for (const [path, text] of changed) await bench.writeOrRemove(join("checkout/config", path), text);
    const { code, stdout } = await bench.sluice("diff", "-f", "next.yaml", "--config", folder, "-o", "json");
    expect(code).toBeLessThan(2);
    const said = JSON.parse(stdout) as DryRunReport;
    expect(said.held.map(({ documents }) => documents)).toEqual(kind.held ?? []);

    const seen = messages();
    await writeKind(kind, false);
    await followed(seen);
    const { held } = await status();
    const plain = (changes: DryRunReport["held"]) =>
      changes.map(({ id, documents, removals, additions }) => ({ id, documents, removals, additions }));
    expect(plain(held)).toEqual(plain(said.held));
    const did = await differences(before, await tree());
    const { moves, counts } = said;
    // Of a change that is held nothing is done, and of others everything.
    const wanted = held.length === 0 ? { ...counts, moves: moves.objects } : { ...nothing, delete: kind.beside ?? 0 };
    expect(did).toEqual(wanted);
    // Approved, exactly what diff said is done.
    if (held.length > 0) {
      expect((await bench.sluice("approve", ...held.map(({ id }) => id))).code).toBe(0);
      await until(async () => (await status()).held.length === 0, "nothing held any more");
      await until(
        async () => JSON.stringify(await differences(before, await tree())) === JSON.stringify({ ...counts, moves: 0 }),
        `what diff said: ${JSON.stringify(counts)}`,
      );
    }

    const again = messages();
    await writeKind(kind, true);
    await followed(again);
    const { held: heldBack } = await status();
    if (heldBack.length > 0) await bench.sluice("approve", ...heldBack.map(({ id }) => id));
    await until(async () => (await tree()) === before, "the tree as before");
  },
  180_000,
);

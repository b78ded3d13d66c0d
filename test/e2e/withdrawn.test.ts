/**
 * What is taken away, left and given up, on the built program: while it runs, and where the change was made while it was
 * down. Each test is about rows of what went wrong once: objects that stayed, or went, that should not have.
 */
import { afterEach, expect, it } from "vitest";
import { usersConnection } from "./users-config.ts";
import { clusterDocument, until, Workbench } from "./workbench.ts";

let workbench: Workbench | undefined;

afterEach(async () => {
  await workbench?.close();
  workbench = undefined;
});

const action = "{{ if eq .CloudEvent.type `logout` }}Delete{{ else }}Create{{ end }}";
const trigger = (name: string, more = "", says = action) => `apiVersion: lib.projectsveltos.io/v1beta1
kind: EventTrigger
metadata: {name: ${name}}
spec:
  eventSourceName: login
  oneForEvent: true
  sourceClusterSelector: {matchLabels: {env: production}}
  cloudEventAction: '${says}'
  policyRefs: [{kind: ConfigMap, namespace: default, name: ${name}}]
${more}`;
const content = (name: string, ...objects: readonly string[]) => `apiVersion: v1
kind: ConfigMap
metadata: {name: ${name}, namespace: default, annotations: {projectsveltos.io/instantiate: ok}}
data:
  objects.yaml: |
${objects.map((object) => object.replace(/^/gm, "    ")).join("\n    ---\n")}
`;
const namespace = 'apiVersion: v1\nkind: Namespace\nmetadata: {name: "{{ .CloudEvent.subject }}"}';
const configMap = (name: string, inNamespace: string) =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: '${name}', namespace: '${inNamespace}'}\ndata: {a: b}`;
const subject = "{{ .CloudEvent.subject }}";

const others = {
  "source.yaml": `apiVersion: lib.projectsveltos.io/v1beta1
kind: EventSource
metadata: {name: login}
spec:
  messagingMatchCriteria: [{subject: user-operation}]
`,
  "eu.yaml": clusterDocument("eu", { env: "production" }),
};

async function open(config: Readonly<Record<string, string>>, settings?: string): Promise<Workbench> {
  workbench = await Workbench.open({
    config: { ...others, ...config },
    connection: usersConnection,
    ...(settings === undefined ? {} : { settings }),
  });
  return workbench;
}

async function send(bench: Workbench, type: "login" | "logout", ...subjects: readonly string[]): Promise<void> {
  for (const name of subjects) {
    const event = { specversion: "1.0", id: `${type}-${name}`, type, source: "auth", subject: name };
    await bench.publish("user-operation", JSON.stringify(event));
  }
}

const tree = (bench: Workbench) => bench.git("rev-parse", "main:rendered");

it("a Namespace of one trigger and what another puts in it leave nothing behind after one logout", async () => {
  const bench = await open({
    "space.yaml": trigger("space"),
    "space-content.yaml": content("space", namespace),
    "quota.yaml": trigger("quota"),
    "quota-content.yaml": content("quota", configMap("quota", subject)),
  });
  let service = await bench.start();
  await send(bench, "login", "alice", "bob");
  await until(async () => (await bench.rendered()).length === 4, "two Namespaces and what is in them");
  await send(bench, "logout", "alice");
  await until(async () => (await bench.rendered()).length === 2, "bob's alone");
  await service.stop();
  service = await bench.start();
  await send(bench, "logout", "bob");
  await until(async () => (await bench.rendered()).length === 0, "nothing at all");
  expect(await service.stop()).toBe(0);
});

it("an action that says Delete by mistake is taken back whole, running and while the service is down", async () => {
  const config = { "users.yaml": trigger("users"), "content.yaml": content("users", namespace) };
  // Twice three within an hour would be held by the share.
  const bench = await open(config, "guard: {share: 1}");
  let service = await bench.start();
  await send(bench, "login", "alice", "bob", "carol");
  await until(async () => (await bench.rendered()).length === 3, "three Namespaces");
  const before = await tree(bench);
  const mistake = { "users.yaml": trigger("users", "", "Delete") };
  await bench.commitConfig(mistake);
  await until(async () => (await bench.rendered()).length === 0, "nothing");
  await bench.commitConfig(config);
  await until(async () => (await tree(bench)) === before, "all as before");
  await service.stop();
  await bench.commitConfig(mistake);
  service = await bench.start();
  await until(async () => (await bench.rendered()).length === 0, "nothing");
  await service.stop();
  await bench.commitConfig(config);
  service = await bench.start();
  await until(async () => (await tree(bench)) === before, "all as before");
  expect(await service.stop()).toBe(0);
});

it("what a removed trigger left stays, also where another renders one of its objects, and after a start", async () => {
  const shared = configMap("shared", "default");
  const bench = await open({
    "leaves.yaml": trigger("leaves", "  stopMatchingBehavior: LeavePolicies\n"),
    "leaves-content.yaml": content("leaves", shared, configMap(`own-${subject}`, "default")),
  });
  let service = await bench.start();
  await send(bench, "login", "alice");
  await until(async () => (await bench.rendered()).length === 2, "two objects");
  await service.stop();
  // Gone while nobody looks, and another comes that wants one of them.
  await bench.commitConfig({
    "leaves.yaml": undefined,
    "other.yaml": trigger("other"),
    "other-content.yaml": content("other", shared),
  });
  service = await bench.start();
  await send(bench, "login", "alice");
  const text = async (name: string) => {
    const path = (await bench.rendered()).find((one) => one.endsWith(`/${name}.yaml`)) ?? "none";
    return bench.git("show", `main:${path}`).catch(() => "");
  };
  await until(async () => (await text("shared")).includes("EventTrigger.other"), "the other's");
  expect(await text("own-alice")).toContain("sluice.dev/left");
  await service.stop();
  service = await bench.start();
  await send(bench, "logout", "alice");
  await until(async () => (await bench.rendered()).length === 1, "what is left alone");
  expect(await text("own-alice")).toContain("sluice.dev/left");

  // A cluster that goes while the service is down keeps its folder with what was left, until it is given up.
  await service.stop();
  await bench.commitConfig({ "eu.yaml": undefined, "us.yaml": clusterDocument("us", { env: "none" }) });
  service = await bench.start();
  expect(await bench.rendered()).toHaveLength(1);
  expect((await bench.sluice("retire", "fleet/eu")).code).toBe(0);
  await until(async () => (await bench.rendered()).length === 0, "nothing left");
  expect(await bench.git("ls-tree", "main", "rendered/fleet/")).not.toContain("eu");
  expect(await service.stop()).toBe(0);
});

it("a folder that output.path named before is told, running and at each start, until it is taken away", async () => {
  const bench = await open({ "users.yaml": trigger("users"), "content.yaml": content("users", namespace) });
  let service = await bench.start();
  await send(bench, "login", "alice");
  await until(async () => (await bench.rendered()).length === 1, "a Namespace");
  await bench.changeSettings((text) => text.replace("output: {", "output: {path: manifests, "));
  await service.untilLogged("settings in force");
  await until(() => service.count("OUTPUT_LEFT") === 1, "what is left behind");
  expect((await bench.sluice("status")).stdout).toContain("left behind  rendered/ on main");
  await service.stop();
  service = await bench.start();
  expect(service.count("OUTPUT_LEFT")).toBe(1);
  expect((await bench.sluice("repair", "--remove", "rendered")).code).toBe(0);
  expect(await bench.git("ls-tree", "-r", "--name-only", "main", "rendered/")).toBe("");
  expect((await bench.sluice("status")).stdout).not.toContain("left behind");
  expect(await service.stop()).toBe(0);
});

it("a person's folder in the way is told, running and at a start, and what it keeps out comes once it is gone", async () => {
  const bench = await open({ "users.yaml": trigger("users"), "content.yaml": content("users", namespace) });
  let service = await bench.start();
  await send(bench, "login", "alice");
  await until(async () => (await bench.rendered()).length === 1, "a Namespace");
  const inTheWay = ((await bench.rendered())[0] ?? "").replace("alice", "bob");
  const note = `${inTheWay}/note.txt`;
  await bench.commitFiles({ [note]: "a person's\n" });
  await send(bench, "login", "bob", "carol");
  await until(async () => (await bench.rendered()).length === 3, "carol's Namespace beside the person's note");
  await until(() => service.count("OUTPUT_FOREIGN") === 1, "what is in the way");
  expect(await bench.git("show", `main:${note}`)).toBe("a person's\n");
  await service.stop();
  service = await bench.start();
  await until(() => service.count("OUTPUT_FOREIGN") === 1, "what is in the way still");
  await bench.commitFiles({ [note]: undefined });
  await until(
    async () => (await bench.git("show", `main:${inTheWay}`).catch(() => "")).includes("kind: Namespace"),
    "bob's Namespace",
  );
  expect(await service.stop()).toBe(0);
});

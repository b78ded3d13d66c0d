/**
 * What events may not bring, and who has an object that several want: with the built program, told as people are told.
 */
import { afterEach, expect, it } from "vitest";
import { clusterDocument, until, Workbench } from "./workbench.ts";

let bench: Workbench | undefined;
afterEach(async () => {
  await bench?.close();
  bench = undefined;
});

const trigger = (name: string, more = "", ref = "") => `apiVersion: lib.projectsveltos.io/v1beta1
kind: EventTrigger
metadata: {name: ${name}}
spec:
  eventSourceName: login
  oneForEvent: true
  sourceClusterSelector: {matchLabels: {env: prod}}
  cloudEventAction: '{{ if ne .CloudEvent.data.for "${name}" }}{{ else if eq .CloudEvent.type "logout" }}Delete{{ else }}Create{{ end }}'
  policyRefs: [{kind: ConfigMap, name: ${name}, namespace: default${ref}}]
${more}`;
const content = (name: string, manifest: string) => `apiVersion: v1
kind: ConfigMap
metadata: {name: ${name}, namespace: default, annotations: {projectsveltos.io/template: ok}}
data:
  manifest.yaml: |
${manifest.replace(/^(?=.)/gm, "    ")}`;
const shared = (value: string) => `apiVersion: v1
kind: ConfigMap
metadata: {name: shared, namespace: default}
data: {from: ${value}}
`;
const release = (chart: string, valuesFrom: string, size: string) => `apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: "{{ .CloudEvent.subject }}", namespace: default}
spec:
  interval: 10m
  chart: {spec: {chart: ${chart}, version: 1.0.0, sourceRef: {kind: HelmRepository, name: charts}}}
  valuesFrom: [{kind: Secret, name: ${valuesFrom}}]
  values: {size: ${size}}
`;
const printed = '"{{ .CloudEvent.data.text }}"';
const documents = [
  "apiVersion: lib.projectsveltos.io/v1beta1\nkind: EventSource\nmetadata: {name: login}\nspec: {messagingMatchCriteria: [{subject: login}]}\n",
  clusterDocument("eu", { env: "prod" }),
  trigger("rights"),
  content(
    "rights",
    'apiVersion: rbac.authorization.k8s.io/v1\nkind: "{{ .CloudEvent.data.text }}"\nmetadata: {name: mine}\nrules: []\n',
  ),
  trigger("chart"),
  content("chart", release(printed, "fixed", "1")),
  trigger("secret"),
  content("secret", release("fixed", printed, "1")),
  trigger("values"),
  content("values", release("fixed", "fixed", printed)),
  trigger("first"),
  content("first", shared("first")),
  trigger("second"),
  content("second", shared("second")),
];
const connection = {
  nats: {
    configuration: {
      url: "nats://nats.nats.svc.cluster.local:4222",
      subjects: ["login"],
      authorization: { user: { user: "admin", password: "my-password" } },
    },
  },
};

const path = "rendered/fleet/eu/triggers/first/default/configmap/shared.yaml";

it("a forbidden kind and a printed reference fail by name; of two that want one object tiers decide, and who is left has it", {
  timeout: 180_000,
}, async () => {
  const open = await Workbench.open({
    config: { "all.yaml": documents.join("---\n") },
    connection: JSON.stringify(connection),
  });
  bench = open;
  const send = (name: string, subject: string, type = "login", text = "") =>
    open.publish(
      "login",
      JSON.stringify({ specversion: "1.0", id: "1", source: "auth", type, subject, data: { for: name, text } }),
    );
  const failed = async () => {
    const { stdout } = await open.sluice("show", "entities", "--failed", "-o", "json");
    const rows = JSON.parse(stdout) as {
      trigger: string;
      failures: Record<string, { code: string; message: string }>;
    }[];
    return Object.fromEntries(rows.map(({ trigger: name, failures }) => [name, failures["fleet/eu"]!]));
  };
  const value = async () => /from: (\w+)/.exec(await open.git("show", `main:${path}`).catch(() => ""))?.[1];
  const claims = async () => (await open.sluice("explain", path)).stdout.match(/^claim: .*$/gm) ?? [];
  await open.start();

  await send("rights", "alice", "login", "ClusterRole");
  await send("chart", "alice", "login", "somebody-elses");
  await send("secret", "alice", "login", "somebody-elses");
  await send("values", "alice", "login", "large");
  await send("first", "alice");
  await send("second", "alice");
  await until(async () => Object.keys(await failed()).length === 4, "the failures");
  const failures = await failed();
  expect(failures.rights).toMatchObject({
    code: "POLICY_VIOLATION",
    message: expect.stringMatching(/^ClusterRole mine .*\(built-in: cluster-rights\)$/),
  });
  expect(failures.chart?.message).toMatch(/^spec\.chart\.spec\.chart of a HelmRelease .*\(built-in: references\)$/);
  expect(failures.secret?.message).toMatch(/^spec\.valuesFrom\.0\.name of a HelmRelease .*\(built-in: references\)$/);
  expect(failures.second?.code).toBe("OBJECT_CONFLICT");
  const rendered = await open.rendered();
  expect(rendered.filter((one) => /cluster-?role/.test(one))).toEqual([]);
  expect(rendered.filter((one) => one.includes("helmrelease"))).toEqual([
    "rendered/fleet/eu/triggers/values/default/helmrelease.helm.toolkit.fluxcd.io/alice.yaml",
  ]);

  // Without tiers who came first has it.
  expect(await value()).toBe("first");
  expect(await claims()).toEqual([
    expect.stringMatching(/EventTrigger first, tier 100, rank .*: has it$/),
    expect.stringMatching(/EventTrigger second, tier 100, rank /),
  ]);
  // A reference's tier decides among owners of one tier, and the owner's before it.
  await open.commitConfig({ "all.yaml": documents.with(12, trigger("second", "", ", tier: 50")).join("---\n") });
  await until(async () => (await value()) === "second" && "first" in (await failed()), "the lower tier");
  expect(await claims()).toEqual([
    expect.stringMatching(/EventTrigger second, tier 100, its policyRef's tier 50, rank .*: has it$/),
    expect.stringMatching(/EventTrigger first, tier 100, rank /),
  ]);
  expect(Object.keys(await failed()).sort()).toEqual(["chart", "first", "rights", "secret"]);
  const withBoth = documents.with(12, trigger("second", "", ", tier: 50")).with(10, trigger("first", "  tier: 90\n"));
  await open.commitConfig({ "all.yaml": withBoth.join("---\n") });
  await until(async () => (await value()) === "first" && "second" in (await failed()), "the owner's lower tier");

  // One of them gone: the other has it, and nobody fails.
  await send("first", "alice", "logout");
  await until(async () => (await value()) === "second" && !("second" in (await failed())), "the one that is left");
  expect(await claims()).toEqual([expect.stringMatching(/EventTrigger second, .*: has it$/)]);
  await send("second", "alice", "logout");
  await until(async () => (await value()) === undefined, "nobody");
});

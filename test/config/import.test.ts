/** What of a management cluster becomes documents, in which files, and what is left out. */
import { expect, it } from "vitest";
import { parse } from "yaml";
import { titleOf } from "../../src/config/import/imported-document.ts";
import { type ImportPlan, objectsOf, planImport } from "../../src/config/import/plan-import.ts";
import { loadCatalog } from "../../src/config/load-catalog.ts";
import { parseYaml } from "../../src/config/yaml-document.ts";

function plan(text: string, onlyClusters = false): ImportPlan {
  const values = parseYaml(text, { file: "hub.yaml" }).map(({ value }) => value);
  return planImport(objectsOf(values), { onlyClusters });
}

const filesOf = ({ taken }: ImportPlan) =>
  Object.fromEntries([...taken].map(([path, documents]) => [path, documents.map(titleOf)]));
const leftOf = ({ left }: ImportPlan) => Object.fromEntries(left.map((one) => [titleOf(one), one.reason]));

const source = (name: string) => `apiVersion: lib.projectsveltos.io/v1beta1
kind: EventSource
metadata: {name: ${name}, uid: u, resourceVersion: "1", generation: 2, creationTimestamp: "2026-01-01T00:00:00Z"}
spec: {messagingMatchCriteria: [{subject: a}]}
`;
const trigger = (name: string, from: string, ...refs: string[]) => `apiVersion: lib.projectsveltos.io/v1beta1
kind: EventTrigger
metadata: {name: ${name}, finalizers: [f], managedFields: [{manager: m}]}
spec:
  eventSourceName: ${from}
  sourceClusterSelector: {matchLabels: {env: production}}
  policyRefs: [${refs.join(", ")}]
status: {clusterInfo: []}
`;
const content = (name: string, annotations = "", kind = "ConfigMap") => `apiVersion: v1
kind: ${kind}
metadata: {name: ${name}, namespace: default, annotations: {${annotations}}}
`;
const ref = (name: string, kind = "ConfigMap") => `{kind: ${kind}, namespace: default, name: "${name}"}`;
const cluster = (name: string, more = "") => `apiVersion: lib.projectsveltos.io/v1beta1
kind: SveltosCluster
metadata: {name: ${name}, namespace: fleet, labels: {env: production}${more}}
`;
const template = "projectsveltos.io/instantiate: ok";
const join = (...documents: string[]) => documents.join("---\n");

it("puts together what belongs together, and apart what several need", () => {
  const found = plan(
    join(
      source("one"),
      source("shared"),
      trigger("first", "one", ref("own"), ref("both")),
      trigger("second", "shared", ref("both")),
      trigger("third", "shared"),
      content("own"),
      content("both"),
      "apiVersion: config.projectsveltos.io/v1beta1\nkind: Profile\nmetadata: {name: p, namespace: team}\nspec: {setRefs: [s]}\n",
      "apiVersion: lib.projectsveltos.io/v1beta1\nkind: Set\nmetadata: {name: s, namespace: team}\nspec: {clusterSelector: {matchLabels: {a: b}}}\n",
      cluster("eu-1"),
    ),
  );
  expect(filesOf(found)).toEqual({
    "clusters/fleet/eu-1.yaml": ["SveltosCluster fleet/eu-1"],
    "event-sources/shared.yaml": ["EventSource shared"],
    "profiles/team/p.yaml": ["Profile team/p"],
    "sets.yaml": ["Set team/s"],
    "shared/default/both.yaml": ["ConfigMap default/both"],
    "triggers/first.yaml": ["EventSource one", "EventTrigger first", "ConfigMap default/own"],
    "triggers/second.yaml": ["EventTrigger second"],
    "triggers/third.yaml": ["EventTrigger third"],
  });
  expect(found.left).toEqual([]);
  const files = [...found.files].map(([path, text]) => ({ path, text }));
  const { problems, value } = loadCatalog(files, { compatibility: "strict" });
  expect(problems.filter(({ severity }) => severity === "error")).toEqual([]);
  expect(value.documents.size).toBe(10);
});

it("keeps what people wrote of metadata, and drops what servers and tools put there", () => {
  const annotations = [
    "kubectl.kubernetes.io/last-applied-configuration: x",
    "argocd.argoproj.io/tracking-id: y",
    "mine: z",
  ];
  const text = `apiVersion: cluster.x-k8s.io/v1beta1
kind: Cluster
metadata:
  {name: a, namespace: fleet, uid: u, resourceVersion: "4", generation: 9, finalizers: [f], selfLink: s,
   labels: {env: production}, ownerReferences: [{kind: Claim, name: c}], annotations: {${annotations.join(", ")}}}
spec: {controlPlaneEndpoint: {host: h, port: 443}, paused: false}
status: {phase: Provisioned}
`;
  expect(parse(plan(text).files.get("clusters/fleet/a.yaml")!)).toEqual({
    apiVersion: "cluster.x-k8s.io/v1beta1",
    kind: "Cluster",
    metadata: { name: "a", namespace: "fleet", labels: { env: "production" }, annotations: { mine: "z" } },
    spec: { controlPlaneEndpoint: { host: "h", port: 443 }, paused: false },
  });
});

it("follows names that are templates as far as they are written out", () => {
  const found = plan(
    join(
      trigger("t", "s", ref("quota-{{ .Cluster.metadata.labels.size }}"), ref("user-{{ .CloudEvent.type }}")),
      content("quota-small"),
      content("quota-large"),
      content("other"),
      content("user-login", template),
      content("user-plain"),
    ),
  );
  expect(filesOf(found)).toEqual({
    "triggers/t.yaml": [
      "EventTrigger t",
      "ConfigMap default/quota-large",
      "ConfigMap default/quota-small",
      "ConfigMap default/user-login",
    ],
  });
  // What an event names must be annotated.
  expect(Object.keys(leftOf(found))).toEqual(["ConfigMap default/other", "ConfigMap default/user-plain"]);
});

it("leaves out what is nobody's to keep, and says why", () => {
  const made = "labels: {eventtrigger.lib.projectsveltos.io/eventtriggername: t}";
  const found = plan(
    join(
      trigger("t", "s", ref("creds", "Secret"), ref("sealed", "Secret"), ref("gone")),
      content("creds", "", "Secret"),
      `${content("sealed", "", "Secret")}sops: {mac: ENC}\n`,
      content("unused", "", "Secret"),
      content("sveltos-nats", "", "Secret"),
      `${content("gone").replace("namespace:", 'deletionTimestamp: "2026-01-01T00:00:00Z", namespace:')}`,
      `apiVersion: config.projectsveltos.io/v1beta1\nkind: ClusterProfile\nmetadata: {name: sveltos-x, ${made}}\n`,
      "apiVersion: config.projectsveltos.io/v1beta1\nkind: ClusterProfile\nmetadata: {name: q, ownerReferences: [{kind: ClusterPromotion, name: p}]}\n",
      "apiVersion: config.projectsveltos.io/v1beta1\nkind: ClusterSummary\nmetadata: {name: z, namespace: fleet}\n",
      "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ../../etc, namespace: default}\n",
      cluster("a"),
      "apiVersion: cluster.x-k8s.io/v1beta1\nkind: Cluster\nmetadata: {name: a, namespace: fleet}\n",
      "kind: Nameless\n",
    ),
  );
  expect(filesOf(found)).toEqual({
    "clusters/fleet/a.yaml": ["SveltosCluster fleet/a"],
    "triggers/t.yaml": ["EventTrigger t", "Secret default/sealed"],
  });
  expect(leftOf(found)).toEqual({
    " ": "an object without kind or name",
    "Cluster fleet/a": "SveltosCluster fleet/a is there already",
    "ClusterProfile q": "ClusterPromotion p made it",
    "ClusterProfile sveltos-x": "Sveltos made it for EventTrigger t",
    "ClusterSummary fleet/z": "Sluice reads no documents of this kind",
    "ConfigMap default/../../etc": "its name or namespace is none that Kubernetes takes",
    "ConfigMap default/gone": "it is being deleted",
    "Secret default/creds": expect.stringContaining("it is not encrypted, and EventTrigger t needs it"),
    "Secret default/sveltos-nats": expect.stringContaining("sluice init --connection"),
    "Secret default/unused": "no trigger and no profile refers to it",
  });
  expect(found.left.filter(({ isNeeded }) => isNeeded).map(titleOf)).toEqual(["Secret default/creds"]);
  expect([...found.files.values()].join()).not.toContain("creds\n  namespace");
});

it("takes clusters alone where only they are asked for, each once however often it is there", () => {
  const list = `apiVersion: v1\nkind: List\nitems:\n- ${cluster("a").trimEnd().replaceAll("\n", "\n  ")}\n`;
  const found = plan(join(list, cluster("b"), cluster("b"), source("s")), true);
  expect(Object.keys(filesOf(found))).toEqual(["clusters/fleet/a.yaml", "clusters/fleet/b.yaml"]);
  expect(leftOf(found)).toEqual({
    "EventSource s": "only clusters are asked for",
    "SveltosCluster fleet/b": "SveltosCluster fleet/b is there already",
  });
});

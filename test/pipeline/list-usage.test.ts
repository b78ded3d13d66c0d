/** Which clusters a document reaches, and what a dry run would put there. */
import { expect, it } from "vitest";
import { loadCatalog } from "../../src/config/load-catalog.ts";
import { listUsage } from "../../src/pipeline/list-usage.ts";

const cluster = (name: string, env: string) =>
  `apiVersion: lib.projectsveltos.io/v1beta1\nkind: SveltosCluster\nmetadata: {name: ${name}, namespace: fleet, labels: {env: ${env}}}\n`;
const content = (name: string) =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}, namespace: default}\ndata: {}\n`;

it("names owners and documents with the clusters that they are for", () => {
  const documents = [
    cluster("eu", "prod"),
    cluster("us", "prod"),
    cluster("lab", "dev"),
    content("base"),
    content("eu-extra"),
    content("unused"),
    `apiVersion: lib.projectsveltos.io/v1beta1
kind: EventSource
metadata: {name: s}
spec: {messagingMatchCriteria: [{subject: s}]}
`,
    `apiVersion: lib.projectsveltos.io/v1beta1
kind: EventTrigger
metadata: {name: t}
spec:
  eventSourceName: s
  sourceClusterSelector: {matchLabels: {env: dev}}
  policyRefs: [{kind: ConfigMap, name: base, namespace: default}]
`,
    `apiVersion: config.projectsveltos.io/v1beta1
kind: ClusterProfile
metadata: {name: p}
spec:
  clusterSelector: {matchLabels: {env: prod}}
  policyRefs:
  - {kind: ConfigMap, name: base, namespace: default}
  - {kind: ConfigMap, name: "{{ .Cluster.metadata.name }}-extra", namespace: default, optional: true}
`,
  ];
  const { value } = loadCatalog([{ path: "a.yaml", text: documents.join("---\n") }], { compatibility: "strict" });

  expect(listUsage(value).map(({ kind, name, clusters }) => `${kind} ${name}: ${clusters.join(" ")}`)).toEqual([
    "ClusterProfile p: fleet/eu fleet/us",
    "EventTrigger t: fleet/lab",
    "ConfigMap base: fleet/eu fleet/lab fleet/us",
    "ConfigMap eu-extra: fleet/eu fleet/us",
  ]);
});

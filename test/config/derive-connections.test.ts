/** Connections that profiles' Secrets describe: for which clusters, where they dial, and what keeps one from being used. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { deriveConnections } from "../../src/config/derive-connections.ts";
import { loadCatalog } from "../../src/config/load-catalog.ts";
import { loadSettings } from "../../src/config/load-settings.ts";

const example = readFileSync(new URL("../fixtures/examples/3-end-to-end/config.yaml", import.meta.url), "utf8");
const cluster = (name: string, env: string) =>
  `apiVersion: lib.projectsveltos.io/v1beta1\nkind: SveltosCluster\nmetadata: {name: ${name}, namespace: fleet, labels: {env: ${env}}, annotations: {bus: "${name}.example.com:4222"}}\n`;
const clusters = [cluster("eu", "production"), cluster("us", "production"), cluster("lab", "lab")].join("---\n");
const dialled = '"nats.nats.svc.cluster.local:4222": "{{ .Cluster.metadata.annotations.bus }}"';

function settings(connection: string) {
  const text = `apiVersion: sluice.dev/v1alpha1\nkind: Settings\nrepository: {url: ./fleet.git, author: {name: s, email: s@example.com}}\nconfig: {path: config}\nconnections:\n  - {name: agents, fromSecrets: true, ${connection}}\nstate: {directory: ./state}\n`;
  const { value, problems } = loadSettings(text, "/etc/sluice.yaml");
  expect(problems.filter(({ severity }) => severity === "error")).toEqual([]);
  return value!.fromSecrets;
}

function derive(connection: string, documents = example, clusterDocuments = clusters) {
  const { value } = loadCatalog(
    [
      { path: "clusters.yaml", text: clusterDocuments },
      { path: "config.yaml", text: documents },
    ],
    { compatibility: "strict" },
  );
  const { value: found, problems, unknown } = deriveConnections(value, settings(connection));
  return {
    unknown: [...unknown],
    found: found.map(({ connection: { name, core, connectTo } }) => ({
      name,
      subjects: core?.subjects,
      user: core?.authorization.user?.user,
      dials: [...connectTo.values()],
    })),
    problems,
  };
}

it("each cluster that the seed's profile brings the Secret to has one of its own", () => {
  const { found, problems } = derive(`connectTo: {${dialled}}`);
  expect(problems).toEqual([]);
  expect(found).toEqual(
    ["eu", "us"].map((name) => ({
      name: `agents/fleet/${name}`,
      subjects: ["user-operation"],
      user: "admin",
      dials: [`${name}.example.com:4222`],
    })),
  );
});

it("a Secret that is put on the hub is none of the cluster's", () => {
  const onHub = example.replace(/( {2}- name: deploy-sveltos-nats-secret\n)/, "$1    deploymentType: Local\n");
  expect(onHub).not.toBe(example);
  expect(derive(`connectTo: {${dialled}}`, onHub)).toMatchObject({ found: [], problems: [], unknown: [] });
});

it("a selector leaves clusters out", () => {
  const { found } = derive(`connectTo: {${dialled}}, clusters: {matchLabels: {env: lab}}`);
  expect(found).toEqual([]);
});

it.each([
  ["an address that only the cluster knows", "", 2, /only the cluster itself knows nats\.nats\.svc/],
  [
    "two that dial one address",
    'connectTo: {"nats.nats.svc.cluster.local:4222": "bus.example.com:4222"}',
    1,
    /agents\/fleet\/us.*fleet\/eu/,
  ],
  [
    "a template that fails",
    'connectTo: {"nats.nats.svc.cluster.local:4222": "{{ .Cluster.spec.bus }}"}',
    2,
    /agents\/fleet\/eu/,
  ],
] as const)("%s is an error that names the connection", (_, connection, count, message) => {
  const { problems } = derive(connection);
  expect(problems.map(({ code }) => code)).toEqual(Array.from({ length: count }, () => "CONNECTION_INVALID"));
  expect(problems.map((problem) => problem.message).join("\n")).toMatch(message);
});

it("{env} and {file} in a Secret in Git are errors, and nothing of it is quoted", () => {
  const json = JSON.stringify({
    nats: {
      configuration: { url: "nats://a.example.com:4222", subjects: ["s"], authorization: { token: { env: "HOME" } } },
    },
  });
  const manifest = `apiVersion: v1\nkind: Secret\nmetadata: {name: sveltos-nats, namespace: projectsveltos}\nstringData: {sveltos-nats: '${json}'}`;
  const documents = `apiVersion: config.projectsveltos.io/v1beta1
kind: ClusterProfile
metadata: {name: p}
spec: {clusterRefs: [{namespace: fleet, name: eu}], policyRefs: [{kind: ConfigMap, namespace: default, name: c}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: c, namespace: default}
data:
  a.yaml: |
${manifest.replace(/^/gm, "    ")}
`;
  const { found, problems } = derive("", documents);
  expect(found).toEqual([]);
  expect(problems.map(({ code }) => code)).toEqual(["CONNECTION_INVALID"]);
  expect(JSON.stringify(problems)).toContain("belong to the settings");
});

it("an event's Secret describes none: only profiles do", () => {
  const documents = example.replace(
    "name: deploy-sveltos-nats-secret\n    namespace: default\n    kind: Secret",
    "name: namespace\n    namespace: default\n    kind: ConfigMap",
  );
  expect(derive(`connectTo: {${dialled}}`, documents).found).toEqual([]);
});

const secretsProfile = "metadata:\n  name: deploy-deploy-sveltos-nats-secret\n";

it("who is paused is heard all the same", () => {
  const annotated = `${secretsProfile}  annotations: {profile.projectsveltos.io/paused: "true"}\n`;
  const { found } = derive(`connectTo: {${dialled}}`, example.replace(secretsProfile, annotated));
  expect(found.map(({ name }) => name)).toEqual(["agents/fleet/eu", "agents/fleet/us"]);
});

it("of two that dial one address the second is not kept", () => {
  const { unknown } = derive('connectTo: {"nats.nats.svc.cluster.local:4222": "bus.example.com:4222"}');
  expect(unknown).toEqual([]);
});

it("what can't be rendered or read is unknown: nobody said that it should go", () => {
  const failing = 'connectTo: {"nats.nats.svc.cluster.local:4222": "{{ .Cluster.spec.bus }}"}';
  const { found, unknown } = derive(failing);
  expect(found).toEqual([]);
  expect(unknown).toEqual(["agents/fleet/eu", "agents/fleet/us"]);
});

it("a bad document is taken as it was last good", () => {
  const files = [
    { path: "clusters.yaml", text: clusters },
    { path: "config.yaml", text: example },
  ];
  const { value: previous } = loadCatalog(files, { compatibility: "strict" });
  const spec = `${secretsProfile}spec:\n`;
  expect(example).toContain(spec);
  const bad = [files[0]!, { path: "config.yaml", text: example.replace(spec, `${spec}  nonsense: 1\n`) }];
  const { value } = loadCatalog(bad, { compatibility: "strict", previous });
  expect(value.profiles.get("ClusterProfile/deploy-deploy-sveltos-nats-secret")?.broken).toBeDefined();
  const { value: found } = deriveConnections(value, settings(`connectTo: {${dialled}}`));
  expect(found.map(({ connection }) => connection.name)).toEqual(["agents/fleet/eu", "agents/fleet/us"]);
});

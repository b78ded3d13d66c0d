/** From documents with `sluice.dev/engine: handlebars` and an event to manifests: catalog, action, references, guard. */
import { expect, it } from "vitest";
import { parse } from "yaml";
import { loadCatalog } from "../../../src/config/load-catalog.ts";
import type { ReceivedEvent } from "../../../src/model/cloud-event.ts";
import type { Cluster } from "../../../src/model/cluster.ts";
import { type Json, type JsonObject, parseJson } from "../../../src/model/json.ts";
import type { ClusterRendering } from "../../../src/model/manifest.ts";
import { renderTrigger } from "../../../src/render/render-trigger.ts";

const documents = `apiVersion: lib.projectsveltos.io/v1beta1
kind: EventSource
metadata: {name: login}
spec:
  messagingMatchCriteria:
  - subject: login
---
apiVersion: lib.projectsveltos.io/v1beta1
kind: EventTrigger
metadata:
  name: make
  annotations: {sluice.dev/engine: handlebars}
spec:
  eventSourceName: login
  sourceClusterSelector: {matchLabels: {env: fv}}
  cloudEventAction: "{{#if (eq CloudEvent.type 'logout')}}Delete{{else}}Create{{/if}}"
  policyRefs:
  - {kind: ConfigMap, namespace: default, name: "{{lower CloudEvent.data.plan}}"}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: gold
  namespace: default
  annotations: {projectsveltos.io/instantiate: ok, sluice.dev/engine: handlebars}
data:
  settings.yaml: |
    apiVersion: v1
    kind: ConfigMap
    metadata:
      name: {{dnsName CloudEvent.subject}}
      namespace: {{Cluster.metadata.namespace}}
      labels:
        {{~nindent 8 (toYaml CloudEvent.data.labels)}}
    data:
      subject: {{Message.subject}}
      {{#each CloudEvent.data.hosts as |host index|}}
      host-{{index}}: "{{host}}"
      {{else}}
      host-0: none
      {{/each}}
`;

function received(type: string, subject: string, data: string): ReceivedEvent {
  const attributes = { specversion: "1.0", type, source: "app", subject, id: "1" };
  const document = new Map([...Object.entries(attributes), ["data", parseJson(data)]] as [string, Json][]);
  return {
    connection: "bus",
    event: { id: "1", source: "app", type, subject, document },
    message: { subject: "login", headers: new Map(), stream: "S", sequence: 1, time: "2026-01-01T00:00:00Z" },
  };
}

const cluster: Cluster = {
  namespace: "fleet",
  name: "eu-1",
  labels: new Map([["env", "fv"]]),
  documentKey: "SveltosCluster/fleet/a",
  document: parseJson('{"metadata": {"namespace": "fleet", "name": "eu-1"}}') as JsonObject,
};

function render(event: ReceivedEvent): ClusterRendering {
  const { value: catalog, problems } = loadCatalog([{ path: "c.yaml", text: documents }], { compatibility: "strict" });
  expect(problems).toEqual([]);
  const targets = { clusters: [cluster], sources: [cluster] };
  const settings = { instance: "sluice", secrets: "refuse" } as const;
  return renderTrigger(catalog, catalog.eventTriggers.get("make")!, event, targets, "e", settings).renderings[0]!;
}

it("renders action, references and content in Handlebars", () => {
  const data = '{"plan": "Gold", "labels": {"team": "a", "on": "yes"}, "hosts": ["x", "y: z"]}';
  const rendering = render(received("login", "Alice Smith", data));

  expect(rendering.action).toBe("Create");
  const [manifest] = rendering.action === "Create" ? rendering.manifests : [];
  expect(manifest?.identity).toMatchObject({ kind: "ConfigMap", namespace: "fleet" });
  expect(manifest?.identity.name).toMatch(/^alice-smith-[a-z2-7]{16}$/);
  const { data: written, metadata } = parse(manifest!.text);
  expect(written).toEqual({ subject: "login", "host-0": "x", "host-1": "y: z" });
  expect(metadata.labels).toMatchObject({ team: "a", on: "yes" });
});

it("deletes where the action says so, and takes the else where a list is missing", () => {
  const data = '{"plan": "gold", "labels": {}}';
  expect(render(received("logout", "a", data)).action).toBe("Delete");

  const rendering = render(received("login", "a", '{"plan": "gold", "labels": {"team": "a"}}'));
  expect(rendering.action === "Create" && parse(rendering.manifests[0]!.text).data).toEqual({
    subject: "login",
    "host-0": "none",
  });
});

it("fails with the place in the file", () => {
  const cases: [data: string, code: string, line: number, column: number][] = [
    ['{"plan": "gold"}', "TEMPLATE_FAILED", 34, 30],
    ['{"plan": "gold", "labels": {"a": "b"}, "hosts": "x"}', "TEMPLATE_FAILED", 37, 15],
    ['{"plan": "gold", "labels": {"a": "b"}, "hosts": ["\\"\\nkind: Secret"]}', "GUARD_VIOLATION", 38, 24],
    ['{"plan": "gold", "labels": "a", "hosts": []}', "MANIFEST_INVALID", 34, 9],
    ["{}", "TEMPLATE_FAILED", 18, 58],
    ['{"plan": "silver"}', "REFERENCE_MISSING", 18, 5],
  ];
  for (const [data, code, line, column] of cases) {
    const rendering = render(received("login", "a", data));
    expect(rendering, data).toMatchObject({ action: "fail", problem: { code, at: { file: "c.yaml", line, column } } });
  }
});

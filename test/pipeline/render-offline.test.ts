/** What `sluice render` tells besides the files: each warning once, however many events and clusters there are. */
import { expect, it } from "vitest";
import { parse } from "yaml";
import { loadCatalog } from "../../src/config/load-catalog.ts";
import type { Delivery } from "../../src/model/delivery.ts";
import { renderOffline } from "../../src/pipeline/render-offline.ts";
import type { RenderSettings } from "../../src/render/render-spec.ts";

const documents = (content: string): string => `
apiVersion: lib.projectsveltos.io/v1beta1
kind: EventSource
metadata: {name: login}
spec: {messagingMatchCriteria: [{subject: logins}]}
---
apiVersion: lib.projectsveltos.io/v1beta1
kind: EventTrigger
metadata: {name: login}
spec:
  eventSourceName: login
  sourceClusterSelector: {matchLabels: {env: dev}}
  oneForEvent: true
  policyRefs: [{kind: ConfigMap, namespace: default, name: content}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: content, namespace: default, annotations: {projectsveltos.io/instantiate: ok}}
data:
  all.yaml: |
${content.replace(/^/gm, "    ")}
---
apiVersion: lib.projectsveltos.io/v1beta1
kind: SveltosCluster
metadata: {name: one, namespace: fleet, labels: {env: dev}}
---
apiVersion: lib.projectsveltos.io/v1beta1
kind: SveltosCluster
metadata: {name: two, namespace: fleet, labels: {env: dev}}
`;

function delivery(subject: string, sequence: number, data: object): Delivery {
  const event = { specversion: "1.0", id: "1", source: "s", type: "t", subject, data };
  return {
    connection: "bus",
    stream: "bus/LOGINS",
    subject: "logins",
    headers: new Map(),
    payload: Buffer.from(JSON.stringify(event)),
    position: { epoch: "e", sequence, time: "2026-01-01T00:00:00Z" },
  };
}

function problemsOf(content: string, subjects = ["a", "b"], more: Partial<RenderSettings> = {}, data = {}) {
  const { value: catalog, problems } = loadCatalog([{ path: "all.yaml", text: documents(content) }], {
    compatibility: "strict",
  });
  expect(problems.filter(({ severity }) => severity === "error")).toEqual([]);
  const settings: RenderSettings = { instance: "sluice", secrets: "refuse", ...more };
  const output = { path: "rendered", shards: 0 };
  const deliveries = subjects.map((subject, index) => delivery(subject, index + 1, data));
  return renderOffline(catalog, deliveries, output, settings);
}

it("warns of a kind that nobody describes, and of a member that is not known", async () => {
  const { files, problems } = await problemsOf(
    "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: '{{ .CloudEvent.subject }}'}\n---\n" +
      "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: '{{ .CloudEvent.subject }}', namespace: x}\ndate: {}\n",
  );
  expect([...files.keys()].filter((path) => path.includes("/widget"))).toHaveLength(4);
  expect(problems.map(({ code, severity }) => `${severity} ${code}`)).toEqual([
    "warning KIND_UNKNOWN",
    "warning MANIFEST_INVALID",
  ]);
  expect(problems[1]!.message).toContain("did you mean data?");
});

it("says of what no API server takes that it failed", async () => {
  const { files, problems } = await problemsOf(
    "apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: q, namespace: x}\nspec: {hard: {pods: '{{ .CloudEvent.subject }}'}}\n",
  );
  expect([...files.keys()].filter((path) => path.includes("quota"))).toEqual([]);
  expect(problems.map(({ severity }) => severity)).toEqual(["error", "error", "error", "error"]);
});

const subject = "hunter2: the password";
const quoting: readonly (readonly [string, string, string])[] = [
  ["a name", "GUARD_VIOLATION", "apiVersion: v1\nkind: KIND\nmetadata: {name: {{ .CloudEvent.subject }}}\n"],
  [
    "a valid scalar",
    "NAME_INVALID",
    "apiVersion: v1\nkind: KIND\nmetadata: {name: {{ .CloudEvent.subject | quote }}}\n",
  ],
  [
    "a failing function",
    "TEMPLATE_FAILED",
    "apiVersion: v1\nkind: KIND\nmetadata: {name: a, annotations: {a: {{ fail .CloudEvent.subject }}}}\n",
  ],
  [
    "a value of the wrong kind",
    "MANIFEST_INVALID",
    "apiVersion: v1\nkind: KIND\nmetadata: {name: a, namespace: a}\nbinaryData: {a: {{ .CloudEvent.subject | quote }}}\ndata: {a: x}\n",
  ],
];
it.each(quoting)("%s of a Secret is not quoted (%s)", async (_, code, template) => {
  const { problems } = await problemsOf(template.replace("KIND", "Secret"), [subject]);
  expect(problems.map((problem) => problem.code).slice(0, 1)).toEqual([code]);
  expect(JSON.stringify(problems)).not.toContain("hunter2");
});
it.each(quoting)("%s is not quoted where events are hidden (%s)", async (_, code, template) => {
  const { problems } = await problemsOf(template.replace("KIND", "ConfigMap"), [subject], { hidesEvents: true });
  expect(problems.map((problem) => problem.code).slice(0, 1)).toEqual([code]);
  expect(JSON.stringify(problems)).not.toContain("hunter2");
});

it("whose an object is stands at its place alone: the same words in an event's text stay as they were sent", async () => {
  const content = `apiVersion: v1
kind: ConfigMap
metadata:
  name: x
  namespace: default
  annotations: {note: {{ .CloudEvent.data.text | toJson }}}
data: {k: {{ .CloudEvent.data.text | toJson }}}
`;
  const sent = "\n    sluice.dev/entity: x\n    sluice.dev/owner: y\n";
  const { files } = await problemsOf(content, ["a"], {}, { text: sent });
  const text = [...files].find(([path]) => path.endsWith("/x.yaml"))?.[1] ?? "";
  const { metadata, data } = parse(text) as {
    metadata: { annotations: Record<string, string> };
    data: Record<string, string>;
  };
  expect([metadata.annotations.note, data.k]).toEqual([sent, sent]);
  expect(metadata.annotations["sluice.dev/entity"]).toMatch(/^[0-9a-f]{40}$/);
});

/** What an event names must be annotated for it; what the cluster's document names, or nobody's data, need not. */
import { expect, it } from "vitest";
import { loadCatalog } from "../../src/config/load-catalog.ts";
import { matchEvent } from "../../src/events/match-event.ts";
import type { ReceivedEvent } from "../../src/model/cloud-event.ts";
import type { Json } from "../../src/model/json.ts";
import { renderTrigger } from "../../src/render/render-trigger.ts";

const attributes = { id: "1", source: "/s", type: "small", subject: "alice" };
const received: ReceivedEvent = {
  connection: "bus",
  event: { ...attributes, document: new Map<string, Json>(Object.entries(attributes)) },
  message: { subject: "login", headers: new Map(), stream: "bus/S", sequence: 1, time: "2026-01-01T00:00:00Z" },
};

function outcome(name: string, namespace: string, engine: string): string {
  const text = `apiVersion: lib.projectsveltos.io/v1beta1
kind: EventSource
metadata: {name: login}
spec: {messagingMatchCriteria: [{subject: login}]}
---
apiVersion: lib.projectsveltos.io/v1beta1
kind: SveltosCluster
metadata: {name: eu, namespace: fleet, labels: {size: small}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: quota-small, namespace: fleet}
data: {a.yaml: '{apiVersion: v1, kind: Namespace, metadata: {name: a}}'}
---
apiVersion: lib.projectsveltos.io/v1beta1
kind: EventTrigger
metadata: {name: t, annotations: {sluice.dev/engine: ${engine}}}
spec:
  eventSourceName: login
  sourceClusterSelector: {matchLabels: {size: small}}
  policyRefs: [{kind: ConfigMap, namespace: '${namespace}', name: '${name}'}]
`;
  const { value, problems } = loadCatalog([{ path: "a.yaml", text }], { compatibility: "strict" });
  expect(problems.filter(({ severity }) => severity === "error")).toEqual([]);
  const [match] = matchEvent(received, value).matches;
  const settings = { secrets: "plain", instance: "sluice" } as const;
  const [rendering] = renderTrigger(value, match!.trigger, received, match!, "hash", settings).renderings;
  return rendering?.action === "fail" ? rendering.problem.code : (rendering?.action ?? "");
}

const cases: [name: string, namespace: string, outcome: string, engine?: string][] = [
  ["quota-small", "fleet", "Create"],
  ["quota-small", "", "Create"],
  ["quota-{{ .Cluster.metadata.labels.size }}", "fleet", "Create"],
  ["quota-{{ with .Cluster.metadata }}{{ .labels.size }}{{ end }}", "{{ .Cluster.metadata.namespace }}", "Create"],
  ['quota-{{ "small" }}', "fleet", "Create"],
  ["quota-{{Cluster.metadata.labels.size}}", "fleet", "Create", "handlebars"],
  ["quota-{{ .CloudEvent.type }}", "fleet", "REFERENCE_FORBIDDEN"],
  ["quota-small", "{{ if .CloudEvent.id }}fleet{{ end }}", "REFERENCE_FORBIDDEN"],
  [
    "{{ if eq .CloudEvent.type `small` }}quota-{{ .Cluster.metadata.labels.size }}{{ end }}",
    "fleet",
    "REFERENCE_FORBIDDEN",
  ],
  ["quota-{{ $.CloudEvent.type }}", "fleet", "REFERENCE_FORBIDDEN"],
  ['quota-{{ index . "CloudEvent" | len | eq 4 | ternary "small" "x" }}', "fleet", "REFERENCE_FORBIDDEN"],
  ["{{ if .Message.subject }}quota-small{{ end }}", "fleet", "REFERENCE_FORBIDDEN"],
  ["quota-{{CloudEvent.type}}", "fleet", "REFERENCE_FORBIDDEN", "handlebars"],
];
it.each(cases)("%s in %j: %s", (name, namespace, expected, engine = "go") => {
  expect(outcome(name, namespace, engine)).toBe(expected);
});

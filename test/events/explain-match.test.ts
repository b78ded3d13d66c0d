import { expect, it } from "vitest";
import { loadCatalog } from "../../src/config/load-catalog.ts";
import { explainMatch } from "../../src/events/explain-match.ts";
import type { Catalog } from "../../src/model/catalog.ts";

interface Documents {
  readonly subject?: string;
  readonly trigger?: string;
  readonly cluster?: string;
}

/** A catalog of one EventSource, one trigger and one cluster, as far as they are asked for. */
function catalogOf({ subject = "user-.*", trigger = "login", cluster = "production" }: Documents): Catalog {
  const text = `apiVersion: lib.projectsveltos.io/v1beta1
kind: EventSource
metadata: {name: login}
spec:
  messagingMatchCriteria:
  - {subject: ${JSON.stringify(subject)}, cloudEventSource: auth}
---
apiVersion: lib.projectsveltos.io/v1beta1
kind: EventTrigger
metadata: {name: users}
spec:
  eventSourceName: ${trigger}
  sourceClusterSelector: {matchLabels: {env: production}}
  policyRefs: [{kind: ConfigMap, namespace: default, name: ns}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: ns, namespace: default}
data: {a: ""}
---
apiVersion: lib.projectsveltos.io/v1beta1
kind: SveltosCluster
metadata: {name: eu, namespace: fleet, labels: {env: ${cluster}}}
`;
  return loadCatalog([{ path: "all.yaml", text }], { compatibility: "strict" }).value;
}

function explain(documents: Documents, source = "auth"): readonly string[] {
  const event = { id: "1", source, type: "t", subject: "alice", document: new Map() };
  const message = {
    subject: "user-in",
    headers: new Map(),
    stream: "bus/x",
    sequence: 1,
    time: "2026-01-01T00:00:00Z",
  };
  return explainMatch({ connection: "bus", event, message }, catalogOf(documents));
}

it("says nothing where a trigger matched with a cluster", () => {
  expect(explain({})).toEqual([]);
});

const cases: readonly {
  readonly name: string;
  readonly lines: readonly string[];
  readonly parts: readonly string[];
}[] = [
  {
    name: "the criterion that fails, with pattern, value and place",
    lines: explain({}, "evil"),
    parts: ['"auth"', '"evil"', "all.yaml:"],
  },
  { name: "a near miss", lines: explain({ subject: "user" }), parts: ["subject", "only in part"] },
  {
    name: "an EventSource that no trigger names",
    lines: explain({ trigger: "logout" }),
    parts: ["login", "no EventTrigger"],
  },
  {
    name: "a trigger without a cluster",
    lines: explain({ cluster: "test" }),
    parts: ["users", "no cluster", "all.yaml:"],
  },
];

it.each(cases)("says $name", ({ lines, parts }) => {
  expect(lines).toHaveLength(1);
  for (const part of parts) expect(lines[0]).toContain(part);
});

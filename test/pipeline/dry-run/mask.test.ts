import fc from "fast-check";
import { expect, it } from "vitest";
import { loadCatalog } from "../../../src/config/load-catalog.ts";
import type { CloudEvent } from "../../../src/model/cloud-event.ts";
import type { Json } from "../../../src/model/json.ts";
import { Mask } from "../../../src/pipeline/dry-run/mask.ts";

const documents = `apiVersion: v1
kind: ConfigMap
metadata: {name: template, namespace: default, annotations: {projectsveltos.io/instantiate: ok}}
data:
  user.yaml: |
    kind: Namespace
    metadata:
      name: {{ .CloudEvent.subject }}
      labels: {tier: bronze, env: production, plan: {{ .CloudEvent.data.plan }}}
---
apiVersion: v1
kind: Secret
metadata: {name: hidden, namespace: default}
stringData: {policy.yaml: "password: correct-horse"}
`;
const catalog = loadCatalog([{ path: "a.yaml", text: documents }], { compatibility: "strict" }).value;

function eventOf(data: Json): CloudEvent {
  const attributes = { id: "1", source: "auth", type: "login", subject: "alice" };
  return { ...attributes, document: new Map<string, Json>([...Object.entries(attributes), ["data", data]]) };
}

function masked(text: string, data: Json | undefined, showsData = false): string {
  const subject = { events: data === undefined ? [] : [eventOf(data)], names: ["alice", "fleet/eu-1"] };
  const lines = text.split("\n");
  const shown = new Mask([catalog], showsData).of(subject).manifest(lines);
  return lines.map((_, index) => shown(index)).join("\n");
}

const cases: readonly (readonly [name: string, line: string, data: Json, shown: string])[] = [
  ["what the template says is shown", "    tier: bronze", null, "    tier: bronze"],
  ["what names the entity is shown", "  name: alice", null, "  name: alice"],
  ["anything else is not", "    plan: gold", new Map([["plan", "gold"]]), "    plan: ***"],
  ["however a template turned it", "    plan: Z29sZA==", new Map([["plan", "gold"]]), "    plan: ***"],
  ["nor a known word that the data has", "    env: production", new Map([["x", "production"]]), "    env: ***"],
  ["unless an attribute says it, too", "  name: alice", new Map([["user", "alice"]]), "  name: alice"],
  ["keys are words like others", "    secret-key: bronze", null, "    ***: bronze"],
  ["numbers, too", "    tier: 42", new Map([["seats", 42n]]), "    tier: ***"],
  ["what is nested in lists", "    tier: bronze", [new Map([["deep", ["bronze"]]])], "    tier: ***"],
];

for (const [name, line, data, shown] of cases) it(name, () => expect(masked(line, data)).toBe(shown));

it("a manifest of no record shows everything but what Secrets hold", () => {
  expect(masked("    plan: gold\n    password: correct-horse", undefined)).toBe("    plan: gold\n    ***: ***");
  expect(masked("    plan: gold", new Map([["plan", "gold"]]), true)).toBe("    plan: gold");
});

it("a Secret shows its metadata and its keys, whoever looks", () => {
  const secret = `apiVersion: v1
kind: Secret
metadata:
  name: alice
  annotations:
    kubectl.kubernetes.io/last-applied-configuration: all of it
    sluice.dev/entity: alice
data:
  token: c2VjcmV0
stringData:
  key: |-
    -----BEGIN
    kind: ConfigMap
type: Opaque`;
  expect(masked(secret, undefined, true)).toBe(`apiVersion: v1
kind: Secret
metadata:
  name: alice
  annotations:
    kubectl.kubernetes.io/last-applied-configuration: ***
    sluice.dev/entity: alice
data:
  token: ***
stringData:
  key: ***
    ***
    kind: ***
type: Opaque`);
});

it("no word of the data is ever shown, wherever it stands", () => {
  const word = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9@._-]{2,20}$/);
  fc.assert(
    fc.property(word, fc.constantFrom("name: %", '- "%"', "a: {b: [%, x]}", "% bronze", "    %"), (value, form) => {
      const trimmed = value.replace(/[:.]+$/, "");
      fc.pre(!["alice", "auth", "login", "1", "kind"].includes(trimmed) && !form.includes(trimmed));
      expect(
        masked(
          form.replace("%", () => value),
          new Map([["x", value]]),
        ),
      ).not.toContain(trimmed);
    }),
  );
});

it("messages: quotes and words of the data are hidden, the rest is what helps", () => {
  const mask = new Mask([catalog], false).of({ events: [eventOf(new Map([["org", "acme corp"]]))], names: [] });
  expect(mask.message('the name "acme corp" is not valid: acme has no "bronze"')).toBe(
    'the name "*** ***" is not valid: *** has no "bronze"',
  );
});

it("names are shown, also where a short word of the data is part of them", () => {
  const about = { events: [eventOf(new Map([["team", "red"]]))], names: ["Namespace red-team", "fleet/red-1"] };
  const lines = new Mask([catalog], false).of(about).manifest(["kind: Namespace", "  name: red-team", "  label: red"]);
  expect([lines(1), lines(2)]).toEqual(["  name: red-team", "  ***: ***"]);
});

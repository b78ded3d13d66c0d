import { expect, it } from "vitest";
import { readManifests } from "../../src/render/read-manifests.ts";
import { interpolate, type Printable, sourceOf } from "./interpolate.ts";

const options = {
  provenance: { owner: "EventTrigger/login", entity: "0123abcd" },
  extraLabels: new Map<string, string>(),
  extraAnnotations: new Map<string, string>(),
};

function read(template: string, values: Readonly<Record<string, Printable>> = {}) {
  return readManifests(interpolate(template, values), sourceOf(template), options);
}

it("reads the seed's Namespace", () => {
  const template = `kind: Namespace
apiVersion: v1
metadata:
  name: {{ subject }} # .CloudEvent is the triggering CloudEvent
  labels:
    organization: {{ organization }}
`;
  const { value, problems } = read(template, { subject: "alice", organization: "true" });

  expect(problems).toEqual([]);
  expect(value).toEqual([
    {
      identity: { group: "", kind: "Namespace", namespace: "", name: "alice" },
      text: `apiVersion: v1
kind: Namespace
metadata:
  name: alice
  labels:
    app.kubernetes.io/managed-by: sluice
    organization: "true"
    sluice.dev/owner: EventTrigger.login
  annotations:
    sluice.dev/entity: "0123abcd"
`,
      at: { file: "config.yaml", part: "ConfigMap default/x", line: 1, column: 1, excerpt: "kind: Namespace" },
    },
  ]);
});

import { describe, expect, it } from "vitest";
import { findSharedObjects } from "../../src/config/find-shared-objects.ts";
import { loadCatalog } from "../../src/config/load-catalog.ts";
import type { Settings } from "../../src/model/settings.ts";
import { contentDocument, eventSourceDocument, profileDocument, triggerDocument } from "../pipeline/service-bench.ts";

const at = { file: "sluice.yaml", line: 1, column: 1 };

function findIn(documents: readonly string[], partition: number | null = 3) {
  const files = [eventSourceDocument, ...documents].map((text, index) => ({ path: `${index}.yaml`, text }));
  const { value } = loadCatalog(files, { compatibility: "strict", checks: "off", policy: [] });
  const one = { name: "bus", file: "/bus.json", connectTo: new Map(), at };
  const connections: Settings["connections"] = [partition === null ? one : { ...one, partition }];
  return findSharedObjects({ connections }, value);
}

const object = (metadata: string) => `apiVersion: v1\nkind: ConfigMap\n${metadata}\ndata: {a: b}\n`;
const withContent = (metadata: string) => [triggerDocument("own", "own"), contentDocument("own", object(metadata))];

describe("objects that several partitions would make", () => {
  it.each([
    ["a constant name", "metadata:\n  name: settings\n  namespace: default", 1],
    ["a constant name, in flow style", "metadata: {name: settings, namespace: default}", 1],
    ["the cluster's name", 'metadata:\n  name: "of-{{ .Cluster.metadata.name }}"', 1],
    ["the cluster's name, in flow style", 'metadata: {namespace: a, name: "{{.Cluster.metadata.name}}"}', 1],
    ["the event's subject", 'metadata:\n  name: "{{ .CloudEvent.subject }}"', 0],
    ["the event's subject as namespace", 'metadata:\n  name: settings\n  namespace: "{{ .CloudEvent.subject }}"', 0],
    ["a variable", 'metadata:\n  name: "{{ $name }}"', 0],
    ["a function of both", 'metadata: {name: "{{ join .Cluster.metadata.name .CloudEvent.subject }}"}', 0],
    ["a field within with", 'metadata:\n  name: "{{ .subject }}"', 0],
    ["a label called name", 'metadata:\n  labels:\n    name: a\n  name: "{{ .CloudEvent.subject }}"', 0],
  ])("%s", (_, metadata, count) => {
    const found = findIn(withContent(metadata));
    expect(found.map(({ code, severity }) => [code, severity])).toEqual(
      Array.from({ length: count }, () => ["OBJECT_SHARED", "warning"]),
    );
  });

  it("are named with their place", () => {
    const two = `${object('metadata: {name: "{{ .CloudEvent.subject }}"}')}---\n${object("metadata:\n  name: settings")}`;
    const [found] = findIn([triggerDocument("own", "own"), contentDocument("own", two)]);
    expect(found).toMatchObject({ at: { file: "2.yaml" } });
    const line = contentDocument("own", two)
      .split("\n")
      .findLastIndex((text) => text.includes("metadata:"));
    expect((found!.at as { line: number }).line).toBe(line + 1);
  });

  it("are none where all entities come over the connection", () => {
    expect(findIn(withContent("metadata: {name: settings}"), null)).toEqual([]);
  });

  it("a trigger over all entities, and with another partition than the first a profile", () => {
    const documents = [
      triggerDocument("all", "own").replace("oneForEvent: true", "oneForEvent: false"),
      contentDocument("own", object('metadata: {name: "{{ len .CloudEvents }}"}')),
      profileDocument("base", "own"),
    ];
    expect(findIn(documents).map(({ message }) => message.split(" ").slice(0, 2).join(" "))).toEqual([
      "EventTrigger all",
      "ClusterProfile base",
    ]);
    expect(findIn(documents, 0)).toHaveLength(1);
  });
});

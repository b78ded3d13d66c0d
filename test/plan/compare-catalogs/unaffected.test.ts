/**
 * What the comparison leaves out renders alike: random documents before and after, every owner and cluster, events of
 * several types. A dependency that it does not know of shows here.
 */
import fc from "fast-check";
import { expect, it } from "vitest";
import { loadCatalog } from "../../../src/config/load-catalog.ts";
import { matchEvent } from "../../../src/events/match-event.ts";
import type { Catalog } from "../../../src/model/catalog.ts";
import type { ReceivedEvent } from "../../../src/model/cloud-event.ts";
import type { Json } from "../../../src/model/json.ts";
import { compareCatalogs } from "../../../src/plan/compare-catalogs/compare-catalogs.ts";
import type { RenderSettings } from "../../../src/render/render-spec.ts";
import { renderTrigger } from "../../../src/render/render-trigger.ts";
import { casesOf } from "../../tools/cases-of.ts";

const one = fc.constantFrom;
const labels = fc
  .record({ env: one("prod", "lab"), region: one("eu", "us"), zone: one("", "a") })
  .map(({ env, region, zone }) => `{env: ${env}, region: ${region}${zone === "" ? "" : `, zone: ${zone}`}}`);
const cluster = (name: string) =>
  fc
    .tuple(labels, one("a", "b"), one("", "status: {ready: true}\n"))
    .map(
      ([set, config, status]) =>
        `apiVersion: lib.projectsveltos.io/v1beta1\nkind: SveltosCluster\nmetadata: {name: ${name}, namespace: ${name === "c" ? "other" : "fleet"}, labels: ${set}}\nspec: {kubeconfigName: ${config}}\n${status}`,
    );
const source = (name: string) =>
  one("login", "log.*").map(
    (subject) =>
      `apiVersion: lib.projectsveltos.io/v1beta1\nkind: EventSource\nmetadata: {name: ${name}}\nspec: {messagingMatchCriteria: [{subject: ${subject}, cloudEventType: "${name === "us" ? "x" : ".*"}"}]}\n`,
  );
const bodies = [
  "plain",
  "{{ .CloudEvent.type }}",
  "{{ .Cluster.metadata.labels.region }}",
  "{{ with .Cluster }}{{ .spec.kubeconfigName }}{{ end }}",
  "{{ len .Cluster.metadata.labels }}",
  "{{ $c := $.Cluster }}{{ $c.metadata.name }}",
  "{{ if hasKey .Cluster.metadata.labels `zone` }}zoned{{ end }}",
  "{{ getResource `r` | toJson | b64enc }}",
  "{{ getResource `r` | toJson | b64enc }}",
];
const content = (name: string, namespace: string) =>
  fc
    .tuple(one(...bodies), one("projectsveltos.io/template: ok", ""))
    .map(
      ([body, annotation]) =>
        `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}, namespace: ${namespace}, annotations: {${annotation}}}\ndata:\n  a.yaml: |\n    apiVersion: v1\n    kind: ConfigMap\n    metadata: {name: x, namespace: x}\n    data: {v: "${body}"}\n`,
    );
const trigger = (name: string) =>
  fc
    .record({
      source: one("login", '"{{ .Cluster.metadata.labels.region }}"'),
      select: one(
        "sourceClusterSelector: {matchLabels: {env: prod}}",
        "clusterSetRefs: [set]",
        "sourceClusterSelector: {matchLabels: {region: eu}}",
      ),
      ref: one(
        "namespace: default, name: m",
        "name: m",
        'namespace: default, name: "m-{{ .Cluster.metadata.labels.region }}"',
        'namespace: default, name: "m-{{ .CloudEvent.type }}"',
      ),
      action: one("Create", "'{{ if .Cluster.metadata.labels.zone }}Create{{ else }}Delete{{ end }}'", "Delete"),
      to: one(
        "",
        "",
        "destinationClusterSelector: {matchLabels: {env: lab}}",
        "destinationCluster: {namespace: fleet, name: b}",
      ),
      read: one(
        "",
        "apiVersion: v1, kind: ConfigMap, namespace: default, name: m-x",
        "apiVersion: v1, kind: ConfigMap, name: m",
        'apiVersion: v1, kind: ConfigMap, namespace: default, name: "m-{{ .Cluster.metadata.labels.region }}"',
        'apiVersion: v1, kind: ConfigMap, namespace: default, name: "m-{{ .CloudEvent.type }}"',
        'apiVersion: lib.projectsveltos.io/v1beta1, kind: SveltosCluster, name: "{{ .Cluster.metadata.name }}"',
        "apiVersion: lib.projectsveltos.io/v1beta1, kind: EventSource, name: us",
        "apiVersion: v1, kind: ConfigMap, namespace: projectsveltos, name: made",
      ),
      make: one("", "", "name: m, namespace: default", 'name: "m-{{ .CloudEvent.type }}", namespace: default'),
      extra: one("", 'extraLabels: {r: "{{ .Cluster.metadata.name }}"}'),
      stop: one("WithdrawPolicies", "LeavePolicies"),
    })
    .map(
      ({ source: from, select, ref, action, to, read, make, extra, stop }) =>
        `apiVersion: lib.projectsveltos.io/v1beta1\nkind: EventTrigger\nmetadata: {name: ${name}}\nspec:\n  eventSourceName: ${from}\n  ${select}\n  cloudEventAction: ${action}\n  policyRefs: [{kind: ConfigMap, ${ref}, optional: true}]\n  stopMatchingBehavior: ${stop}\n  ${to}\n  ${extra}\n${read === "" ? "" : `  templateResourceRefs: [{identifier: r, optional: true, resource: {${read}}}]\n`}${make === "" ? "" : `  configMapGenerator: [{${make}, nameFormat: made, optional: true}]\n`}`,
    );
const set = one("{matchLabels: {region: us}}", "{matchLabels: {env: lab}}").map(
  (selector) =>
    `apiVersion: lib.projectsveltos.io/v1beta1\nkind: ClusterSet\nmetadata: {name: set}\nspec: {clusterSelector: ${selector}}\n`,
);

const pool: Record<string, fc.Arbitrary<string>> = {
  a: cluster("a"),
  b: cluster("b"),
  c: cluster("c"),
  login: source("login"),
  eu: source("eu"),
  us: source("us"),
  m: content("m", "default"),
  own: content("m", "fleet"),
  "m-eu": content("m-eu", "default"),
  "m-us": content("m-us", "default"),
  "m-x": content("m-x", "default"),
  set,
  one: trigger("one"),
  two: trigger("two"),
};
const files = fc.record(
  Object.fromEntries(Object.entries(pool).map(([name, text]) => [name, fc.option(text, { freq: 12, nil: undefined })])),
);
/** Most documents stay: a change of few is where something can be left out. */
const change = fc.tuple(files, files, fc.subarray(Object.keys(pool), { minLength: 1, maxLength: 2 }));

const settings = { secrets: "plain", instance: "sluice" } as RenderSettings;

function load(documents: Readonly<Record<string, string | undefined>>, previous?: Catalog): Catalog {
  const read = Object.entries(documents).flatMap(([path, text]) => (text === undefined ? [] : [{ path, text }]));
  return loadCatalog(read, { compatibility: "strict", ...(previous === undefined ? {} : { previous }) }).value;
}

function event(type: string): ReceivedEvent {
  const attributes = { id: "1", source: "s", type, subject: "alice" };
  const document = new Map<string, Json>([["specversion", "1.0"], ...Object.entries(attributes)]);
  const message = { subject: "login", headers: new Map(), stream: "bus/S", sequence: 1, time: "2026-01-01T00:00:00Z" };
  return { connection: "bus", event: { ...attributes, document }, message };
}

/** By owner and cluster what an event makes of them; failures by their codes. */
function render(catalog: Catalog, received: ReceivedEvent): ReadonlyMap<string, string> {
  const made = new Map<string, string>();
  for (const { trigger: owner, clusters, sources, problem } of matchEvent(received, catalog).matches) {
    if (problem !== undefined)
      for (const { namespace, name } of sources) made.set(`${owner.name} ${namespace}/${name}`, problem.code);
    const { renderings } = renderTrigger(catalog, owner, received, { clusters, sources }, "hash", settings);
    for (const rendering of renderings) {
      const told =
        rendering.action === "fail"
          ? rendering.problem.code
          : "manifests" in rendering
            ? rendering.manifests.map(({ text }) => text).join("---\n")
            : "";
      made.set(`${owner.name} ${rendering.cluster}`, `${rendering.action} ${told}`);
    }
  }
  return made;
}

it("owners and clusters that are left out render alike", () => {
  let left = 0;
  const isAlike = ([base, other, names]: [
    Record<string, string | undefined>,
    Record<string, string | undefined>,
    string[],
  ]) => {
    const before = load(base);
    const after = load({ ...base, ...Object.fromEntries(names.map((name) => [name, other[name]])) }, before);
    const { owners } = compareCatalogs(before, after);
    const affected = new Map(owners.map(({ owner, clusters }) => [owner.name, clusters]));
    for (const type of ["x", "eu"]) {
      const [was, is] = [render(before, event(type)), render(after, event(type))];
      for (const key of new Set([...was.keys(), ...is.keys()])) {
        const [owner = "", on = ""] = key.split(" ");
        const clusters = affected.get(owner);
        const isNew = !before.eventTriggers.has(owner);
        if (isNew || clusters === "all" || clusters?.includes(on)) continue;
        left++;
        expect(is.get(key), key).toBe(was.get(key));
      }
    }
  };
  fc.assert(fc.property(change, isAlike), { numRuns: casesOf(400) });
  expect(left).toBeGreaterThan(100);
});

/** Which clusters profiles are for: a row for each way to select them, and those that dependents bring. */
import { expect, it } from "vitest";
import { loadCatalog } from "../../src/config/load-catalog.ts";
import { profileClusters } from "../../src/model/profile-clusters.ts";

const cluster = (namespace: string, name: string, env: string) =>
  `apiVersion: lib.projectsveltos.io/v1beta1\nkind: SveltosCluster\nmetadata: {name: ${name}, namespace: ${namespace}, labels: {env: ${env}}}\n`;
const document = (kind: string, metadata: string, spec: string, group = "config") =>
  `apiVersion: ${group}.projectsveltos.io/v1beta1\nkind: ${kind}\nmetadata: {${metadata}}\nspec: {${spec}}\n`;
const profile = (name: string, spec: string) => document("ClusterProfile", `name: ${name}`, spec);
const inFleet = (name: string, spec: string) => document("Profile", `name: ${name}, namespace: fleet`, spec);
const trigger = (name: string, spec: string) =>
  document("EventTrigger", `name: ${name}`, `eventSourceName: login, ${spec}`, "lib");
const source = document("EventSource", "name: login", "messagingMatchCriteria: []", "lib");
const clusters = [cluster("fleet", "eu", "prod"), cluster("fleet", "us", "lab"), cluster("other", "eu", "prod")];
const prod = "clusterSelector: {matchLabels: {env: prod}}";

interface Case {
  readonly name: string;
  readonly documents: readonly string[];
  readonly expected: Readonly<Record<string, readonly string[]>>;
}

const cases: readonly Case[] = [
  {
    name: "neither selector nor references: none, as in Sveltos; an empty selector is none",
    documents: [profile("a", "tier: 1"), profile("b", "clusterSelector: {}")],
    expected: { "ClusterProfile/a": [], "ClusterProfile/b": [] },
  },
  {
    name: "a ClusterProfile's are of any namespace, a Profile's of its own",
    documents: [profile("a", prod), inFleet("a", prod)],
    expected: { "ClusterProfile/a": ["fleet/eu", "other/eu"], "Profile/fleet/a": ["fleet/eu"] },
  },
  {
    name: "selector, names and sets add up; what is not there is none",
    documents: [
      profile("a", "clusterRefs: [{namespace: fleet, name: us}, {namespace: fleet, name: gone}], setRefs: [prod]"),
      document("ClusterSet", "name: prod", prod, "lib"),
      inFleet("a", "setRefs: [prod]"),
      document("Set", "name: prod, namespace: fleet", prod, "lib"),
    ],
    expected: { "ClusterProfile/a": ["fleet/eu", "fleet/us", "other/eu"], "Profile/fleet/a": ["fleet/eu"] },
  },
  {
    name: "a prerequisite follows its dependents, transitively",
    documents: [
      profile("base", "dependsOn: [crds]"),
      profile("crds", "clusterRefs: [{namespace: other, name: eu}]"),
      profile("app", "clusterRefs: [{namespace: fleet, name: us}], dependsOn: [base]"),
    ],
    expected: {
      "ClusterProfile/app": ["fleet/us"],
      "ClusterProfile/base": ["fleet/us"],
      "ClusterProfile/crds": ["fleet/us", "other/eu"],
    },
  },
  {
    name: "a trigger's too: where it may have objects, whether or not it has any",
    documents: [
      source,
      profile("from", "tier: 1"),
      profile("to", "tier: 1"),
      profile("named", "tier: 1"),
      profile("any", "tier: 1"),
      trigger("t-from", "sourceClusterSelector: {matchLabels: {env: lab}}, dependsOn: [from]"),
      trigger(
        "t-to",
        "sourceClusterSelector: {matchLabels: {env: lab}}, destinationClusterSelector: {matchLabels: {env: prod}}, dependsOn: [to]",
      ),
      trigger("t-named", "destinationCluster: {namespace: other, name: eu}, dependsOn: [named]"),
      trigger("t-any", "destinationCluster: {name: '{{ .CloudEvent.subject }}'}, dependsOn: [any]"),
    ],
    expected: {
      "ClusterProfile/from": ["fleet/us"],
      "ClusterProfile/to": ["fleet/eu", "other/eu"],
      "ClusterProfile/named": ["other/eu"],
      "ClusterProfile/any": ["fleet/eu", "fleet/us", "other/eu"],
    },
  },
  {
    name: "a cycle ends: all of it is wherever one of it is",
    documents: [
      profile("a", `${prod}, dependsOn: [b]`),
      profile("b", "dependsOn: [c]"),
      profile("c", "dependsOn: [a]"),
    ],
    expected: Object.fromEntries(["a", "b", "c"].map((name) => [`ClusterProfile/${name}`, ["fleet/eu", "other/eu"]])),
  },
];

it.each(cases)("$name", ({ documents, expected }) => {
  const { value } = loadCatalog([{ path: "a.yaml", text: [...clusters, ...documents].join("---\n") }], {
    compatibility: "strict",
  });
  const found = [...profileClusters(value)].map(([key, own]) => [key, [...own].sort()]);
  expect(Object.fromEntries(found)).toEqual(expected);
});

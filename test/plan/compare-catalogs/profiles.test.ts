/** What a change of documents affects of profiles, where, and which documents it is put down to. */
import { expect, it } from "vitest";
import { loadCatalog } from "../../../src/config/load-catalog.ts";
import { ownerKey, parseOwnerKey } from "../../../src/model/owner.ts";
import { causesIn } from "../../../src/plan/compare-catalogs/causes.ts";
import { compareCatalogs } from "../../../src/plan/compare-catalogs/compare-catalogs.ts";

const cluster = (name: string, labels: string) =>
  `apiVersion: lib.projectsveltos.io/v1beta1\nkind: SveltosCluster\nmetadata: {name: ${name}, namespace: fleet, labels: {${labels}}}\n`;
const content = (name: string, text: string) =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}, namespace: default, annotations: {projectsveltos.io/template: ok}}\ndata: {a.yaml: '${text}'}\n`;
const made = (label: string) => `{apiVersion: v1, kind: Namespace, metadata: {name: a, labels: {l: "${label}"}}}`;
const profile = (name: string, spec: string) =>
  `apiVersion: config.projectsveltos.io/v1beta1\nkind: ClusterProfile\nmetadata: {name: ${name}}\nspec: {${spec}}\n`;
const refs = (name: string) => `policyRefs: [{kind: ConfigMap, namespace: default, name: "${name}"}]`;
const prod = "clusterSelector: {matchLabels: {env: prod}}";
const set = (selector: string) =>
  `apiVersion: lib.projectsveltos.io/v1beta1\nkind: ClusterSet\nmetadata: {name: some}\nspec: {clusterSelector: {matchLabels: {${selector}}}}\n`;

const base = {
  "eu.yaml": cluster("eu", "env: prod, region: eu"),
  "us.yaml": cluster("us", "env: prod, region: us"),
  "lab.yaml": cluster("lab", "env: lab, region: eu"),
  "plain.yaml": content("plain", made("x")),
  "zone.yaml": content("zone", made("{{ .Cluster.metadata.labels.region }}")),
  "size-eu.yaml": content("size-eu", made("x")),
  "size-us.yaml": content("size-us", made("x")),
  "p-plain.yaml": profile("plain", `${prod}, ${refs("plain")}`),
  "p-zone.yaml": profile("zone", `${prod}, ${refs("zone")}`),
  "p-by.yaml": profile("by", `${prod}, ${refs("size-{{ .Cluster.metadata.labels.region }}")}`),
  "p-set.yaml": profile("set", `setRefs: [some], ${refs("plain")}`),
  "set.yaml": set("region: eu"),
  "p-base.yaml": profile("base", refs("plain")),
  "p-app.yaml": profile("app", "clusterRefs: [{namespace: fleet, name: eu}], dependsOn: [base]"),
};

interface Row {
  readonly name: string;
  readonly files: Readonly<Record<string, string | undefined>>;
  /** `<owner>: <clusters>`, and what effects on the first of these clusters are put down to. */
  readonly expected: readonly string[];
}

const rows: readonly Row[] = [
  { name: "nothing", files: {}, expected: [] },
  {
    name: "a label that only some read, or that nobody reads",
    files: { "us.yaml": cluster("us", "env: prod, region: ap, note: x") },
    expected: ["by: fleet/us < SveltosCluster/fleet/us", "zone: fleet/us < SveltosCluster/fleet/us"],
  },
  {
    name: "a label that says whether it matches",
    files: { "us.yaml": cluster("us", "env: lab, region: us") },
    expected: ["by", "plain", "zone"].map((name) => `${name}: fleet/us < SveltosCluster/fleet/us`),
  },
  {
    name: "content that is named outright",
    files: { "plain.yaml": content("plain", made("y")) },
    expected: ["base", "plain", "set"].map((name) => `${name}: all < ConfigMap/default/plain`),
  },
  {
    name: "content that one cluster's field names",
    files: { "size-eu.yaml": content("size-eu", made("y")) },
    expected: ["by: fleet/eu < ConfigMap/default/size-eu"],
  },
  {
    name: "its own selection, its own content",
    files: {
      "p-plain.yaml": profile("plain", `clusterSelector: {matchLabels: {region: eu}}, ${refs("plain")}`),
      "p-zone.yaml": profile("zone", `${prod}, ${refs("zone")}, tier: 5`),
    },
    expected: ["plain: fleet/lab,fleet/us < ClusterProfile//plain", "zone: all < ClusterProfile//zone"],
  },
  {
    name: "a set that it names",
    files: { "set.yaml": set("region: us") },
    expected: ["set: fleet/eu,fleet/lab,fleet/us < ClusterSet//some"],
  },
  {
    name: "what depends on it moves: it goes along, and that is the dependent's doing",
    files: { "p-app.yaml": profile("app", "clusterRefs: [{namespace: fleet, name: us}], dependsOn: [base]") },
    expected: ["app: fleet/eu,fleet/us < ClusterProfile//app", "base: fleet/eu,fleet/us < ClusterProfile//app"],
  },
  { name: "its document goes", files: { "p-zone.yaml": undefined }, expected: ["zone: all < ClusterProfile//zone"] },
  { name: "a new one has nothing yet", files: { "p-new.yaml": profile("new", prod) }, expected: [] },
];

function load(files: Readonly<Record<string, string | undefined>>) {
  const read = Object.entries(files).flatMap(([path, text]) => (text === undefined ? [] : [{ path, text }]));
  const { value, problems } = loadCatalog(read, { compatibility: "strict" });
  expect(problems.filter(({ severity }) => severity === "error")).toEqual([]);
  return value;
}

it.each(rows)("$name", ({ files, expected }) => {
  const comparison = compareCatalogs(load(base), load({ ...base, ...files }));
  const causes = causesIn(comparison);
  const found = comparison.owners.map(({ owner, clusters }) => {
    expect(parseOwnerKey(ownerKey(owner))).toEqual(owner);
    const [first] = clusters === "all" ? ["fleet/eu"] : clusters;
    return `${owner.name}: ${clusters === "all" ? "all" : clusters.join(",")} < ${causes(owner, first!).join(",")}`;
  });
  expect(found).toEqual(expected);
});

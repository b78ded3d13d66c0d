/** What a change of documents affects: each row changes good documents and says for whom, and where, that can matter. */
import { describe, expect, it } from "vitest";
import { type CatalogOptions, loadCatalog } from "../../../src/config/load-catalog.ts";
import type { Catalog } from "../../../src/model/catalog.ts";
import { causesIn } from "../../../src/plan/compare-catalogs/causes.ts";
import { compareCatalogs } from "../../../src/plan/compare-catalogs/compare-catalogs.ts";

const cluster = (name: string, labels: string, more = "") =>
  `apiVersion: lib.projectsveltos.io/v1beta1\nkind: SveltosCluster\nmetadata: {name: ${name}, namespace: fleet, labels: {${labels}}}\n${more}`;
const source = (name: string, subject = name) =>
  `apiVersion: lib.projectsveltos.io/v1beta1\nkind: EventSource\nmetadata: {name: ${name}}\nspec: {messagingMatchCriteria: [{subject: ${subject}}]}\n`;
const content = (name: string, text: string, namespace = "default") =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}, namespace: ${namespace}, annotations: {projectsveltos.io/template: ok}}\ndata: {a.yaml: '${text}'}\n`;
const made = (name: string) => `{apiVersion: v1, kind: Namespace, metadata: {name: ${name}}}`;
const trigger = (name: string, spec: string) =>
  `apiVersion: lib.projectsveltos.io/v1beta1\nkind: EventTrigger\nmetadata: {name: ${name}}\nspec:\n  eventSourceName: login\n${spec}`;
const refer = (to: string) => `  policyRefs: [{kind: ConfigMap, ${to}}]\n`;
const prod = "  sourceClusterSelector: {matchLabels: {env: prod}}\n";

/** Two production clusters, one for tests, and an owner for each way to depend on something. */
const base = {
  "source.yaml": source("login"),
  "eu.yaml": cluster("eu", "env: prod, region: eu", "spec: {kubeconfigName: a}\n"),
  "us.yaml": cluster("us", "env: prod, region: us"),
  "lab.yaml": cluster("lab", "env: lab, region: eu"),
  "set.yaml":
    "apiVersion: lib.projectsveltos.io/v1beta1\nkind: ClusterSet\nmetadata: {name: european}\nspec: {clusterSelector: {matchLabels: {region: eu}}}\n",
  "plain.yaml": content("plain", "a: {{ .CloudEvent.id }}"),
  "region.yaml": content("region", "a: {{ .Cluster.metadata.labels.region }}"),
  "whole.yaml": content("whole", "a: {{ toJson .Cluster | quote }}"),
  "size-eu.yaml": content("size-eu", made("b")),
  "size-us.yaml": content("size-us", made("b")),
  "kind-x.yaml": content("kind-x", made("b")),
  "own.yaml": content("own", made("b"), "fleet"),
  "t-plain.yaml": trigger("plain", prod + refer("namespace: default, name: plain")),
  "t-region.yaml": trigger("region", prod + refer("namespace: default, name: region")),
  "t-whole.yaml": trigger("whole", prod + refer("namespace: default, name: whole")),
  "t-label.yaml": trigger("label", `${prod}  extraLabels: {zone: "{{ .Cluster.metadata.labels.zone }}"}\n`),
  "t-by-cluster.yaml": trigger(
    "by-cluster",
    prod + refer('namespace: default, name: "size-{{ .Cluster.metadata.labels.region }}"'),
  ),
  "t-by-event.yaml": trigger(
    "by-event",
    prod + refer('namespace: default, name: "kind-{{ .CloudEvent.type }}", optional: true'),
  ),
  "t-own.yaml": trigger("own", prod + refer("name: own")),
  "t-set.yaml": trigger("set", `  clusterSetRefs: [european]\n${refer("namespace: default, name: plain")}`),
  "t-to.yaml": trigger(
    "to",
    `${prod}  destinationClusterSelector: {matchLabels: {env: lab}}\n${refer("namespace: default, name: plain")}`,
  ),
};
type Files = Record<string, string | undefined>;

function load(files: Files, options: Partial<CatalogOptions> = {}): Catalog {
  const read = Object.entries(files).flatMap(([path, text]) => (text === undefined ? [] : [{ path, text }]));
  const { value, problems } = loadCatalog(read, { compatibility: "strict", ...options });
  expect(problems.filter(({ severity }) => severity === "error")).toEqual([]);
  return value;
}

/** `region: fleet/eu`, `plain: all`. */
function affected(before: Catalog, after: Catalog): string[] {
  return compareCatalogs(before, after).owners.map(
    ({ owner, clusters }) => `${owner.name}: ${clusters === "all" ? clusters : clusters.join(" ")}`,
  );
}

/** Bad documents among them, in place of these good ones. */
function loadBad(change: Files, previous: Catalog): Catalog {
  const read = Object.entries({ ...base, ...change }).map(([path, text = ""]) => ({ path, text }));
  return loadCatalog(read, { compatibility: "strict", previous }).value;
}

const everybody = ["by-cluster", "by-event", "label", "own", "plain", "region", "set", "to", "whole"];

describe("compareCatalogs", () => {
  const cases: [name: string, change: Files, owners: string[]][] = [
    ["nothing", {}, []],
    ["layout and comments", { "eu.yaml": `# hi\n${base["eu.yaml"]}` }, []],
    ["a document in another file", { "eu.yaml": undefined, "z.yaml": base["eu.yaml"] }, []],
    ["a document that nobody refers to", { "new.yaml": content("new", made("b")) }, []],
    ["an EventSource that nobody names", { "new.yaml": source("new") }, []],
    [
      "a label that nobody reads: only who passes the whole cluster on",
      { "eu.yaml": cluster("eu", "env: prod, region: eu, x: y", "spec: {kubeconfigName: a}\n") },
      ["whole: fleet/eu"],
    ],
    [
      "a label that templates read, for those that read it",
      { "eu.yaml": cluster("eu", "env: prod, region: eu, zone: z", "spec: {kubeconfigName: a}\n") },
      ["label: fleet/eu", "whole: fleet/eu"],
    ],
    [
      "a field of the spec",
      { "eu.yaml": cluster("eu", "env: prod, region: eu", "spec: {kubeconfigName: b}\n") },
      ["whole: fleet/eu"],
    ],
    [
      "status, resourceVersion, timestamps and managedFields",
      {
        "eu.yaml": `apiVersion: lib.projectsveltos.io/v1beta1\nkind: SveltosCluster\nmetadata: {name: eu, namespace: fleet, labels: {env: prod, region: eu}, resourceVersion: "9", creationTimestamp: "2026-01-01T00:00:00Z", managedFields: [{manager: x}]}\nspec: {kubeconfigName: a}\nstatus: {ready: true}\n`,
      },
      [],
    ],
    [
      "the region: its readers, the one it names documents by, and the set",
      { "us.yaml": cluster("us", "env: prod, region: eu") },
      ["by-cluster: fleet/us", "region: fleet/us", "set: fleet/us", "whole: fleet/us"],
    ],
    [
      "a cluster that matches no more",
      { "us.yaml": cluster("us", "env: old, region: us") },
      [
        "by-cluster: fleet/us",
        "by-event: fleet/us",
        "label: fleet/us",
        "own: fleet/us",
        "plain: fleet/us",
        "region: fleet/us",
        "to: all",
        "whole: fleet/us",
      ],
    ],
    [
      "a cluster that is new",
      { "ap.yaml": cluster("ap", "env: prod, region: ap") },
      [
        "by-cluster: fleet/ap",
        "by-event: fleet/ap",
        "label: fleet/ap",
        "own: fleet/ap",
        "plain: fleet/ap",
        "region: fleet/ap",
        "to: all",
        "whole: fleet/ap",
      ],
    ],
    [
      "a cluster that is gone",
      { "us.yaml": undefined },
      [
        "by-cluster: fleet/us",
        "by-event: fleet/us",
        "label: fleet/us",
        "own: fleet/us",
        "plain: fleet/us",
        "region: fleet/us",
        "to: all",
        "whole: fleet/us",
      ],
    ],
    ["a destination that is new", { "lab2.yaml": cluster("lab2", "env: lab, region: ap") }, ["to: fleet/lab2"]],
    ["a destination that is none any more", { "lab.yaml": cluster("lab", "env: old, region: eu") }, ["to: fleet/lab"]],
    [
      "another kind of document for a cluster that is alike otherwise",
      {
        "us.yaml":
          "apiVersion: cluster.x-k8s.io/v1beta1\nkind: Cluster\nmetadata: {name: us, namespace: fleet, labels: {env: prod, region: us}}\n",
      },
      ["whole: fleet/us"],
    ],
    [
      "a template",
      { "plain.yaml": content("plain", "a: {{ .CloudEvent.type }}") },
      ["plain: all", "set: all", "to: all"],
    ],
    [
      "a template's annotations",
      {
        "plain.yaml": base["plain.yaml"].replace(
          "projectsveltos.io/template: ok",
          "projectsveltos.io/template: ok, x: y",
        ),
      },
      ["plain: all", "set: all", "to: all"],
    ],
    ["what the cluster's label names", { "size-us.yaml": content("size-us", made("c")) }, ["by-cluster: fleet/us"]],
    [
      "what stands in the clusters' namespace",
      { "own.yaml": content("own", made("c"), "fleet") },
      ["own: fleet/eu fleet/us"],
    ],
    ["what an event may name", { "kind-x.yaml": content("kind-x", made("c")) }, ["by-event: all"]],
    ["what an event may come to name", { "kind-y.yaml": content("kind-y", made("c")) }, ["by-event: all"]],
    ["the EventSource", { "source.yaml": source("login", "logout") }, everybody.map((name) => `${name}: all`)],
    [
      "the ClusterSet, where it comes out otherwise",
      { "set.yaml": base["set.yaml"].replace("region: eu", "env: lab") },
      ["set: fleet/eu"],
    ],
    [
      "the ClusterSet, where it comes to the same",
      {
        "set.yaml": base["set.yaml"].replace(
          "{matchLabels: {region: eu}}",
          "{matchExpressions: [{key: region, operator: In, values: [eu]}]}",
        ),
      },
      [],
    ],
    [
      "a trigger's selector, for clusters that came or went",
      {
        "t-plain.yaml": trigger(
          "plain",
          prod.replace("env: prod", "region: eu") + refer("namespace: default, name: plain"),
        ),
      },
      ["plain: fleet/lab fleet/us"],
    ],
    [
      "stopMatchingBehavior alone",
      { "t-plain.yaml": `${base["t-plain.yaml"]}  stopMatchingBehavior: LeavePolicies\n` },
      [],
    ],
    ["a trigger's tier", { "t-plain.yaml": `${base["t-plain.yaml"]}  tier: 7\n` }, ["plain: all"]],
    ["a trigger that is new", { "t-new.yaml": trigger("new", prod + refer("namespace: default, name: plain")) }, []],
    ["a trigger that is gone", { "t-plain.yaml": undefined }, ["plain: all"]],
  ];
  it.each(cases)("%s", (_, change, owners) => {
    const [before, after] = [load(base), load({ ...base, ...change })];
    expect(affected(before, after)).toEqual(owners);
    expect(affected(before, before)).toEqual([]);
  });

  it("connections that serve other clusters", () => {
    const served = (...labels: string[]) =>
      labels.map((label, index) => ({
        connection: { name: `c${index}`, connectTo: new Map<string, string>() },
        clusters: { requirements: [{ key: "region", operator: "In" as const, values: [label] }] },
      }));
    const [before, after] = [
      load(base, { connections: served("eu") }),
      load(base, { connections: served("eu", "us") }),
    ];
    // Before, the second connection was none: absent means that it serves all.
    expect(affected(before, after)).toContain("plain: fleet/eu");
    expect(affected(before, after)).not.toContain("plain: all");
    expect(compareCatalogs(before, after).changedSettings).toEqual(["Settings//connections[c1].clusters"]);
  });

  it("compatibility affects everybody", () => {
    expect(affected(load(base), load(base, { compatibility: "sveltos" }))).toEqual(
      everybody.map((name) => `${name}: all`),
    );
  });

  it("what can't be rendered, and what can again, everywhere", () => {
    const before = load(base);
    const bad = loadCatalog(
      Object.entries({ ...base, "plain.yaml": content("plain", "{{") }).map(([path, text]) => ({ path, text })),
      { compatibility: "strict", previous: before },
    ).value;
    expect(affected(before, bad)).toEqual(["plain: all", "set: all", "to: all"]);
    expect(affected(bad, before)).toEqual(["plain: all", "set: all", "to: all"]);
  });

  it("owners that are withdrawn and back, and clusters that came and went", () => {
    const all = load(base);
    const withdrawn: Catalog = {
      ...all,
      eventTriggers: new Map(
        [...all.eventTriggers].map(([name, one]) => [name, name === "plain" ? { ...one, withdrawn: true } : one]),
      ),
    };
    const owner = { kind: "EventTrigger", namespace: "", name: "plain" };
    const gone = compareCatalogs(all, withdrawn);
    expect(gone).toMatchObject({ withdrawnOwners: [owner], returnedOwners: [], owners: [{ owner, clusters: "all" }] });
    expect([...gone.changedDocuments]).toMatchObject([["EventTrigger//plain", { after: undefined }]]);
    const back = compareCatalogs(withdrawn, all);
    expect(back).toMatchObject({ withdrawnOwners: [], returnedOwners: [owner], owners: [{ owner, clusters: "all" }] });
    expect(compareCatalogs(withdrawn, withdrawn)).toMatchObject({ withdrawnOwners: [], owners: [] });
    const fewer = load({ ...base, "lab.yaml": undefined });
    expect(compareCatalogs(all, fewer)).toMatchObject({ goneClusters: ["fleet/lab"], addedClusters: [] });
    expect(compareCatalogs(fewer, all)).toMatchObject({ goneClusters: [], addedClusters: ["fleet/lab"] });
    expect(compareCatalogs(load({ ...base, "t-plain.yaml": undefined }), all).addedOwners).toEqual([owner]);
  });

  it("says where only documents changed that an event's data names", () => {
    const { owners } = compareCatalogs(load(base), load({ ...base, "kind-x.yaml": content("kind-x", made("c")) }));
    expect(owners[0]).toMatchObject({
      clusters: "all",
      reason: "ConfigMap/default/kind-x changed, which events may name",
    });
  });
});

describe("causesIn", () => {
  const cases: [name: string, change: Files, owner: string, cluster: string, documents: string[]][] = [
    [
      "a cluster that is gone",
      { "us.yaml": undefined, "plain.yaml": content("plain", made("b")) },
      "plain",
      "fleet/us",
      ["SveltosCluster/fleet/us"],
    ],
    [
      "elsewhere the template",
      { "us.yaml": undefined, "plain.yaml": content("plain", made("b")) },
      "plain",
      "fleet/eu",
      ["ConfigMap/default/plain"],
    ],
    [
      "a label that the owner does not read is not why",
      { "us.yaml": cluster("us", "env: prod, region: us, x: y"), "plain.yaml": content("plain", made("b")) },
      "plain",
      "fleet/us",
      ["ConfigMap/default/plain"],
    ],
    [
      "a label that it does",
      { "us.yaml": cluster("us", "env: prod, region: ap") },
      "region",
      "fleet/us",
      ["SveltosCluster/fleet/us"],
    ],
    [
      "trigger and EventSource",
      { "source.yaml": source("login", "x"), "t-plain.yaml": `${base["t-plain.yaml"]}  tier: 7\n` },
      "plain",
      "fleet/eu",
      ["EventSource//login", "EventTrigger//plain"],
    ],
    [
      "a set",
      { "set.yaml": base["set.yaml"].replace("region: eu", "env: lab") },
      "set",
      "fleet/eu",
      ["ClusterSet//european"],
    ],
    ["a trigger that is gone", { "t-plain.yaml": undefined }, "plain", "fleet/eu", ["EventTrigger//plain"]],
    [
      "another kind for the cluster",
      {
        "us.yaml":
          "apiVersion: cluster.x-k8s.io/v1beta1\nkind: Cluster\nmetadata: {name: us, namespace: fleet, labels: {env: old}}\n",
      },
      "plain",
      "fleet/us",
      ["Cluster/fleet/us", "SveltosCluster/fleet/us"],
    ],
    [
      "a source that changed, at a destination: nothing else did",
      { "us.yaml": undefined, "eu.yaml": undefined },
      "to",
      "fleet/lab",
      ["SveltosCluster/fleet/eu", "SveltosCluster/fleet/us"],
    ],
  ];
  it.each(cases)("%s", (_, change, owner, key, documents) => {
    const comparison = compareCatalogs(load(base), load({ ...base, ...change }));
    expect(causesIn(comparison)({ kind: "EventTrigger", namespace: "", name: owner }, key)).toEqual(documents);
  });
});

describe("an owner that is broken is rendered again where it is so for another reason", () => {
  const previous = load(base);
  const field = (name: string) => ({ "t-plain.yaml": `${base["t-plain.yaml"]}  ${name}: 1\n` });
  const template = (text: string) => ({ "plain.yaml": content("plain", text) });
  const cases: [name: string, before: Files, after: Files, owners: string[]][] = [
    ["its own document's", field("nope"), field("never"), ["plain: all"]],
    ["of what it refers to", template("{{ if }}"), template("{{ nothing }}"), ["plain: all", "set: all", "to: all"]],
    ["of another document", field("nope"), template("{{ if }}"), ["plain: all", "set: all", "to: all"]],
    ["the same", field("nope"), { "t-plain.yaml": `\n${field("nope")["t-plain.yaml"]}` }, []],
  ];
  it.each(cases)("%s", (_, before, after, owners) => {
    const broken = loadBad(before, previous);
    expect(affected(broken, loadBad(after, broken)).sort()).toEqual(owners);
  });
});

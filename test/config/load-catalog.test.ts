import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type CatalogOptions, loadCatalog } from "../../src/config/load-catalog.ts";
import type { Catalog, ConfigFile } from "../../src/model/catalog.ts";
import type { Connection } from "../../src/model/connection.ts";
import { writeJson } from "../../src/model/json.ts";
import { isSourcePlace, type Problem } from "../../src/model/problem.ts";
import { readKeptDocument, writeKeptDocument } from "../../src/plan/kept-document.ts";

const example = (path: string): string =>
  readFileSync(new URL(`../fixtures/examples/${path}`, import.meta.url), "utf8");

function connection(...subjects: string[]): Connection {
  return { name: "bus", connectTo: new Map(), core: { url: "nats://a", authorization: {}, subjects } };
}

/** load({"a.yaml": text}): the catalog of some files. */
function load(files: Record<string, string>, options: Partial<CatalogOptions> = {}) {
  const read = Object.entries(files).map(([path, text]) => ({ path, text }));
  return loadCatalog(read, { compatibility: "strict", ...options });
}

/** The documents of a catalog as the state branch keeps them, and a service that starts reads them. */
const keptFiles = ({ documents }: Catalog): readonly ConfigFile[] =>
  [...documents.values()].map((document) =>
    readKeptDocument(`config/${document.kind}/${document.name}.yaml`, writeKeptDocument(document)),
  );

/** `CODE file:line:column`, warnings in brackets. */
function summarize(problems: readonly Problem[]): string[] {
  return problems.map(({ code, severity, at }) => {
    const place = at !== undefined && isSourcePlace(at) ? `${at.file}:${at.line}:${at.column}` : "?";
    return severity === "warning" ? `[${code} ${place}]` : `${code} ${place}`;
  });
}

const eventSource = `apiVersion: lib.projectsveltos.io/v1beta1
kind: EventSource
metadata: {name: login}
spec:
  messagingMatchCriteria:
  - subject: login
`;
const trigger = `apiVersion: lib.projectsveltos.io/v1beta1
kind: EventTrigger
metadata: {name: make}
spec:
  eventSourceName: login
  sourceClusterSelector: {matchLabels: {env: fv}}
  policyRefs:
  - {kind: ConfigMap, namespace: default, name: namespace}
`;
const configMap = `apiVersion: v1
kind: ConfigMap
metadata:
  name: namespace
  annotations: {projectsveltos.io/instantiate: ok}
data:
  a.yaml: |
    name: {{ .CloudEvent.subject }}
`;
const good = { "a.yaml": eventSource, "b.yaml": trigger, "c.yaml": configMap };

describe("the seed's examples", () => {
  it("1: its connection subscribes to other subjects", () => {
    const served = [{ connection: connection("test", "foo") }];
    const { value, problems } = load(
      { "config.yaml": example("1-create-namespace/config.yaml") },
      { connections: served },
    );
    expect(summarize(problems)).toEqual(["[SUBJECT_NOT_SUBSCRIBED config.yaml:7:14]"]);
    expect([...value.documents.keys()]).toEqual([
      "ConfigMap/default/namespace",
      "EventSource//user-login",
      "EventTrigger//create-namespace",
    ]);
  });

  it("2: no selector, and a string in single quotes", () => {
    const { value, problems } = load({ "config.yaml": example("2-manage-namespace/config.yaml") });
    expect(summarize(problems)).toEqual([
      "[SELECTOR_MISSING config.yaml:14:1]",
      "[TEMPLATE_SINGLE_QUOTES config.yaml:16:49]",
    ]);
    const at = problems[1]?.at;
    expect(at !== undefined && isSourcePlace(at) && at.excerpt?.slice(48, 72)).toBe("'auth.example.com.logout");
    expect(value.eventTriggers.get("manage-namespace")).toMatchObject({
      oneForEvent: true,
      tier: 100,
      clusterSetRefs: [],
    });
  });

  it("3: profiles are read, charts have no effect yet", () => {
    const served = [{ connection: connection("user-operation") }];
    const { value, problems } = load({ "config.yaml": example("3-end-to-end/config.yaml") }, { connections: served });
    expect(summarize(problems)).toEqual([]);
    const content = value.contents.get("ConfigMap/default/namespace");
    expect(content).toMatchObject({ isTemplate: true, entries: [{ key: "namespace.yaml" }] });
    expect(content?.entries[0]?.content.source).toMatchObject({ line: 88, column: 5, continuationColumn: 5 });
    // The seed's Secret without the annotation is no template.
    expect(value.contents.get("Secret/default/deploy-sveltos-nats-secret")?.isTemplate).toBe(false);
  });
});

it("all known fields of an EventTrigger are taken, each without effect with a warning that names it", () => {
  const text = readFileSync(new URL("../fixtures/documents/event-trigger-full.yaml", import.meta.url), "utf8");
  const nats = "apiVersion: config.projectsveltos.io/v1beta1\nkind: ClusterProfile\nmetadata: {name: nats}\n";
  const { problems } = load({ "a.yaml": eventSource, "c.yaml": configMap, "full.yaml": text, "nats.yaml": nats });
  expect(problems.filter(({ severity }) => severity === "error")).toEqual([]);
  expect(problems.map(({ code, message }) => `${code} ${message.split(" ")[0]}`)).toEqual(
    [
      "spec.policyRefs[0].path",
      "spec.policyRefs[2].remoteURL",
      "spec.driftExclusions",
      "spec.preDeployChecks",
      "spec.validateHealths",
      "spec.preDeleteChecks",
      "spec.postDeleteChecks",
      "spec.reloader",
      "spec.maxUpdate",
      "spec.profileNameFormat",
    ]
      .map((field) => `FIELD_WITHOUT_EFFECT ${field}`)
      .sort(
        (a, b) =>
          problems.findIndex(({ message }) => a.endsWith(` ${message.split(" ")[0]}`)) -
          problems.findIndex(({ message }) => b.endsWith(` ${message.split(" ")[0]}`)),
      ),
  );
});

describe("faults", () => {
  const cases: [name: string, files: Record<string, string>, problems: string[]][] = [
    [
      "an unknown field, beside a known one without effect",
      { ...good, "b.yaml": trigger.replace("  policyRefs", "  policyRef: []\n  reloader: true\n  policyRefs") },
      ["FIELD_UNKNOWN b.yaml:7:3", "[FIELD_WITHOUT_EFFECT b.yaml:8:3]"],
    ],
    [
      "a field of the wrong kind",
      { ...good, "b.yaml": trigger.replace("{matchLabels: {env: fv}}", "{matchLabels: {env: 1}}") },
      ["DOCUMENT_INVALID b.yaml:6:46"],
    ],
    ["an enum", { ...good, "b.yaml": `${trigger}  syncMode: Sometimes\n` }, ["DOCUMENT_INVALID b.yaml:9:13"]],
    ["a missing EventSource", { ...good, "a.yaml": "" }, ["REFERENCE_MISSING b.yaml:5:20"]],
    ["a missing ConfigMap", { ...good, "c.yaml": "" }, ["REFERENCE_MISSING b.yaml:8:5"]],
    [
      "a missing ConfigMap in whatever namespace",
      { ...good, "b.yaml": trigger.replace("namespace: default, name: namespace", "name: other") },
      ["REFERENCE_MISSING b.yaml:8:5"],
    ],
    [
      "a missing ClusterSet",
      { ...good, "b.yaml": `${trigger}  clusterSetRefs: [a]\n` },
      ["REFERENCE_MISSING b.yaml:9:20"],
    ],
    [
      "an invalid pattern",
      { ...good, "a.yaml": eventSource.replace("subject: login", "subject: '('") },
      ["PATTERN_INVALID a.yaml:6:14"],
    ],
    [
      "a template that can't be parsed",
      { ...good, "c.yaml": configMap.replace("}}", "}") },
      ["TEMPLATE_SYNTAX c.yaml:8:34"],
    ],
    [
      "a Go template that is said to be Handlebars",
      { ...good, "c.yaml": configMap.replace("{projects", "{sluice.dev/engine: handlebars, projects") },
      ["TEMPLATE_SYNTAX c.yaml:8:14"],
    ],
    [
      "an engine that is none",
      { ...good, "c.yaml": configMap.replace("{projects", "{sluice.dev/engine: jinja, projects") },
      ["DOCUMENT_INVALID c.yaml:5:36"],
    ],
    ["duplicates", { ...good, "d.yaml": configMap }, ["DOCUMENT_DUPLICATE d.yaml:1:1"]],
    [
      "a misspelt kind",
      { ...good, "d.yaml": "apiVersion: lib.projectsveltos.io/v1beta1\nkind: EventTriger\nmetadata: {name: a}" },
      ["DOCUMENT_INVALID d.yaml:2:7"],
    ],
    [
      "a kind that is called as every object has it",
      {
        ...good,
        "d.yaml": "apiVersion: lib.projectsveltos.io/v1beta1\nkind: constructor\nmetadata: {name: a}\nspec: {}",
      },
      ["[FIELD_WITHOUT_EFFECT d.yaml:2:7]"],
    ],
    [
      "another version",
      { ...good, "d.yaml": eventSource.replace("v1beta1", "v1alpha1").replace("login", "b") },
      ["DOCUMENT_INVALID d.yaml:1:13"],
    ],
    ["no kind", { ...good, "d.yaml": "a: 1" }, ["DOCUMENT_INVALID d.yaml:1:1"]],
    ["no name", { ...good, "d.yaml": "apiVersion: v1\nkind: Secret\nmetadata: {}" }, ["DOCUMENT_INVALID d.yaml:3:1"]],
    [
      "a bad name",
      { ...good, "d.yaml": "apiVersion: v1\nkind: Secret\nmetadata: {name: ../a}" },
      ["DOCUMENT_INVALID d.yaml:3:18"],
    ],
    [
      "a name of which a part is empty",
      { ...good, "d.yaml": "apiVersion: lib.projectsveltos.io/v1beta1\nkind: SveltosCluster\nmetadata: {name: a..b}" },
      ["DOCUMENT_INVALID d.yaml:3:18"],
    ],
    [
      "a namespace that no API server has",
      {
        ...good,
        "d.yaml":
          "apiVersion: lib.projectsveltos.io/v1beta1\nkind: SveltosCluster\nmetadata: {name: a, namespace: Fleet/eu}",
      },
      ["DOCUMENT_INVALID d.yaml:3:32"],
    ],
    [
      "a namespace of 64 letters",
      { ...good, "d.yaml": `apiVersion: v1\nkind: Secret\nmetadata: {name: a, namespace: ${"n".repeat(64)}}` },
      ["DOCUMENT_INVALID d.yaml:3:32"],
    ],
    [
      "a cluster of Argo CD whose name is no base64",
      {
        ...good,
        "d.yaml":
          "apiVersion: v1\nkind: Secret\nmetadata: {name: a, labels: {argocd.argoproj.io/secret-type: cluster}}\ndata: {name: prod!}",
      },
      ["DOCUMENT_INVALID d.yaml:4:14"],
    ],
    ["a list instead of a document", { ...good, "d.yaml": "- a" }, ["DOCUMENT_INVALID d.yaml:1:1"]],
    [
      "data that is no string",
      { ...good, "d.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {port: 80}" },
      ["DOCUMENT_INVALID d.yaml:4:14"],
    ],
    [
      "data that is not base64",
      { ...good, "d.yaml": "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ndata: {a: hunter2!}" },
      ["DOCUMENT_INVALID d.yaml:4:11"],
    ],
    [
      "a document for others",
      { ...good, "d.yaml": "apiVersion: v1\nkind: Namespace\nmetadata: {name: a}" },
      ["[FIELD_WITHOUT_EFFECT d.yaml:2:7]"],
    ],
    [
      "two destinations",
      {
        ...good,
        "b.yaml": `${trigger}  destinationCluster: {name: a}\n  destinationClusterSelector: {matchLabels: {a: b}}\n`,
      },
      ["DOCUMENT_INVALID b.yaml:9:3"],
    ],
    [
      "fields of an EventSource for resources",
      { ...good, "a.yaml": `${eventSource}  collectResources: true\n` },
      ["[FIELD_WITHOUT_EFFECT a.yaml:7:3]"],
    ],
    [
      "an error in a field without effect: that alone is said",
      { ...good, "b.yaml": `${trigger}  reloader: 5\n  preDeployChecks: [{name: x, featureID: Helm, nope: 1}]\n` },
      ["DOCUMENT_INVALID b.yaml:9:13", "FIELD_UNKNOWN b.yaml:10:48"],
    ],
    [
      "an error in one field, another without effect, and an error in a list's item",
      {
        ...good,
        "b.yaml": `${trigger.replace("name: namespace}", "name: namespace, tier: x}")}  reloader: true\n  maxUpdate: []\n`,
      },
      ["DOCUMENT_INVALID b.yaml:8:66", "[FIELD_WITHOUT_EFFECT b.yaml:9:3]", "DOCUMENT_INVALID b.yaml:10:14"],
    ],
    [
      "a missing reference that is optional",
      { ...good, "b.yaml": trigger.replace("name: namespace}", "name: other, optional: true}") },
      [],
    ],
    [
      "a missing reference that is a template",
      { ...good, "b.yaml": trigger.replace("name: namespace}", 'name: "{{ .CloudEvent.type }}"}') },
      [],
    ],
    [
      "files that are no YAML",
      {
        ...good,
        "README.md": "# hi: [",
        "d.json": configMap.length > 0 ? '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}' : "",
      },
      [],
    ],
  ];
  for (const [name, files, problems] of cases) {
    it(name, () => {
      const loaded = load(files);
      expect(summarize(loaded.problems)).toEqual(problems);
      expect(JSON.stringify(loaded.problems)).not.toContain("hunter2");
    });
  }

  it("of a Secret's template quote nothing, when it is compiled and when it fails", () => {
    const secret =
      "apiVersion: v1\nkind: Secret\nmetadata: {name: s, annotations: {projectsveltos.io/template: ok}}\nstringData:\n";
    const syntax = load({ "d.yaml": `${secret}  a: '{{ "hunter2" | nope }}'\n` });
    expect(summarize(syntax.problems)).toEqual(["TEMPLATE_SYNTAX d.yaml:5:22"]);
    const failing = load({ "d.yaml": `${secret}  a: 'hunter2 {{ .hunter2 }}'\n` });
    expect(summarize(failing.problems)).toEqual(["[TEMPLATE_ROOT d.yaml:5:18]"]);
    const content = failing.value.contents.get("Secret/default/s")?.entries[0]?.content;
    let problem: unknown;
    try {
      content?.render(new Map(), { clock: 0 });
    } catch (error) {
      problem = (error as { problem: unknown }).problem;
    }
    expect(problem).toMatchObject({ code: "TEMPLATE_FAILED", at: { line: 5 } });
    expect(JSON.stringify([syntax.problems, failing.problems, problem])).not.toContain("hunter2");
  });
});

describe("a bad document holds only itself and what depends on it", () => {
  const previous = load(good).value;
  const other = trigger
    .replace("name: make", "name: other")
    .replace("name: namespace}", "name: namespace, optional: true}");
  const make = (catalog: Catalog) => catalog.eventTriggers.get("make");

  const bad: [name: string, files: Record<string, string>, code: string][] = [
    ["a trigger's field", { ...good, "b.yaml": `${trigger}  nope: 1\n` }, "FIELD_UNKNOWN"],
    ["a trigger's YAML", { ...good, "b.yaml": `${trigger}  tier: [\n` }, "DOCUMENT_SYNTAX"],
    ["a file that is rubble", { ...good, "b.yaml": "\t}{" }, "DOCUMENT_SYNTAX"],
    ["a ConfigMap's template", { ...good, "c.yaml": configMap.replace("}}", "}") }, "TEMPLATE_SYNTAX"],
    [
      "an EventSource's pattern",
      { ...good, "a.yaml": eventSource.replace("subject: login", "subject: '('") },
      "PATTERN_INVALID",
    ],
    ["a ConfigMap that is gone", { "a.yaml": eventSource, "b.yaml": trigger }, "REFERENCE_MISSING"],
    ["an EventSource that is gone", { "b.yaml": trigger, "c.yaml": configMap }, "REFERENCE_MISSING"],
  ];
  for (const [name, files, code] of bad) {
    it(`${name}: the last good version matches and does not render, and is whole again when mended`, () => {
      const { value, problems } = load(files, { previous });
      expect(problems.some((problem) => problem.code === code)).toBe(true);
      expect(make(value)?.broken).toMatchObject({ code });
      expect(value.eventSources.get("login")?.messagingMatchCriteria[0]?.subject?.matches("login")).toBe(true);
      expect(value.revision).not.toBe(previous.revision);

      const mended = load(good, { previous: value });
      expect(mended.problems).toEqual([]);
      expect(make(mended.value)?.broken).toBeUndefined();
      expect(mended.value.revision).toBe(previous.revision);
    });
  }

  it("another fault of what is broken is another catalog, the same one elsewhere in its file is not", () => {
    const withField = (field: string) => load({ ...good, "b.yaml": `${trigger}  ${field}: 1\n` }, { previous }).value;
    const [nope, never] = [withField("nope"), withField("never")];
    expect(never.revision).not.toBe(nope.revision);
    const moved = load({ ...good, "b.yaml": `\n\n${trigger}  nope: 1\n` }, { previous: nope }).value;
    expect(make(moved)?.broken?.at).not.toEqual(make(nope)?.broken?.at);
    expect(moved.revision).toBe(nope.revision);
  });

  it.each(bad)("%s: it is broken after a restart too, from what the state branch keeps", (_, files) => {
    const { value } = load(files, { previous });
    const again = loadCatalog(keptFiles(value), { compatibility: "strict" }).value;
    expect(make(again)?.broken).toEqual(make(value)?.broken);
    const faultsOf = ({ contents }: Catalog) => [...contents].map(([key, content]) => [key, content.broken]);
    expect(faultsOf(again)).toEqual(faultsOf(value));
    expect(again.revision).toBe(value.revision);
    expect(keptFiles(again)).toEqual(keptFiles(value));

    expect(load(files, { previous: again }).value.revision).toBe(value.revision);
    const mended = load(good, { previous: again }).value;
    expect(make(mended)?.broken).toBeUndefined();
    expect(keptFiles(mended)).toEqual(keptFiles(previous));
  });

  it("what is wrong is kept whatever the message quotes, and not where another machine may have what this one lacks", () => {
    const document = [...previous.documents.values()][0]!;
    const fault = {
      code: "DOCUMENT_SYNTAX",
      severity: "error",
      message: '\u2028\u0085\uFFFE\uD800 {"}\n---\n',
    } as const;
    const text = writeKeptDocument({ ...document, broken: fault });
    const file = readKeptDocument("config/a.yaml", text);
    expect(file.broken).toEqual(fault);
    expect(loadCatalog([file], { compatibility: "strict" }).problems).toEqual([]);
    const lacking = { ...fault, code: "SECRET_UNREADABLE" } as const;
    expect(writeKeptDocument({ ...document, broken: lacking })).toBe(writeKeptDocument(document));
  });

  it("what an illegible file held is kept, also when the last catalog had it from elsewhere", () => {
    const fromState = load({ "state/1.yaml": eventSource, "state/2.yaml": trigger, "state/3.yaml": configMap }).value;
    const { value } = load({ "a.yaml": eventSource, "b.yaml": "]", "c.yaml": configMap }, { previous: fromState });
    expect(make(value)?.broken).toMatchObject({ code: "DOCUMENT_SYNTAX" });
    expect(value.contents.get("ConfigMap/default/namespace")?.broken).toBeUndefined();
  });

  it("others go on", () => {
    const { value } = load({ ...good, "b.yaml": `${trigger}  nope: 1\n---\n${other}` }, { previous });
    expect(value.eventTriggers.get("other")?.broken).toBeUndefined();
    expect(make(value)?.broken).toBeDefined();
  });

  it("a bad ConfigMap's last good version is marked too, for references that are templates", () => {
    const { value } = load({ ...good, "c.yaml": configMap.replace("}}", "}") }, { previous });
    expect(value.contents.get("ConfigMap/default/namespace")?.broken).toMatchObject({ code: "TEMPLATE_SYNTAX" });
  });

  it("a trigger that was never good is in force as far as it can be read", () => {
    const { value } = load({ ...good, "b.yaml": `${trigger}  nope: 1\n` });
    expect(make(value)).toMatchObject({
      broken: { code: "FIELD_UNKNOWN" },
      sourceClusterSelector: { requirements: [{ key: "env" }] },
    });
  });

  it("a bad cluster stays as it was", () => {
    const cluster =
      "apiVersion: lib.projectsveltos.io/v1beta1\nkind: SveltosCluster\nmetadata: {name: c, labels: {env: fv}}\n";
    const before = load({ ...good, "d.yaml": cluster }).value;
    const { value } = load({ ...good, "d.yaml": `${cluster}nope: 1\n` }, { previous: before });
    expect(value.clusters.get("default/c")).toBe(before.clusters.get("default/c"));
  });

  const fleet = `apiVersion: lib.projectsveltos.io/v1beta1
kind: SveltosCluster
metadata: {name: eu, namespace: fleet}
`;
  const broken =
    "apiVersion: cluster.x-k8s.io/v1beta1\nkind: Cluster\nmetadata: {name: eu, namespace: fleet}\nnope: 1\n";
  const withCluster = { ...good, "teams/d.yaml": `${fleet}---\n${other}` };
  const fault = (path: string) => ({
    path,
    text: "",
    fault: {
      code: "FILE_UNREADABLE",
      severity: "error",
      message: path,
      at: { file: path, line: 1, column: 1 },
    } as const,
  });
  const asFiles = (files: Record<string, string>) => Object.entries(files).map(([path, text]) => ({ path, text }));
  const holding: [name: string, files: ConfigFile[]][] = [
    ["a broken document of another kind", asFiles({ ...good, "teams/d.yaml": broken })],
    ["a broken document under another name of file", asFiles({ ...good, "z.yaml": broken, "y.yaml": other })],
    ["rubble under another name of file", asFiles({ ...good, "z.yaml": "]" })],
    ["a file that can't be read", [...asFiles(good), fault("teams/d.yaml")]],
    ["a folder that can't be read", [...asFiles(good), fault("teams")]],
    ["a config folder of which nothing can be read", [fault("")]],
    ["a file that can't be read, by another name", [...asFiles(good), fault("z.yaml")]],
  ];
  it.each(holding)("what a file held stays where there is %s instead", (_, files) => {
    const before = load(withCluster).value;
    const { value, problems } = loadCatalog(files, { compatibility: "strict", previous: before });
    expect([...value.clusters.keys()]).toEqual(["fleet/eu"]);
    expect([...value.eventTriggers.keys()]).toEqual(["make", "other"]);
    expect(problems.some(({ severity }) => severity === "error")).toBe(true);
  });

  it("what another file held does not stay", () => {
    const before = load(withCluster).value;
    const files = { "a.yaml": eventSource, "c.yaml": `${configMap}nope: 1\n`, "teams/d.yaml": fleet };
    expect([...load(files, { previous: before }).value.documents.keys()]).toEqual([
      "ConfigMap/default/namespace",
      "EventSource//login",
      "SveltosCluster/fleet/eu",
    ]);
  });

  it("what a file held is still known after a restart, from what the state branch keeps", () => {
    const before = loadCatalog(keptFiles(load(withCluster).value), { compatibility: "strict" });
    expect(before.problems.filter(({ severity }) => severity === "error")).toEqual([]);
    expect(before.value.revision).toBe(load(withCluster).value.revision);
    const { value } = load({ ...good, "teams/d.yaml": broken }, { previous: before.value });
    expect([...value.documents.keys()]).toContain("SveltosCluster/fleet/eu");
    expect(value.eventTriggers.get("other")?.broken).toMatchObject({ code: "FIELD_UNKNOWN" });
  });

  it("a document that is taken away is gone", () => {
    const { value, problems } = load({ "a.yaml": eventSource }, { previous });
    expect(problems).toEqual([]);
    expect([...value.documents.keys()]).toEqual(["EventSource//login"]);
  });

  it("survives going bad again and again", () => {
    const first = load({ ...good, "b.yaml": "]" }, { previous }).value;
    const second = load({ ...good, "b.yaml": "}" }, { previous: first }).value;
    expect(make(second)).toMatchObject({ broken: { code: "DOCUMENT_SYNTAX" }, policyRefs: [{ kind: "ConfigMap" }] });
  });
});

it.each([
  ["kustomization.yaml", "resources: [a.yaml]\n"],
  ["values.yaml", "replicas: 2\n"],
  ["Chart.yaml", "apiVersion: v2\nname: a\n"],
  ["templates/a.yaml", "kind: {{ .Values.kind }}\n  a: }\n"],
  ["event.json", '{"specversion": "1.0", "id": "1"}'],
  ["list.yaml", "- a\n"],
])("%s is no document, and the message says how to leave it out", (path, text) => {
  const { problems } = load({ [path]: text });
  expect(problems.every(({ severity, hint }) => severity === "error" && hint?.includes("config.exclude"))).toBe(true);
  expect(problems).not.toEqual([]);
});

describe("documents of one name", () => {
  const cluster = "apiVersion: cluster.x-k8s.io/v1beta1\nkind: Cluster\nmetadata: {name: eu, namespace: fleet}\n";

  it("of another group are none of ours", () => {
    const foreign = cluster.replace("cluster.x-k8s.io/v1beta1", "management.cattle.io/v3");
    const { value, problems } = load({ "a.yaml": foreign, "b.yaml": cluster });
    expect(summarize(problems)).toEqual(["[FIELD_WITHOUT_EFFECT a.yaml:2:7]"]);
    expect([...value.clusters.keys()]).toEqual(["fleet/eu"]);
    expect(value.documents.get("Cluster/fleet/eu")?.file).toBe("b.yaml");
  });

  it("twice: the one that is in force stays, wherever the other stands", () => {
    const other = eventSource.replace("subject: login", "subject: other");
    const subject = (catalog: Catalog) => catalog.eventSources.get("login")?.messagingMatchCriteria[0]?.subject?.source;
    const before = load({ "m.yaml": eventSource }).value;
    for (const [path, at] of [
      ["a.yaml", "a.yaml:1:1"],
      ["z.yaml", "z.yaml:1:1"],
    ] as const) {
      const { value, problems } = load({ "m.yaml": eventSource, [path]: other }, { previous: before });
      expect(subject(value)).toBe("login");
      expect(summarize(problems)).toEqual([`DOCUMENT_DUPLICATE ${at}`]);
      // Before there was one, the first counts.
      expect(subject(load({ "m.yaml": eventSource, [path]: other }).value)).toBe(path === "a.yaml" ? "other" : "login");
    }
  });
});

describe("constants are checked as what they are", () => {
  const namespace = "apiVersion: v1\\nkind: Namespace\\nmetadata: {name: a}\\n";
  const constant = (text: string) =>
    configMap
      .replace("  annotations: {projectsveltos.io/instantiate: ok}\n", "")
      .replace(/ {2}a.yaml[\s\S]*/, `  a.yaml: "${text}"\n`);
  const cases: [name: string, files: Record<string, string>, problems: string[]][] = [
    ["an action", { ...good, "b.yaml": `${trigger}  cloudEventAction: delete\n` }, ["ACTION_INVALID b.yaml:9:21"]],
    ["an action with blanks", { ...good, "b.yaml": `${trigger}  cloudEventAction: " Delete "\n` }, []],
    ["no action", { ...good, "b.yaml": `${trigger}  cloudEventAction: ""\n` }, []],
    [
      "an action that is a template",
      { ...good, "b.yaml": `${trigger}  cloudEventAction: "{{ .CloudEvent.type }}"\n` },
      [],
    ],
    [
      "a label",
      { ...good, "b.yaml": `${trigger}  extraLabels: {team: "Platform Team"}\n` },
      ["LABEL_INVALID b.yaml:9:23"],
    ],
    ["a label's key", { ...good, "b.yaml": `${trigger}  extraLabels: {"a b": c}\n` }, ["LABEL_INVALID b.yaml:9:17"]],
    [
      "an annotation's key",
      { ...good, "b.yaml": `${trigger}  extraAnnotations: {"a/b/c": "any thing"}\n` },
      ["LABEL_INVALID b.yaml:9:22"],
    ],
    [
      "good ones",
      {
        ...good,
        "b.yaml": `${trigger}  extraLabels: {team: platform, x: "{{ .CloudEvent.id }}"}\n  extraAnnotations: {a.b/c: "any thing"}\n`,
      },
      [],
    ],
    ["content", { ...good, "c.yaml": constant(namespace) }, []],
    ["content that is no YAML", { ...good, "c.yaml": constant("a: [") }, ["MANIFEST_SYNTAX c.yaml:6:15"]],
    [
      "content that is no object",
      { ...good, "c.yaml": constant("a: b") },
      ["MANIFEST_INVALID c.yaml:6:12", "MANIFEST_INVALID c.yaml:6:12"],
    ],
    ["a name", { ...good, "c.yaml": constant(namespace.replace("name: a", "name: A")) }, ["NAME_INVALID c.yaml:6:12"]],
    ["content that nobody rolls out", { "c.yaml": constant("a: [") }, []],
    [
      "content of a template that has none",
      { ...good, "c.yaml": configMap.replace("name: {{ .CloudEvent.subject }}", "name: a") },
      ["MANIFEST_INVALID c.yaml:8:5", "MANIFEST_INVALID c.yaml:8:5"],
    ],
  ];
  it.each(cases)("%s", (_, files, problems) => expect(summarize(load(files).problems)).toEqual(problems));

  it("and a trigger with a bad one does not render", () => {
    const { value } = load({ ...good, "c.yaml": constant("a: [") });
    expect(value.eventTriggers.get("make")?.broken).toMatchObject({ code: "MANIFEST_SYNTAX" });
  });

  it("as the settings say that kinds are held against their schemas", () => {
    const files = {
      ...good,
      "c.yaml": constant(
        "apiVersion: apps/v1\\nkind: Deployment\\nmetadata: {name: a, namespace: a}\\nspec: {replicas: many}\\n",
      ),
    };
    const codes = (checks: "refuse" | "warn" | "off") =>
      load(files, { checks }).problems.map(({ severity }) => severity);
    expect(codes("refuse")).toContain("error");
    expect(codes("warn")).not.toContain("error");
    expect(codes("off")).toEqual([]);
  });
});

describe("what is nearly right", () => {
  const annotate = (annotation: string) => configMap.replace("projectsveltos.io/instantiate: ok", annotation);
  const plain = { "c.yaml": configMap };
  const cases: [name: string, files: Record<string, string>, problems: string[], hint?: string][] = [
    [
      "an annotation",
      { "c.yaml": annotate("projectsveltos.io/instantiate: ok, projectsveltos.io/templates: ok") },
      ["[FIELD_WITHOUT_EFFECT c.yaml:5:52]"],
      "projectsveltos.io/template?",
    ],
    [
      "an annotation of ours",
      { "c.yaml": annotate("projectsveltos.io/instantiate: ok, sluice.dev/engin: go") },
      ["[FIELD_WITHOUT_EFFECT c.yaml:5:52]"],
      "sluice.dev/engine",
    ],
    ["others' annotations", { "c.yaml": annotate("projectsveltos.io/instantiate: ok, example.com/a: b") }, []],
    [
      "a label for an annotation",
      {
        "c.yaml": configMap
          .replace("annotations:", "annotations: {sluice.dev/engine: go}\n  labels:")
          .replace("{{ .CloudEvent.subject }}", "x"),
      },
      ["[FIELD_WITHOUT_EFFECT c.yaml:6:12]"],
      "annotation",
    ],
    [
      "a template without its annotation",
      { "c.yaml": annotate("a: b") },
      ["[FIELD_WITHOUT_EFFECT c.yaml:7:3]"],
      "projectsveltos.io/instantiate",
    ],
    [
      "braces that are none of ours",
      { "c.yaml": annotate("a: b").replace("{{ .CloudEvent.subject }}", "'{{ .Values.name }}'") },
      [],
    ],
    [
      "a root",
      { "c.yaml": configMap.replace(".CloudEvent.", ".CloudEvnt.") },
      ["[TEMPLATE_ROOT c.yaml:8:14]"],
      ".CloudEvent?",
    ],
    [
      "a root of another kind",
      { "c.yaml": configMap.replace(".CloudEvent.subject", ".Resource.metadata") },
      ["[TEMPLATE_ROOT c.yaml:8:14]"],
      ".CloudEvent",
    ],
    [
      "all roots",
      {
        "c.yaml": configMap.replace(
          ".CloudEvent.subject",
          ".CloudEvent.id }}{{ .Cluster.metadata }}{{ .Message.subject }}{{ .CloudEvents ",
        ),
      },
      [],
    ],
    [
      "a root in a trigger",
      { ...good, "b.yaml": `${trigger}  extraLabels: {a: "{{ .Cloudevent.id }}"}\n` },
      ["[TEMPLATE_ROOT b.yaml:9:24]"],
      ".CloudEvent?",
    ],
    [
      "the event, where there is only a cluster",
      { ...good, "b.yaml": trigger.replace("eventSourceName: login", 'eventSourceName: "{{ .CloudEvent.type }}"') },
      ["[TEMPLATE_ROOT b.yaml:5:24]"],
      ".Cluster",
    ],
    [
      "fields behind variables",
      {
        "c.yaml": configMap.replace(
          "{{ .CloudEvent.subject }}",
          "{{ with .CloudEvent }}{{ .anything }}{{ $.CloudEvent.id }}{{ end }}",
        ),
      },
      [],
    ],
  ];
  it.each(cases)("%s", (_, files, problems, hint = "") => {
    const found = load({ ...plain, ...files }).problems;
    expect(summarize(found)).toEqual(problems);
    if (found.length > 0) expect(found[0]?.hint).toContain(hint);
  });

  it("a selector that no cluster matches", () => {
    const cluster =
      "apiVersion: lib.projectsveltos.io/v1beta1\nkind: SveltosCluster\nmetadata: {name: c, labels: {env: prod}}\n";
    const set =
      "apiVersion: lib.projectsveltos.io/v1beta1\nkind: ClusterSet\nmetadata: {name: s}\nspec: {clusterSelector: {matchLabels: {env: x}}}\n";
    const served = { connections: [{ connection: connection("login") }] };
    const problems = (files: Record<string, string>) => summarize(load({ ...good, ...files }, served).problems);
    expect(problems({})).toEqual([]);
    expect(problems({ "d.yaml": cluster })).toEqual(["[SELECTOR_UNMATCHED b.yaml:1:1]"]);
    expect(problems({ "d.yaml": cluster.replace("prod", "fv") })).toEqual([]);
    expect(problems({ "d.yaml": cluster.replace("prod", "fv"), "e.yaml": set })).toEqual([
      "[SELECTOR_UNMATCHED e.yaml:1:1]",
    ]);
    const requirements = [{ key: "env", operator: "In" as const, values: ["nowhere"] }];
    const lost = { connections: [{ connection: connection("login"), clusters: { requirements } }] };
    const told = load({ ...good, "d.yaml": cluster.replace("prod", "fv") }, lost).problems;
    expect(told).toMatchObject([{ code: "SELECTOR_UNMATCHED", severity: "warning" }]);
    const elsewhere = `${trigger}  destinationClusterSelector: {matchLabels: {env: y}}\n`;
    expect(problems({ "b.yaml": elsewhere, "d.yaml": cluster.replace("prod", "fv") })).toEqual([
      "[SELECTOR_UNMATCHED b.yaml:1:1]",
    ]);
  });
});

describe("lists", () => {
  const item = (text: string) => `- ${text.trimEnd().replaceAll("\n", "\n  ")}\n`;
  const list = (...documents: string[]) => `apiVersion: v1\nkind: List\nitems:\n${documents.map(item).join("")}`;
  const whole = load(good).value;

  it("of any kind are taken apart: the catalog is the same", () => {
    const { value, problems } = load({ "a.yaml": list(eventSource, trigger, configMap) });
    expect(problems).toEqual([]);
    expect(value.revision).toBe(whole.revision);
    expect(value.contents.get("ConfigMap/default/namespace")?.entries[0]?.content.source).toMatchObject({
      line: 25,
      column: 7,
    });
  });

  it("as kubectl prints them, with metadata, as YAML and JSON", () => {
    const cluster = {
      apiVersion: "lib.projectsveltos.io/v1beta1",
      kind: "SveltosCluster",
      metadata: { name: "a", namespace: "f" },
    };
    const printed = { apiVersion: "v1", items: [cluster], kind: "List", metadata: { resourceVersion: "" } };
    for (const text of [JSON.stringify(printed), JSON.stringify(printed, undefined, 2)]) {
      expect([...load({ "a.yaml": text }).value.clusters.keys()]).toEqual(["f/a"]);
    }
  });

  it("of one kind, whose items need not say it", () => {
    const text = `apiVersion: lib.projectsveltos.io/v1beta1
kind: SveltosClusterList
items:
- metadata: {name: a, namespace: f, labels: {env: x}}
- apiVersion: lib.projectsveltos.io/v1beta1
  kind: SveltosCluster
  metadata: {name: b, namespace: f}
`;
    const { value, problems } = load({ "a.yaml": text });
    expect(problems).toEqual([]);
    expect([...value.clusters.keys()]).toEqual(["f/a", "f/b"]);
  });

  it.each(["EventSource", "EventTrigger", "ClusterSet", "ClusterProfile", "Profile", "Cluster", "ConfigMap", "Secret"])(
    "%sList",
    (kind) => {
      const text = `apiVersion: v1\nkind: ${kind}List\nitems:\n- {metadata: {name: a}, nope: 1}\n`;
      const { problems } = load({ "a.yaml": text });
      expect(problems.map(({ message }) => message).join()).not.toContain(`kind ${kind}List`);
    },
  );

  it("in lists", () => {
    const { value } = load({ "a.yaml": list(list(eventSource, trigger), configMap) });
    expect(value.revision).toBe(whole.revision);
  });

  it("of other kinds have no effect", () => {
    const text = "apiVersion: v1\nkind: NamespaceList\nitems: []\n";
    expect(summarize(load({ "a.yaml": text }).problems)).toEqual(["[FIELD_WITHOUT_EFFECT a.yaml:2:7]"]);
  });

  const bad: [name: string, text: string, problems: string[]][] = [
    ["a bad item", list(eventSource, `${trigger}  nope: 1\n`, configMap), ["FIELD_UNKNOWN a.yaml:18:5"]],
    [
      "an item that is none",
      list(eventSource, "null", "a", trigger, configMap),
      ["DOCUMENT_INVALID a.yaml:10:3", "DOCUMENT_INVALID a.yaml:11:3"],
    ],
    ["items that are no list", "apiVersion: v1\nkind: List\nitems: {a: b}\n", ["DOCUMENT_INVALID a.yaml:3:8"]],
    ["a misspelt key", `${list(eventSource, trigger, configMap)}item: []\n`, ["FIELD_UNKNOWN a.yaml:26:1"]],
  ];
  it.each(bad)("with %s keep what the file held", (_, text, problems) => {
    const before = load({ "a.yaml": list(eventSource, trigger, configMap) }).value;
    const { value, problems: found } = load({ "a.yaml": text }, { previous: before });
    expect(summarize(found)).toEqual(problems);
    expect([...value.documents.keys()]).toEqual([...before.documents.keys()]);
  });

  it("of Secrets quote none of it", () => {
    const secret =
      "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData:\n  password: hunter2\n  nope: [hunter2]\n";
    const { problems } = load({ "a.yaml": list(eventSource, secret) });
    expect(problems.map(({ severity }) => severity)).toContain("error");
    expect(JSON.stringify(problems)).not.toContain("hunter2");
  });

  it("are kept item by item, an alias to another item included", () => {
    const text = `apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: ConfigMap, metadata: {name: a, labels: &labels {env: x}}, data: {a: "1"}}
- apiVersion: v1
  kind: ConfigMap
  metadata:
    name: b
    labels: *labels
  data:
    b: |
      two
      lines
`;
    const before = load({ "a.yaml": text }).value;
    const files = [...before.documents].map(([key, document]) => [`${key}.yaml`, document.text] as const);
    expect(load(Object.fromEntries(files)).value.revision).toBe(before.revision);
  });
});

describe("null counts as absent", () => {
  const meta = "metadata: {name: a, labels: null, annotations: ~, creationTimestamp: null}\n";
  const cases: [name: string, text: string, problems: string[]][] = [
    [
      "an EventSource's spec",
      `apiVersion: lib.projectsveltos.io/v1beta1\nkind: EventSource\n${meta}spec:\nstatus:\n`,
      [],
    ],
    ["a cluster's", `apiVersion: lib.projectsveltos.io/v1beta1\nkind: SveltosCluster\n${meta}spec:\n`, []],
    ["of Cluster API", `apiVersion: cluster.x-k8s.io/v1beta1\nkind: Cluster\n${meta}spec:\n`, []],
    ["a ConfigMap's", `apiVersion: v1\nkind: ConfigMap\n${meta}data:\nbinaryData:\n`, []],
    ["a Secret's", `apiVersion: v1\nkind: Secret\n${meta}data:\nstringData:\ntype:\n`, []],
    [
      "a ClusterSet's",
      `apiVersion: lib.projectsveltos.io/v1beta1\nkind: ClusterSet\n${meta}spec: {clusterSelector: , clusterRefs: , maxReplicas: }\n`,
      [],
    ],
    [
      "a trigger's fields",
      `apiVersion: lib.projectsveltos.io/v1beta1\nkind: EventTrigger\n${meta}spec: {eventSourceName: a, sourceClusterSelector: {matchLabels: {a: b}, matchExpressions: }, policyRefs: , extraLabels: , tier: , helmCharts: }\n`,
      ["REFERENCE_MISSING a.yaml:4:25"],
    ],
    ["no document at all", `apiVersion: v1\nkind: ConfigMap\nmetadata:\n`, ["DOCUMENT_INVALID a.yaml:1:1"]],
    [
      "not the value of a label that is selected by",
      `apiVersion: lib.projectsveltos.io/v1beta1\nkind: ClusterSet\n${meta}spec: {clusterSelector: {matchLabels: {env: }}}\n`,
      ["DOCUMENT_INVALID a.yaml:4:45"],
    ],
  ];
  it.each(cases)("%s", (_, text, problems) => expect(summarize(load({ "a.yaml": text }).problems)).toEqual(problems));

  it("and is an empty text where texts have names of people's own", () => {
    const text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {empty: , full: x}\n";
    const entries = load({ "a.yaml": text }).value.contents.get("ConfigMap/default/a")?.entries;
    expect(entries?.map(({ key, content }) => [key, content.source.text])).toEqual([
      ["empty", ""],
      ["full", "x"],
    ]);
  });
});

describe("revisions", () => {
  const revision = (files: Record<string, string>, options: Partial<CatalogOptions> = {}) =>
    load(files, options).value.revision;
  const before = revision(good);

  const same: [name: string, files: Record<string, string>][] = [
    [
      "comments and layout",
      { ...good, "b.yaml": `# hi\n${trigger.replace("name: namespace}", "name:   namespace }")}` },
    ],
    ["another file", { "a.yaml": `${eventSource}---\n${trigger}`, "z.yaml": configMap }],
  ];
  for (const [name, files] of same) it(`are the same for ${name}`, () => expect(revision(files)).toBe(before));

  const different: [name: string, files: Record<string, string>][] = [
    ["the trigger", { ...good, "b.yaml": `${trigger}  tier: 1\n` }],
    ["the EventSource", { ...good, "a.yaml": eventSource.replace("subject: login", "subject: logout") }],
    ["the ConfigMap", { ...good, "c.yaml": configMap.replace("subject", "id") }],
    ["one more document", { ...good, "d.yaml": configMap.replace("name: namespace", "name: other") }],
  ];
  for (const [name, files] of different) it(`differ for ${name}`, () => expect(revision(files)).not.toBe(before));

  it("differ between compatibilities", () => expect(revision(good, { compatibility: "sveltos" })).not.toBe(before));
});

it("the documents of a catalog, a file each, make the same catalog", () => {
  const text = example("3-end-to-end/config.yaml").replaceAll("\n", "\r\n");
  const { value } = load({ "config.yaml": `# first\n${text}` });
  const files = [...value.documents].map(([key, { text: document }]) => [`${key}.yaml`, document] as const);
  const again = load(Object.fromEntries(files)).value;
  expect(files).toHaveLength(6);
  expect(again.revision).toBe(value.revision);
  expect([...again.eventTriggers.keys()]).toEqual([...value.eventTriggers.keys()]);
});

it("unchanged files are not read again", () => {
  const first = load(good).value;
  const second = load({ ...good, "a.yaml": `${eventSource}# more\n` }, { previous: first }).value;
  expect(second.contents.get("ConfigMap/default/namespace")).toBe(first.contents.get("ConfigMap/default/namespace"));
  expect(second.eventSources.get("login")).not.toBe(first.eventSources.get("login"));
});

describe("clusters", () => {
  const text = `apiVersion: cluster.x-k8s.io/v1beta1
kind: Cluster
metadata: {name: capi, namespace: fleet, labels: {env: a}}
spec: {anything: {goes: 1}}
---
apiVersion: lib.projectsveltos.io/v1beta1
kind: SveltosCluster
metadata: {name: sveltos, namespace: fleet}
spec: {kubeconfigName: k}
status: {ready: true}
---
apiVersion: v1
kind: Secret
metadata: {name: cluster-1234, namespace: argocd, labels: {argocd.argoproj.io/secret-type: cluster, env: b}}
stringData: {name: argo, server: "https://a", config: '{"bearerToken": "hunter2"}'}
---
apiVersion: lib.projectsveltos.io/v1beta1
kind: ClusterSet
metadata: {name: set}
spec:
  clusterSelector: {matchExpressions: [{key: env, operator: Exists}]}
  clusterRefs: [{apiVersion: lib.projectsveltos.io/v1beta1, kind: SveltosCluster, namespace: fleet, name: sveltos}]
`;
  it("are read from Cluster API, Sveltos and Argo CD, the latter without its credentials", () => {
    const { value, problems } = load({ "a.yaml": text });
    expect(problems).toEqual([]);
    expect([...value.clusters.keys()]).toEqual(["argocd/argo", "fleet/capi", "fleet/sveltos"]);
    const argo = value.clusters.get("argocd/argo");
    expect(argo?.labels.get("env")).toBe("b");
    expect([...((argo?.document.get("data") ?? new Map()) as Map<string, unknown>)]).toEqual([
      ["name", "argo"],
      ["server", "https://a"],
    ]);
    expect(value.contents.size).toBe(0);
    expect(value.clusterSets.get("set")).toMatchObject({ clusterRefs: [{ namespace: "fleet", name: "sveltos" }] });
  });

  it("with an empty namespace are in default", () => {
    const { value, problems } = load({ "a.yaml": text.replace("namespace: fleet", 'namespace: ""') });
    expect(problems).toEqual([]);
    expect([...value.clusters.keys()].filter((key) => key.startsWith("default/"))).toHaveLength(1);
  });

  it("of Argo CD are kept on the state branch without their credentials, and are the same after a restart", () => {
    const applied = `annotations: {a: b, kubectl.kubernetes.io/last-applied-configuration: '{"bearerToken":"hunter2"}'}`;
    const files = { "a.yaml": text.replace("labels: {argocd", `${applied}, labels: {argocd`) };
    const { value } = load(files);
    const kept = keptFiles(value);
    expect(JSON.stringify(kept)).not.toContain("hunter2");
    expect([...value.clusters.get("argocd/argo")!.labels]).toContainEqual(["env", "b"]);
    const again = loadCatalog(kept, { compatibility: "strict" }).value;
    expect(again.revision).toBe(value.revision);
    expect(again.clusters.get("argocd/argo")?.document).toEqual(value.clusters.get("argocd/argo")?.document);
    expect(writeJson(value.clusters.get("argocd/argo")!.document)).not.toContain("hunter2");
  });

  it("of one name may not be described twice", () => {
    const { problems } = load({
      "a.yaml": text,
      "b.yaml": text
        .split("---\n")[1]!
        .replaceAll("SveltosCluster", "Cluster")
        .replace("lib.projectsveltos.io/v1beta1", "cluster.x-k8s.io/v1beta1"),
    });
    expect(summarize(problems)).toEqual(["DOCUMENT_DUPLICATE a.yaml:6:1"]);
  });

  it("for which a templated eventSourceName names nothing are told", () => {
    const files = {
      ...good,
      "b.yaml": trigger
        .replace("eventSourceName: login", "eventSourceName: '{{ .Cluster.metadata.name }}'")
        .replace("{matchLabels: {env: fv}}", "{matchLabels: {env: a}}"),
      "d.yaml": text,
    };
    expect(summarize(load(files).problems)).toEqual(["REFERENCE_MISSING b.yaml:5:21"]);
  });
});

describe("wildcards of NATS in an EventSource", () => {
  const cases: [subject: string, takes: string[], leaves: string[], hint: string | undefined][] = [
    ["tenants.>", ["tenants.a", "tenants.a.b"], ["tenants", "teams.a"], "tenants[.].+"],
    [">", ["a", "a.b"], [], ".+"],
    ["*.created", ["a.created"], ["created", "a.b.created"], "[^.]+[.]created"],
    ["tenants.*.>", ["tenants.a.b"], ["tenants.a"], "tenants[.][^.]+[.].+"],
    ["tenants.*", ["tenants.a"], ["teams.a"], undefined],
    ["tenants.*.login", ["tenants.a.login"], ["tenants.login"], undefined],
  ];
  it.each(cases)("%s", (subject, takes, leaves, hint) => {
    const text = eventSource.replace("subject: login", `subject: "${subject}"`);
    const pattern = (source: string, compatibility: "strict" | "sveltos") => {
      const { value, problems } = load(
        { "a.yaml": text.replace(subject, source) },
        { compatibility, connections: [{ connection: connection(subject) }] },
      );
      return {
        problems,
        takes: (value_: string) => value.eventSources.get("login")!.messagingMatchCriteria[0]!.subject!.matches(value_),
      };
    };
    const sveltos = pattern(subject, "sveltos");
    expect(summarize(sveltos.problems)).toEqual([]);
    expect(takes.map(sveltos.takes)).toEqual(takes.map(() => true));
    const strict = pattern(subject, "strict");
    expect(summarize(strict.problems)).toEqual(hint === undefined ? [] : ["[PATTERN_WILDCARD a.yaml:6:14]"]);
    if (hint === undefined) return;
    expect(takes.map(strict.takes)).toEqual(takes.map(() => false));
    expect(strict.problems[0]?.hint).toContain(hint);
    // What the hint says does what the wildcard does.
    const hinted = pattern(hint, "strict");
    expect(summarize(hinted.problems)).toEqual([]);
    expect([takes.map(hinted.takes), leaves.map(hinted.takes)]).toEqual([
      takes.map(() => true),
      leaves.map(() => false),
    ]);
  });
});

describe("subscriptions", () => {
  const cases: [pattern: string, subjects: string[], warns: boolean][] = [
    ["login", ["login"], false],
    ["login", ["logout"], true],
    ["login", [], true],
    ["users.login", ["users.*"], false],
    ["users.login", ["users.>", "b"], false],
    ["users.login", ["teams.>"], true],
    ["users\\..*", ["teams.>"], false],
    ["(login|logout)", ["logout"], false],
  ];

  it("says nothing of subjects where a stream is read whole", () => {
    const streams = [{ name: "S", subjects: [] }];
    const whole: Connection = {
      name: "bus",
      connectTo: new Map(),
      jetstream: { url: "nats://a", authorization: {}, streams },
    };
    expect(load({ "a.yaml": eventSource }, { connections: [{ connection: whole }] }).problems).toEqual([]);
  });

  for (const [pattern, subjects, warns] of cases) {
    it(`${pattern} with ${JSON.stringify(subjects)}`, () => {
      const text = eventSource.replace("subject: login", `subject: '${pattern}'`);
      const { problems } = load({ "a.yaml": text }, { connections: [{ connection: connection(...subjects) }] });
      expect(summarize(problems)).toEqual(warns ? ["[SUBJECT_NOT_SUBSCRIBED a.yaml:6:14]"] : []);
    });
  }
});

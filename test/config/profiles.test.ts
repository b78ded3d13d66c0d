/** ClusterProfiles, Profiles, ClusterSets and Sets as documents: what is read, what is a warning, what holds whom. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { loadCatalog } from "../../src/config/load-catalog.ts";
import type { Problem } from "../../src/model/problem.ts";

const load = (files: Readonly<Record<string, string>>, previous?: Parameters<typeof loadCatalog>[1]["previous"]) =>
  loadCatalog(
    Object.entries(files).map(([path, text]) => ({ path, text })),
    { compatibility: "strict", ...(previous === undefined ? {} : { previous }) },
  );
const profile = (name: string, spec: string, kind = "ClusterProfile", namespace = "") =>
  `apiVersion: config.projectsveltos.io/v1beta1\nkind: ${kind}\nmetadata: {name: ${name}${namespace && `, namespace: ${namespace}`}}\nspec: {${spec}}\n`;
const set = (name: string, spec: string, kind = "ClusterSet", namespace = "") =>
  `apiVersion: lib.projectsveltos.io/v1beta1\nkind: ${kind}\nmetadata: {name: ${name}${namespace && `, namespace: ${namespace}`}}\nspec: {${spec}}\n`;
const content = (name: string, namespace: string) =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}, namespace: ${namespace}}\ndata: {}\n`;
const summarize = (problems: readonly Problem[]) =>
  problems.map(({ code, severity, at }) => `${severity} ${code} ${at !== undefined && "file" in at ? at.file : ""}`);

it("reads what both kinds say, a Profile's references in its own namespace", () => {
  const spec =
    "clusterSelector: {matchLabels: {env: prod}}, clusterRefs: [{namespace: fleet, name: eu}], setRefs: [some], " +
    "policyRefs: [{kind: ConfigMap, name: a, namespace: elsewhere}], tier: 7, dependsOn: [base], continueOnConflict: true, " +
    "stopMatchingBehavior: LeavePolicies, syncMode: OneTime, extraLabels: {team: '{{ .Cluster.metadata.name }}'}";
  const { value, problems } = load({
    "a.yaml": profile("one", spec),
    "b.yaml": profile("one", spec, "Profile", "fleet"),
    "base.yaml": `${profile("base", "clusterRefs: []")}---\n${profile("base", "clusterRefs: []", "Profile", "fleet")}`,
    "sets.yaml": `${set("some", "clusterRefs: []")}---\n${set("some", "clusterRefs: []", "Set", "fleet")}`,
    "content.yaml": `${content("a", "elsewhere")}---\n${content("a", "fleet")}`,
  });
  expect(problems).toEqual([]);
  expect([...value.profiles.keys()]).toEqual([
    "ClusterProfile/base",
    "ClusterProfile/one",
    "Profile/fleet/base",
    "Profile/fleet/one",
  ]);
  const [cluster, namespaced] = ["ClusterProfile/one", "Profile/fleet/one"].map((key) => value.profiles.get(key)!);
  for (const one of [cluster, namespaced]) {
    expect(one).toMatchObject({
      tier: 7,
      dependsOn: ["base"],
      setRefs: ["some"],
      continueOnConflict: true,
      stopMatchingBehavior: "LeavePolicies",
      syncMode: "OneTime",
      clusterRefs: [{ namespace: "fleet", name: "eu" }],
    });
  }
  expect(cluster!.policyRefs[0]!.namespace.source.text).toBe("elsewhere");
  expect(namespaced!.policyRefs[0]!.namespace.source.text).toBe("fleet");
  expect([...value.clusterSets.keys()]).toEqual(["some", "fleet/some"]);
});

it("takes the seed's profiles, and warns of nothing but what has no effect yet", () => {
  const text = readFileSync(new URL("../fixtures/examples/3-end-to-end/config.yaml", import.meta.url), "utf8");
  const { value } = load({ "config.yaml": text });
  expect(value.profiles.get("ClusterProfile/deploy-deploy-sveltos-nats-secret")).toMatchObject({ dependsOn: ["nats"] });
  expect(value.profiles.get("ClusterProfile/nats")?.broken).toBeUndefined();
});

describe("what refers to what is not there, or to itself", () => {
  it.each([
    ["a ConfigMap", "policyRefs: [{kind: ConfigMap, name: a, namespace: b}]"],
    ["a prerequisite", "dependsOn: [nobody]"],
    ["a ClusterSet", "setRefs: [nothing]"],
  ])("%s", (_, spec) => {
    const { value, problems } = load({ "a.yaml": profile("one", spec) });
    expect(summarize(problems)).toEqual(["error REFERENCE_MISSING a.yaml"]);
    expect(value.profiles.get("ClusterProfile/one")?.broken?.code).toBe("REFERENCE_MISSING");
  });

  it("a Profile finds neither ClusterSets nor ClusterProfiles, nor Profiles of another namespace", () => {
    const { problems } = load({
      "a.yaml": profile("one", "setRefs: [some], dependsOn: [base]", "Profile", "fleet"),
      "b.yaml": `${set("some", "clusterRefs: []")}---\n${profile("base", "clusterRefs: []")}---\n${profile("base", "clusterRefs: []", "Profile", "other")}`,
    });
    expect(summarize(problems)).toEqual(["error REFERENCE_MISSING a.yaml", "error REFERENCE_MISSING a.yaml"]);
  });

  it("a cycle holds its members, names the way, and holds nobody else", () => {
    const { value, problems } = load({
      "a.yaml": profile("a", "dependsOn: [b]"),
      "b.yaml": profile("b", "dependsOn: [c]"),
      "c.yaml": profile("c", "dependsOn: [a, d]"),
      "d.yaml": profile("d", "clusterRefs: []"),
      "e.yaml": profile("e", "dependsOn: [e]"),
      "f.yaml": profile("f", "dependsOn: [a]"),
    });
    expect(problems.map(({ message }) => message)).toEqual([
      "ClusterProfile a depends on itself: a → b → c → a",
      "ClusterProfile b depends on itself: b → c → a → b",
      "ClusterProfile c depends on itself: c → a → b → c",
      "ClusterProfile e depends on itself: e → e",
    ]);
    const broken = [...value.profiles.values()].filter((one) => one.broken !== undefined);
    expect(broken.map(({ owner }) => owner.name)).toEqual(["a", "b", "c", "e"]);
  });

  it("a prerequisite that is bad now does not hold what depends on it", () => {
    const good = { "a.yaml": profile("a", "dependsOn: [b]"), "b.yaml": profile("b", "clusterRefs: []") };
    const before = load(good).value;
    const { value, problems } = load({ ...good, "b.yaml": profile("b", "tier: none") }, before);
    expect(summarize(problems)).toEqual(["error DOCUMENT_INVALID b.yaml"]);
    expect(value.profiles.get("ClusterProfile/b")?.broken?.code).toBe("DOCUMENT_INVALID");
    expect(value.profiles.get("ClusterProfile/a")?.broken).toBeUndefined();
  });
});

it("warns of a cluster of another namespace, of events that a profile's templates look for, of a field without effect", () => {
  const { problems } = load({
    "a.yaml": profile("a", "clusterRefs: [{namespace: other, name: eu}]", "Profile", "fleet"),
    "b.yaml": profile("b", "extraLabels: {a: '{{ .CloudEvent.subject }}'}"),
    "c.yaml": profile("c", "continueOnError: true, maxConsecutiveFailures: 3"),
  });
  expect(summarize(problems)).toEqual([
    "warning FIELD_WITHOUT_EFFECT a.yaml",
    "warning TEMPLATE_ROOT b.yaml",
    "warning FIELD_WITHOUT_EFFECT c.yaml",
    "warning FIELD_WITHOUT_EFFECT c.yaml",
  ]);
});

describe("a Secret that stands in the config folder as it is", () => {
  const secret = (annotations = "") =>
    `apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: default${annotations}}\nstringData:\n  a.yaml: |\n    apiVersion: v1\n    kind: Secret\n    metadata: {name: t, namespace: n}\n    stringData: {password: hidden}\n`;
  const files = (annotations?: string) => ({
    "p.yaml": profile("p", "policyRefs: [{kind: Secret, namespace: default, name: s}]"),
    "s.yaml": secret(annotations),
  });
  const loadWith = (isCommitted: boolean, annotations?: string) =>
    loadCatalog(
      Object.entries(files(annotations)).map(([path, text]) => ({ path, text })),
      { compatibility: "strict", isCommitted },
    ).problems;

  it("is a warning that quotes nothing, where it is committed anyway", () => {
    const problems = loadWith(true);
    expect(summarize(problems)).toEqual(["warning SECRET_IN_CLEAR s.yaml"]);
    expect(JSON.stringify(problems)).not.toContain("hidden");
    expect(loadWith(false)).toEqual([]);
  });

  it("is none where it is a template: what that renders is no constant", () => {
    expect(loadWith(true, ", annotations: {projectsveltos.io/template: ok}")).toEqual([]);
  });
});

/** helmCharts, kustomizationRefs and policyRefs to sources: what they come to, and what an event may say of them. */
import { describe, expect, it } from "vitest";
import { loadCatalog } from "../../src/config/load-catalog.ts";
import { memberOf } from "../../src/model/json-members.ts";
import { renderProfile } from "../../src/render/render-profile.ts";
import { renderOne, withoutProvenance } from "./render-one.ts";

const at = "repositoryURL: 'https://charts.example.com', repositoryName: ex, chartName: ex/tenant, chartVersion: 1.2.3";
const chart = (more: string, base = at) => `helmCharts: [{${base}, releaseNamespace: tenants, ${more}}]\n`;
const valuesDocument = (kind: string, text: string, isTemplate = true) => `apiVersion: v1
kind: ${kind}
metadata: {name: more, namespace: default${isTemplate ? ", annotations: {projectsveltos.io/template: ok}" : ""}}
${kind === "Secret" ? "stringData" : "data"}:
  values.yaml: |
${text.replace(/^/gm, "    ")}
---
`;
const from = (kind: string) => `valuesFrom: [{kind: ${kind}, namespace: default, name: more}]`;

function failure(spec: string, documents = "", data?: unknown, settings = {}): string {
  const { rendering, told } = renderOne(spec, documents, data, settings);
  expect(told.filter((line) => line.startsWith("error") && !line.includes("POLICY_VIOLATION"))).toEqual([]);
  return rendering.action === "fail" ? `${rendering.problem.code} ${rendering.problem.message}` : rendering.action;
}

it("a chart is data with the owner's marks, its values merged, its release told apart from what it is of", () => {
  const spec = `${chart("releaseName: 'tenant-{{ .CloudEvent.data.team }}', values: 'plan: {name: \"{{ .CloudEvent.data.team }}\", size: 1}', " + from("ConfigMap"))}extraLabels: {team: a}\nsyncMode: ContinuousWithDriftDetection\ndriftExclusions: [{paths: [/spec/replicas]}]\n`;
  const { rendering, told } = renderOne(
    spec,
    valuesDocument("ConfigMap", "plan: {size: {{ len .CloudEvent.subject }}}\nlist: [1]"),
  );
  expect(told.filter((line) => !line.includes("driftExclusions"))).toEqual([]);
  const [manifest] = rendering.action === "Create" ? rendering.manifests : [];
  expect(manifest?.identity).toEqual({
    group: "sluice.dev",
    kind: "HelmChart",
    namespace: "tenants",
    name: "tenant-red",
  });
  expect(manifest?.skipsNamespace).toBe(true);
  expect(manifest?.text).toBe(`apiVersion: sluice.dev/v1alpha1
kind: HelmChart
metadata:
  name: tenant-red
  namespace: tenants
  labels:
    app.kubernetes.io/managed-by: sluice
    sluice.dev/instance: sluice
    sluice.dev/owner: EventTrigger.t
  annotations:
    sluice.dev/entity: hash
spec:
  chartName: ex/tenant
  chartVersion: "1.2.3"
  commonMetadata:
    labels:
      team: a
  driftExclusions:
  - paths:
    - /spec/replicas
  repositoryName: ex
  repositoryURL: https://charts.example.com
  syncMode: ContinuousWithDriftDetection
  values:
    list:
    - 1
    plan:
      name: red
      size: 5
`);
});

it("a kustomization is told by what is built and for which namespace", () => {
  const ref =
    "kustomizationRefs: [{kind: GitRepository, namespace: flux-system, name: apps, path: './{{ .Cluster.metadata.labels.size }}', targetNamespace: team, values: {a: '{{ .CloudEvent.subject }}'}}]\n";
  const { rendering } = renderOne(ref, "");
  const [manifest] = rendering.action === "Create" ? rendering.manifests : [];
  expect(manifest?.identity).toMatchObject({
    kind: "Kustomization",
    namespace: "team",
    name: expect.stringMatching(/^gitrepository-/),
  });
  // Whoever builds it makes no Namespace.
  expect(manifest?.skipsNamespace).toBeUndefined();
  expect(withoutProvenance(manifest?.text ?? "")).toContain(`spec:
  kind: GitRepository
  name: apps
  namespace: flux-system
  path: "./small"
  syncMode: Continuous
  targetNamespace: team
  values:
    a: alice
`);
  const others = renderOne(ref.replace("kind: Git", "skipNamespaceCreation: true, kind: Git"), "").rendering;
  expect(others.action === "Create" && others.manifests[0]?.skipsNamespace).toBe(true);
  const plain = renderOne("policyRefs: [{kind: OCIRepository, namespace: flux-system, name: apps, path: a}]\n", "");
  expect(plain.manifests?.[0]).toContain("isPlain: true");
});

describe("an event prints values, and never what is deployed", () => {
  const printed = "{{ .CloudEvent.data.team }}";
  const release = "releaseName: a";
  it.each([
    ["repositoryURL", chart(release, at.replace("https://charts.example.com", `https://${printed}`))],
    ["chartName", chart(release, at.replace("ex/tenant", `'${printed}'`))],
    ["chartVersion", chart(release, at.replace("1.2.3", `'${printed}'`))],
    ["releaseNamespace", chart(release).replace("releaseNamespace: tenants", `releaseNamespace: '${printed}'`)],
    ["options.timeout", chart(`${release}, options: {timeout: '${printed}'}`)],
    [
      "registryCredentialsConfig.credentials.name",
      chart(`${release}, registryCredentialsConfig: {credentials: {namespace: a, name: '${printed}'}}`),
    ],
    ["valuesFrom", chart(`${release}, valuesFrom: [{kind: ConfigMap, namespace: default, name: '${printed}'}]`)],
    ["path", `kustomizationRefs: [{kind: GitRepository, namespace: a, name: b, path: '${printed}'}]\n`],
    ["path", `policyRefs: [{kind: GitRepository, namespace: a, name: b, path: '${printed}'}]\n`],
    [
      "targetNamespace",
      `kustomizationRefs: [{kind: GitRepository, namespace: a, name: b, targetNamespace: '${printed}'}]\n`,
    ],
    ["chartVersion", chart(release, at.replace("1.2.3", "'{{ if .CloudEvent.data.team }}1{{ else }}2{{ end }}'"))],
    ["chartVersion", chart(release, at.replace("1.2.3", "'{{ with .CloudEvent }}{{ .data.team }}{{ end }}'"))],
  ])("%s: an error at validate, and a failed record", (path, spec) => {
    expect(failure(spec)).toMatch(new RegExp(`^POLICY_VIOLATION ${path} of `));
    const { told } = renderOne(spec, "");
    expect(told.filter((line) => line.startsWith("error POLICY_VIOLATION"))).toHaveLength(1);
  });

  const made = (text: string) =>
    `configMapGenerator: [{namespace: default, name: plan, nameFormat: made}]\ntemplateResourceRefs: [{resource: {apiVersion: v1, kind: ConfigMap, namespace: projectsveltos, name: made}, identifier: Plan}]\n${text}`;
  const plan = valuesDocument("ConfigMap", printed)
    .replace("name: more", "name: plan")
    .replace("values.yaml", "version");
  it.each([
    ["chartVersion", `'{{ getField "Plan" "data.version" }}'`],
    ["chartVersion", `'{{ (getResource "Plan").data.version }}'`],
    ["chartVersion", `'{{ define "v" }}{{ getField "Plan" "data.version" }}{{ end }}{{ template "v" }}'`],
    ["chartVersion", `'{{ now | date "2006.1.2" }}'`],
  ])("%s %s: nor by a document that is made of what it says, or by its time", (path, text) => {
    expect(failure(made(chart(release, at.replace("1.2.3", text))), plan)).toMatch(
      new RegExp(`^POLICY_VIOLATION ${path} of `),
    );
  });

  it.each([
    [
      "a text that is called so",
      "kustomizationRefs: [{kind: GitRepository, namespace: a, name: b, path: 'now/copy-{{ .Cluster.metadata.labels.size }}'}]\n",
    ],
    ["the cluster's fields", chart(release, at.replace("1.2.3", "'{{ .Cluster.metadata.labels.size }}'"))],
    ["releaseName", chart(`releaseName: '${printed}'`)],
    ["options.description", chart(`${release}, options: {description: '${printed}'}`)],
    [
      "values of a kustomization",
      `kustomizationRefs: [{kind: GitRepository, namespace: a, name: b, values: {a: '${printed}'}}]\n`,
    ],
  ])("%s may be printed", (_, spec) => {
    expect(failure(spec)).toBe("Create");
  });

  it("a value changes no structure of the values", () => {
    const spec = chart(`${release}, values: 'name: ${printed}'`);
    expect(failure(spec, "", { team: "a\nimage: evil" })).toMatch(/^GUARD_VIOLATION/);
    expect(failure(spec, "", { team: "a" })).toBe("Create");
    const key = chart(`${release}, values: '{"${printed}": 1}'`);
    expect(failure(key)).toMatch(/^GUARD_VIOLATION/);
  });

  it("nothing goes where events may put nothing", () => {
    expect(failure(chart(release).replace("tenants", "kube-system"))).toMatch(/^POLICY_VIOLATION HelmChart/);
    const deny = { effect: "deny" as const, kinds: ["sluice.dev/HelmChart"] };
    expect(failure(chart(release), "", undefined, { policy: [deny] })).toMatch(/policy\[0\]/);
  });
});

it("a kustomization with deploymentType: Local is the hub's", () => {
  const ref = "kustomizationRefs: [{kind: GitRepository, namespace: a, name: b, deploymentType: Local}]\n";
  const { rendering } = renderOne(ref, "", undefined, { policy: [{ effect: "allow" }] });
  const [manifest] = rendering.action === "Create" ? rendering.manifests : [];
  expect(manifest?.identity).toMatchObject({ kind: "Kustomization", isLocal: true });
  expect(manifest?.text).toContain("sluice.dev/entity: hash@fleet/eu\n");
  expect(manifest?.text).not.toContain("deploymentType");
});

describe("refused", () => {
  it.each([
    ["NAME_INVALID", chart(`releaseName: ${"a".repeat(54)}`)],
    ["NAME_INVALID", chart("releaseName: A_b")],
    ["NAME_INVALID", chart("releaseName: a").replace("tenants", "not.a.namespace")],
    ["MANIFEST_INVALID", chart("releaseName: a, values: '- 1'")],
    ["MANIFEST_INVALID", chart('releaseName: a, values: "a: 1\\n---\\nb: 1"')],
    ["POLICY_VIOLATION", "kustomizationRefs: [{kind: GitRepository, namespace: a, name: b, deploymentType: Local}]\n"],
  ] as [string, string][])("%s %s", (code, spec) => {
    expect(failure(spec)).toMatch(new RegExp(`^${code}`));
  });

  it("two of one release, an Uninstall beside it apart", () => {
    const entry = `{${at}, releaseNamespace: tenants, releaseName: a}`;
    expect(failure(`helmCharts: [${entry}, ${entry}]\n`)).toMatch(
      /MANIFEST_INVALID the release tenants\/a is rendered twice/,
    );
    const gone = entry.replace("releaseName", "helmChartAction: Uninstall, releaseName");
    expect(failure(`helmCharts: [${entry}, ${gone}]\n`)).toBe("Create");
  });

  it("an object that calls itself one of Sluice's", () => {
    const content =
      "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: default}\ndata:\n  a.yaml: '{apiVersion: sluice.dev/v1alpha1, kind: HelmChart, metadata: {name: a, namespace: b}}'\n";
    expect(failure("policyRefs: [{kind: ConfigMap, namespace: default, name: c}]\n", content)).toMatch(
      /^MANIFEST_INVALID/,
    );
  });
});

describe("values of a Secret", () => {
  const spec = chart(`releaseName: a, values: 'a: 1', ${from("Secret")}`);
  const constant = valuesDocument("Secret", "password: hunter2", false);
  it.each([
    ["refuse, from outside the repository", { secrets: "refuse" as const }, "SECRET_REFUSED"],
    ["refuse, a constant of the same repository", { secrets: "refuse" as const, commitsConstants: true }, "Create"],
    ["plain", { secrets: "plain" as const }, "Create"],
  ])("%s", (_, settings, expected) => {
    const { rendering } = renderOne(spec, constant, undefined, settings);
    const outcome = rendering.action === "fail" ? rendering.problem.code : rendering.action;
    expect(outcome).toBe(expected);
    expect(JSON.stringify(rendering.action === "fail" ? rendering : "")).not.toContain("hunter2");
    // All of the values with them: one override the other in their order.
    if (rendering.action === "Create")
      expect(rendering.manifests[0]?.text).toContain("secretValues:\n    a: 1\n    password: hunter2\n");
  });

  it.each([
    ["constant", constant, true],
    ["printed", valuesDocument("Secret", "password: hunter2-{{ .CloudEvent.subject }}"), false],
  ])("sops, %s: beside the chart, to be encrypted", (_, document, isConstant) => {
    const { rendering } = renderOne(spec, document, undefined, { secrets: "sops", commitsConstants: true });
    const [manifest] = rendering.action === "Create" ? rendering.manifests : [];
    expect(manifest?.text).toContain('sealedValues:\n    stringData:\n      values.yaml: "***"\n');
    expect(manifest?.text).not.toContain("hunter2");
    expect(manifest?.unsealed?.isConstant).toBe(isConstant);
    const held = memberOf(manifest!.unsealed!.object, "stringData").get("values.yaml");
    expect(held).toMatch(/^a: 1\npassword: hunter2/);
  });

  it("a template of one is no constant", () => {
    const template = valuesDocument("Secret", "password: {{ .CloudEvent.subject }}");
    expect(failure(spec, template, undefined, { secrets: "refuse", commitsConstants: true })).toMatch(
      /^SECRET_REFUSED/,
    );
  });
});

it("a Profile's references are in its own namespace", () => {
  const text = `apiVersion: config.projectsveltos.io/v1beta1
kind: Profile
metadata: {name: p, namespace: fleet}
spec:
  clusterSelector: {matchLabels: {env: prod}}
  kustomizationRefs: [{kind: GitRepository, namespace: elsewhere, name: b}]
---
apiVersion: lib.projectsveltos.io/v1beta1
kind: SveltosCluster
metadata: {name: eu, namespace: fleet, labels: {env: prod}}
`;
  const { value } = loadCatalog([{ path: "a.yaml", text }], { compatibility: "strict" });
  const [profile] = value.profiles.values();
  const settings = { secrets: "refuse" as const, instance: "sluice" };
  const [rendering] = renderProfile(value, profile!, [...value.clusters.values()], "hash", settings);
  expect(JSON.stringify(rendering)).toContain("namespace: fleet\\n  syncMode");
});

/** templateResourceRefs, generators, and what a policyRef says besides a name. */
import { describe, expect, it } from "vitest";
import { renderOne, withoutProvenance } from "./render-one.ts";

const settings = `apiVersion: v1
kind: ConfigMap
metadata: {name: settings-small, namespace: default}
data: {domain: example.com, quota: "10"}
---
`;
const annotated = settings.replace("default}", 'default, annotations: {projectsveltos.io/template: "ok"}}');
const secret = `apiVersion: v1
kind: Secret
metadata: {name: token, namespace: fleet}
data: {token: aHVudGVyMg==}
stringData: {user: admin}
---
`;
const argoCluster = `apiVersion: v1
kind: Secret
metadata: {name: token, namespace: fleet, labels: {argocd.argoproj.io/secret-type: cluster}}
stringData: {name: ap, server: https://ap, config: hunter2}
---
`;
function content(body: string, name = "content"): string {
  return `apiVersion: v1
kind: ConfigMap
metadata: {name: ${name}, namespace: default, annotations: {projectsveltos.io/template: "ok"}}
data:
  a.yaml: |
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: x, namespace: team}
    data:
      v: ${body}
---
`;
}
const policy = "policyRefs: [{kind: ConfigMap, namespace: default, name: content}]\n";
function reads(resource: string, more = ""): string {
  return `${policy}templateResourceRefs: [{identifier: it, resource: {${resource}}${more}}]\n`;
}
const configMap = (name: string, namespace = "default") =>
  `apiVersion: v1, kind: ConfigMap, namespace: '${namespace}', name: '${name}'`;
const value = "{{ (getResource `it`).data.domain }}";

describe("templateResourceRefs", () => {
  const cases: [name: string, spec: string, documents: string, expected: string, data?: unknown][] = [
    ["a constant name", reads(configMap("settings-small")), settings + content(value), "example.com"],
    [
      "named by the cluster's fields",
      reads(configMap("settings-{{ .Cluster.metadata.labels.size }}")),
      settings + content(value),
      "example.com",
    ],
    [
      "an empty namespace is the cluster's",
      reads("apiVersion: v1, kind: Secret, name: token"),
      secret + content("{{ (getResource `it`).data.user | b64dec }}"),
      "admin",
    ],
    [
      "its cluster",
      reads("apiVersion: lib.projectsveltos.io/v1beta1, kind: SveltosCluster, name: '{{ .Cluster.metadata.name }}'"),
      content("{{ (getResource `it`).spec.kubeconfigName }}"),
      "secret-config",
    ],
    [
      "a kind without namespaces",
      reads("apiVersion: lib.projectsveltos.io/v1beta1, kind: EventSource, namespace: default, name: login"),
      content("{{ (getResource `it`).metadata.name }}"),
      "login",
    ],
    [
      "an API group that is not the document's",
      reads("apiVersion: apps/v1, kind: ConfigMap, namespace: default, name: settings-small"),
      settings + content(value),
      "REFERENCE_MISSING",
    ],
    [
      "named by the event, and annotated for it",
      reads(configMap("settings-{{ .CloudEvent.data.size }}")),
      annotated + content(value),
      "example.com",
      { size: "small" },
    ],
    [
      "named by the event, and not annotated",
      reads(configMap("settings-{{ .CloudEvent.data.size }}")),
      settings + content(value),
      "REFERENCE_FORBIDDEN",
      { size: "small" },
    ],
    ["missing", reads(configMap("nope")), content(value), "REFERENCE_MISSING"],
    [
      "missing, named by the cluster",
      reads(configMap("{{ .Cluster.metadata.name }}")),
      content(value),
      "REFERENCE_MISSING",
    ],
    [
      "missing and optional",
      reads(configMap("nope"), ", optional: true"),
      content("{{ if getResource `it` }}there{{ else }}none{{ end }}"),
      "none",
    ],
    [
      "another identifier",
      reads(configMap("settings-small")),
      settings + content("{{ (getResource `that`).data.domain }}"),
      "TEMPLATE_FAILED",
    ],
    [
      "credentials of Argo CD's cluster",
      reads("apiVersion: v1, kind: Secret, name: token"),
      argoCluster + content("x"),
      "REFERENCE_MISSING",
    ],
    [
      "credentials of Argo CD's cluster, named by template",
      reads("apiVersion: v1, kind: Secret, name: '{{ `token` }}'"),
      argoCluster + content("x"),
      "REFERENCE_MISSING",
    ],
    ["getField", reads(configMap("settings-small")), settings + content("{{ getField `it` `data.quota` }}"), '"10"'],
    [
      "what setField changes later calls see",
      reads(configMap("settings-small")),
      settings + content("{{ $_ := setField `it` `data.quota` `11` }}{{ getField `it` `data.quota` }}"),
      '"11"',
    ],
    [
      "in a label",
      `${reads(configMap("settings-small"))}extraLabels: {domain: "{{ (getResource \`it\`).data.domain }}"}\n`,
      settings + content("x"),
      "x",
    ],
  ];
  it.each(cases)("%s", (_, spec, documents, expected, data) => {
    const { rendering, manifests } = renderOne(spec, documents, data);
    if (manifests === undefined) expect(rendering).toMatchObject({ action: "fail", problem: { code: expected } });
    else expect(/^ {2}v: (.*)$/m.exec(manifests[0]!)?.[1]).toBe(expected);
  });

  it("copy prints the whole document", () => {
    const copied = content("x").replace(
      /apiVersion: v1\n {4}kind: ConfigMap\n {4}metadata: .*\n {4}data:\n {6}v: x/,
      '{{ copy "it" | nindent 4 }}',
    );
    const { manifests } = renderOne(reads(configMap("settings-small")), settings + copied);
    expect(withoutProvenance(manifests![0]!)).toBe(
      'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings-small\n  namespace: default\ndata:\n  domain: example.com\n  quota: "10"\n',
    );
  });

  const whole = (call: string) =>
    `apiVersion: v1
kind: ConfigMap
metadata: {name: content, namespace: default, annotations: {projectsveltos.io/template: "ok"}}
data:
  a.yaml: |
    ${call}
`;
  const printed: [call: string, expected: string][] = [
    ['{{ setField "it" "metadata.name" .CloudEvent.data.team }}', "name: red"],
    ['{{ setField "it" "data.team" .CloudEvent.data.team }}', "team: red"],
    ['{{ removeField "it" "data.quota" }}', "domain: example.com"],
    ['{{ getResource "it" | toYaml | nindent 4 }}', "domain: example.com"],
    ['{{ setField "it" .CloudEvent.data.team "a" }}', "GUARD_VIOLATION"],
    ['{{ setField "it" "metadata.finalizers" (list "a/b") }}', "GUARD_VIOLATION"],
    ['{{ setField "it" "metadata.annotations" (dict "argocd.argoproj.io/hook" "Sync") }}', "GUARD_VIOLATION"],
  ];
  it.each(printed)("%s: %s", (call, expected) => {
    const { rendering, manifests } = renderOne(reads(configMap("settings-small")), settings + whole(call));
    if (manifests === undefined) expect(rendering).toMatchObject({ problem: { code: expected } });
    else expect(manifests[0]).toContain(expected);
  });

  it("what people wrote into the document stays theirs, whatever it says to consumers", () => {
    const hooked = settings.replace("default}", "default, annotations: {argocd.argoproj.io/hook: Sync}}");
    const { manifests } = renderOne(reads(configMap("settings-small")), hooked + whole('{{ copy "it" }}'));
    expect(manifests![0]).toContain("argocd.argoproj.io/hook: Sync");
  });

  it("a change that one template makes another does not see, nor the next event", () => {
    const changes = content("{{ $_ := setField `it` `data.quota` `11` }}{{ getField `it` `data.quota` }}");
    const both = `policyRefs:
- {kind: ConfigMap, namespace: default, name: content}
- {kind: ConfigMap, namespace: default, name: other}
templateResourceRefs: [{identifier: it, resource: {${configMap("settings-small")}}}]
`;
    const other = content("{{ getField `it` `data.quota` }}", "other").replace("name: x", "name: y");
    const { manifests } = renderOne(both, settings + changes + other);
    expect(manifests!.map((text) => /v: "(\d+)"/.exec(text)?.[1])).toEqual(["11", "10"]);
  });

  it("of what a template says that reads a Secret nothing is quoted", () => {
    const failing = content("{{ (getResource `it`).data.token | b64dec | atoi | fail }}");
    const structure = content("{{ (getResource `it`).data.token | b64dec }}: [");
    for (const documents of [failing, structure]) {
      const { rendering } = renderOne(reads("apiVersion: v1, kind: Secret, name: token"), secret + documents);
      expect(rendering.action).toBe("fail");
      expect(JSON.stringify(rendering)).not.toMatch(/hunter2|aHVudGVyMg/);
    }
  });

  it("faults of the references are errors of the document", () => {
    const faults = [
      "templateResourceRefs: [{identifier: '', resource: {apiVersion: v1, kind: Secret, name: a}}]",
      "templateResourceRefs: [{identifier: a, resource: {kind: Secret, name: a}}]",
      "templateResourceRefs: [{identifier: a, optional: true, resource: {apiVersion: v1, kind: Secret, name: a}}, {identifier: a, optional: true, resource: {apiVersion: v1, kind: Secret, name: b}}]",
      "configMapGenerator: [{name: a, namespace: b, nameFormat: ''}]",
    ];
    for (const spec of faults) {
      expect(renderOne(spec, "").told.filter((one) => one.startsWith("error DOCUMENT_INVALID"))).not.toEqual([]);
    }
  });
});

describe("generators", () => {
  const token = `apiVersion: v1
kind: ConfigMap
metadata: {name: token, namespace: default, annotations: {projectsveltos.io/instantiate: "ok"}}
data: {token: "{{ .CloudEvent.data.team }}-{{ .Cluster.metadata.name }}"}
---
`;
  const generator =
    "configMapGenerator: [{namespace: default, name: token, nameFormat: '{{ .Cluster.metadata.name }}-token'}]\n";
  const generated = reads(
    "apiVersion: v1, kind: ConfigMap, namespace: projectsveltos, name: '{{ .Cluster.metadata.name }}-token'",
  );
  const readsToken = content("{{ (getResource `it`).data.token }}");

  it("make documents that templates read", () => {
    const { manifests, told } = renderOne(generator + generated, token + readsToken);
    expect(told).toEqual([]);
    expect(manifests![0]).toContain("  v: red-eu\n");
  });

  it("make Secrets, whose content is base64", () => {
    const spec = (generator + generated)
      .replace("configMapGenerator", "secretGenerator")
      .replace("kind: ConfigMap, namespace: projectsveltos", "kind: Secret, namespace: projectsveltos");
    const template = token.replace("kind: ConfigMap", "kind: Secret").replace("\ndata:", "\nstringData:");
    const { manifests } = renderOne(spec, template + content("{{ (getResource `it`).data.token | b64dec }}"));
    expect(manifests![0]).toContain("  v: red-eu\n");
  });

  it("make documents that policyRefs name, guarded like any", () => {
    const spec = `configMapGenerator: [{namespace: default, name: content, nameFormat: made}]
policyRefs: [{kind: ConfigMap, namespace: projectsveltos, name: made}]
`;
    const template = content("'{{ .CloudEvent.data.team }}'");
    expect(renderOne(spec, template).manifests![0]).toContain("  v: red\n");
    expect(renderOne(spec, template, { team: "a'\n      w: 'b" }).rendering).toMatchObject({
      problem: { code: "GUARD_VIOLATION" },
    });
  });

  const faults: [name: string, spec: string, documents: string, code: string][] = [
    ["a template that is missing", generator + generated, readsToken, "REFERENCE_MISSING"],
    [
      "a template that an event names and that is not annotated",
      `configMapGenerator: [{namespace: default, name: '{{ .CloudEvent.data.team }}', nameFormat: a}]\n${policy}`,
      content("x") + settings.replace("settings-small", "red"),
      "REFERENCE_FORBIDDEN",
    ],
    [
      "a name that the config folder has",
      `${generator.replace("'{{ .Cluster.metadata.name }}-token'", "a")}${policy}`,
      token + content("x") + settings.replace("settings-small, namespace: default", "a, namespace: projectsveltos"),
      "REFERENCE_FORBIDDEN",
    ],
    [
      "two of one name",
      `configMapGenerator: [{namespace: default, name: token, nameFormat: a}, {namespace: default, name: token, nameFormat: a}]\n${policy}`,
      token + content("x"),
      "REFERENCE_FORBIDDEN",
    ],
    [
      "a name of blanks",
      `configMapGenerator: [{namespace: default, name: token, nameFormat: '{{ \` \` }}'}]\n${policy}`,
      token + content("x"),
      "REFERENCE_FORBIDDEN",
    ],
    [
      "a reference to what none makes",
      generator + generated.replace("-token", "-other"),
      token + readsToken,
      "REFERENCE_MISSING",
    ],
  ];
  it.each(faults)("%s", (_, spec, documents, code) => {
    expect(renderOne(spec, documents).rendering).toMatchObject({ action: "fail", problem: { code } });
  });

  it("one that is optional and missing makes nothing", () => {
    const spec = `configMapGenerator: [{namespace: default, name: nope, nameFormat: a, optional: true}]\n${policy}`;
    expect(renderOne(spec, content("x")).manifests).toHaveLength(1);
  });

  it("nothing of a generated document is an object", () => {
    expect(renderOne(generator, token).manifests).toEqual([]);
  });
});

describe("policyRefs", () => {
  it("force marks objects for those who apply them, and keeps what the template asks for", () => {
    const forced = policy.replace("}]", ", force: true}]");
    const { manifests } = renderOne(forced, content("x"));
    expect(manifests![0]).toContain("    kustomize.toolkit.fluxcd.io/force: enabled\n");
    expect(manifests![0]).toContain('    argocd.argoproj.io/sync-options: "Force=true,Replace=true"\n');
    const own = content("x").replace(
      "namespace: team}",
      'namespace: team, annotations: {argocd.argoproj.io/sync-options: "Prune=false,Replace=false"}}',
    );
    expect(renderOne(forced, own).manifests![0]).toContain('sync-options: "Prune=false,Force=true,Replace=true"\n');
    expect(renderOne(policy, content("x")).manifests![0]).not.toMatch(/force|sync-options/);
  });

  it("skipNamespaceCreation is said of each object", () => {
    const { rendering } = renderOne(policy.replace("}]", ", skipNamespaceCreation: true}]"), content("x"));
    expect(rendering).toMatchObject({ manifests: [{ skipsNamespace: true }] });
  });

  describe("Local", () => {
    const production = { requirements: [{ key: "env", operator: "In" as const, values: ["prod"] }] };
    const local = policy.replace("}]", ", deploymentType: Local}]");

    it("is refused where no rule of the settings allows it, and validate says so", () => {
      const { rendering, told } = renderOne(local, content("x"));
      expect(rendering).toMatchObject({
        action: "fail",
        problem: { code: "POLICY_VIOLATION", message: expect.stringContaining("built-in: hub") },
      });
      expect(told).toEqual([expect.stringMatching(/error POLICY_VIOLATION .*built-in: hub/)]);
    });

    it.each([
      ["any cluster's, so the hub's too", { effect: "allow" as const, namespaces: ["team"] }, "Create"],
      ["clusters that have labels", { effect: "allow" as const, clusters: production }, "fail"],
      ["another namespace's", { effect: "allow" as const, namespaces: ["other"] }, "fail"],
    ])("is allowed by a rule that is %s: %#", (_, rule, action) => {
      expect(renderOne(local, content("x"), undefined, { policy: [rule] }).rendering.action).toBe(action);
    });

    it("is for the hub, and says for which cluster and entity", () => {
      const allowed = { policy: [{ effect: "allow" as const }] };
      const both = local.replace("}]", "}, {kind: ConfigMap, namespace: default, name: content}]");
      const { rendering } = renderOne(both, content("x"), undefined, allowed);
      const [onHub, onCluster] = rendering.action === "Create" ? rendering.manifests : [];
      expect(onHub?.identity).toEqual({ group: "", kind: "ConfigMap", namespace: "team", name: "x", isLocal: true });
      expect(onHub?.text).toContain("sluice.dev/entity: hash@fleet/eu\n");
      expect(onCluster?.identity.isLocal).toBeUndefined();
      expect(onCluster?.text).toContain("sluice.dev/entity: hash\n");
    });
  });

  it("Remote is what happens anyway", () => {
    const { told, manifests } = renderOne(policy.replace("}]", ", deploymentType: Remote}]"), content("x"));
    expect(told).toEqual([]);
    expect(manifests).toHaveLength(1);
  });
});

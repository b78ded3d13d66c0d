/** What an event may not have rendered, and what it may not print into what other programs act on. */
import { describe, expect, it } from "vitest";
import { renderOne } from "./render-one.ts";

const spec = "policyRefs: [{kind: ConfigMap, namespace: default, name: content}]\n";
const content = (manifest: string) =>
  `apiVersion: v1
kind: ConfigMap
metadata: {name: content, namespace: default, annotations: {projectsveltos.io/template: "ok"}}
data:
  a.yaml: |
${manifest.replace(/^(?=.)/gm, "    ")}
---
`;
const binding = `apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: tenant-red}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
`;

describe("rules", () => {
  it("fail the record, naming the rule, and validate says so beforehand", () => {
    const { rendering, told } = renderOne(spec, content(binding));
    expect(rendering).toMatchObject({ action: "fail", problem: { code: "POLICY_VIOLATION" } });
    expect(rendering.action === "fail" && rendering.problem.message).toContain("built-in: cluster-rights");
    expect(told.join()).toContain("error POLICY_VIOLATION EventTrigger t must not render a ClusterRoleBinding");
  });

  it("of the settings let it pass", () => {
    const policy = [{ effect: "allow", triggers: ["t"], names: ["tenant-*"] }] as const;
    const { manifests, told } = renderOne(spec, content(binding), undefined, { policy });
    expect(manifests).toHaveLength(1);
    expect(told).toEqual([]);
  });

  it("are asked of what comes out, whatever the template looks like", () => {
    const hidden = binding.replace("kind: ClusterRoleBinding", "kind: {{ printf `%sBinding` `ClusterRole` }}");
    const { rendering, told } = renderOne(spec, content(hidden));
    expect(told).toEqual([]);
    expect(rendering).toMatchObject({ problem: { code: "POLICY_VIOLATION" } });
    const inNamespace =
      "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: '{{ .CloudEvent.data.team }}'}\n";
    expect(renderOne(spec, content(inNamespace), { team: "kube-system" }).rendering).toMatchObject({
      problem: { code: "POLICY_VIOLATION" },
    });
  });
});

describe("references in what other programs act on", () => {
  const release = (fields: string) => `apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: "{{ .CloudEvent.data.team }}", namespace: tenants}
spec:
  interval: 10m
  releaseName: "{{ .CloudEvent.data.team }}"
${fields.replace(/^(?=.)/gm, "  ")}
  values: {owner: "{{ .CloudEvent.data.team }}", nested: [{ a: "{{ .CloudEvent.data.team }}" }]}
`;
  const chart = (name: string, version: string) =>
    `chart: {spec: {chart: "${name}", version: "${version}", sourceRef: {kind: HelmRepository, name: charts}}}`;
  const team = "{{ .CloudEvent.data.team }}";
  const cases: [name: string, manifest: string, isTaken: boolean][] = [
    ["values and release name", release(chart("nats", "1.2.3")), true],
    ["a chart", release(chart(team, "1.2.3")), false],
    ["a version", release(chart("nats", team)), false],
    ["a part of a version", release(chart("nats", `1.2.${team}`)), false],
    ["a version of the cluster's", release(chart("nats", "{{ .Cluster.metadata.labels.size }}")), true],
    [
      "of the cluster's, through functions",
      release(chart("nats", "{{ .Cluster.metadata.labels.size | lower | trunc 3 }}")),
      true,
    ],
    [
      "what looks like the cluster's",
      release(chart("nats", "{{ with .CloudEvent.data }}{{ .Cluster.a }}{{ end }}")),
      false,
    ],
    [
      "the cluster's and the event's",
      release(chart("nats", "{{ printf `%s%s` .Cluster.metadata.labels.size .CloudEvent.data.team }}")),
      false,
    ],
    ["the event's behind the cluster's", release(chart("{{ .Cluster.metadata.labels.size }}-" + team, "1")), false],
    [
      "what an event made of the cluster",
      release(
        chart(
          "nats",
          "{{ if set .Cluster.metadata.labels `size` .CloudEvent.data.team }}{{ end }}{{ .Cluster.metadata.labels.size }}",
        ),
      ),
      false,
    ],
    ["a target namespace", release(`${chart("nats", "1")}\ntargetNamespace: "${team}"`), false],
    ["a service account", release(`${chart("nats", "1")}\nserviceAccountName: "${team}"`), false],
    ["a kubeconfig", release(`${chart("nats", "1")}\nkubeConfig: {secretRef: {name: "${team}"}}`), false],
    ["valuesFrom", release(`${chart("nats", "1")}\nvaluesFrom: [{kind: Secret, name: "${team}"}]`), false],
    ["its own namespace", release(chart("nats", "1")).replace("namespace: tenants", `namespace: "${team}"`), false],
    ["a key", release(`${chart("nats", "1")}\n"${team}": a`), false],
    [
      "Flux' Kustomization",
      `apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: a, namespace: b}\nspec: {interval: 1m, prune: true, path: "./${team}", sourceRef: {kind: GitRepository, name: a}}\n`,
      false,
    ],
    [
      "and what it substitutes",
      `apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: a, namespace: b}\nspec: {interval: 1m, prune: true, path: ./a, postBuild: {substitute: {team: "${team}"}}, sourceRef: {kind: GitRepository, name: a}}\n`,
      true,
    ],
    [
      "Argo CD's Application",
      `apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: a, namespace: b}\nspec: {project: default, destination: {name: "${team}"}, source: {repoURL: https://a, chart: b}}\n`,
      false,
    ],
    [
      "and its values",
      `apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: a, namespace: b}\nspec: {project: default, destination: {name: a}, source: {repoURL: https://a, chart: b, helm: {valuesObject: {a: "${team}"}}}}\n`,
      true,
    ],
    [
      "kinds of Flux' extensions",
      `apiVersion: source.extensions.fluxcd.io/v1beta1\nkind: ArtifactGenerator\nmetadata: {name: a, namespace: b}\nspec: {sources: [{alias: a, kind: GitRepository, name: "${team}"}]}\n`,
      false,
    ],
    [
      "and of Flux' operator",
      `apiVersion: fluxcd.controlplane.io/v1\nkind: ResourceSet\nmetadata: {name: a, namespace: b}\nspec: {resourcesTemplate: "${team}"}\n`,
      false,
    ],
    [
      "kinds of others",
      `apiVersion: example.com/v1\nkind: Chart\nmetadata: {name: a, namespace: b}\nspec: {chart: "${team}"}\n`,
      true,
    ],
  ];
  it.each(cases)("%s", (_, manifest, isTaken) => {
    const { rendering, manifests } = renderOne(spec, content(manifest));
    if (isTaken) expect(manifests, JSON.stringify(rendering)).toHaveLength(1);
    else
      expect(rendering).toMatchObject({
        problem: { code: expect.stringMatching(/^(?:POLICY_VIOLATION|GUARD_VIOLATION|TEMPLATE_FAILED)$/) },
      });
  });

  it("no rule of the settings lifts that", () => {
    const { rendering } = renderOne(spec, content(release(chart(team, "1"))), undefined, {
      policy: [{ effect: "allow" }],
    });
    expect(rendering).toMatchObject({ problem: { code: "POLICY_VIOLATION" } });
  });
});

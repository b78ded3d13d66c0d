/** What a profile renders for a cluster, and what becomes of Secrets under each setting. */
import { expect, it } from "vitest";
import { loadCatalog } from "../../src/config/load-catalog.ts";
import { renderProfile } from "../../src/render/render-profile.ts";
import type { RenderSettings } from "../../src/render/render-spec.ts";

const documents = (template: string) => `apiVersion: lib.projectsveltos.io/v1beta1
kind: SveltosCluster
metadata: {name: eu, namespace: fleet, labels: {zone: a}}
---
apiVersion: config.projectsveltos.io/v1beta1
kind: ClusterProfile
metadata: {name: p}
spec:
  clusterRefs: [{namespace: fleet, name: eu}]
  templateResourceRefs: [{identifier: limits, resource: {apiVersion: v1, kind: ConfigMap, namespace: default, name: limits}}]
  policyRefs: [{kind: Secret, namespace: default, name: s}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: limits, namespace: default}
data: {pods: "10"}
---
apiVersion: v1
kind: Secret
metadata: {name: s, namespace: default${template}}
stringData:
  a.yaml: |
    apiVersion: v1
    kind: Secret
    metadata: {name: t, namespace: n}
    stringData: {zone: "{{ .Cluster.metadata.labels.zone }}", pods: '{{ (getResource "limits").data.pods }}'}
`;
const asTemplate = ", annotations: {projectsveltos.io/template: ok}";

function render(template: string, settings: Partial<RenderSettings>) {
  const { value } = loadCatalog([{ path: "a.yaml", text: documents(template) }], { compatibility: "strict" });
  const profile = value.profiles.get("ClusterProfile/p")!;
  const all = { instance: "sluice", secrets: "refuse", ...settings } as const;
  const [rendering] = renderProfile(value, profile, [...value.clusters.values()], "e", all);
  return rendering;
}

const textOf = (rendering: ReturnType<typeof render>) =>
  rendering?.action === "Create" ? rendering.manifests.map(({ text }) => text).join() : JSON.stringify(rendering);

it("sees the cluster and what templateResourceRefs name, and no event", () => {
  const text = textOf(render(asTemplate, { secrets: "plain" }));
  expect(text).toMatch(/pods: "10"\n.*zone: a\n/);
  expect(text).toContain("sluice.dev/owner: ClusterProfile.p");
});

it.each([
  ["a constant, committed anyway", "", { commitsConstants: true }, "Create"],
  ["a constant of another place", "", {}, "fail"],
  ["a template", asTemplate, { commitsConstants: true }, "fail"],
  ["a template, where the settings commit Secrets", asTemplate, { secrets: "plain" }, "Create"],
] as const)("a Secret: %s", (_, template, settings, action) => {
  const rendering = render(template, settings);
  expect(rendering?.action).toBe(action);
  if (rendering?.action === "fail") expect(rendering.problem.code).toBe("SECRET_REFUSED");
});

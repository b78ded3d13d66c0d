/** What a hub is given for a catalog: whole texts, so that what others read of it is seen here. */
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { loadCatalog } from "../../src/config/load-catalog.ts";
import { checkDelivery } from "../../src/delivery/check-delivery.ts";
import { writeDelivery } from "../../src/delivery/write-delivery.ts";
import { deliveries } from "./deliveries.ts";

const { flux, argocd } = deliveries;
const output = { stateId: "0123456789abcdef", outputPath: "rendered", instance: "sluice" };

const sveltos = "apiVersion: lib.projectsveltos.io/v1beta1\nkind: SveltosCluster";
const clusters = {
  named: `${sveltos}\nmetadata: {name: eu-1, namespace: fleet}\nspec: {kubeconfigName: eu, kubeconfigKeyName: re-kubeconfig}\n`,
  guessed: `${sveltos}\nmetadata: {name: eu-1, namespace: fleet}\n`,
  pulling: `${sveltos}\nmetadata: {name: eu-1, namespace: fleet}\nspec: {pullMode: true}\n`,
  identity: `${sveltos}\nmetadata: {name: eu-1, namespace: fleet}\nspec: {workloadIdentity: {provider: aws}}\n`,
  clusterApi: "apiVersion: cluster.x-k8s.io/v1beta1\nkind: Cluster\nmetadata: {name: eu-1, namespace: fleet}\n",
  argo: "apiVersion: v1\nkind: Secret\nmetadata: {name: eu-1-secret, namespace: fleet, labels: {argocd.argoproj.io/secret-type: cluster}}\nstringData: {name: eu-1, server: https://eu-1}\n",
};

function catalogOf(...documents: string[]) {
  return loadCatalog([{ path: "all.yaml", text: documents.join("---\n") }], { compatibility: "strict" }).value;
}

describe("for Flux", () => {
  it("each unit is a Kustomization in the cluster's namespace, and its folder is kept", () => {
    const files = writeDelivery(catalogOf(clusters.named), flux, output);

    expect([...files.keys()]).toEqual([
      "delivery/hub/fleet/eu-1/base.yaml",
      "delivery/hub/fleet/eu-1/triggers.yaml",
      "desired/fleet/eu-1/triggers/sluice-unit.yaml",
      "delivery/hub/sluice-delivery.yaml",
    ]);
    expect(files.get("delivery/hub/fleet/eu-1/triggers.yaml")).toBe(`apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: fleet-eu-1-triggers-kvzgvm7zbfkmunpf
  namespace: fleet
  labels:
    app.kubernetes.io/managed-by: sluice
    sluice.dev/instance: sluice
spec:
  interval: 10m
  kubeConfig:
    secretRef:
      key: re-kubeconfig
      name: eu
  path: rendered/fleet/eu-1/triggers
  prune: true
  retryInterval: 30s
  sourceRef:
    kind: GitRepository
    name: fleet
    namespace: flux-system
  timeout: 1m
`);
  });

  it.each([
    ["guessed", { name: "eu-1-sveltos-kubeconfig", key: "kubeconfig" }, 1],
    ["named", { name: "eu", key: "re-kubeconfig" }, 0],
    ["clusterApi", { name: "eu-1-kubeconfig", key: "value" }, 0],
  ] as const)("a cluster that is %s has its kubeconfig by its own convention", (which, secret, warnings) => {
    const catalog = catalogOf(clusters[which]);

    const text = writeDelivery(catalog, flux, output).get("delivery/hub/fleet/eu-1/base.yaml");

    expect(text).toContain(`      key: ${secret.key}\n      name: ${secret.name}\n`);
    expect(checkDelivery(catalog, flux)).toHaveLength(warnings);
  });

  it.each(["pulling", "identity", "argo"] as const)(
    "a cluster that is %s is not delivered to, which is told",
    (which) => {
      const catalog = catalogOf(clusters[which]);

      expect([...writeDelivery(catalog, flux, output).keys()]).toEqual(["delivery/hub/sluice-delivery.yaml"]);
      expect(checkDelivery(catalog, flux)).toMatchObject([
        { code: "DELIVERY_IMPOSSIBLE", severity: "warning", at: { file: "all.yaml", line: 1 } },
      ]);
    },
  );

  it("with split: owner each trigger that may have objects there has a unit, also where an event names the cluster", () => {
    const trigger = (name: string, more: string) =>
      `apiVersion: lib.projectsveltos.io/v1beta1\nkind: EventTrigger\nmetadata: {name: ${name}}\nspec: {eventSourceName: user, ${more}}\n`;
    const catalog = catalogOf(
      clusters.named,
      trigger("here", "sourceClusterSelector: {}"),
      trigger("there", "sourceClusterSelector: {matchLabels: {env: no}}"),
      trigger(
        "sent",
        "sourceClusterSelector: {matchLabels: {env: no}}, destinationCluster: {namespace: fleet, name: '{{ .CloudEvent.data.cluster }}'}",
      ),
    );
    const paths = [...writeDelivery(catalog, { ...flux, split: "owner", buckets: 4 }, output).keys()];

    const units = paths.flatMap((path) => /^delivery\/hub\/fleet\/eu-1\/(.*)\.yaml$/.exec(path)?.[1] ?? []);
    expect(units).toEqual([
      "base",
      ...["here", "sent"].flatMap((name) => [0, 1, 2, 3].map((bucket) => `eventtrigger.${name}-0${bucket}`)),
    ]);
    expect(paths).toContain("desired/fleet/eu-1/triggers/_03/sent/sluice-unit.yaml");
  });

  it("with artifacts each unit is taken from its own, which a generator for the namespace makes", () => {
    const files = writeDelivery(catalogOf(clusters.named), { ...flux, artifacts: true }, output);

    const text = files.get("delivery/hub/fleet/eu-1/triggers.yaml");
    expect(text).toContain('  path: "./"\n');
    expect(text).toContain(
      "  sourceRef:\n    kind: ExternalArtifact\n    name: fleet-eu-1-triggers-kvzgvm7zbfkmunpf\n",
    );
    expect(parse(files.get("delivery/hub/fleet/~artifacts.yaml") ?? "")).toMatchObject({
      apiVersion: "source.extensions.fluxcd.io/v1beta1",
      kind: "ArtifactGenerator",
      metadata: { namespace: "fleet", name: "sluice-sluice-artifacts" },
      spec: {
        sources: [{ alias: "repo", kind: "GitRepository", name: "fleet", namespace: "flux-system" }],
        artifacts: [
          {},
          {
            name: "fleet-eu-1-triggers-kvzgvm7zbfkmunpf",
            originRevision: "@repo",
            copy: [{ from: "@repo/rendered/fleet/eu-1/triggers/**", to: "@artifact/" }],
          },
        ],
      },
    });
  });

  it("a source that more than 50 Kustomizations take whole is a warning, and none with artifacts", () => {
    const many = Array.from(
      { length: 26 },
      (_, index) => `${sveltos}\nmetadata: {name: eu-${index}, namespace: fleet}\nspec: {kubeconfigKeyName: k}\n`,
    );
    expect(checkDelivery(catalogOf(...many.slice(0, 25)), flux)).toEqual([]);
    expect(checkDelivery(catalogOf(...many), flux)).toMatchObject([
      { code: "DELIVERY_COSTLY", severity: "warning", message: expect.stringContaining("52 Kustomizations") },
    ]);
    expect(checkDelivery(catalogOf(...many), { ...flux, artifacts: true })).toEqual([]);
  });

  it("more artifacts than a generator may have are parted among several, and stay where they are", () => {
    const of = (count: number) =>
      writeDelivery(
        catalogOf(
          ...Array.from(
            { length: count },
            (_, index) => `${sveltos}\nmetadata: {name: eu-${index}, namespace: fleet}\nspec: {kubeconfigKeyName: k}\n`,
          ),
        ),
        { ...flux, artifacts: true },
        output,
      );
    const placesIn = (files: ReadonlyMap<string, string>) =>
      new Map(
        [...files].flatMap(([path, text]) =>
          path.includes("/~artifacts")
            ? (parse(text) as { spec: { artifacts: { name: string }[] } }).spec.artifacts.map(
                ({ name }) => [name, path] as const,
              )
            : [],
        ),
      );
    const [before, after] = [placesIn(of(450)), placesIn(of(451))];

    expect([...new Set(before.values())].sort()).toEqual([
      "delivery/hub/fleet/~artifacts-0-of-2.yaml",
      "delivery/hub/fleet/~artifacts-1-of-2.yaml",
    ]);
    for (const [name, path] of before) expect(after.get(name)).toBe(path);
  });

  it("buckets are units, each with its folder", () => {
    const paths = [...writeDelivery(catalogOf(clusters.named), { ...flux, buckets: 4 }, output).keys()];

    expect(paths.filter((path) => path.startsWith("delivery/hub/fleet"))).toEqual(
      ["base", "triggers-00", "triggers-01", "triggers-02", "triggers-03"].map(
        (unit) => `delivery/hub/fleet/eu-1/${unit}.yaml`,
      ),
    );
    expect(paths).toContain("desired/fleet/eu-1/triggers/_03/sluice-unit.yaml");
  });

  it("clusters whose names meet when they are joined have units of different names", () => {
    const of = (namespace: string, name: string) =>
      `${sveltos}\nmetadata: {name: ${name}, namespace: ${namespace}}\nspec: {kubeconfigKeyName: k}\n`;
    const files = writeDelivery(catalogOf(of("a-x", "b"), of("a", "x-b")), flux, output);

    const names = [...files].flatMap(([path, text]) =>
      path.endsWith("/base.yaml") ? [/^ {2}name: (.*)$/m.exec(text)?.[1]] : [],
    );

    expect(new Set(names).size).toBe(2);
  });
});

describe("the hub's own folder, where something is put there (deploymentType: Local)", () => {
  const owner = (kind: string, group: string, name: string, more: string, namespace = "") =>
    `apiVersion: ${group}.projectsveltos.io/v1beta1\nkind: ${kind}\nmetadata: {name: ${name}${namespace === "" ? "" : `, namespace: ${namespace}`}}\nspec: {${more}}\n`;
  const refs = (more = "") => `policyRefs: [{kind: ConfigMap, namespace: a, name: b, optional: true${more}}]`;
  const local = refs(", deploymentType: Local");
  const documents = [
    clusters.named,
    owner("EventTrigger", "lib", "here", `eventSourceName: user, sourceClusterSelector: {}, ${local}`),
    owner("EventTrigger", "lib", "away", `eventSourceName: user, sourceClusterSelector: {}, ${refs()}`),
    owner("ClusterProfile", "config", "base", `clusterSelector: {}, ${local}`),
    owner("ClusterProfile", "config", "other", `clusterSelector: {}, ${refs()}`),
    ...["fleet", "labs"].map((namespace) =>
      owner("Profile", "config", "base", `clusterSelector: {}, ${local}`, namespace),
    ),
  ];

  it("has units of those that put something there, without a kubeconfig, beside the source", () => {
    const files = writeDelivery(catalogOf(...documents), { ...flux, split: "owner" }, output);
    const units = [...files.keys()].flatMap((path) => /^delivery\/hub\/mgmt\/mgmt\/(.*)\.yaml$/.exec(path)?.[1] ?? []);
    expect(units).toEqual([
      "base",
      "eventtrigger.here",
      "clusterprofile.base",
      "profile.fleet%2Fbase",
      "profile.labs%2Fbase",
    ]);
    const objects = units.map((unit) => parse(files.get(`delivery/hub/mgmt/mgmt/${unit}.yaml`) ?? ""));
    for (const { metadata, spec } of objects) {
      expect(metadata.namespace).toBe("flux-system");
      expect(spec.kubeConfig).toBeUndefined();
    }
    expect(objects.map(({ spec }) => spec.path)).toEqual([
      "rendered/mgmt/mgmt/base",
      "rendered/mgmt/mgmt/triggers/here",
      "rendered/mgmt/mgmt/clusterprofiles/base",
      "rendered/mgmt/mgmt/profiles/fleet%2Fbase",
      "rendered/mgmt/mgmt/profiles/labs%2Fbase",
    ]);
    expect(new Set(objects.map(({ metadata }) => metadata.name)).size).toBe(units.length);
  });

  it("is Argo CD's own cluster", () => {
    const files = writeDelivery(catalogOf(...documents), argocd, output);
    const { spec } = parse(files.get("delivery/hub/mgmt/mgmt/triggers.yaml") ?? "");
    expect(spec.destination).toEqual({ server: "https://kubernetes.default.svc" });
  });

  it("is a cluster like any other where a document describes it", () => {
    const described = clusters.named.replace("name: eu-1, namespace: fleet", "name: mgmt, namespace: mgmt");
    const files = writeDelivery(catalogOf(described, ...documents), flux, output);
    const { metadata, spec } = parse(files.get("delivery/hub/mgmt/mgmt/triggers.yaml") ?? "");
    expect(metadata.namespace).toBe("mgmt");
    expect(spec.kubeConfig).toEqual({ secretRef: { name: "eu", key: "re-kubeconfig" } });
  });

  it("is not there where nobody puts anything on it", () => {
    const files = writeDelivery(catalogOf(clusters.named, documents[2]!, documents[4]!), flux, output);
    expect([...files.keys()].filter((path) => path.includes("mgmt"))).toEqual([]);
  });
});

describe("profiles", () => {
  const profile = (name: string, spec: string) =>
    `apiVersion: config.projectsveltos.io/v1beta1\nkind: ClusterProfile\nmetadata: {name: ${name}}\nspec: {${spec}}\n`;
  const labelled = `${sveltos}\nmetadata: {name: eu-1, namespace: fleet, labels: {env: prod}}\nspec: {kubeconfigKeyName: k}\n`;
  const catalog = catalogOf(
    labelled,
    profile("crds", ""),
    profile(
      "apps",
      "clusterSelector: {matchLabels: {env: prod}}, dependsOn: [crds], syncMode: ContinuousWithDriftDetection",
    ),
    profile("elsewhere", "clusterSelector: {matchLabels: {env: test}}"),
  );

  it("each is a unit where it is for, a prerequisite where its dependent is, in their order", () => {
    const files = writeDelivery(catalog, flux, output);
    const hub = (name: string) => files.get(`delivery/hub/fleet/eu-1/${name}.yaml`) ?? "";
    const prerequisite = /^ {2}name: (.*)$/m.exec(hub("clusterprofile.crds"))?.[1];

    expect(hub("clusterprofile.crds")).toContain("  wait: true\n");
    expect(hub("clusterprofile.apps")).toContain(`  dependsOn:\n  - name: ${prerequisite}\n`);
    expect(hub("clusterprofile.apps")).toContain("  path: rendered/fleet/eu-1/clusterprofiles/apps\n");
    expect(hub("clusterprofile.apps")).not.toContain("wait:");
    expect([...files.keys()].filter((path) => path.includes("elsewhere"))).toEqual([]);
    expect(files.has("desired/fleet/eu-1/clusterprofiles/apps/sluice-unit.yaml")).toBe(true);
  });

  it("of Argo CD heal themselves by their own, and their order is a warning", () => {
    const files = writeDelivery(catalog, argocd, output);

    expect(files.get("delivery/hub/fleet/eu-1/clusterprofile.apps.yaml")).toContain("selfHeal: true");
    expect(files.get("delivery/hub/fleet/eu-1/clusterprofile.crds.yaml")).toContain("selfHeal: false");
    expect(checkDelivery(catalog, argocd).filter(({ message }) => message.includes("dependsOn"))).toHaveLength(1);
  });
});

describe("for Argo CD", () => {
  it("clusters of one name are not delivered to, lest one had what is another's", () => {
    const of = (namespace: string, name: string) => `${sveltos}\nmetadata: {name: ${name}, namespace: ${namespace}}\n`;
    const catalog = catalogOf(of("eu", "prod"), of("us", "prod"), of("us", "test"));

    const paths = [...writeDelivery(catalog, argocd, output).keys()];

    expect(paths.filter((path) => path.includes("/prod/"))).toEqual([]);
    expect(paths).toContain("delivery/hub/us/test/triggers.yaml");
    expect(checkDelivery(catalog, argocd).filter(({ message }) => message.includes("called prod too"))).toHaveLength(2);
    expect([...writeDelivery(catalogOf(of("eu", "prod"), of("us", "prod")), flux, output).keys()]).toHaveLength(7);
  });

  it("each unit is an Application by the cluster's name, rendered again only for commits to its folder", () => {
    const catalog = catalogOf(clusters.argo);

    const text = writeDelivery(catalog, argocd, output).get("delivery/hub/fleet/eu-1/triggers.yaml");

    expect(checkDelivery(catalog, argocd)).toEqual([]);
    expect(text).toBe(`apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: fleet-eu-1-triggers-kvzgvm7zbfkmunpf
  namespace: argocd
  labels:
    app.kubernetes.io/managed-by: sluice
    sluice.dev/instance: sluice
  annotations:
    argocd.argoproj.io/manifest-generate-paths: /rendered/fleet/eu-1/triggers
  finalizers:
  - resources-finalizer.argocd.argoproj.io
spec:
  destination:
    name: eu-1
  project: default
  source:
    directory:
      recurse: true
    path: rendered/fleet/eu-1/triggers
    repoURL: https://git.example.com/acme/fleet.git
    targetRevision: main
  syncPolicy:
    automated:
      prune: true
      selfHeal: false
    retry:
      backoff:
        duration: 5s
        factor: 2
        maxDuration: 3m
      limit: 5
    syncOptions:
    - ServerSideApply=true
`);
  });

  it("heals itself where a trigger on the cluster corrects drift, and nowhere else", () => {
    const trigger = `apiVersion: lib.projectsveltos.io/v1beta1
kind: EventTrigger
metadata: {name: login}
spec:
  eventSourceName: user
  sourceClusterSelector: {matchLabels: {env: prod}}
  syncMode: ContinuousWithDriftDetection
  cloudEventAction: Create
`;
    const source =
      "apiVersion: lib.projectsveltos.io/v1beta1\nkind: EventSource\nmetadata: {name: user}\nspec: {messagingMatchCriteria: [{subject: user}]}\n";
    const of = (name: string, env: string) =>
      `${sveltos}\nmetadata: {name: ${name}, namespace: fleet, labels: {env: ${env}}}\n`;
    const files = writeDelivery(catalogOf(source, trigger, of("a", "prod"), of("b", "test")), argocd, output);

    expect(files.get("delivery/hub/fleet/a/triggers.yaml")).toContain("selfHeal: true");
    expect(files.get("delivery/hub/fleet/b/triggers.yaml")).toContain("selfHeal: false");
  });

  it("a cluster that Argo CD has no Secret of here is told of", () => {
    expect(checkDelivery(catalogOf(clusters.clusterApi), argocd)).toMatchObject([{ code: "DELIVERY_IMPOSSIBLE" }]);
  });
});

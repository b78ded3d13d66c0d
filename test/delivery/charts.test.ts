/** What charts become for Flux and Argo CD: whole texts, every option, held against the tools' own CRDs as they are kept. */
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { checkCharts } from "../../src/delivery/check-charts.ts";
import { checkDelivery } from "../../src/delivery/check-delivery.ts";
import { writeDelivery } from "../../src/delivery/write-delivery.ts";
import type { HubDelivery } from "../../src/model/hub-delivery.ts";
import { compileCrd, readKeptCrd } from "../tools/delivery-crds.ts";
import { deliveries } from "./deliveries.ts";
import {
  around,
  catalogOf,
  entry,
  everyOption,
  http,
  oci,
  output,
  profile,
  release,
  renderDelivered,
} from "./rendered-charts.ts";

/** Every object is one that its tool's API server takes. */
function expectValid(texts: readonly string[]): void {
  for (const text of texts) {
    const { apiVersion, kind, spec } = parse(text) as { apiVersion: string; kind: string; spec: object };
    if (apiVersion === "v1") continue;
    const validate = compileCrd(readKeptCrd(`${apiVersion}/${kind}`));
    validate(spec);
    expect(validate.errors ?? []).toEqual([]);
  }
}

function deliver(spec: string, delivery: HubDelivery): ReadonlyMap<string, string> {
  const files = renderDelivered(spec, delivery);
  expectValid([...files.values()]);
  return files;
}

describe("for Flux", () => {
  it("a chart of an http repository is a HelmRepository and a HelmRelease beside it", () => {
    const files = deliver(entry(http, 'values: "size: 1.5"'), deliveries.flux);
    const [source = "", helmRelease = ""] = [...files.keys()];
    expect(source).toMatch(/^delivery\/charts\/fleet\/eu-1\/clusterprofiles\/p\/[0-9a-f]{12}\/sluice-source\.yaml$/);
    expect(helmRelease).toBe(source.replace("sluice-source", "tenants/red"));
    const name = /name: (\S+)/.exec(files.get(source) ?? "")?.[1];
    expect(files.get(source)).toBe(`apiVersion: source.toolkit.fluxcd.io/v1
kind: HelmRepository
metadata:
  name: ${name}
  namespace: fleet
  labels:
    app.kubernetes.io/managed-by: sluice
    sluice.dev/instance: sluice
spec:
  interval: 10m
  url: https://charts.example.com
`);
    expect(files.get(helmRelease)).toBe(`apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata:
  name: fleet-eu-1-helm-tenants-red-4paggqy7uy7kywzk
  namespace: fleet
  labels:
    app.kubernetes.io/managed-by: sluice
    sluice.dev/instance: sluice
spec:
  chart:
    spec:
      chart: tenant
      interval: 10m
      sourceRef:
        kind: HelmRepository
        name: ${name}
      version: "1.2.3"
  install:
    createNamespace: true
    disableTakeOwnership: true
    disableWait: true
    disableWaitForJobs: true
    replace: true
    strategy:
      name: RetryOnFailure
      retryInterval: 30s
  interval: 10m
  kubeConfig:
    secretRef:
      key: re-kubeconfig
      name: eu
  maxHistory: 2
  releaseName: red
  storageNamespace: tenants
  targetNamespace: tenants
  upgrade:
    disableTakeOwnership: true
    disableWait: true
    disableWaitForJobs: true
    strategy:
      name: RetryOnFailure
      retryInterval: 30s
  values:
    size: 1.5
`);
  });

  it("every option that it has is in the HelmRelease", () => {
    const files = [...deliver(entry(oci, everyOption) + around, deliveries.flux).values()];
    const [source, helmRelease] = files.map((text) => (parse(text) as { spec: object }).spec);
    expect(source).toEqual({
      url: "oci://registry.example.com/charts/tenant",
      interval: "10m",
      insecure: true,
      ref: { tag: "1.2.3" },
      layerSelector: { mediaType: "application/vnd.cncf.helm.chart.content.v1.tar+gzip", operation: "copy" },
      secretRef: { name: "credentials" },
      certSecretRef: { name: "ca" },
      verify: { provider: "cosign", secretRef: { name: "cosign" }, matchOIDCIdentity: [{ issuer: "i", subject: "s" }] },
    });
    const deploy = {
      disableWait: false,
      disableWaitForJobs: false,
      disableHooks: true,
      disableOpenAPIValidation: true,
      disableSchemaValidation: true,
      disableTakeOwnership: false,
      crds: "Skip",
    };
    expect(helmRelease).toMatchObject({
      chartRef: { kind: "OCIRepository" },
      timeout: "7m0s",
      maxHistory: 5,
      install: {
        ...deploy,
        createNamespace: false,
        replace: false,
        remediation: { retries: 4, remediateLastFailure: true },
      },
      upgrade: {
        ...deploy,
        cleanupOnFail: true,
        force: true,
        preserveValues: true,
        remediation: { retries: 4, remediateLastFailure: true, strategy: "rollback" },
      },
      uninstall: { deletionPropagation: "foreground", disableHooks: true, keepHistory: true },
      test: { enable: true },
      driftDetection: {
        mode: "enabled",
        ignore: [
          { paths: ["/spec/replicas"], target: { group: "apps", version: "v1", kind: "Deployment" } },
          { paths: ["/a"], target: { kind: "Secret", labelSelector: "a=b" } },
        ],
      },
      postRenderStrategy: "combined",
      postRenderers: [
        {
          kustomize: {
            patches: [{ patch: "- {op: remove, path: /spec/replicas}", target: { kind: "Deployment", name: ".*" } }],
          },
        },
      ],
      commonMetadata: { labels: { team: "a" }, annotations: { owner: "b" } },
    });
  });

  it.each([
    ["1.2.3", { tag: "1.2.3" }],
    ["v1.2.3-rc.1+build.5", { tag: "v1.2.3-rc.1_build.5" }],
    ["1.2.x", { semver: "1.2.x" }],
    [">=1.0.0 <2.0.0", { semver: ">=1.0.0 <2.0.0" }],
    ["", { semver: "*" }],
  ])("the version %j of an OCI chart", (version, ref) => {
    const chart = `helmCharts: [{${oci}, chartVersion: '${version}', ${release}}]\n`;
    const [source] = [...deliver(chart, deliveries.flux).values()];
    expect((parse(source ?? "") as { spec: { ref: object } }).spec.ref).toEqual(ref);
  });

  it.each([
    [
      "gitrepository://flux-system/apps/charts/a",
      {
        chart: {
          spec: {
            chart: "./charts/a",
            reconcileStrategy: "Revision",
            sourceRef: { kind: "GitRepository", name: "apps", namespace: "flux-system" },
          },
        },
      },
    ],
    [
      "bucket://flux-system/apps/a",
      { chart: { spec: { chart: "./a", sourceRef: { kind: "Bucket", name: "apps", namespace: "flux-system" } } } },
    ],
    [
      "ocirepository://flux-system/apps",
      { chartRef: { kind: "OCIRepository", name: "apps", namespace: "flux-system" } },
    ],
  ])("%s: a source that is there", (url, expected) => {
    const files = deliver(`helmCharts: [{repositoryURL: '${url}', ${release}}]\n`, deliveries.flux);
    expect(files.size).toBe(1);
    expect((parse([...files.values()][0]!) as { spec: object }).spec).toMatchObject(expected);
  });

  it("values of a Secret are in a Secret beside it, and nowhere else", () => {
    const chart = `helmCharts: [{${http}, ${release}, values: "a: 1", valuesFrom: [{kind: Secret, namespace: default, name: more}]}]\n`;
    const files = deliver(chart, deliveries.flux);
    const [secret = ""] = [...files].filter(([path]) => path.includes("/values/")).map(([, text]) => text);
    expect(parse(secret)).toMatchObject({ kind: "Secret", stringData: { "values.yaml": "a: 1\npassword: hunter2\n" } });
    const helmRelease = [...files.values()].find((text) => text.includes("kind: HelmRelease")) ?? "";
    expect(helmRelease).not.toContain("hunter2");
    const { metadata } = parse(secret) as { metadata: { name: string } };
    expect((parse(helmRelease) as { spec: { valuesFrom: object } }).spec.valuesFrom).toEqual([
      { kind: "Secret", name: metadata.name, valuesKey: "values.yaml" },
    ]);
  });

  it("releases of one place share its source", () => {
    const one = `{${http}, ${release}}`;
    const files = deliver(
      `helmCharts: [${one}, ${one.replace("red", "blue")}, ${one.replace("red", "green").replace("charts.", "other.")}]\n`,
      deliveries.flux,
    );
    expect([...files.keys()].filter((path) => path.endsWith("sluice-source.yaml"))).toHaveLength(2);
    expect(files.size).toBe(5);
  });

  it("a kustomizationRef is a Kustomization with the source, and so is a policyRef to one", () => {
    const ref =
      "kustomizationRefs: [{kind: OCIRepository, namespace: flux-system, name: apps, path: /over/prod, targetNamespace: team, components: [../c], force: true}]\npolicyRefs: [{kind: Bucket, namespace: b, name: plain}]\n" +
      around.replace(/patches:[\s\S]*/, "");
    const [built, plain] = [...deliver(ref, deliveries.flux).values()].map((text) => parse(text) as { spec: object });
    expect(built?.spec).toEqual({
      interval: "10m",
      retryInterval: "30s",
      timeout: "1m",
      path: "./over/prod",
      prune: true,
      sourceRef: { kind: "OCIRepository", name: "apps", namespace: "flux-system" },
      kubeConfig: { secretRef: { name: "eu", key: "re-kubeconfig" } },
      targetNamespace: "team",
      components: ["../c"],
      force: true,
      ignore: expect.any(Array),
      commonMetadata: { labels: { team: "a" }, annotations: { owner: "b" } },
    });
    expect(plain?.spec).toMatchObject({ path: "./", sourceRef: { kind: "Bucket", name: "plain", namespace: "b" } });
  });

  it("the charts of a unit have a wrapper, which waits for what the unit does and is waited for with it", () => {
    const chart = `helmCharts: [{${http}, ${release}}]\n`;
    const catalog = catalogOf(
      profile("first", chart),
      profile("second", `dependsOn: [first]\n${chart.replace("red", "blue")}`),
    );
    const files = writeDelivery(catalog, deliveries.flux, output);
    expectValid([...files].filter(([path]) => path.startsWith("delivery/hub/fleet")).map(([, text]) => text));
    const of = (unit: string) =>
      parse(files.get(`delivery/hub/fleet/eu-1/${unit}.yaml`) ?? "") as {
        metadata: { name: string; namespace: string };
        spec: { dependsOn?: { name: string }[] };
      };
    const [first, wrapper] = [of("clusterprofile.first"), of("charts.clusterprofile.first")];
    expect(wrapper).toMatchObject({
      metadata: { namespace: "fleet" },
      spec: { path: "delivery/charts/fleet/eu-1/clusterprofiles/first", wait: true, timeout: "5m", prune: true },
    });
    expect(wrapper.spec).not.toHaveProperty("kubeConfig");
    for (const dependent of ["clusterprofile.second", "charts.clusterprofile.second"]) {
      const names = of(dependent).spec.dependsOn?.map(({ name }) => name);
      expect(names).toEqual([first.metadata.name, wrapper.metadata.name].sort());
    }
    expect(of("charts.clusterprofile.second").spec).not.toHaveProperty("wait");
    expect(files.get("delivery/charts/fleet/eu-1/clusterprofiles/first/sluice-unit.yaml")).toContain(
      "namespace: fleet",
    );
    expect([...files.keys()].some((path) => path.includes("charts.triggers"))).toBe(false);
  });
});

it("no owner's name makes its unit that of another's charts", () => {
  const chart = `helmCharts: [{${http}, ${release}}]\n`;
  const written = (...profiles: string[]) => writeDelivery(catalogOf(...profiles), deliveries.flux, output);
  const [one, both] = [written(profile("p", chart)), written(profile("p", chart), profile("p.charts", ""))];
  for (const [path, text] of one) expect(both.get(path), path).toBe(text);
  const names = [...both.values()].map((text) => JSON.stringify([parse(text).kind, parse(text).metadata]));
  expect(new Set(names).size).toBe(both.size);
});

describe("for Argo CD", () => {
  it("a chart is an Application, with what Argo CD has of its options", () => {
    const files = deliver(entry(oci, everyOption) + around, deliveries.argocd);
    expect([...files.keys()]).toEqual([
      expect.stringMatching(/^delivery\/charts\/fleet\/eu-1\/clusterprofiles\/p\/[0-9a-f]{12}\/tenants\/red\.yaml$/),
    ]);
    expect(parse([...files.values()][0]!)).toMatchObject({
      apiVersion: "argoproj.io/v1alpha1",
      kind: "Application",
      metadata: { namespace: "argocd", finalizers: ["resources-finalizer.argocd.argoproj.io"] },
      spec: {
        project: "default",
        destination: { name: "eu-1", namespace: "tenants" },
        source: {
          repoURL: "registry.example.com/charts",
          chart: "tenant",
          targetRevision: "1.2.3",
          helm: {
            releaseName: "red",
            valuesObject: { a: 1 },
            skipCrds: true,
            skipSchemaValidation: true,
            skipTests: false,
          },
        },
        syncPolicy: {
          automated: { prune: true, selfHeal: true },
          retry: { limit: 4 },
          syncOptions: ["ServerSideApply=true", "RespectIgnoreDifferences=true"],
        },
        ignoreDifferences: [{ group: "apps", kind: "Deployment", jsonPointers: ["/spec/replicas"] }],
      },
    });
  });

  it("nothing is made of what it can't have: a kustomization of a source, a chart in one, values of a Secret", () => {
    const secret = "valuesFrom: [{kind: Secret, namespace: default, name: more}]";
    expect(deliver("kustomizationRefs: [{kind: GitRepository, namespace: a, name: b}]\n", deliveries.argocd).size).toBe(
      0,
    );
    expect(
      deliver(`helmCharts: [{repositoryURL: 'gitrepository://a/b/c', ${release}}]\n`, deliveries.argocd).size,
    ).toBe(0);
    expect(deliver(`helmCharts: [{${http}, ${release}, ${secret}}]\n`, deliveries.argocd).size).toBe(0);
  });

  it("the charts of a unit have an Application of Applications", () => {
    const files = writeDelivery(
      catalogOf(profile("p", `helmCharts: [{${http}, ${release}}]\n`)),
      deliveries.argocd,
      output,
    );
    const text = files.get("delivery/hub/fleet/eu-1/charts.clusterprofile.p.yaml") ?? "";
    expectValid([text]);
    expect(parse(text)).toMatchObject({
      spec: {
        destination: { server: "https://kubernetes.default.svc", namespace: "argocd" },
        source: { path: "delivery/charts/fleet/eu-1/clusterprofiles/p" },
      },
    });
  });
});

describe("what can't be expressed is a warning that names field and kind", () => {
  const told = (spec: string, delivery: HubDelivery) =>
    checkDelivery(catalogOf(profile("p", spec)), delivery)
      .filter(({ code, at }) => code === "DELIVERY_IMPOSSIBLE" && at !== undefined)
      .map(({ message }) => message)
      .filter((message) => !message.startsWith("cluster "))
      .map((message) => message.replace(/ can't be expressed by delivery\.kind \w+$/, ""));

  it("what helm itself can't do, for the applier", () => {
    const told = (spec: string) =>
      checkCharts(catalogOf(profile("p", spec)), "applier").map(({ message }) =>
        message.replace(/ can't be expressed by delivery\.kind applier$/, ""),
      );
    expect(told(`helmCharts: [{${http}, ${release}}]\n`)).toEqual([]);
    expect(told(entry(oci, everyOption))).toEqual([
      "helmCharts.options.enableClientCache",
      "helmCharts.options.upgradeOptions.recreate",
      "helmCharts.options.installOptions.recoverAfterConsecutiveFailures",
      "helmCharts.options.upgradeOptions.upgradeCRDs",
      "helmCharts.options.postRenderStrategy",
      "helmCharts.registryCredentialsConfig.credentials",
      "helmCharts.registryCredentialsConfig.ca",
      "helmCharts.registryCredentialsConfig.key",
      "helmCharts.signatureVerification",
      "helmCharts.provenanceVerification",
    ]);
    expect(told(`helmCharts: [{repositoryURL: "gitrepository://a/b/c", ${release}}]\n`)).toEqual([
      'helmCharts.repositoryURL "gitrepository://a/b/c"',
    ]);
  });

  it("every option, for each kind", () => {
    expect(told(entry(oci, everyOption), deliveries.flux)).toEqual([
      "helmCharts.options.dependencyUpdate",
      "helmCharts.options.enableClientCache",
      "helmCharts.options.upgradeOptions.recreate",
      "helmCharts.options.installOptions.recoverAfterConsecutiveFailures",
      "helmCharts.options.labels",
      "helmCharts.options.description",
      "helmCharts.options.upgradeOptions.resetThenReuseValues",
      "helmCharts.options.upgradeOptions.subNotes",
      "helmCharts.registryCredentialsConfig.key",
      "helmCharts.registryCredentialsConfig.insecureSkipTLSVerify",
      "helmCharts.provenanceVerification",
      expect.stringContaining("registryCredentialsConfig.credentials is looked for in each cluster's own namespace"),
    ]);
    expect(told(entry(oci, everyOption) + around, deliveries.argocd)).toHaveLength(29);
  });

  it.each([
    [
      "flux",
      "kustomizationRefs: [{kind: GitRepository, namespace: a, name: b, values: {a: b}}]\n",
      ["kustomizationRefs.values"],
    ],
    [
      "flux",
      "kustomizationRefs: [{kind: GitRepository, namespace: a, name: b, optional: true, tier: 5, valuesFrom: [{kind: Secret, namespace: default, name: more}]}]\n",
      ["kustomizationRefs.valuesFrom", "kustomizationRefs.optional", "kustomizationRefs.tier"],
    ],
    [
      "argocd",
      "kustomizationRefs: [{kind: GitRepository, namespace: a, name: b}]\n",
      ["kustomizationRefs to a source of Flux'"],
    ],
    [
      "argocd",
      `helmCharts: [{repositoryURL: 'gitrepository://a/b/c', ${release}}]\n`,
      ['helmCharts.repositoryURL "gitrepository://a/b/c"'],
    ],
    ["flux", `helmCharts: [{repositoryURL: 'ftp://a', ${release}}]\n`, ['helmCharts.repositoryURL "ftp://a"']],
    ["flux", `syncMode: OneTime\nhelmCharts: [{${http}, ${release}}]\n`, ["syncMode OneTime of charts"]],
    [
      "flux",
      `helmCharts: [{${http}, ${release}, signatureVerification: {provider: Keyless}}]\n`,
      ["helmCharts.signatureVerification of an http repository"],
    ],
    [
      "argocd",
      `helmCharts: [{${http}, ${release}, valuesFrom: [{kind: Secret, namespace: default, name: more}]}]\n`,
      ["valuesFrom a Secret"],
    ],
    ["flux", `helmCharts: [{${http}, ${release}, options: {wait: false, timeout: ''}}]\n`, []],
  ] as const)("%s %s", (kind, spec, expected) => {
    expect(told(spec, deliveries[kind])).toEqual(expected);
  });
});

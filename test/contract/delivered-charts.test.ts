/**
 * What is made of charts, in the hands of the tools' own rules: a real API server with Flux' and Argo CD's own CRDs takes every
 * object, unknown fields and CEL rules included, and helm itself takes the release, its name and its values.
 *
 * Needs helm, kube-apiserver and etcd (`npm run tools`); then `npm run test:all`.
 */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { writeDelivery } from "../../src/delivery/write-delivery.ts";
import { deliveries } from "../delivery/deliveries.ts";
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
} from "../delivery/rendered-charts.ts";
import { readApiKinds } from "../tools/api-kinds.ts";
import { buildTool, isBuilt } from "../tools/build-tool.ts";
import { deliveryKinds, readModuleDefinition } from "../tools/delivery-crds.ts";
import { type KubeApiServer, startKubeApiServer } from "../tools/start-kube-apiserver.ts";

const run = promisify(execFile);
const isAll = process.env.SLUICE_TEST_ALL !== undefined;
const hasHelm = isAll && (await isBuilt("helm"));
const hasServer = isAll && (await isBuilt("kube-apiserver")) && (await isBuilt("etcd"));

const secret = "valuesFrom: [{kind: Secret, namespace: default, name: more}]";
const specs: Readonly<Record<string, string>> = {
  "http, nothing but what it has to say": `helmCharts: [{${http}, ${release}}]\n`,
  "http, every option": entry(http, everyOption.replace(/signatureVerification.*\n/, "")) + around,
  "oci, every option": entry(oci, everyOption) + around,
  "oci, a range": `helmCharts: [{${oci}, chartVersion: '>=1.0.0 <2.0.0', ${release}}]\n`,
  "values of a Secret": `helmCharts: [{${http}, ${release}, ${secret}}]\n`,
  "a chart in a GitRepository": `helmCharts: [{repositoryURL: 'gitrepository://flux-system/apps/a', ${release}}]\n`,
  "a chart in an OCIRepository": `helmCharts: [{repositoryURL: 'ocirepository://flux-system/apps', ${release}}]\n`,
  kustomizations: `kustomizationRefs: [{kind: GitRepository, namespace: flux-system, name: a, path: ./b, targetNamespace: t, components: [c], force: true}]\npolicyRefs: [{kind: Bucket, namespace: b, name: c}]\n${around.replace(/patches:[\s\S]*/, "")}`,
};

describe.runIf(hasServer)("a real API server with the tools' CRDs", () => {
  let server: KubeApiServer;
  let kinds: Awaited<ReturnType<typeof readApiKinds>>;

  beforeAll(async () => {
    server = await startKubeApiServer();
    for (const kind of deliveryKinds) {
      const definition = readModuleDefinition(kind);
      const { status } = await server.request(
        "POST",
        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
        definition,
      );
      expect([201, 409]).toContain(status);
    }
    // A group that has just come is listed before it answers.
    const isThere = async (kind: string) => {
      const base = `/apis/${kind.slice(0, kind.lastIndexOf("/"))}`;
      const { body } = await server.request("GET", base);
      const { resources = [] } = (body ?? {}) as { resources?: readonly { readonly kind: string }[] };
      return resources.some((one) => one.kind === kind.slice(kind.lastIndexOf("/") + 1));
    };
    for (const kind of deliveryKinds) {
      for (let tries = 0; !(await isThere(kind)); tries++) {
        if (tries > 100) throw new Error(`${kind} never comes`);
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
    }
    kinds = await readApiKinds(server);
    for (const name of ["fleet", "argocd", "flux-system"])
      await server.request("POST", "/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name } });
  }, 300_000);
  afterAll(() => server?.stop());

  async function create(text: string): Promise<unknown> {
    const object = parse(text) as { apiVersion: string; kind: string; metadata: { namespace: string } };
    const kind = kinds.get(`${object.apiVersion}/${object.kind}`);
    expect(kind, `${object.apiVersion}/${object.kind}`).toBeDefined();
    const path = `${kind!.base}/namespaces/${object.metadata.namespace}/${kind!.plural}?dryRun=All&fieldValidation=Strict`;
    const { status, body } = await server.request("POST", path, object);
    return status === 201 ? undefined : body;
  }

  it.each(
    Object.entries(specs).flatMap(([name, spec]) =>
      (["flux", "argocd"] as const).map((kind) => [kind, name, spec] as const),
    ),
  )("%s: %s", async (kind, _, spec) => {
    const delivered = [...renderDelivered(spec, deliveries[kind]).values()];
    const units = [...writeDelivery(catalogOf(profile("p", spec)), deliveries[kind], output)];
    const hub = units.filter(([path]) => path.startsWith("delivery/")).map(([, text]) => text);
    expect(hub.length).toBeGreaterThan(4);
    for (const text of [...delivered, ...hub]) expect(await create(text)).toBeUndefined();
  });

  it("refuses what is none of theirs", async () => {
    const [text = ""] = [...renderDelivered(specs["a chart in a GitRepository"]!, deliveries.flux).values()];
    expect(await create(text.replace("  releaseName: red\n", "  releaseNames: red\n"))).toMatchObject({ code: 400 });
    expect(await create(text.replace("releaseName: red", `releaseName: ${"r".repeat(54)}`))).toMatchObject({
      code: 422,
    });
  });
});

describe.runIf(hasHelm)("helm itself", () => {
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "sluice-charts-"));
    await mkdir(join(folder, "tenant/templates"), { recursive: true });
    await writeFile(join(folder, "tenant/Chart.yaml"), "apiVersion: v2\nname: tenant\nversion: 1.2.3\n");
    await writeFile(join(folder, "tenant/values.yaml"), "size: 1\nplan: {name: free, limits: {cpu: 1, memory: 1Gi}}\n");
    const template =
      "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Release.Name }}, namespace: {{ .Release.Namespace }}}\ndata:\n  values: {{ toJson .Values | quote }}\n";
    await writeFile(join(folder, "tenant/templates/config.yaml"), template);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it.each([
    [
      "numbers, texts that look like them, null",
      'plan: {limits: {cpu: null, memory: 2Gi}}\nsize: 1.5\nport: 8080\nid: "0123"\non: "yes"',
      { plan: { name: "free", limits: { memory: "2Gi" } }, size: 1.5, port: 8080, id: "0123", on: "yes" },
    ],
    ["nothing", "", { size: 1, plan: { name: "free", limits: { cpu: 1, memory: "1Gi" } } }],
    [
      "text of several lines, other scripts, signs",
      'text: "a\\nb: {{ `{{` }}\\n"\nname: "Zürich 東京 ✓"\ntab: "a\\tb"',
      {
        size: 1,
        plan: { name: "free", limits: { cpu: 1, memory: "1Gi" } },
        text: "a\nb: {{\n",
        name: "Zürich 東京 ✓",
        tab: "a\tb",
      },
    ],
  ])("takes a release and its values: %s", async (_, values, expected) => {
    const spec = `helmCharts:\n- repositoryURL: https://charts.example.com\n  chartName: tenant\n  releaseName: red.tenant-1\n  releaseNamespace: tenants\n  values: ${JSON.stringify(values)}\n`;
    const helmRelease = [...renderDelivered(spec, deliveries.flux).values()].find((text) =>
      text.includes("kind: HelmRelease"),
    )!;
    const made = (parse(helmRelease) as { spec: { releaseName: string; targetNamespace: string; values?: object } })
      .spec;
    await writeFile(join(folder, "values.yaml"), JSON.stringify(made.values ?? {}));
    const helm = await buildTool("helm");
    const args = [
      "template",
      made.releaseName,
      join(folder, "tenant"),
      "-n",
      made.targetNamespace,
      "-f",
      join(folder, "values.yaml"),
    ];
    const { stdout } = await run(helm, args);
    const printed = parse(stdout) as { metadata: object; data: { values: string } };
    expect(printed.metadata).toEqual({ name: "red.tenant-1", namespace: "tenants" });
    expect(JSON.parse(printed.data.values)).toEqual(expected);
  });
});

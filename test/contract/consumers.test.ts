/**
 * What consumers make of the repository: Flux's own build of a folder, Argo CD's rules for one, and kustomize-controller
 * against a real API server, each with what hostile events render.
 *
 * The first needs flux-build (a minute to build), the last kube-apiserver, etcd and kustomize-controller as well:
 * `npm run tools`, then `npm run test:all`.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadCatalog } from "../../src/config/load-catalog.ts";
import type { Delivery } from "../../src/model/delivery.ts";
import type { Manifest } from "../../src/model/manifest.ts";
import { renderOffline } from "../../src/pipeline/render-offline.ts";
import { identityPath } from "../../src/plan/paths.ts";
import type { ManifestOptions } from "../../src/render/manifests/manifest-options.ts";
import { customKindsOfText } from "../../src/render/manifests/schema/read-crd.ts";
import { readManifests } from "../../src/render/read-manifests.ts";
import { interpolate, type Printable, sourceOf } from "../render/interpolate.ts";
import { readArgoDirectory } from "../tools/argocd-directory.ts";
import { isBuilt } from "../tools/build-tool.ts";
import { findProjectRoot } from "../tools/find-project-root.ts";
import { type FluxBuild, startFluxBuild } from "../tools/flux-build.ts";
import { type Flux, startFlux } from "../tools/start-flux.ts";
import { type KubeApiServer, startKubeApiServer } from "../tools/start-kube-apiserver.ts";
import { nastyTexts } from "./nasty-texts.ts";

const isAll = process.env.SLUICE_TEST_ALL !== undefined;
const hasFluxBuild = isAll && (await isBuilt("flux-build"));
const clusterTools = ["etcd", "kube-apiserver", "kustomize-controller"] as const;
const hasCluster = isAll && (await Promise.all(clusterTools.map((name) => isBuilt(name)))).every(Boolean);

const widgetCrd = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {kind: Widget, plural: widgets}
  versions:
  - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}
`;
const options: ManifestOptions = {
  provenance: { owner: "EventTrigger/login", entity: "0123abcd", instance: "sluice" },
  extraLabels: new Map(),
  extraAnnotations: new Map(),
  customKinds: new Map(customKindsOfText(widgetCrd).map((kind) => ["example.com/widget", kind])),
};

/** What a template makes of an event's values; they are printed with toJson where they are not plain. */
function render(template: string, values: Readonly<Record<string, string>> = {}): readonly Manifest[] {
  const printed: Record<string, Printable> = {};
  for (const [name, value] of Object.entries(values)) {
    const escaped = (sign: string): string => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`;
    const text = JSON.stringify(value).replace(/[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]/g, escaped);
    printed[name] = { text, serialized: value };
  }
  return readManifests(interpolate(template, printed), sourceOf(template), options).value;
}

/** Lays manifests out as the repository has them. */
function writeTree(manifests: Iterable<Manifest>, owner = "login"): string {
  const folder = mkdtempSync(join(tmpdir(), "sluice-tree-"));
  for (const { identity, text } of manifests) write(folder, `triggers/${owner}/${identityPath(identity)}.yaml`, text);
  return folder;
}

function write(folder: string, path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

const configMap =
  "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ name }}, namespace: default}\ndata:\n  k: {{ v }}\n";
const widget = "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: {{ name }}}\nspec: {a: [{b: {{ v }}}]}\n";
const names = [
  "kustomization",
  "kustomization.yaml",
  "cloudbuild",
  "appveyor.yml",
  "codeship-steps",
  "codeship-services.yml",
  "logo.png",
  "backup.tar.gz",
  "a.zip",
  "chart",
  "con",
];

/** The cluster's folder that the seed's end-to-end example makes of its login, and of hostile ones. */
async function writeExampleTree(subjects: readonly string[]): Promise<string> {
  const example = join(findProjectRoot(), "test/fixtures/examples/3-end-to-end");
  const login = JSON.parse(readFileSync(join(example, "login.json"), "utf8")) as object;
  const cluster =
    "apiVersion: lib.projectsveltos.io/v1beta1\nkind: SveltosCluster\n" +
    "metadata: {name: eu, namespace: fleet, labels: {env: production}}\n";
  const files = [
    { path: "cluster.yaml", text: cluster },
    { path: "config.yaml", text: readFileSync(join(example, "config.yaml"), "utf8") },
  ];
  const { value: catalog } = loadCatalog(files, { compatibility: "strict" });
  const deliveries = subjects.map(
    (subject, index): Delivery => ({
      connection: "bus",
      stream: "bus/@journal",
      position: { epoch: "e", sequence: index + 1, time: "2026-01-01T00:00:00Z" },
      subject: "user-operation",
      headers: new Map(),
      payload: Buffer.from(JSON.stringify({ ...login, subject, id: String(index) })),
    }),
  );
  const settings = { instance: "sluice", secrets: "plain" } as const;
  const { files: rendered } = await renderOffline(catalog, deliveries, { path: "rendered", shards: 0 }, settings);
  const folder = mkdtempSync(join(tmpdir(), "sluice-tree-"));
  const prefix = "rendered/fleet/eu/";
  for (const [path, text] of rendered) if (path.startsWith(prefix)) write(folder, path.slice(prefix.length), text);
  return folder;
}

const hostileSubjects = [
  ...["mgianluc", "kustomization", "cloudbuild", "kube-system", "default", "true", "123", "con", "team/alice"],
  ...["alice@example.com", "x".repeat(64), "-", "a\nb: c", '"', "logo-png", "team-alice"],
];

interface ConfigMapObject {
  readonly metadata: { readonly name: string };
  readonly data?: Readonly<Record<string, string>>;
  readonly binaryData?: Readonly<Record<string, string>>;
}

function textOf({ data, binaryData }: ConfigMapObject): string | undefined {
  return binaryData?.k === undefined ? data?.k : Buffer.from(binaryData.k, "base64").toString();
}

/** Objects of one folder at a time, so that a build stays fast. */
const chunk = 250;

describe.skipIf(!isAll)("Argo CD's directory rules", () => {
  it("find every object, whatever it is called and says", () => {
    const manifests = nastyTexts.flatMap((text, index) => render(configMap, { name: `n${index}`, v: text }));
    expect(manifests).toHaveLength(nastyTexts.length);
    const folder = writeTree([...manifests, ...names.flatMap((name) => render(configMap, { name, v: "x" }))]);
    try {
      const { type, objects, skipped } = readArgoDirectory(folder);
      expect({ type, skipped }).toEqual({ type: "Directory", skipped: [] });
      const values = new Map(
        (objects as unknown as ConfigMapObject[]).map((object) => [object.metadata.name, textOf(object)]),
      );
      nastyTexts.forEach((text, index) => {
        expect(values.get(`n${index}`), JSON.stringify(text)).toBe(text);
      });
      for (const name of names) expect(values.get(name)).toBe("x");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe.skipIf(!hasFluxBuild)("needs flux-build (npm run tools flux-build): Flux's build", () => {
  let flux: FluxBuild;
  beforeAll(async () => {
    flux = await startFluxBuild();
  });
  afterAll(async () => {
    await flux?.stop();
  });

  async function build(manifests: readonly Manifest[], owner?: string): Promise<readonly ConfigMapObject[]> {
    const folder = writeTree(manifests, owner);
    try {
      const { objects, error } = await flux.build(folder, { x: "substituted" });
      expect(error).toBe(undefined);
      return objects as unknown as ConfigMapObject[];
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  it("carries 2,000 nasty texts in ConfigMaps unchanged", { timeout: 600_000 }, async () => {
    for (let start = 0; start < nastyTexts.length; start += chunk) {
      const texts = nastyTexts.slice(start, start + chunk);
      const objects = await build(texts.flatMap((text, index) => render(configMap, { name: `n${index}`, v: text })));
      const values = new Map(objects.map((object) => [object.metadata.name, textOf(object)]));
      texts.forEach((text, index) => {
        expect(values.get(`n${index}`), JSON.stringify(text)).toBe(text);
      });
    }
  });

  it("carries what is not refused in any other object unchanged", { timeout: 600_000 }, async () => {
    let refused = 0;
    for (let start = 0; start < nastyTexts.length; start += chunk) {
      const texts = nastyTexts.slice(start, start + chunk);
      const wanted = new Map<string, string>();
      const manifests = texts.flatMap((text, index) => {
        const rendered = render(widget, { name: `n${index}`, v: text });
        if (rendered.length === 0) refused++;
        else wanted.set(`n${index}`, text);
        return rendered;
      });
      const objects = (await build(manifests)) as unknown as {
        metadata: { name: string };
        spec: { a: { b: string }[] };
      }[];
      const values = new Map(objects.map(({ metadata, spec }) => [metadata.name, spec.a[0]!.b]));
      expect(objects).toHaveLength(wanted.size);
      for (const [name, text] of wanted) expect(values.get(name), JSON.stringify(text)).toBe(text);
    }
    expect(refused).toBeLessThan(nastyTexts.length / 4);
  });

  it.each(["login", "kustomization.yaml", "logo.png", "cloudbuild.yaml"])(
    "finds objects of any name below a trigger called %s",
    async (owner) => {
      const manifests = names.flatMap((name) => render(configMap, { name, v: "x" }));
      const folder =
        owner.startsWith("l") && owner.length === 5
          ? owner
          : identityPath({ group: "", kind: "a", namespace: "", name: owner }).split("/").at(-1)!;
      const objects = await build(manifests, folder);
      expect(objects.map(({ metadata }) => metadata.name).sort()).toEqual([...names].sort());
    },
  );

  it("takes what the seed's example makes of hostile subjects", async () => {
    const folder = await writeExampleTree(hostileSubjects);
    const { objects, error } = await flux.build(folder, { x: "substituted" });
    const { objects: argo, skipped } = readArgoDirectory(folder);
    rmSync(folder, { recursive: true });
    expect(error).toBe(undefined);
    const namesOf = (list: readonly Readonly<Record<string, unknown>>[]): string[] =>
      list.map((object) => `${object.kind} ${(object.metadata as { name: string }).name}`).sort();
    expect(skipped).toEqual([]);
    expect(namesOf(objects!)).toEqual(namesOf(argo));
    for (const name of ["mgianluc", "kustomization", "cloudbuild", "true", "123", "con"]) {
      expect(namesOf(objects!)).toContain(`Namespace ${name}`);
    }
    expect(namesOf(objects!)).not.toContain("Namespace kube-system");
  });

  it("fails on a file called kustomization.yaml, as it did before names were encoded", async () => {
    const folder = writeTree(render(configMap, { name: "a", v: "x" }));
    write(
      folder,
      "triggers/login/default/configmap/kustomization.yaml",
      render(configMap, { name: "kustomization", v: "x" })[0]!.text,
    );
    expect((await flux.build(folder)).error).toMatch(/Kustomization/);
    rmSync(folder, { recursive: true });
  });
});

describe.skipIf(!hasCluster)(
  "needs kube-apiserver, etcd and kustomize-controller (npm run tools): Flux in a cluster",
  { timeout: 180_000 },
  () => {
    let server: KubeApiServer;
    let flux: Flux;
    beforeAll(async () => {
      server = await startKubeApiServer();
      await server.request(
        "POST",
        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions?fieldManager=test",
        widgetCrd,
        "application/yaml",
      );
      flux = await startFlux(server);
    });
    afterAll(async () => {
      await flux?.stop();
      await server?.stop();
    });

    async function sync(manifests: readonly Manifest[], more: Readonly<Record<string, string>> = {}) {
      const folder = writeTree(manifests);
      for (const [path, text] of Object.entries(more)) write(folder, path, text);
      try {
        return await flux.sync(folder);
      } finally {
        rmSync(folder, { recursive: true });
      }
    }

    async function configMapOf(name: string): Promise<ConfigMapObject | undefined> {
      const { status, body } = await server.request("GET", `/api/v1/namespaces/default/configmaps/${name}`);
      return status === 200 ? (body as ConfigMapObject) : undefined;
    }

    const steady = render(configMap, { name: "steady", v: "x" });

    it("I1: applies objects of any name", async () => {
      const outcome = await sync([...steady, ...names.flatMap((name) => render(configMap, { name, v: "x" }))]);
      expect(outcome).toMatchObject({ isReady: true });
      for (const name of names) expect(textOf((await configMapOf(name))!), name).toBe("x");
    });

    it("I2, I3, H8: brings text that is magic, or that kustomize breaks, to the cluster as it is", async () => {
      const marker = "+argocd:skip-file-rendering";
      const texts = [
        `$\{x}`,
        `$$\{x}`,
        "a$$b",
        marker,
        "\tx\ny",
        "a\u007fb",
        "\u0085",
        "\uffff",
        "x\n---\ny\n",
        "{{ x }}",
      ];
      const outcome = await sync([
        ...steady,
        ...texts.flatMap((text, index) => render(configMap, { name: `t${index}`, v: text })),
      ]);
      expect(outcome).toMatchObject({ isReady: true });
      for (const [index, text] of texts.entries()) expect(textOf((await configMapOf(`t${index}`))!)).toBe(text);
      const enabled = configMap.replace("namespace: default", "namespace: default, annotations: {{ a }}");
      const key = "kustomize.toolkit.fluxcd.io/substitute";
      const template = enabled.replace("{{ a }}", `{${key}: {{ e }}}`);
      expect(render(template, { name: "e", v: `$\{x}`, e: "enabled" })).toEqual([]);
    });

    it("I5: what no server takes is not rendered, and holds nothing else up", async () => {
      const quota =
        "apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: q, namespace: default}\nspec: {hard: {pods: {{ v }}}}\n";
      expect(render(quota, { v: "lots" })).toEqual([]);
      const naive = { "quota.yaml": quota.replace("{{ v }}", "lots") };
      const broken = await sync([...steady, ...render(configMap, { name: "held", v: "x" })], naive);
      expect(broken).toMatchObject({ isReady: false });
      expect(await configMapOf("held")).toBe(undefined);
      const outcome = await sync([
        ...steady,
        ...render(quota, { v: "5" }),
        ...render(configMap, { name: "held", v: "x" }),
      ]);
      expect(outcome).toMatchObject({ isReady: true });
      expect(await configMapOf("held")).toBeDefined();
    });

    it("I6, G3: a custom kind without namespace gets the one it lives in", async () => {
      const outcome = await sync([...steady, ...render(widget, { name: "w", v: "x" })]);
      expect(outcome).toMatchObject({ isReady: true });
      const path = "/apis/example.com/v1/namespaces/default/widgets/w";
      expect((await server.request("GET", path)).status).toBe(200);
    });

    it("I7, H2: neither built-in Namespaces nor lists at the root are rendered", async () => {
      const namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: {{ v }}}\n";
      expect(render(namespace, { v: "kube-system" })).toEqual([]);
      const list = "apiVersion: example.com/v1\nkind: AllowList\nmetadata: {name: a}\nitems: [{a: {{ v }}}]\n";
      expect(render(list, { v: "x" })).toEqual([]);
      const outcome = await sync([...steady, ...render(namespace, { v: "shop" })]);
      expect(outcome).toMatchObject({ isReady: true });
      expect((await server.request("GET", "/api/v1/namespaces/shop")).status).toBe(200);
    });

    it("applies what the seed's example makes of hostile subjects", async () => {
      const folder = await writeExampleTree(hostileSubjects);
      const outcome = await flux.sync(folder);
      rmSync(folder, { recursive: true });
      expect(outcome).toMatchObject({ isReady: true });
      for (const name of ["mgianluc", "kustomization", "true", "123"]) {
        expect((await server.request("GET", `/api/v1/namespaces/${name}`)).status, name).toBe(200);
      }
    });

    it("prunes what is gone, and nothing else", async () => {
      expect(await sync(steady)).toMatchObject({ isReady: true });
      expect(await configMapOf("kustomization")).toBe(undefined);
      expect(await configMapOf("steady")).toBeDefined();
      expect((await server.request("GET", "/api/v1/namespaces/kube-system")).status).toBe(200);
    });
  },
);

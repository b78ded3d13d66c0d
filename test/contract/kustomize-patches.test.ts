/**
 * Patches of RFC 6902 against kustomize itself, as Flux builds with it: the same random objects, targets and operations, and
 * the same objects, or a failure, on both sides. It needs flux-build: `npm run tools`, then `npm run test:all`.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadCatalog } from "../../src/config/load-catalog.ts";
import { type JsonObject, parseJson, writeJson } from "../../src/model/json.ts";
import { targetMatches } from "../../src/model/patch.ts";
import { applyOperations, type Operation, PatchError } from "../../src/render/patches/apply-operations.ts";
import { isBuilt } from "../tools/build-tool.ts";
import { type FluxBuild, startFluxBuild } from "../tools/flux-build.ts";

const canRun = process.env.SLUICE_TEST_ALL !== undefined && (await isBuilt("flux-build"));
const runs = 500;

const one = fc.constantFrom;
const scalar = one<unknown>("a", "", 1, true, "x/y");
const small = fc.oneof(
  { weight: 3, arbitrary: scalar },
  { weight: 1, arbitrary: fc.array(scalar, { minLength: 1, maxLength: 3 }) },
  { weight: 1, arbitrary: fc.dictionary(one("a", "b", "c/d", "e~f"), scalar, { minKeys: 1, maxKeys: 2 }) },
);
const spec = fc.record({
  list: fc.array(small, { minLength: 1, maxLength: 4 }),
  map: fc.dictionary(one("a", "b", "c/d", "e~f", "0"), small, { minKeys: 1, maxKeys: 3 }),
  text: one("a", "b"),
});
const object = (kind: string, name: string) =>
  fc.record({ spec, tier: one("front", "back") }).map((drawn) => ({
    apiVersion: "example.com/v1",
    kind,
    metadata: { name, namespace: "team", labels: { app: name, tier: drawn.tier }, annotations: { note: "x" } },
    spec: drawn.spec,
  }));
const objects = fc.tuple(object("Widget", "web"), object("Widget", "api"), object("Gadget", "web"));
/** The first ones are there in every object, and what is added there is. */
const there = one(..."/spec/list/0 /spec/list/0 /spec/text /spec/map /spec/list /spec/list/-1".split(" "));
const anywhere = one(
  ..."/spec/list/1 /spec/list/3 /spec/list/- /spec/list/0/a /spec/map/a /spec/map/b /spec/map/c~1d /spec/map/e~0f".split(
    " ",
  ),
  ..."/spec/map/0 /spec/map/a/b /spec/new /spec/new/a /spec/text/a".split(" "),
);
const pointer = fc.oneof({ weight: 3, arbitrary: there }, { weight: 1, arbitrary: anywhere });
const operation = fc.oneof(
  fc.record({ op: one("add", "add", "replace"), path: pointer, value: small }),
  fc.record({ op: one("remove"), path: pointer }),
  fc.record({ op: one("test"), path: one("/spec/text", "/spec/map/a"), value: one<unknown>("a", 1) }),
  fc.record({ op: one("move", "copy"), path: pointer, from: pointer }),
);
const anyTarget = fc.record(
  {
    group: one("example.com", "example.*", "other"),
    version: one("v1", "v2"),
    kind: one("Widget", "Gadget", ".*dget", "widget"),
    name: one("web", "web|api", "w", "w.*"),
    namespace: one("team", "te"),
    labelSelector: one("tier=front", "tier in (front,back)", "!tier", "app!=web", "app"),
    annotationSelector: one("note=x", "note=y"),
  },
  { requiredKeys: ["kind"] },
);
/** Most mean something. */
const target = fc.oneof(
  {
    weight: 3,
    arbitrary: one<Record<string, string>>(
      { kind: ".*dget" },
      { kind: "Widget" },
      { kind: "Gadget|Widget", name: "w.*" },
      { group: "example.*", version: "v1", kind: "Widget", namespace: "team" },
      { kind: "Widget", labelSelector: "app,tier in (front,back)" },
      { kind: "Widget", annotationSelector: "note=x" },
    ),
  },
  { weight: 1, arbitrary: anyTarget },
);
const patchOf = fc.record({ operations: fc.array(operation, { minLength: 1, maxLength: 3 }), target });
const cases = fc.record({ objects, patches: fc.array(patchOf, { minLength: 1, maxLength: 2 }) });
type Case = typeof cases extends fc.Arbitrary<infer Value> ? Value : never;

/**
 * What ours makes of them, in their order; undefined where a patch can't be applied. "copy of nothing": RFC 6902 refuses to copy
 * from where nothing is, and so do we; the library that kustomize uses makes null of it.
 */
function applyOurs({ objects: given, patches }: Case): readonly string[] | "copy of nothing" | undefined {
  const trigger = {
    apiVersion: "lib.projectsveltos.io/v1beta1",
    kind: "EventTrigger",
    metadata: { name: "t" },
    spec: {
      eventSourceName: "{{ .Cluster.metadata.name }}",
      patches: patches.map((patch) => ({ patch: JSON.stringify(patch.operations), target: patch.target })),
    },
  };
  const { value } = loadCatalog([{ path: "t.json", text: JSON.stringify(trigger) }], { compatibility: "strict" });
  const read = value.eventTriggers.get("t")!.patches;
  expect(read).toHaveLength(patches.length);
  try {
    return given.map(({ kind, metadata, ...rest }) => {
      let patched = parseJson(JSON.stringify({ kind, metadata, ...rest })) as JsonObject;
      const subject = {
        ...{ group: "example.com", version: "v1", kind, namespace: metadata.namespace, name: metadata.name },
        labels: new Map(Object.entries(metadata.labels)),
        annotations: new Map(Object.entries(metadata.annotations)),
      };
      for (const [index, { target: on }] of read.entries()) {
        if (!targetMatches(on!, subject)) continue;
        const operations = patches[index]!.operations.map((written) => {
          const value = "value" in written ? { value: parseJson(JSON.stringify(written.value)) } : {};
          return { ...written, ...value } as unknown as Operation;
        });
        patched = applyOperations(patched, operations) as JsonObject;
      }
      return sorted(JSON.parse(writeJson(patched)));
    });
  } catch (error) {
    if (!(error instanceof PatchError)) throw error;
    const isCopy = patches.some(({ operations }) => operations[error.index]?.op === "copy");
    return isCopy && error.message.startsWith("there is no ") ? "copy of nothing" : undefined;
  }
}

/** Equal for equal values, whatever the order of members. */
function sorted(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) =>
    typeof member === "object" && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  );
}

describe.skipIf(!canRun)("patches", () => {
  let flux: FluxBuild;
  let folder: string;

  beforeAll(async () => {
    flux = await startFluxBuild();
    folder = mkdtempSync(join(tmpdir(), "sluice-patches-"));
  });
  afterAll(async () => {
    await flux?.stop();
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  });

  it(`are kustomize's, in ${runs} random cases`, async () => {
    let [number, applied, failed] = [0, 0, 0];
    await fc.assert(
      fc.asyncProperty(cases, async (drawn) => {
        const path = join(folder, String(number++));
        mkdirSync(path);
        writeFileSync(join(path, "objects.yaml"), drawn.objects.map((text) => JSON.stringify(text)).join("\n---\n"));
        const patches = drawn.patches.map((patch) => ({
          patch: JSON.stringify(patch.operations),
          target: patch.target,
        }));
        const kustomization = {
          apiVersion: "kustomize.config.k8s.io/v1beta1",
          kind: "Kustomization",
          resources: ["objects.yaml"],
          patches,
        };
        writeFileSync(join(path, "kustomization.yaml"), JSON.stringify(kustomization));
        const built = await flux.build(path);
        rmSync(path, { recursive: true, force: true });
        const ours = applyOurs(drawn);
        if (ours === "copy of nothing") return;
        const theirs = built.error === undefined ? (built.objects ?? []).map(sorted) : undefined;
        expect(ours, built.error ?? "").toEqual(theirs);
        if (ours === undefined) failed++;
        else if (ours.join() !== drawn.objects.map(sorted).join()) applied++;
      }),
      { numRuns: runs },
    );
    expect(Math.min(applied, failed)).toBeGreaterThan(runs / 10);
  });
});

/**
 * Strategic merges against kustomize itself, as Flux builds with it: the same random objects and patches, and the same
 * objects, or a failure, on both sides. It needs flux-build: `npm run tools -- flux-build`, then `npm run test:all`.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type JsonObject, parseJson, writeJson } from "../../src/model/json.ts";
import { definitionOf, MergeError, mergeStrategically } from "../../src/render/patches/merge-strategically.ts";
import { isBuilt } from "../tools/build-tool.ts";
import { type FluxBuild, startFluxBuild } from "../tools/flux-build.ts";

const canRun = process.env.SLUICE_TEST_ALL !== undefined && (await isBuilt("flux-build"));
const runs = 500;

const one = fc.constantFrom;
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 3 });
/** In a patch a member may be taken away, or what is there be replaced. */
const orNull = <T>(arbitrary: fc.Arbitrary<T>, isPatch: boolean) =>
  isPatch
    ? fc.oneof(
        { weight: 6, arbitrary: arbitrary as fc.Arbitrary<unknown> },
        { weight: 1, arbitrary: fc.constant(null) },
      )
    : arbitrary;
const names = one("a", "b", "c");
const lists = <T>(item: fc.Arbitrary<T>, key: (item: T) => string) =>
  fc.uniqueArray(item, { minLength: 1, maxLength: 3, selector: key });

function container(isPatch: boolean) {
  const env = fc.record({ name: names, value: maybe(one("1", "2")) }, { requiredKeys: ["name"] });
  const port = fc.record(
    { containerPort: one(80, 443), protocol: maybe(one("TCP", "UDP")), name: maybe(names) },
    { requiredKeys: ["containerPort"] },
  );
  const mount = fc.record({ mountPath: one("/a", "/b"), name: names, readOnly: maybe(fc.boolean()) });
  return fc.record(
    {
      name: names,
      image: orNull(one("nginx", "redis"), isPatch),
      args: orNull(fc.array(one("x", "y"), { minLength: 1, maxLength: 2 }), isPatch),
      env: orNull(
        lists(env, ({ name }) => name),
        isPatch,
      ),
      ports: lists(port, ({ containerPort, protocol }) => `${containerPort} ${protocol}`),
      volumeMounts: lists(mount, ({ mountPath }) => mountPath),
      resources: orNull(
        fc.record({ limits: fc.dictionary(one("cpu", "memory"), one("1", "2"), { maxKeys: 2 }) }),
        isPatch,
      ),
      ...(isPatch ? { $patch: one("delete", "merge") } : {}),
    },
    { requiredKeys: ["name"] },
  );
}

const tolerations = fc.array(fc.record({ key: names, operator: one("Exists") }), { minLength: 1, maxLength: 2 });
const map = (isPatch: boolean) =>
  fc.dictionary(one("app", "tier", "zone"), orNull(one("x", "y"), isPatch), { maxKeys: 2 });

function podSpec(isPatch: boolean) {
  const volume = fc.record(
    { name: names, emptyDir: maybe(fc.constant({})), configMap: maybe(fc.record({ name: names })) },
    { requiredKeys: ["name"] },
  );
  return fc.record(
    {
      containers: orNull(
        lists(container(isPatch), ({ name }) => name),
        isPatch,
      ),
      volumes: orNull(
        lists(volume, ({ name }) => name),
        isPatch,
      ),
      nodeSelector: orNull(map(isPatch), isPatch),
      tolerations: orNull(tolerations, isPatch),
      imagePullSecrets: lists(fc.record({ name: names }), ({ name }) => name),
      serviceAccountName: orNull(names, isPatch),
      ...(isPatch ? { $patch: one("replace", "merge") } : {}),
    },
    { requiredKeys: isPatch ? [] : ["containers"] },
  );
}

const metadata = (isPatch: boolean) =>
  fc.record(
    {
      name: fc.constant("web"),
      namespace: fc.constant("team"),
      labels: orNull(map(isPatch), isPatch),
      annotations: orNull(map(isPatch), isPatch),
      finalizers: fc.uniqueArray(one("x/a", "x/b", "x/c"), { minLength: 1, maxLength: 2 }),
    },
    { requiredKeys: ["name", "namespace"] },
  );

const deployment = (isPatch: boolean) =>
  fc.record({
    apiVersion: fc.constant("apps/v1"),
    kind: fc.constant("Deployment"),
    metadata: metadata(isPatch),
    spec: fc.record(
      { replicas: orNull(one(1, 2), isPatch), template: fc.record({ spec: podSpec(isPatch) }) },
      { requiredKeys: [] },
    ),
  });
const service = (isPatch: boolean) =>
  fc.record({
    apiVersion: fc.constant("v1"),
    kind: fc.constant("Service"),
    metadata: metadata(isPatch),
    spec: fc.record(
      {
        ports: orNull(
          lists(
            fc.record(
              { port: one(80, 443), protocol: maybe(one("TCP", "UDP")), targetPort: maybe(one(8080, 9090)) },
              { requiredKeys: ["port"] },
            ),
            ({ port, protocol }) => `${port} ${protocol}`,
          ),
          isPatch,
        ),
        selector: orNull(map(isPatch), isPatch),
        externalIPs: fc.array(one("1.1.1.1", "2.2.2.2"), { minLength: 1, maxLength: 2 }),
      },
      { requiredKeys: [] },
    ),
  });
/** No kind of Kubernetes: its lists are replaced. */
const widget = (isPatch: boolean) =>
  fc.record({
    apiVersion: fc.constant("example.com/v1"),
    kind: fc.constant("Widget"),
    metadata: metadata(isPatch),
    spec: fc.record(
      {
        containers: fc.array(fc.record({ name: names, image: one("x", "y") }), { minLength: 1, maxLength: 2 }),
        map: orNull(map(isPatch), isPatch),
        // No number over a text: kyaml keeps the quotes that JSON has around the one, and so makes a text of the other.
        mixed: one<unknown>("text", "other", ["a"], { a: "b" }),
      },
      { requiredKeys: [] },
    ),
  });
const cases = fc.oneof(
  { weight: 3, arbitrary: fc.record({ object: deployment(false), patch: deployment(true) }) },
  { weight: 1, arbitrary: fc.record({ object: service(false), patch: service(true) }) },
  { weight: 1, arbitrary: fc.record({ object: widget(false), patch: widget(true) }) },
);

function applyOurs(object: object, patch: object): string | undefined {
  const [into, from] = [object, patch].map((value) => parseJson(JSON.stringify(value)) as JsonObject);
  const definition = definitionOf(String(into!.get("apiVersion")), String(into!.get("kind")));
  try {
    const merged = mergeStrategically(into!, from!, definition);
    return merged === undefined ? "deleted" : sorted(JSON.parse(writeJson(merged)));
  } catch (error) {
    if (!(error instanceof MergeError)) throw error;
    return undefined;
  }
}

/** Equal for equal values, whatever the order of members. Of no labels or annotations kustomize keeps nothing. */
function sorted(value: unknown): string {
  return JSON.stringify(value, (key, member: unknown) => {
    if (typeof member !== "object" || member === null || Array.isArray(member)) return member;
    const members = Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1));
    return members.length === 0 && /^(?:labels|annotations)$/.test(key) ? undefined : Object.fromEntries(members);
  });
}

describe.skipIf(!canRun)("strategic merges", () => {
  let flux: FluxBuild;
  let folder: string;

  beforeAll(async () => {
    flux = await startFluxBuild();
    folder = mkdtempSync(join(tmpdir(), "sluice-merges-"));
  });
  afterAll(async () => {
    await flux?.stop();
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  });

  it(`are kustomize's, in ${runs} random cases`, { timeout: 300_000 }, async () => {
    let [number, applied, failed] = [0, 0, 0];
    await fc.assert(
      fc.asyncProperty(cases, async ({ object, patch }) => {
        const path = join(folder, String(number++));
        mkdirSync(path);
        writeFileSync(join(path, "objects.yaml"), JSON.stringify(object));
        const kustomization = {
          apiVersion: "kustomize.config.k8s.io/v1beta1",
          kind: "Kustomization",
          resources: ["objects.yaml"],
          patches: [{ patch: JSON.stringify(patch) }],
        };
        writeFileSync(join(path, "kustomization.yaml"), JSON.stringify(kustomization));
        const built = await flux.build(path);
        rmSync(path, { recursive: true, force: true });
        const ours = applyOurs(object, patch);
        const [theirs] = built.error === undefined ? (built.objects ?? []).map(sorted) : [];
        expect(ours, built.error ?? "").toEqual(theirs);
        if (ours === undefined) failed++;
        else if (ours !== sorted(object)) applied++;
      }),
      { numRuns: runs },
    );
    expect(applied).toBeGreaterThan(runs / 2);
    expect(failed).toBeGreaterThan(0);
  });
});

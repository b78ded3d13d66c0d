/**
 * What the examples generate is what others can read: Flux's own build (kustomize) makes exactly those objects of each
 * cluster's folder, and Helm takes the values of each release, by the chart's own schema.
 *
 * Needs flux-build and helm: `npm run tools flux-build helm`, then `npm run test:all`.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { buildTool, isBuilt } from "../tools/build-tool.ts";
import { findProjectRoot } from "../tools/find-project-root.ts";
import { type FluxBuild, startFluxBuild } from "../tools/flux-build.ts";

const isAll = process.env.SLUICE_TEST_ALL !== undefined;
const hasFluxBuild = isAll && (await isBuilt("flux-build"));
const hasHelm = isAll && (await isBuilt("helm"));
const gallery = join(findProjectRoot(), "examples");

/** Each cluster's folder of each example. */
const folders = readdirSync(gallery).flatMap((name) => {
  const rendered = join(gallery, name, "expected", "rendered");
  if (!existsSync(rendered)) return [];
  return readdirSync(rendered).flatMap((namespace) =>
    readdirSync(join(rendered, namespace)).map((cluster) => [name, join(rendered, namespace, cluster)] as const),
  );
});

function objectsBelow(folder: string): readonly unknown[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => parse(readFileSync(join(entry.parentPath, entry.name), "utf8")) as unknown);
}

const sorted = (objects: readonly unknown[]) => objects.map((object) => JSON.stringify(sortKeys(object))).sort();

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([key, member]) => [key, sortKeys(member)]),
  );
}

interface Release {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec: { readonly values: object };
}

/** Each release of each example that has the chart beside it. */
const releases = readdirSync(gallery).flatMap((name) => {
  const [charts, chart] = [join(gallery, name, "expected", "charts"), join(gallery, name, "chart")];
  if (!existsSync(charts) || !existsSync(chart)) return [];
  return (objectsBelow(charts) as Release[])
    .filter(({ kind }) => kind === "HelmChart")
    .map((release) => ({ name, chart, release }));
});

describe.skipIf(!hasHelm)("needs helm (npm run tools helm): helm template", () => {
  it.each(releases)("takes what $name gives to $release.metadata.name", async ({ chart, release }) => {
    const { metadata, spec } = release;
    const scratch = mkdtempSync(join(tmpdir(), "sluice-helm-"));
    try {
      const template = async (values: object) => {
        writeFileSync(join(scratch, "values.json"), JSON.stringify(values));
        const args = ["template", metadata.name, chart, "--namespace", metadata.namespace];
        const stdio = ["ignore", "pipe", "pipe"] as const;
        return execFileSync(await buildTool("helm"), [...args, "--values", join(scratch, "values.json")], {
          encoding: "utf8",
          stdio: [...stdio],
        });
      };
      const made = parseAllDocuments(await template(spec.values)).map((document) => document.toJS() as Release);
      expect(made.map(({ kind }) => kind).sort()).toEqual(["Deployment", "Ingress", "Service"]);
      for (const one of made)
        expect(one.metadata).toMatchObject({ name: metadata.name, namespace: metadata.namespace });
      // The schema is asked: other values are refused.
      await expect(template({ ...spec.values, region: "mars" })).rejects.toThrow("region");
    } finally {
      rmSync(scratch, { recursive: true });
    }
  });
});

it("finds them", () => {
  expect(releases.length).toBeGreaterThan(1);
  expect(folders.length).toBeGreaterThan(15);
});

describe.skipIf(!hasFluxBuild)("needs flux-build (npm run tools flux-build): Flux's build", () => {
  let flux: FluxBuild;
  beforeAll(async () => {
    flux = await startFluxBuild();
  });
  afterAll(async () => {
    await flux?.stop();
  });

  it.each(folders)("reads the very objects of %s: %s", async (_, folder) => {
    const { objects, error } = await flux.build(folder, { region: "substituted" });
    expect(error).toBeUndefined();
    expect(sorted(objects ?? [])).toEqual(sorted(objectsBelow(folder)));
  });
});

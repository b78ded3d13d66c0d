/**
 * What the examples generate is what others can read: Flux's own build (kustomize) makes exactly those objects of each
 * cluster's folder.
 *
 * Needs flux-build: `npm run tools flux-build`, then `npm run test:all`.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { isBuilt } from "../tools/build-tool.ts";
import { findProjectRoot } from "../tools/find-project-root.ts";
import { type FluxBuild, startFluxBuild } from "../tools/flux-build.ts";

const isAll = process.env.SLUICE_TEST_ALL !== undefined;
const hasFluxBuild = isAll && (await isBuilt("flux-build"));
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

it("finds them", () => {
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

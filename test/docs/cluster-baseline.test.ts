/** examples/cluster-baseline says what its page says it does. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { loadCatalog } from "../../src/config/load-catalog.ts";
import { renderOffline } from "../../src/pipeline/render-offline.ts";
import { findProjectRoot } from "../tools/find-project-root.ts";

const folder = join(findProjectRoot(), "examples", "cluster-baseline", "config");
const read = (change = (text: string) => text) =>
  readdirSync(folder).map((path) => ({ path, text: change(readFileSync(join(folder, path), "utf8")) }));

async function render(files: ReturnType<typeof read>) {
  const { value: catalog, problems } = loadCatalog(files, { compatibility: "strict" });
  expect(problems).toEqual([]);
  const settings = { instance: "sluice", secrets: "refuse" } as const;
  const rendered = await renderOffline(catalog, [], { path: "rendered", shards: 0 }, settings);
  expect(rendered.problems).toEqual([]);
  return { catalog, files: rendered.files };
}

it("brings every production cluster the baseline by its labels, and one of them what comes next", async () => {
  const { catalog, files } = await render(read());
  const quota = (cluster: string) =>
    files.get(`rendered/fleet/${cluster}/clusterprofiles/baseline/platform/resourcequota/limits.yaml`);
  expect(quota("eu-1")).toMatch(/region: eu[\s\S]*pods: "200"/);
  expect(quota("us-1")).toMatch(/region: us[\s\S]*pods: "20"/);
  expect(quota("lab")).toBeUndefined();
  const canaries = [...files.keys()].filter((path) => path.endsWith("/deny-all.yaml"));
  expect(canaries).toHaveLength(1);
  expect(catalog.clusterSets.get("canary")?.chosen).toEqual([canaries[0]?.split("/").slice(1, 3).join("/")]);
});

it("a label more brings the lab the baseline; the canary that the page tells of is one of the production clusters", async () => {
  const { files } = await render(read((text) => text.replace("env: lab", "env: production")));
  expect([...files.keys()].filter((path) => path.endsWith("/limits.yaml"))).toHaveLength(3);
  expect([...files.keys()].filter((path) => path.endsWith("/deny-all.yaml"))).toHaveLength(1);
});

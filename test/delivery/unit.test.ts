/** How much it takes to find units out: it is done for each catalog that is put in force, and a fleet has many clusters. */
import { expect, it } from "vitest";
import { loadCatalog } from "../../src/config/load-catalog.ts";
import { findUnits } from "../../src/delivery/unit.ts";

const triggers = 20;

/** `named`: what the one trigger that differs says besides. */
function catalogOf(clusters: number, named: string) {
  const documents = [
    ...Array.from(
      { length: clusters },
      (_, index) =>
        `apiVersion: lib.projectsveltos.io/v1beta1\nkind: SveltosCluster\nmetadata: {name: c-${index}, namespace: fleet, labels: {env: eu}}\n`,
    ),
    ...Array.from(
      { length: triggers },
      (_, index) =>
        `apiVersion: lib.projectsveltos.io/v1beta1\nkind: EventTrigger\nmetadata: {name: t-${index}}\nspec: {eventSourceName: user, oneForEvent: true, sourceClusterSelector: {matchLabels: {env: eu}}${index === 0 ? named : ""}}\n`,
    ),
  ];
  const catalog = loadCatalog([{ path: "all.yaml", text: documents.join("---\n") }], { compatibility: "strict" }).value;
  let reads = 0;
  class Counted extends Map<string, string> {
    override get(key: string): string | undefined {
      reads++;
      return super.get(key);
    }
  }
  const counted = [...catalog.clusters].map(
    ([key, cluster]) => [key, { ...cluster, labels: new Counted(cluster.labels) }] as const,
  );
  return { catalog: { ...catalog, clusters: new Map(counted) }, reads: () => reads };
}

function unitsOfAll(clusters: number, split: "cluster" | "owner", named = "") {
  const { catalog, reads } = catalogOf(clusters, named);
  const unitsOf = findUnits(catalog, { split, buckets: 1 });
  const units = [...catalog.clusters.values()].flatMap(unitsOf);
  return { units, reads: reads() };
}

it("selects no trigger that decides nothing of the unit of all triggers", () => {
  expect(unitsOfAll(10, "cluster")).toMatchObject({ reads: 0, units: { length: 20 } });
});

it("selects on each cluster the one that has its drift corrected, and no other", () => {
  const { units, reads } = unitsOfAll(10, "cluster", ", syncMode: ContinuousWithDriftDetection");

  expect(reads).toBe(10);
  expect(units.filter(({ corrects }) => corrects)).toHaveLength(10);
});

it("selects each once where each has units of its own", () => {
  expect(unitsOfAll(10, "owner")).toMatchObject({ reads: 10 * triggers, units: { length: 10 * (triggers + 1) } });
});

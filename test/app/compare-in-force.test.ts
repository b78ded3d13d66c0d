import { expect, it } from "vitest";
import { compareInForce } from "../../src/app/compare-in-force.ts";
import type { Catalog } from "../../src/model/catalog.ts";
import { emptyCheckpoint } from "../../src/plan/checkpoint-file.ts";
import { writeClusterFile } from "../../src/plan/cluster-file.ts";

const checkpoint = { ...emptyCheckpoint, stateId: "s1", layout: { shards: 0, buckets: 1 } };
const cluster = { namespace: "fleet", name: "eu", labels: new Map() } as never;
const clusterFile = writeClusterFile(cluster, { stateId: "s1", outputPath: "rendered", instance: "sluice" });

function catalog(compatibility: string, clusters: Record<string, object> = {}): Catalog {
  return { compatibility, connectionClusters: new Map(Object.entries(clusters)) } as unknown as Catalog;
}

const now = { outputPath: "rendered", layout: { shards: 0, buckets: 1 }, name: "sluice" };
const inForce = { checkpoint, catalog: catalog("strict", { bus: { matchLabels: { env: "a" } } }), clusterFile };

it("nothing differs where the settings are those of then", () => {
  expect(compareInForce(inForce, inForce.catalog, now)).toEqual([]);
  expect(compareInForce({ ...inForce, clusterFile: undefined }, inForce.catalog, { ...now, outputPath: "b" })).toEqual(
    [],
  );
});

it("what differs is named, with what the state knows of then", () => {
  const wanted = catalog("sveltos", { bus: { matchLabels: { env: "b" } }, other: {} });
  const changes = compareInForce(inForce, wanted, {
    outputPath: "manifests",
    layout: { shards: 1, buckets: 1 },
    name: "two",
  });
  expect(changes).toEqual([
    { key: "compatibility", before: "strict", after: "sveltos", isPlacing: true },
    { key: "name", before: "sluice", after: "two", isPlacing: true },
    {
      key: "connections[bus].clusters",
      before: '{"matchLabels":{"env":"a"}}',
      after: '{"matchLabels":{"env":"b"}}',
      isPlacing: true,
    },
    { key: "connections[other].clusters", after: "{}", isPlacing: true },
    { key: "output.path", after: "manifests", isPlacing: true },
    { key: "output.shards", before: "0", after: "1", isPlacing: true },
  ]);
});

/** Sets with maxReplicas: so many clusters, and as few moves as can be. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { chooseReplicas } from "../../src/config/choose-replicas.ts";
import type { ClusterSet } from "../../src/model/catalog.ts";
import type { Cluster } from "../../src/model/cluster.ts";

const set = (maxReplicas: number, namespace = ""): ClusterSet => ({
  namespace,
  name: "some",
  clusterSelector: { requirements: [{ key: "env", operator: "In", values: ["prod"] }] },
  clusterRefs: [],
  maxReplicas,
  at: { file: "a.yaml", line: 1, column: 1 },
});
const cluster = (name: string, env = "prod", namespace = "fleet"): Cluster => ({
  namespace,
  name,
  labels: new Map([["env", env]]),
  document: new Map(),
  documentKey: `SveltosCluster/${namespace}/${name}`,
});
const clustersOf = (names: Iterable<string>) => [...new Set(names)].map((name) => cluster(name));

it("0 is no limit; only what matches is chosen, of a Set only in its namespace", () => {
  expect(chooseReplicas(set(0), clustersOf(["a", "b"]))).toBeUndefined();
  const all = [cluster("a"), cluster("b", "lab"), cluster("c", "prod", "other")];
  expect(chooseReplicas(set(5), all)).toEqual(["fleet/a", "other/c"]);
  expect(chooseReplicas(set(5, "fleet"), all)).toEqual(["fleet/a"]);
});

it("is the same for the same clusters in any order, and other sets choose others", () => {
  const names = Array.from({ length: 50 }, (_, index) => `c${index}`);
  const chosen = chooseReplicas(set(5), clustersOf(names));
  expect(chooseReplicas(set(5), clustersOf(names.toReversed()))).toEqual(chosen);
  expect(chooseReplicas({ ...set(5), name: "other" }, clustersOf(names))).not.toEqual(chosen);
});

it("keeps whom it has as long as they match, whatever comes and goes, and fills up what is left", () => {
  const names = fc.uniqueArray(fc.integer({ min: 0, max: 40 }).map((number) => `c${number}`));
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 8 }), names, names, (max, before, after) => {
      const first = chooseReplicas(set(max), clustersOf(before))!;
      expect(first).toHaveLength(Math.min(max, before.length));
      const second = chooseReplicas(set(max), clustersOf(after), first)!;
      expect(second).toHaveLength(Math.min(max, after.length));
      const stayed = first.filter((key) => after.includes(key.slice("fleet/".length)));
      expect(second).toEqual(expect.arrayContaining(stayed));
      expect(second).toEqual([...second].sort());
      // Fewer are a part of those.
      for (const key of chooseReplicas(set(1), clustersOf(after), second)!) expect(second).toContain(key);
    }),
  );
});

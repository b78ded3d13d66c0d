/** Which connections from Secrets are open while the documents that describe them come, go and break. */
import { expect, it } from "vitest";
import type { DerivedConnection } from "../../../src/config/derive-connections.ts";
import type { InForce } from "../../../src/pipeline/loop/in-force.ts";
import { SecretConnections } from "../../../src/pipeline/loop/secret-connections.ts";
import type { GitReader } from "../../../src/ports/git.ts";
import type { Log } from "../../../src/ports/system.ts";

const clusters = ["eu", "us", "new"];
const silent = { info: () => undefined } as unknown as Log;
const derived = (cluster: string) =>
  ({
    connection: { name: `agents/${cluster}`, connectTo: new Map() },
    cluster,
    owner: { kind: "ClusterProfile", namespace: "", name: "p" },
    manifest: {
      identity: { group: "", kind: "Secret", namespace: "projectsveltos", name: "sveltos-nats" },
      text: "kind: Secret\n",
      at: { file: "a.yaml", line: 1, column: 1 },
    },
  }) as unknown as DerivedConnection;

/** Each call is another catalog, of which these are derived. Returns the names that are open then. */
function bench() {
  let value: readonly DerivedConnection[] = [];
  let unknown: readonly string[] = [];
  let catalog = {};
  let layout = { shards: 0, buckets: 1 };
  let targetTree = "tree";
  let open: readonly string[] = [];
  const derive = () => ({ value, problems: [], unknown: new Set(unknown) });
  const inForce = () => ({
    derive,
    keeper: { catalog, checkpoint: { layout } },
    branches: { targetTree, names: { outputPath: "rendered" } },
  });
  let failures = 0;
  const findIds = async (_: string, paths: readonly string[]) => {
    if (failures-- > 0) throw new Error("the repository does not answer");
    // Only where this layout has them.
    const there = paths.filter((path) => /\/[0-9a-f]{2}\//.test(path) === layout.shards > 0);
    return new Map(there.map((path) => [path, "id"]));
  };
  const findEntry = async (tree: string, path: string) => ({ mode: "40000", name: path, id: tree });
  const readTree = async () => clusters.map((name) => ({ mode: "40000", name, id: `${name} ${layout.shards}` }));
  const git = { findIds, findEntry, readTree };
  const connections = new SecretConnections({
    git: git as unknown as GitReader,
    log: silent,
    inForce: inForce as unknown as () => InForce,
    take: (taken) => {
      open = taken.map(({ connection }) => connection.name);
      return { streams: [], closeOthers: async () => undefined };
    },
  });
  const look = async (clusters: readonly string[], faulty: readonly string[] = []) => {
    [value, unknown, catalog] = [clusters.map(derived), faulty.map((cluster) => `agents/${cluster}`), {}];
    await connections.look();
    return open;
  };
  const lookAgain = async () => {
    await connections.look();
    return open;
  };
  const layOut = (shards: number) => {
    layout = { ...layout, shards };
    targetTree = `tree of ${shards} shards`;
  };
  return Object.assign(look, { lookAgain, layOut, failOnce: () => (failures = 1) });
}

it("a fault closes none, and opens none", async () => {
  const look = bench();
  expect(await look(["fleet/eu", "fleet/us"])).toEqual(["agents/fleet/eu", "agents/fleet/us"]);
  expect(await look(["fleet/us"], ["fleet/eu", "fleet/new"])).toEqual(["agents/fleet/us", "agents/fleet/eu"]);
  expect(await look([], ["fleet/eu", "fleet/us"])).toEqual(["agents/fleet/us", "agents/fleet/eu"]);
  expect(await look(["fleet/eu"], [])).toEqual(["agents/fleet/eu"]);
});

it("who is gone from the documents is closed", async () => {
  const look = bench();
  await look(["fleet/eu", "fleet/us"]);
  expect(await look(["fleet/us"])).toEqual(["agents/fleet/us"]);
  expect(await look([])).toEqual([]);
});

it("what could not be looked at is looked at again", async () => {
  const look = bench();
  look.failOnce();
  await expect(look(["fleet/eu"])).rejects.toThrow("does not answer");
  expect(await look.lookAgain()).toEqual(["agents/fleet/eu"]);
});

it("files that move on the target are looked for where they are now", async () => {
  const look = bench();
  await look(["fleet/eu", "fleet/us"]);
  look.layOut(1);
  expect(await look.lookAgain()).toEqual(["agents/fleet/eu", "agents/fleet/us"]);
});

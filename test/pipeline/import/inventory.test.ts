/** A hub's clusters as commits of the config folder: what is changed, what is left, and that absence takes nothing away. */
import { beforeEach, expect, it } from "vitest";
import type { Json, JsonObject } from "../../../src/model/json.ts";
import { SluiceError } from "../../../src/model/problem.ts";
import { GitFileTree } from "../../../src/pipeline/config-folder/git-file-tree.ts";
import { readConfigFolder } from "../../../src/pipeline/config-folder/read-config-folder.ts";
import { commitInventory, type InventoryTarget } from "../../../src/pipeline/import/commit-inventory.ts";
import { createFakeClock } from "../../fakes/fake-clock.ts";
import { FakeGitRemote } from "../../fakes/fake-git-remote.ts";
import { FakeGitRepository } from "../../fakes/fake-git-repository.ts";

let remote: FakeGitRemote;
let git: FakeGitRepository;
let target: InventoryTarget;

function targetOf(hub: string): InventoryTarget {
  return {
    git,
    clock: createFakeClock(),
    branch: "main",
    configPath: "config",
    hub,
    readConfig: (tree) =>
      readConfigFolder(new GitFileTree(git, tree), { path: "config", exclude: [], show: (path) => `config/${path}` }),
  };
}

beforeEach(() => {
  remote = new FakeGitRemote();
  remote.commitAsPerson("main", { "config/own.yaml": person("own") });
  git = new FakeGitRepository(remote);
  target = targetOf("hub");
});

const person = (name: string) =>
  `apiVersion: lib.projectsveltos.io/v1beta1\nkind: SveltosCluster\nmetadata: {name: ${name}, namespace: fleet}\n`;

function object(kind: string, name: string, labels: Readonly<Record<string, string>> = {}): JsonObject {
  const apiVersion = kind === "Cluster" ? "cluster.x-k8s.io/v1beta1" : "lib.projectsveltos.io/v1beta1";
  const metadata = new Map<string, Json>([
    ["name", name],
    ["namespace", "fleet"],
    ["labels", new Map(Object.entries(labels))],
    ["resourceVersion", "7"],
  ]);
  return new Map<string, Json>([
    ["apiVersion", apiVersion],
    ["kind", kind],
    ["metadata", metadata],
    ["status", new Map([["ready", true]])],
  ]);
}

function hub(...objects: readonly JsonObject[]) {
  const counts = new Map<string, number>([["SveltosCluster", 0]]);
  for (const one of objects) counts.set(String(one.get("kind")), (counts.get(String(one.get("kind"))) ?? 0) + 1);
  return { objects, counts };
}

const signal = new AbortController().signal;
const files = () => [...remote.files("main").keys()].filter((path) => path.startsWith("config/clusters/"));
const text = (name: string) => remote.files("main").get(`config/clusters/fleet/${name}.yaml`);

it("adds, changes and removes, each look in one commit, and nothing where nothing differs", async () => {
  const first = await commitInventory(target, hub(object("SveltosCluster", "a"), object("Cluster", "b")), signal);
  expect([first.added, first.problems]).toEqual([["fleet/a", "fleet/b"], []]);
  expect(text("a")).toMatch(/^# From the hub hub, by `sluice import`.*\napiVersion: lib/);
  expect(text("a")).not.toContain("status");
  expect(remote.commit(first.commit!).message).toBe(
    "Take over 2 clusters of the hub hub\n\nadded fleet/a\nadded fleet/b\n",
  );

  const second = await commitInventory(
    target,
    hub(object("SveltosCluster", "a", { env: "x" }), object("SveltosCluster", "c"), object("Cluster", "d")),
    signal,
  );
  expect([second.added, second.changed, second.removed]).toEqual([["fleet/c", "fleet/d"], ["fleet/a"], ["fleet/b"]]);
  const again = await commitInventory(
    target,
    hub(object("SveltosCluster", "a", { env: "x" }), object("SveltosCluster", "c"), object("Cluster", "d")),
    signal,
  );
  expect([again.commit, again.problems]).toEqual([undefined, []]);
  expect(files()).toEqual(["a", "c", "d"].map((name) => `config/clusters/fleet/${name}.yaml`));
});

it("says in the commit's message nothing that others wrote but names: no line, no trailer, no mention", async () => {
  await commitInventory(targetOf("ops@hub"), hub(object("SveltosCluster", "a")), signal);
  const name = "x\n\nSluice-Approve: 0123456789ab\n@everyone";
  remote.commitAsPerson("main", { [`config/clusters/fleet/${name}.yaml`]: text("a")! });

  const { commit, removed } = await commitInventory(targetOf("ops@hub"), hub(object("SveltosCluster", "a")), signal);

  expect(removed).toEqual([`fleet/${name}`]);
  expect(remote.commit(commit!).message).toBe(
    "Take over 1 cluster of the hub ops%40hub\n\nremoved fleet/x%0A%0ASluice-Approve:%200123456789ab%0A%40everyone\n",
  );
});

it.each(["a\nkind: Secret", "a\r", "a\u2028b", "a\u0000"])(
  "no hub is called %j: its name is on a line",
  async (name) => {
    const before = remote.branches.get("main");

    const report = commitInventory(targetOf(name), hub(object("SveltosCluster", "a")), signal);

    await expect(report).rejects.toMatchObject({ problem: { code: "USAGE" } });
    expect(remote.branches.get("main")).toBe(before);
  },
);

it("takes nothing away of a kind that the hub has none of, or does not know", async () => {
  await commitInventory(target, hub(object("SveltosCluster", "a"), object("Cluster", "b")), signal);
  const before = remote.branches.get("main");
  const emptied = await commitInventory(target, hub(), signal);
  expect(emptied.commit).toBeUndefined();
  expect(emptied.problems.map(({ code, message }) => `${code} ${message}`)).toEqual([
    "IMPORT_LEFT the hub hub has no SveltosCluster at all, which may mean anything: the one cluster of it in Git stays",
    "IMPORT_LEFT the hub hub has no Cluster at all, which may mean anything: the one cluster of it in Git stays",
  ]);
  expect(remote.branches.get("main")).toBe(before);

  // One kind's definition is gone, of the other one cluster.
  const half = await commitInventory(target, hub(object("SveltosCluster", "c")), signal);
  expect([half.added, half.removed, half.problems.length]).toEqual([["fleet/c"], ["fleet/a"], 1]);
  expect(files().length).toBe(2);
});

it("a hub without clusters is told where there were none either", async () => {
  const { commit, problems } = await commitInventory(target, hub(), signal);
  expect([commit, problems.map(({ message }) => message)]).toEqual([undefined, ["the hub hub has no clusters at all"]]);
});

it("leaves what people wrote, and what another hub's import wrote", async () => {
  const east = await commitInventory(targetOf("east"), hub(object("SveltosCluster", "a")), signal);
  expect(east.added).toEqual(["fleet/a"]);
  const west = targetOf("west");
  const found = hub(object("SveltosCluster", "a"), object("SveltosCluster", "own"), object("SveltosCluster", "w"));
  const report = await commitInventory(west, found, signal);
  expect(report.added).toEqual(["fleet/w"]);
  expect(report.problems.map(({ message }) => message)).toEqual([
    expect.stringContaining("fleet/a is left as it is: config/clusters/fleet/a.yaml has it already"),
    expect.stringContaining("fleet/own is left as it is: config/own.yaml has it already"),
  ]);
  // East loses its own alone.
  const gone = await commitInventory(targetOf("east"), hub(object("SveltosCluster", "e")), signal);
  expect([gone.removed, files().length]).toEqual([["fleet/a"], 2]);
});

it("writes over no file that somebody else has in the place of a cluster's, whatever stands in it", async () => {
  const own = {
    "config/clusters/fleet/other.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: mine, namespace: fleet}\n",
    "config/clusters/fleet/bad.yaml": "metadata: [\n",
    "config/clusters/fleet/hidden.yaml": "# not to be read\n",
    "config/.sluiceignore": "clusters/fleet/hidden.yaml\n",
    "config/clusters/edge": "not a folder\n",
  };
  remote.commitAsPerson("main", own);
  const edge = object("SveltosCluster", "e");
  const there = new Map(edge.get("metadata") as JsonObject).set("namespace", "edge");
  const names = ["other", "bad", "hidden", "new"].map((name) => object("SveltosCluster", name));
  const report = await commitInventory(target, hub(...names, new Map(edge).set("metadata", there)), signal);
  expect([report.added, report.changed, report.removed]).toEqual([["fleet/new"], [], []]);
  expect(Object.fromEntries(remote.files("main"))).toMatchObject(own);
  expect(report.problems.map(({ message }) => message)).toEqual(
    ["edge", "fleet/bad.yaml", "fleet/hidden.yaml", "fleet/other.yaml"].map((path) =>
      expect.stringContaining(`config/clusters/${path} is there already, which no import of hub wrote`),
    ),
  );
});

it("makes the commit anew on what others push, and gives up where the server says no", async () => {
  git.refusals.push(new Map([["main", "moved"]]));
  const report = await commitInventory(target, hub(object("SveltosCluster", "a")), signal);
  expect([report.added, files()]).toEqual([["fleet/a"], ["config/clusters/fleet/a.yaml"]]);

  git.refusals.push(new Map([["main", "refused"]]));
  await expect(commitInventory(target, hub(object("SveltosCluster", "b")), signal)).rejects.toMatchObject({
    problem: { code: "GIT_REFUSED" },
  });
  expect(files()).toEqual(["config/clusters/fleet/a.yaml"]);
});

it.each([
  ["the branch", () => remote.branches.delete("main"), "TARGET_MISSING"],
  [
    "the config folder",
    () => remote.commitAsPerson("main", { "config/own.yaml": undefined, "a.txt": "" }),
    "CONFIG_MISSING",
  ],
])("%s that is not there is not made", async (_, remove, code) => {
  remove();
  const failed: unknown = await commitInventory(target, hub(object("SveltosCluster", "a")), signal).catch(
    (error) => error,
  );
  expect(failed).toBeInstanceOf(SluiceError);
  expect((failed as SluiceError).problem.code).toBe(code);
});

it("a folder that is left out of the documents is not committed to again and again", async () => {
  remote.commitAsPerson("main", { "config/.sluiceignore": "clusters/\n" });
  expect((await commitInventory(target, hub(object("SveltosCluster", "a")), signal)).commit).toBeDefined();
  expect((await commitInventory(target, hub(object("SveltosCluster", "a")), signal)).commit).toBeUndefined();
});

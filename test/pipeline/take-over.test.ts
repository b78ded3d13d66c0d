/** Repositories that format 1 wrote, taken over by this program: everything at its new path, and nothing rendered again. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { failuresOf } from "../../src/model/record.ts";
import { parseHead } from "../../src/plan/claims-file.ts";
import { parseOwner } from "../../src/plan/owner-file.ts";
import { parseRecord } from "../../src/plan/record-file.ts";
import { createFakeEventStream } from "../fakes/fake-event-stream.ts";
import { FakeGitRemote } from "../fakes/fake-git-remote.ts";
import { storedCheckpoint } from "../fakes/stored-checkpoint.ts";
import { findProjectRoot } from "../tools/find-project-root.ts";
import { cloudEvent, createInstance, type Instance, until } from "./service-bench.ts";

const state = "sluice/state";

/** A remote with the branches of a fixture, one commit each. */
function restore(name: string): FakeGitRemote {
  const folder = mkdtempSync(join(tmpdir(), "sluice-v1-"));
  const git = (...args: string[]) =>
    execFileSync("git", ["-C", folder, ...args], { encoding: "utf8", maxBuffer: 64 * 1024 * 1024 });
  try {
    git("init", "--quiet", "--bare");
    const input = readFileSync(join(findProjectRoot(), "test", "fixtures", "state-v1", `${name}.fast-import`));
    execFileSync("git", ["-C", folder, "fast-import", "--quiet"], { input });
    const remote = new FakeGitRemote();
    for (const branch of git("for-each-ref", "--format=%(refname:short)", "refs/heads").trim().split("\n")) {
      const paths = git("ls-tree", "-r", "--name-only", branch).trim().split("\n");
      const files = readFiles(folder, branch, paths);
      // The stream of these tests is another one, of the same name.
      const renamed = files.map(([path, text]) => [path, text.replace(/"epoch": "[^"]*"/, '"epoch": "EVENTS-1"')]);
      remote.commitAsPerson(branch, Object.fromEntries(renamed));
    }
    return remote;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function readFiles(folder: string, branch: string, paths: readonly string[]): readonly (readonly [string, string])[] {
  const input = paths.map((path) => `${branch}:${path}\n`).join("");
  const all = execFileSync("git", ["-C", folder, "cat-file", "--batch"], { input, maxBuffer: 64 * 1024 * 1024 });
  let at = 0;
  return paths.map((path) => {
    const end = all.indexOf(10, at);
    const size = Number(all.toString("utf8", at, end).split(" ")[2]);
    at = end + 1 + size + 1;
    return [path, all.toString("utf8", end + 1, end + 1 + size)];
  });
}

async function startReady(instance: Instance): Promise<{ readonly ended: Promise<void> }> {
  const ended = instance.start();
  await until(() => instance.ready.isReady, [instance.clock]);
  return { ended };
}

/** Where a manifest of format 1 stands now. */
function moved(path: string): string {
  return path.replace(/^(\w+\/[^/]+\/[^/]+)\/(namespaces\/|sluice-cluster)/, "$1/base/$2");
}

for (const shards of [0, 1]) {
  it(`moves everything in one commit, with ${shards} shards`, async () => {
    const remote = restore(`shards-${shards}`);
    const before = { state: remote.files(state), main: remote.files("main") };
    const first = remote.branches.get(state);
    const commits = remote.history("main").length;
    const stream = createFakeEventStream();
    const instance = createInstance({ remote, streams: [stream], layout: { shards, buckets: 1 } });
    const { ended } = await startReady(instance);
    const after = { state: remote.files(state), main: remote.files("main") };

    expect(remote.branches.get(`${state}-v1`)).toBe(first);
    expect(instance.log.lines.some((line) => line.includes("can't go on from here"))).toBe(true);
    expect(remote.history("main").length, "the target moves in one commit").toBe(commits + 1);
    for (const [path, text] of before.state) {
      if (!path.startsWith("desired/") || path.endsWith("sluice-cluster.yaml")) continue;
      // The cluster stopped matching, so nothing needs these Namespaces; format 1 could not know.
      if (/lab-1\/namespaces/.test(path)) continue;
      expect(after.state.get(moved(path)), path).toBe(text);
    }
    for (const [path, text] of before.main) {
      if (/lab-1\/namespaces|sluice-cluster/.test(path)) continue;
      expect(after.main.get(moved(path)), path).toBe(text);
    }
    expect([...after.main.keys()].filter((path) => path.includes("lab-1/base/namespaces"))).toEqual([]);
    expect(after.main.get("rendered/fleet/eu-1/base/sluice-cluster.yaml")).toMatch(/name: sluice-[0-9a-f]{12}\n/);
    expect([...after.main.keys()].filter((path) => path.endsWith("sluice-cluster.yaml"))).toHaveLength(3);

    // Records keep their bytes, but for those whose claims have ranks now.
    const records = [...before.state].filter(([path]) => path.startsWith("records/"));
    const pathOf = (path: string) => path.replace("records/", "records/eventtrigger/");
    for (const [path, text] of records) {
      const [old, now] = [parseRecord(text, path), parseRecord(after.state.get(pathOf(path))!, path)];
      expect(now.events).toEqual(old.events);
      expect(failuresOf(now)).toEqual(failuresOf(old));
      for (const [cluster, { objects, waiting }] of old.clusters) {
        expect([...now.clusters.get(cluster)!.objects.keys()].sort()).toEqual([...objects.keys()].sort());
        expect([...now.clusters.get(cluster)!.waiting.keys()]).toEqual([...waiting.keys()]);
      }
    }
    const kept = records
      .filter(([path, text]) => after.state.get(pathOf(path)) === text)
      .map(([path]) => path.split("/")[1]);
    expect([...new Set(kept)].sort()).toEqual(["flaky.one", "gone", "left", "orders"]);
    expect([...after.state.keys()].filter((path) => path.startsWith("dead-letters/"))).toHaveLength(1);
    expect([...after.state.keys()].filter((path) => path.startsWith("owners/")).sort()).toEqual(
      ["flaky.one", "left", "login", "orders", "rival"].map((name) => `owners/eventtrigger/${name}.json`),
    );

    // Namespaces that nobody renders are counted, and contested ones have their claims in the old order.
    const headOf = (object: string) => {
      const path = `claims/fleet/eu-1/${object}/head.json`;
      return parseHead(after.state.get(path)!, path);
    };
    expect(headOf("_cluster/namespace/o-1")).toMatchObject({ needs: 1, claims: 0, place: undefined });
    expect(headOf("_cluster/namespace/alice")).toMatchObject({ claims: 2, alike: 1, place: { name: "login" } });
    expect(headOf("default/role.rbac.authorization.k8s.io/shared")).toMatchObject({ claims: 2, alike: 2 });
    const checkpoint = storedCheckpoint(after.state)!;
    expect(checkpoint.positions.get("bus/EVENTS")?.sequence).toBe(8);
    expect(checkpoint.pending).toEqual({ passes: [], reviews: [] });

    // And the state goes on: a logout takes what it gave, and the rival comes in.
    instance.stop();
    await ended;
  });
}

it("goes on from what it took over: Delete and Create find what is there", async () => {
  const remote = restore("shards-0");
  const stream = createFakeEventStream();
  const instance = createInstance({ remote, streams: [stream] });
  const { ended } = await startReady(instance);
  const publish = (subject: string, type: string, on: string) =>
    stream.publish(on, cloudEvent({ subject, type, source: "auth.example.com", data: { n: 1 } }));
  for (let skipped = 0; skipped < 8; skipped++) publish("nobody", "none", "elsewhere");
  publish("alice", "logout", "user");
  publish("1", "logout", "order");
  await until(() => storedCheckpoint(remote.files(state))!.positions.get("bus/EVENTS")!.sequence === 10);
  await until(() => storedCheckpoint(remote.files(state))!.pending.reviews.length === 0, [instance.clock]);
  const files = [...remote.files("main", "rendered").keys()];
  expect(files.filter((path) => path.includes("alice"))).toEqual([]);
  expect(files.filter((path) => path.includes("o-1"))).toEqual([]);
  expect(files.filter((path) => path.includes("carol")).sort()).toHaveLength(4);
  expect(
    files.filter((path) => path.includes("role.rbac")),
    "carol has the shared role now",
  ).toHaveLength(2);
  instance.stop();
  await ended;
});

it("takes over what was under review: what people turned down stays so", async () => {
  const remote = restore("review");
  const stream = createFakeEventStream();
  const instance = createInstance({ remote, streams: [stream] });
  const before = remote.files(state);
  const { ended } = await startReady(instance);
  const after = remote.files(state);
  for (const [path, text] of before) {
    if (!path.startsWith("reviews/")) continue;
    const shown = (json: string) =>
      Object.entries((JSON.parse(json) as { shown: Record<string, string> }).shown).sort();
    expect(shown(after.get(path)!)).toEqual(
      shown(text)
        .map(([file, id]) => [moved(`rendered/${file}`).slice(9), id])
        .sort(),
    );
  }
  expect(parseOwner(after.get("owners/eventtrigger/login.json")!, "x").owner.name).toBe("login");
  instance.stop();
  await ended;
});

/** A hub that is followed: what changes is committed, a status is no change, and trouble takes nothing away. */
import { setImmediate as turn } from "node:timers/promises";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { Json, JsonObject } from "../../../src/model/json.ts";
import { type Problem, SluiceError } from "../../../src/model/problem.ts";
import { GitFileTree } from "../../../src/pipeline/config-folder/git-file-tree.ts";
import { readConfigFolder } from "../../../src/pipeline/config-folder/read-config-folder.ts";
import { type InventoryWatch, watchInventory } from "../../../src/pipeline/import/watch-inventory.ts";
import type { LiveMetadata, ResourceKind, WatchEvent } from "../../../src/ports/cluster.ts";
import { createFakeClock, type FakeClock } from "../../fakes/fake-clock.ts";
import { FakeGitRemote } from "../../fakes/fake-git-remote.ts";
import { FakeGitRepository } from "../../fakes/fake-git-repository.ts";

const kind: ResourceKind = {
  group: "lib.projectsveltos.io",
  version: "v1beta1",
  kind: "SveltosCluster",
  plural: "sveltosclusters",
  isNamespaced: true,
};

/** Its clusters' labels by name, and the watch that is told of them. */
class StubHub {
  readonly clusters = new Map<string, string>();
  isDown = false;
  looks = 0;
  #events: WatchEvent[] = [];
  #wake = () => {};

  async findKind(_group: string, name: string): Promise<ResourceKind | undefined> {
    return name === kind.kind ? kind : undefined;
  }

  async *listObjects(): AsyncGenerator<JsonObject> {
    this.looks++;
    if (this.isDown) throw new SluiceError({ code: "CLUSTER_UNAVAILABLE", message: "it is away" });
    for (const [name, env] of this.clusters) {
      const labels = new Map([["env", env]]);
      const metadata = new Map<string, Json>([
        ["name", name],
        ["namespace", "fleet"],
        ["labels", labels],
      ]);
      yield new Map([["metadata", metadata]]);
    }
  }

  async *listMetadata(): AsyncGenerator<LiveMetadata> {}

  readObject(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  readMetadata(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  async *watchMetadata(_kind: ResourceKind, _options: object, signal: AbortSignal): AsyncGenerator<WatchEvent> {
    yield { type: "listing" };
    for (const name of this.clusters.keys()) yield { type: "present", metadata: this.#metadataOf(name, "1") };
    yield { type: "listed" };
    while (!signal.aborted) {
      yield* this.#events.splice(0);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        signal.addEventListener("abort", () => resolve(), { once: true });
      });
    }
  }

  /** Tells the watch, as the server would: with a status, or with another label. */
  tell(name: string, what: "changed" | "status" | "deleted"): void {
    const metadata = this.#metadataOf(name, what === "changed" ? "2" : "1", what === "status" ? "later" : "");
    this.#events.push({ type: what === "deleted" ? "deleted" : "present", metadata });
    this.#wake();
  }

  #metadataOf(name: string, time: string, statusTime = ""): LiveMetadata {
    const manager = { operation: "Update", fields: "" } as const;
    return {
      namespace: "fleet",
      name,
      uid: name,
      resourceVersion: "1",
      labels: new Map([["env", this.clusters.get(name) ?? ""]]),
      annotations: new Map(),
      managers: [
        { ...manager, name: "kubectl", subresource: "", time },
        { ...manager, name: "sveltos", subresource: "status", time: statusTime },
      ],
      isTerminating: false,
    };
  }
}

let hub: StubHub;
let remote: FakeGitRemote;
let clock: FakeClock;
let stop: AbortController;
let troubles: Problem[];
let running: Promise<void>;

beforeEach(() => {
  hub = new StubHub();
  hub.clusters.set("a", "test").set("b", "test");
  remote = new FakeGitRemote();
  remote.commitAsPerson("main", { "config/own.yaml": "# nothing\n" });
  clock = createFakeClock();
  clock.holdSleepers();
  stop = new AbortController();
  troubles = [];
  const git = new FakeGitRepository(remote);
  const parts: InventoryWatch = {
    hub,
    clock,
    target: {
      git,
      clock,
      branch: "main",
      configPath: "config",
      hub: "hub",
      readConfig: (tree) =>
        readConfigFolder(new GitFileTree(git, tree), { path: "config", exclude: [], show: (path) => path }),
    },
    onLooked: () => undefined,
    onTrouble: (problem) => troubles.push(problem),
  };
  running = watchInventory(parts, stop.signal);
});

afterEach(async () => {
  stop.abort();
  await running;
});

/** Whatever can happen by itself happens; then so much time passes. */
async function pass(milliseconds: number): Promise<void> {
  for (let turns = 0; turns < 200; turns++) await turn();
  clock.advance(milliseconds);
  for (let turns = 0; turns < 200; turns++) await turn();
}

const clusters = () =>
  [...remote.files("main").keys()].flatMap((path) => /clusters\/fleet\/(.*)\.yaml$/.exec(path)?.[1] ?? []).sort();
const text = (name: string) => remote.files("main").get(`config/clusters/fleet/${name}.yaml`);

it("commits what is there, what comes, what changes and what goes; many changes at once are one commit", async () => {
  await pass(0);
  expect(clusters()).toEqual(["a", "b"]);
  const pushes = remote.pushes;
  hub.clusters.set("c", "test").set("a", "production");
  hub.clusters.delete("b");
  hub.tell("c", "changed");
  hub.tell("a", "changed");
  hub.tell("b", "deleted");
  await pass(2_000);
  expect(clusters()).toEqual(["a", "c"]);
  expect(text("a")).toContain("env: production");
  expect(remote.pushes).toBe(pushes + 1);
});

it("looks at nothing because of a status, and at all of it every ten minutes", async () => {
  await pass(2_000);
  await pass(2_000);
  const looks = hub.looks;
  hub.tell("a", "status");
  hub.tell("b", "status");
  await pass(60_000);
  expect(hub.looks).toBe(looks);
  await pass(10 * 60_000);
  expect(hub.looks).toBe(looks + 1);
});

it("leaves everything as it is while the hub does not answer, and tries again with growing pauses", async () => {
  await pass(2_000);
  await pass(2_000);
  const head = remote.branches.get("main");
  hub.isDown = true;
  hub.clusters.delete("a");
  hub.tell("a", "deleted");
  await pass(2_000);
  for (let times = 0; times < 4; times++) {
    await pass(2_000);
    await pass(60_000);
  }
  expect(troubles.length).toBeGreaterThan(2);
  expect(new Set(troubles.map(({ code }) => code))).toEqual(new Set(["CLUSTER_UNAVAILABLE"]));
  expect(remote.branches.get("main")).toBe(head);
  hub.isDown = false;
  await pass(300_000);
  await pass(300_000);
  expect(clusters()).toEqual(["b"]);
});

it("an emptied hub takes nothing away", async () => {
  await pass(2_000);
  hub.clusters.clear();
  hub.tell("a", "deleted");
  hub.tell("b", "deleted");
  await pass(2_000);
  await pass(2_000);
  expect(clusters()).toEqual(["a", "b"]);
});

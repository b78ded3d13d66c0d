import { describe, expect, it } from "vitest";
import { SluiceError } from "../../../src/model/problem.ts";
import type { CodeHost } from "../../../src/ports/code-host.ts";
import { ReviewWorld } from "./review-world.ts";

const all = "sluice/review/all";

describe("one request for what differs", () => {
  it("is opened once, updated, and closed when nothing differs any more", async () => {
    const world = new ReviewWorld();
    await world.look();
    expect(world.host.calls, "nothing to propose, nothing to ask").toEqual([]);

    world.desire({ "a/x": "1", "b/y": "1" });
    await world.settle();
    expect(world.host.open).toMatchObject([{ number: 1, title: "Create 2 manifests on 1 cluster", base: "main" }]);
    expect(world.objects(all)).toEqual({ "a/x": "1", "b/y": "1" });
    expect(world.remote.file(all, "README.md")).toBe("Hello\n");
    expect(world.objects("main")).toEqual({});

    world.desire({ "a/x": "2", "b/y": undefined });
    await world.settle();
    expect(world.host.open).toMatchObject([{ number: 1, title: "Create 1 manifest on 1 cluster" }]);
    expect(world.host.requests[0]?.body).toContain("+data: 2");
    expect(world.objects(all)).toEqual({ "a/x": "2" });
    expect(world.remote.history(all)[1]?.id, "one commit on the target").toBe(world.remote.branches.get("main"));

    world.desire({ "a/x": undefined });
    await world.settle();
    expect(world.host.requests).toMatchObject([
      { state: "closed", comments: [expect.stringContaining("Nothing is left")] },
    ]);
    world.desire({ "a/x": "3" });
    await world.settle();
    expect(world.host.open).toMatchObject([{ number: 2 }]);
  });

  it("costs nothing where nothing changes", async () => {
    const world = new ReviewWorld();
    world.desire({ "a/x": "1" });
    await world.settle();
    const { pushes } = world.remote;
    const commits = world.stateCommits;
    world.host.calls.length = 0;
    await world.settle();
    expect(world.host.calls).toEqual(Array.from({ length: 6 }, () => "listOpenRequests"));
    expect([world.remote.pushes, world.stateCommits]).toEqual([pushes, commits]);
  });

  it("bears what the settings ask for; what the forge does not know is told, once", async () => {
    const decoration = { labels: ["sluice"], reviewers: ["ada", "acme/team"], assignees: ["bob"] };
    const world = new ReviewWorld({ decoration, isDraft: true, autoMerge: "squash" });
    world.host.unknown = ["bob"];
    world.desire({ "a/x": "1" });
    await world.settle();
    world.desire({ "a/x": "2" });
    await world.settle();
    const head = world.remote.branches.get(all)!;
    expect(world.host.open).toMatchObject([
      { isDraft: true, decorations: [decoration], autoMerge: { method: "squash" } },
    ]);
    expect(world.host.statuses.get(head)).toMatchObject({ state: "success", context: "sluice/review" });
    expect(world.log.problems.map(({ code }) => code)).toEqual(["FORGE_REFUSED"]);
  });

  it("needs something to be merged into: an empty repository gets an empty start", async () => {
    const world = new ReviewWorld();
    world.remote.branches.delete("main");
    world.desire({ "a/x": "1" });
    await world.settle();
    expect(world.remote.files("main").size).toBe(0);
    expect(world.host.open).toHaveLength(1);
  });
});

describe("merged", () => {
  it("as it was: nothing is left, also while more arrives", async () => {
    const world = new ReviewWorld();
    world.desire({ "a/x": "1" });
    await world.settle();
    world.host.merge(1);
    world.desire({ "a/y": "1" });
    await world.settle();
    expect(world.host.open).toMatchObject([{ number: 2, title: "Create 1 manifest on 1 cluster" }]);
    world.host.merge(2);
    await world.settle();
    expect(world.host.open).toEqual([]);
    expect(world.objects()).toEqual({ "a/x": "1", "a/y": "1" });
  });

  it("with more pushed to the branch before the merge was noticed: only that is left", async () => {
    const world = new ReviewWorld();
    world.desire({ "a/x": "1" });
    await world.settle();
    world.host.merge(1);
    world.host.readRequest = async () => {
      throw new SluiceError({ code: "FORGE_UNAVAILABLE", message: "not now" });
    };
    world.desire({ "a/y": "1" });
    await expect(world.look()).rejects.toThrow("not now");
    world.restart();
    world.host.readRequest = Object.getPrototypeOf(world.host).readRequest;
    await world.settle();
    expect(world.host.open).toMatchObject([{ number: 2 }]);
    expect(world.objects(all)).toEqual({ "a/x": "1", "a/y": "1" });
  });

  it("with edits: what people changed and left out stays so until it is desired otherwise", async () => {
    const world = new ReviewWorld();
    world.desire({ "a/taken": "1", "a/edited": "1", "a/dropped": "1" });
    await world.settle();
    world.editAsPerson(all, { "a/edited": "mine", "a/dropped": undefined });
    world.host.merge(1);
    await world.settle();
    expect(world.host.open).toEqual([]);
    world.restart();
    world.desire({ "a/edited": "2" });
    await world.settle();
    expect(world.objects(all)).toEqual({ "a/taken": "1", "a/edited": "2" });
  });

  it("is not believed while the target does not have it", async () => {
    const world = new ReviewWorld();
    world.desire({ "a/x": "1" });
    await world.settle();
    const before = world.remote.branches.get("main")!;
    world.host.merge(1);
    const merged = world.remote.branches.get("main")!;
    world.remote.branches.set("main", before);
    await world.look();
    world.remote.branches.set("main", merged);
    await world.settle();
    expect(world.host.requests).toHaveLength(1);
    expect(world.remote.files("sluice/state", "reviews").size).toBe(0);
  });
});

describe("closed", () => {
  it("is turned down: not proposed again until something else is desired, absences included", async () => {
    const world = new ReviewWorld();
    world.desire({ "a/kept": "1" });
    await world.settle();
    world.host.merge(1);
    await world.settle();
    world.desire({ "a/kept": undefined, "a/x": "1" });
    await world.settle();
    world.host.closeAsPerson(2);
    await world.settle();
    expect(world.host.open).toEqual([]);

    world.restart();
    world.desire({ "a/y": "1" });
    await world.settle();
    expect(world.objects(all)).toEqual({ "a/kept": "1", "a/y": "1" });
    world.desire({ "a/x": "2" });
    await world.settle();
    world.desire({ "a/x": "1", "a/kept": "1" });
    await world.settle();
    world.desire({ "a/kept": undefined });
    await world.settle();
    expect(world.objects(all), "what was turned down has been desired otherwise since").toEqual({
      "a/y": "1",
      "a/x": "1",
    });
  });

  it("with people's commits on it: what Sluice had proposed is turned down", async () => {
    const world = new ReviewWorld();
    world.desire({ "a/x": "1", "a/y": "1" });
    await world.settle();
    world.editAsPerson(all, { "a/x": undefined });
    world.desire({ "a/late": "1" });
    await world.settle();
    world.host.closeAsPerson(1);
    await world.settle();
    expect(world.objects(all)).toEqual({ "a/late": "1" });
  });

  it("by its branch's deletion: begins afresh", async () => {
    const world = new ReviewWorld();
    world.desire({ "a/x": "1" });
    await world.settle();
    world.remote.branches.delete(all);
    await world.settle();
    expect(world.host.requests).toMatchObject([{ state: "closed" }, { state: "open" }]);
    expect(world.objects(all)).toEqual({ "a/x": "1" });
  });

  it("and its branch deleted by the person who closed it: is turned down", async () => {
    const world = new ReviewWorld();
    world.desire({ "a/x": "1" });
    await world.settle();
    world.host.closeAsPerson(1);
    world.remote.branches.delete(all);
    await world.settle();
    expect(world.host.requests).toHaveLength(1);
  });
});

describe("people", () => {
  it("commit to the branch: updates stop, which is said once; they go on when the branch is Sluice's again", async () => {
    const world = new ReviewWorld();
    world.desire({ "a/x": "1" });
    await world.settle();
    const ours = world.remote.branches.get(all)!;
    const theirs = world.editAsPerson(all, { "a/x": "mine" });
    world.desire({ "a/y": "1" });
    await world.settle();
    world.restart();
    await world.settle();
    expect(world.remote.branches.get(all)).toBe(theirs);
    expect(world.host.requests).toMatchObject([
      { state: "open", comments: [expect.stringContaining(theirs.slice(0, 12))] },
    ]);
    expect(world.log.problems.map(({ code }) => code)).toEqual(["REVIEW_STOPPED", "REVIEW_STOPPED"]);
    world.remote.branches.set(all, ours);
    await world.settle();
    expect(world.objects(all)).toEqual({ "a/x": "1", "a/y": "1" });
  });

  it("move the target: projected again where it touches the proposal, and only there", async () => {
    const world = new ReviewWorld();
    world.desire({ "a/x": "1", "a/y": "1" });
    await world.settle();
    const head = world.remote.branches.get(all);
    world.remote.commitAsPerson("main", { "README.md": "More\n" });
    await world.settle();
    expect(world.remote.branches.get(all)).toBe(head);
    world.editAsPerson("main", { "a/x": "1", "a/y": "theirs" });
    await world.settle();
    expect(world.host.open).toMatchObject([{ number: 1, title: "Update 1 manifest on 1 cluster" }]);
    expect(world.objects(all)).toEqual({ "a/x": "1", "a/y": "1" });
    expect(world.remote.history(all)[1]?.id).toBe(world.remote.branches.get("main"));
  });

  it("reopen a closed request: what it showed is not turned down any more", async () => {
    const world = new ReviewWorld();
    world.desire({ "a/x": "1" });
    await world.settle();
    world.host.closeAsPerson(1);
    await world.settle();
    world.host.requests[0]!.state = "open";
    await world.settle();
    expect(world.host.requests).toMatchObject([{ state: "open", title: "Create 1 manifest on 1 cluster" }]);
    expect(world.objects(all)).toEqual({ "a/x": "1" });
    world.host.merge(1);
    await world.settle();
    expect(world.objects()).toEqual({ "a/x": "1" });
    expect(world.remote.files("sluice/state", "reviews").size).toBe(0);
  });
});

describe("groups", () => {
  it("each have a request of their own, up to the cap; whoever waits comes when there is room", async () => {
    const world = new ReviewWorld({ requestsMax: 2 }, "trigger");
    world.desire({ "a/x": "1", "b/x": "1", "c/x": "1" });
    await world.settle();
    expect(world.host.open.map(({ head }) => head)).toEqual(["sluice/review/a", "sluice/review/b"]);
    expect(world.log.lines).toContain("warn changes wait for another request to be merged or closed");
    expect(world.objects("sluice/review/b")).toEqual({ "b/x": "1" });
    world.host.merge(1);
    await world.settle();
    expect(world.host.open.map(({ head }) => head)).toEqual(["sluice/review/b", "sluice/review/c"]);
    world.host.closeAsPerson(2);
    await world.settle();
    expect(world.host.open.map(({ head }) => head)).toEqual(["sluice/review/c"]);
  });

  it("change with the settings: what was proposed together is closed", async () => {
    const world = new ReviewWorld();
    world.desire({ "a/x": "1" });
    await world.settle();
    const apart = new ReviewWorld({}, "trigger");
    Object.assign(world, { options: apart.options });
    world.restart();
    await world.settle();
    expect(world.host.requests).toMatchObject([
      { head: all, state: "closed" },
      { head: "sluice/review/a", state: "open" },
    ]);
  });

  it("do not keep each other from anything: what the forge refuses of one is told", async () => {
    const world = new ReviewWorld({}, "trigger");
    world.desire({ "a/x": "1", "b/x": "1" });
    world.host.fault = (operation, when) => {
      if (operation === "createRequest" && when === "before" && world.host.requests.length === 0) {
        world.host.fault = () => undefined;
        throw new SluiceError({ code: "FORGE_REFUSED", message: "not this one" });
      }
    };
    await world.look();
    expect(world.host.open.map(({ head }) => head)).toEqual(["sluice/review/b"]);
    await world.settle();
    expect(world.host.open).toHaveLength(2);
  });

  it("with names that Git wants in no ref are safe in branches", async () => {
    const world = new ReviewWorld({}, "trigger");
    world.desire({ "x.lock/a": "1", "%2E/a": "1" });
    await world.settle();
    expect(world.host.open.map(({ head }) => head).sort()).toEqual(["sluice/review/%2E", "sluice/review/x%2Elock"]);
  });
});

class Crash extends Error {}

describe("a crash at any moment leaves nothing wedged", () => {
  const operations: (keyof CodeHost)[] = [
    "createRequest",
    "updateRequest",
    "closeRequest",
    "readRequest",
    "keepComment",
    "setStatus",
  ];
  const steps: [name: string, run: (world: ReviewWorld) => void][] = [
    ["opened", (world) => world.desire({ "a/x": "1", "a/y": "1" })],
    ["updated", (world) => world.desire({ "a/x": "2" })],
    [
      "edited and merged",
      (world) => {
        world.editAsPerson(all, { "a/y": undefined });
        world.host.merge(1);
      },
    ],
    ["opened again", (world) => world.desire({ "a/z": "1" })],
    ["closed", (world) => world.host.closeAsPerson(2)],
    ["emptied", (world) => world.desire({ "a/y": undefined, "a/z": undefined, "a/w": "1" })],
    ["nothing left", (world) => world.desire({ "a/w": undefined })],
  ];
  const told = async (world: ReviewWorld, step: (world: ReviewWorld) => void) => {
    step(world);
    await world.settle();
    return [
      world.host.open.map(({ number, title }) => [number, title]),
      world.objects(),
      world.host.open.length > 0 ? world.objects(all) : {},
    ];
  };

  for (const when of ["before", "after"] as const) {
    for (const place of [...operations, "git push", "git write", "git fetch"] as const) {
      it(`${when} ${place}`, async () => {
        const calm = new ReviewWorld();
        const world = new ReviewWorld();
        for (const [name, step] of steps) {
          const wanted = await told(calm, step);
          let crashes = 0;
          const crash = (operation: string, at: "before" | "after") => {
            if (operation !== place.replace("git ", "") || at !== when || crashes > 2) return;
            crashes++;
            throw new Crash();
          };
          step(world);
          for (let attempt = 0; attempt < 4; attempt++) {
            world.host.fault = crash;
            world.git.fault = crash;
            const crashed = await world.look().then(
              () => false,
              (error: unknown) => {
                if (!(error instanceof Crash)) throw error;
                return true;
              },
            );
            if (crashed) world.restart();
          }
          world.host.fault = () => undefined;
          world.git.fault = () => undefined;
          expect(await told(world, () => undefined), name).toEqual(wanted);
        }
      });
    }
  }
});

/** What counts as somebody's decision and what does not: merges elsewhere, late records, hidden repositories, approvals. */
import { describe, expect, it } from "vitest";
import { SluiceError } from "../../../src/model/problem.ts";
import { ReviewWorld } from "./review-world.ts";

const all = "sluice/review/all";
const reviews = (world: ReviewWorld) => world.remote.files("sluice/state", "reviews").get("reviews/all.json") ?? "{}";
const told = (world: ReviewWorld, code: string) => world.log.problems.filter((problem) => problem.code === code);

async function proposed(objects: Record<string, string>, options: ConstructorParameters<typeof ReviewWorld>[0] = {}) {
  const world = new ReviewWorld(options);
  world.desire(objects);
  await world.settle();
  return world;
}

describe("a request that people point at another branch", () => {
  const elsewhere = async () => {
    const world = await proposed({ "a/x": "1", "a/y": "1", "a/z": "1" });
    world.remote.branches.set("release", world.remote.branches.get("main")!);
    world.host.retarget(1, "release");
    return world;
  };

  for (const [what, end] of [
    ["merged", (world: ReviewWorld) => world.host.merge(1)],
    ["closed", (world: ReviewWorld) => world.host.closeAsPerson(1)],
  ] as const) {
    it(`and ${what} there before Sluice looks: turns nothing down`, async () => {
      const world = await elsewhere();
      end(world);
      await world.settle();
      expect(world.host.open).toMatchObject([{ number: 2, base: "main" }]);
      expect(world.objects(all)).toEqual({ "a/x": "1", "a/y": "1", "a/z": "1" });
      expect(told(world, "REVIEW_ELSEWHERE")).toMatchObject([{ message: expect.stringContaining("release") }]);
      expect(reviews(world)).not.toContain("rejected");
    });

    it(`is left to them while it is open, and then ${what}: turns nothing down`, async () => {
      const world = await elsewhere();
      await world.settle();
      expect(world.host.open.map(({ number, base }) => [number, base])).toEqual([
        [1, "release"],
        [2, "main"],
      ]);
      expect(world.host.requests[0]?.comments).toEqual([expect.stringContaining("another branch")]);
      end(world);
      await world.settle();
      expect(world.host.open).toMatchObject([{ number: 2, base: "main" }]);
      world.host.merge(2);
      await world.settle();
      expect(world.objects()).toEqual({ "a/x": "1", "a/y": "1", "a/z": "1" });
      expect(told(world, "REVIEW_ELSEWHERE")).toHaveLength(1);
    });
  }

  it("with commits by people: is not overwritten", async () => {
    const world = await elsewhere();
    const theirs = world.editAsPerson(all, { "a/x": "mine" });
    await world.settle();
    world.desire({ "a/x": "2" });
    await world.settle();
    expect(world.remote.branches.get(all)).toBe(theirs);
    expect(told(world, "REVIEW_STOPPED")).toHaveLength(1);
  });
});

describe("a merge of what Sluice had put there", () => {
  it("turns nothing down, whatever the target looks like since", async () => {
    const world = await proposed({ "a/x": "1", "a/y": "1" });
    world.host.merge(1);
    world.editAsPerson("main", { "a/x": undefined });
    await world.settle();
    expect(told(world, "REVIEW_TURNED_DOWN")).toEqual([]);
    expect(world.host.open).toMatchObject([{ number: 2 }]);
    expect(world.objects(all)).toEqual({ "a/x": "1", "a/y": "1" });
  });

  it("is waited for when the target shows it before the forge does: neither closed nor added to", async () => {
    const world = await proposed({ "a/x": "1" });
    const head = world.remote.branches.get(all);
    world.host.mergeUnrecorded(1);
    await world.look();
    world.desire({ "a/y": "1" });
    for (let look = 0; look < 3; look++) {
      await world.look();
      world.clock.advance(2000);
    }
    expect(world.host.requests).toMatchObject([{ state: "open", comments: [] }]);
    expect(world.remote.branches.get(all)).toBe(head);
    world.host.record(1);
    await world.settle();
    expect(world.host.requests).toMatchObject([{ state: "merged", comments: [] }, { state: "open" }]);
  });

  it("that the forge records just before closing: is not closed over it", async () => {
    const world = await proposed({ "a/x": "1" });
    world.desire({ "a/x": undefined });
    world.host.fault = (operation, when) => {
      if (operation === "listOpenRequests" && when === "after") world.host.closeAsPerson(1);
    };
    await world.look();
    expect(world.host.calls).not.toContain("closeRequest");
  });

  it("people's own commit that puts the same on the target: the request is closed after a while", async () => {
    const world = await proposed({ "a/x": "1" });
    world.editAsPerson("main", { "a/x": "1" });
    await world.settle();
    expect(world.host.requests).toMatchObject([{ state: "closed", comments: [expect.stringContaining("Nothing is")] }]);
  });
});

describe("what is turned down", () => {
  it("is a warning with names, a comment that says how to bring it back, and comes back when that is asked", async () => {
    const world = await proposed({ "a/x": "1", "b/y": "1" });
    world.host.closeAsPerson(1);
    await world.settle();
    expect(told(world, "REVIEW_TURNED_DOWN")).toMatchObject([
      {
        severity: "warning",
        message: expect.stringMatching(
          /request 1 .*2 manifests .*fleet\/eu\/triggers\/a\/ns\/configmap\/x\.yaml, rendered/,
        ),
        hint: expect.stringContaining("sluice propose all"),
      },
    ]);
    expect(world.host.requests[0]?.comments).toEqual([expect.stringContaining("`sluice propose all`")]);
    expect(JSON.parse(reviews(world))).toMatchObject({
      rejectedIn: { "fleet/eu/triggers/a/ns/configmap/x.yaml": 1, "fleet/eu/triggers/b/ns/configmap/y.yaml": 1 },
    });

    world.restart();
    await expect(Promise.all([world.publisher.propose("nope"), world.look()])).rejects.toMatchObject({
      problem: { code: "NOT_FOUND", hint: expect.stringContaining("all") },
    });
    const answered = world.publisher.propose("all");
    await world.look();
    expect(await answered).toEqual(new Map([["all", 2]]));
    await world.settle();
    expect(world.host.open).toMatchObject([{ number: 2 }]);
    expect(world.objects(all)).toEqual({ "a/x": "1", "b/y": "1" });
    const again = world.publisher.propose(undefined);
    await world.look();
    expect(await again).toEqual(new Map());
  });

  it("is answered also while the forge is away", async () => {
    const world = await proposed({ "a/x": "1" });
    world.host.closeAsPerson(1);
    await world.settle();
    world.host.fault = () => {
      throw new SluiceError({ code: "FORGE_UNAVAILABLE", message: "not now" });
    };
    const answered = world.publisher.propose("all");
    await expect(world.look()).rejects.toThrow("not now");
    expect(await answered).toEqual(new Map([["all", 1]]));
    expect(reviews(world)).toBe("{}");
  });

  it("of a merge is what people changed on the branch, and that alone", async () => {
    const world = await proposed({ "a/taken": "1", "a/dropped": "1", "a/lost": "1" });
    world.editAsPerson(all, { "a/dropped": undefined });
    world.host.merge(1);
    world.editAsPerson("main", { "a/lost": undefined });
    await world.settle();
    expect(told(world, "REVIEW_TURNED_DOWN")).toMatchObject([{ message: expect.stringMatching(/dropped\.yaml$/) }]);
    expect(world.objects(all)).toEqual({ "a/taken": "1", "a/lost": "1" });
  });
});

it("a repository that is hidden for a while takes no request away: what was closed meanwhile is turned down", async () => {
  const world = await proposed({ "a/x": "1" });
  // As the adapters promise: no answer of "there is none" where the repository itself does not answer.
  world.host.fault = () => {
    throw new SluiceError({ code: "FORGE_AUTH", message: "the forge does not show it" });
  };
  for (let look = 0; look < 3; look++) await world.look().catch(() => undefined);
  world.host.requests[0]!.state = "closed";
  world.host.fault = () => undefined;
  await world.settle();
  expect(world.host.requests).toHaveLength(1);
  expect(told(world, "REVIEW_TURNED_DOWN")).toHaveLength(1);
});

it("a target that is deleted is not made anew, and what the forge closes for that is turned down by nobody", async () => {
  const world = await proposed({ "a/x": "1", "a/y": "1" });
  const target = world.remote.branches.get("main")!;
  world.remote.branches.delete("main");
  world.host.requests[0]!.state = "closed";
  for (let look = 0; look < 3; look++) await world.look();
  expect(world.remote.branches.has("main")).toBe(false);
  expect(reviews(world)).not.toContain("rejected");
  world.remote.branches.set("main", target);
  await world.settle();
  expect(told(world, "REVIEW_TURNED_DOWN")).toEqual([]);
  expect(world.host.open).toMatchObject([{ number: 2 }]);
  expect(world.objects(all)).toEqual({ "a/x": "1", "a/y": "1" });
});

describe("a branch that is brought up to date", () => {
  for (const how of ["merge", "rebase"] as const) {
    it(`by a ${how}: is still Sluice's, and is updated when there is more`, async () => {
      const world = await proposed({ "a/x": "1" });
      world.remote.commitAsPerson("main", { "README.md": "More\n" });
      world.host.updateBranch(1, how);
      const updated = world.remote.branches.get(all);
      await world.settle();
      expect(told(world, "REVIEW_STOPPED")).toEqual([]);
      expect(world.remote.branches.get(all), "nothing else to do").toBe(updated);
      world.restart();
      world.desire({ "a/y": "1" });
      await world.settle();
      expect(world.objects(all)).toEqual({ "a/x": "1", "a/y": "1" });
      world.host.merge(1);
      await world.settle();
      expect(told(world, "REVIEW_TURNED_DOWN")).toEqual([]);
      expect(world.objects()).toEqual({ "a/x": "1", "a/y": "1" });
    });
  }

  it("also where the target has moved on again, or it was done twice", async () => {
    const world = await proposed({ "a/x": "1" });
    world.remote.commitAsPerson("main", { "README.md": "More\n" });
    world.host.updateBranch(1);
    world.remote.commitAsPerson("main", { "README.md": "Still more\n" });
    await world.settle();
    world.host.updateBranch(1);
    await world.settle();
    expect(told(world, "REVIEW_STOPPED")).toEqual([]);
    world.host.closeAsPerson(1);
    await world.settle();
    expect(told(world, "REVIEW_TURNED_DOWN")).toMatchObject([{ message: expect.stringContaining("1 manifest is") }]);
  });

  it("is a person's where something of theirs came with it", async () => {
    const world = await proposed({ "a/x": "1" });
    const target = world.remote.commitAsPerson("main", { "README.md": "More\n" });
    const ours = world.remote.branches.get(all)!;
    world.remote.mergeAsPerson(
      all,
      [ours, target],
      { "README.md": "More\n", mine: "1" },
      "Merge branch 'feature' into x\n",
    );
    await world.settle();
    expect(told(world, "REVIEW_STOPPED")).toHaveLength(1);
  });

  it("is done by Sluice where the forge merges nothing that is behind, and only there", async () => {
    for (const isStrict of [true, false]) {
      const world = await proposed({ "a/x": "1" });
      world.host.isStrict = isStrict;
      const head = world.remote.branches.get(all);
      const moved = world.remote.commitAsPerson("main", { "README.md": "More\n" });
      world.host.calls.length = 0;
      await world.settle();
      if (isStrict) expect(world.remote.history(all)[1]?.id).toBe(moved);
      else expect(world.remote.branches.get(all)).toBe(head);
      expect(world.host.calls.filter((call) => call === "isBehind").length).toBeLessThanOrEqual(1);
    }
  });
});

describe("hold: approved", () => {
  const held = (hold: "approved" | "never") => proposed({ "a/x": "1" }, { hold });

  it("lets what comes after an approval wait for the next request", async () => {
    const world = await held("approved");
    world.host.dismissesStaleApprovals = true;
    world.desire({ "a/y": "1" });
    await world.settle();
    expect(world.objects(all), "before an approval it is updated").toEqual({ "a/x": "1", "a/y": "1" });
    world.host.approve(1);
    const head = world.remote.branches.get(all);
    for (const value of ["1", "2", "3"]) {
      world.desire({ "a/z": value, "a/x": value });
      await world.settle();
    }
    expect([world.remote.branches.get(all), world.host.requests[0]?.isApproved]).toEqual([head, true]);
    expect(world.host.statuses.get(head!)?.description).toContain("waits for the next request");
    world.host.merge(1);
    await world.settle();
    expect(world.objects()).toEqual({ "a/x": "1", "a/y": "1" });
    expect(world.host.open).toMatchObject([{ number: 2 }]);
    expect(world.objects(all)).toEqual({ "a/x": "3", "a/y": "1", "a/z": "3" });
  });

  it("keeps what is approved mergeable where the target moves", async () => {
    const world = await held("approved");
    world.host.isStrict = true;
    world.host.approve(1);
    world.desire({ "a/y": "1" });
    const moved = world.remote.commitAsPerson("main", { "README.md": "More\n" });
    await world.settle();
    expect(world.objects(all)).toEqual({ "a/x": "1" });
    expect(world.remote.history(all)[1]?.id).toBe(moved);
  });

  it("goes on where the approval is taken back, and is off by default", async () => {
    for (const hold of ["approved", "never"] as const) {
      const world = await held(hold);
      world.host.approve(1);
      world.desire({ "a/y": "1" });
      await world.settle();
      expect(world.objects(all)).toEqual(hold === "never" ? { "a/x": "1", "a/y": "1" } : { "a/x": "1" });
      world.host.requests[0]!.isApproved = false;
      world.desire({ "a/z": "1" });
      await world.settle();
      expect(world.objects(all)).toEqual({ "a/x": "1", "a/y": "1", "a/z": "1" });
    }
  });
});

describe("calls", () => {
  it("are one list, however many groups wait for room", async () => {
    const world = new ReviewWorld({ requestsMax: 1 }, "trigger");
    world.desire(Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`t${index}/x`, "1"])));
    await world.settle();
    world.host.calls.length = 0;
    await world.look();
    expect(world.host.calls).toEqual(["listOpenRequests"]);
  });

  it("mark each head once", async () => {
    const world = await proposed({ "a/x": "1" }, { autoMerge: "squash" });
    const marks = () => world.host.calls.filter((call) => call === "setStatus" || call === "mergeWhenAllowed").length;
    world.host.mergeWhenAllowed = async () => "later";
    const before = marks();
    for (let look = 0; look < 5; look++) await world.settle();
    expect(marks()).toBe(before);
    expect(world.host.statuses.get(world.remote.branches.get(all)!)?.description).toBe(
      "Create 1 manifest on 1 cluster, as events ask",
    );
  });

  it("of drafts where there are none: says so once", async () => {
    const world = new ReviewWorld({ isDraft: true });
    world.host.hasDrafts = false;
    world.desire({ "a/x": "1" });
    await world.settle();
    await world.settle();
    expect(world.host.open).toMatchObject([{ isDraft: false }]);
    expect(told(world, "FORGE_REFUSED")).toMatchObject([{ message: expect.stringContaining("no draft") }]);
  });
});

it("what differs is read once a look, whatever has ended and is proposed at once", async () => {
  const world = new ReviewWorld({}, "trigger");
  world.desire({ "a/x": "1", "b/y": "1" });
  await world.settle();
  world.desire({ "a/x": "2", "c/z": "1" });
  world.host.closeAsPerson(world.host.open[0]!.number);
  const reads: string[] = [];
  const find = world.git.findEntry.bind(world.git);
  world.git.findEntry = (tree, path) => {
    if (path === world.options.outputPath) reads.push(tree);
    return find(tree, path);
  };
  await world.look();

  expect(world.host.open.map(({ head }) => head)).toContain("sluice/review/c");
  expect(reads).toHaveLength(1);
});

/** The two branches against a server that is shared, moody and at times away. */
import { beforeEach, describe, expect, it } from "vitest";
import type { ChangeSet, Checkpoint, EventEffect } from "../../../src/model/change-set.ts";
import { triggerOwner } from "../../../src/model/owner.ts";
import type { Problem } from "../../../src/model/problem.ts";
import { Branches } from "../../../src/pipeline/branches/branches.ts";
import { emptyCheckpoint, writeCheckpoint } from "../../../src/plan/checkpoint-file.ts";
import { writePositions } from "../../../src/plan/position-file.ts";
import { createFakeChance } from "../../fakes/fake-chance.ts";
import { createFakeClock } from "../../fakes/fake-clock.ts";
import { FakeGitRemote } from "../../fakes/fake-git-remote.ts";
import { FakeGitRepository, gitUnavailable } from "../../fakes/fake-git-repository.ts";
import { createFakeLog } from "../../fakes/fake-log.ts";

const stateBranch = "sluice/state";
let remote: FakeGitRemote;

beforeEach(() => {
  remote = new FakeGitRemote();
});

/** An instance of Sluice, opened. */
async function open() {
  const git = new FakeGitRepository(remote);
  const clock = createFakeClock();
  const log = createFakeLog();
  const names = { target: "main", state: stateBranch, outputPath: "rendered" };
  const branches = new Branches(names, { git, clock, chance: createFakeChance(1), log }, ({ events }) =>
    events.length === 0 ? "Bring\n" : `${events.map(({ subject }) => subject).join(" ")}\n`,
  );
  const checkpoint = await branches.open();
  const problems: Problem[] = [];
  const stop = new AbortController();
  return {
    git,
    clock,
    log,
    branches,
    checkpoint,
    problems,
    stop,
    push: () => branches.push(stop.signal, (problem) => problems.push(problem)),
    /** Commits event `n`: a manifest, and the position. */
    commit: (n: number, text: string | null = manifest(n)) => branches.commitState(batch(n, text)),
  };
}

const manifest = (n: number) => `metadata:\n  labels:\n    app.kubernetes.io/managed-by: sluice\nn: ${n}\n`;

function batch(n: number, text: string | null): ChangeSet {
  const checkpoint: Checkpoint = {
    ...emptyCheckpoint,
    positions: new Map([["bus/S", { epoch: "e", sequence: n, time: "" }]]),
  };
  const event: EventEffect = {
    owner: triggerOwner("login"),
    connection: "bus",
    source: "auth",
    subject: `event-${n}`,
    type: "login",
    id: `${n}`,
    action: "Create",
    clusters: 1,
    failed: 0,
  };
  const path = `desired/a/c/triggers/login/default/configmap/n${n}.yaml`;
  return {
    changes: [
      { path: "checkpoint.json", action: "write", text: writeCheckpoint(checkpoint) },
      { path: "positions/bus.json", action: "write", text: writePositions(checkpoint.positions) },
      ...(text === null ? [] : [{ path, action: "write", text } as const]),
    ],
    objects: text === null ? [] : [{ path, action: "create" }],
    events: [event],
    droppedLetters: 0,
  };
}

/** Shorter are the pauses between looks at a target that others push to all the time. */
const isBackoff = (ms: number) => ms > 10;

function messages(branch = "main"): string[] {
  return remote
    .history(branch)
    .map(({ message }) => message.trim())
    .reverse();
}

/** Numbers of the manifests on the target, which must be what the state desires. */
function onTarget(): number[] {
  const rendered = [...remote.files("main", "rendered")].filter(([, text]) => text.includes("managed-by: sluice"));
  const desired = [...remote.files(stateBranch, "desired")];
  expect(rendered.map(([path, text]) => [path.replace("rendered", "desired"), text])).toEqual(desired);
  return desired.map(([, text]) => Number(/n: (\d+)/.exec(text)![1]));
}

describe("an empty repository", () => {
  it("has an empty checkpoint, and is left alone without a commit", async () => {
    const { checkpoint, push, git } = await open();
    expect(checkpoint).toEqual(emptyCheckpoint);
    expect(await push()).toBe(true);
    expect([git.updates, remote.branches.size]).toEqual([[], 0]);
  });

  it("gets both branches in one push", async () => {
    const { commit, push, git, branches } = await open();
    await commit(1);
    expect(branches.hasUnpushed).toBe(true);
    expect(await push()).toBe(true);

    expect(git.updates.map((updates) => updates.map(({ branch }) => branch))).toEqual([[stateBranch, "main"]]);
    expect([branches.hasUnpushed, messages(), onTarget()]).toEqual([false, ["event-1"], [1]]);
  });
});

it("a restart goes on from what was pushed", async () => {
  const first = await open();
  await first.commit(1);
  await first.push();
  const second = await open();

  expect(second.checkpoint.positions.get("bus/S")?.sequence).toBe(1);
  await second.commit(2);
  await second.push();
  expect([messages(), onTarget()]).toEqual([
    ["event-1", "event-2"],
    [1, 2],
  ]);
});

it("what was committed and not pushed is gone with the process", async () => {
  const first = await open();
  await first.commit(1);
  await first.push();
  await first.commit(2);
  const second = await open();
  expect(second.checkpoint.positions.get("bus/S")?.sequence).toBe(1);
  expect(onTarget()).toEqual([1]);
});

it("several commits go in one push, each with a commit of its own on the target", async () => {
  const { commit, push, git } = await open();
  for (const n of [1, 2, 3]) await commit(n);
  await push();
  expect([git.updates.length, messages(), onTarget()]).toEqual([1, ["event-1", "event-2", "event-3"], [1, 2, 3]]);
});

it("a commit that changes no manifest leaves no commit on the target", async () => {
  const { commit, push } = await open();
  await commit(1);
  await push();
  await commit(2, null);
  await push();
  expect([messages(), messages(stateBranch).length]).toEqual([["event-1"], 2]);
});

it("what is committed during a push goes with the next one", async () => {
  const { commit, push, git, branches } = await open();
  await commit(1);
  git.fault = async (operation, when) => {
    if (operation === "push" && when === "before" && git.updates.length === 0) {
      git.fault = () => undefined;
      await commit(2);
    }
  };
  await push();
  expect([branches.hasUnpushed, onTarget()]).toEqual([true, [1]]);
  await push();
  expect([branches.hasUnpushed, messages(), onTarget()]).toEqual([false, ["event-1", "event-2"], [1, 2]]);
});

describe("a person pushes to the target", () => {
  it("meanwhile: the batch goes on top, and their files stay", async () => {
    const { commit, push, clock } = await open();
    await commit(1);
    await push();
    await commit(2);
    remote.commitAsPerson("main", { "README.md": "hello\n" });
    await push();

    expect([messages(), onTarget()]).toEqual([
      ["event-1", "by a person", "event-2"],
      [1, 2],
    ]);
    expect(remote.file("main", "README.md")).toBe("hello\n");
    expect(clock.sleeps, "the first time, at once").toEqual([]);
  });

  it("again and again: the state goes alone after the second time, and the target without backoff", async () => {
    const { commit, push, clock, git } = await open();
    await commit(1);
    await push();
    await commit(2);
    let left = 4;
    git.fault = (operation, when) => {
      if (operation === "push" && when === "before" && left-- > 0) remote.commitAsPerson("main", { [`f${left}`]: "x" });
    };
    expect(await push()).toBe(true);
    expect([messages(), onTarget()]).toEqual([
      ["event-1", "by a person", "by a person", "by a person", "by a person", "event-2"],
      [1, 2],
    ]);
    expect(clock.sleeps.filter(isBackoff)).toEqual([]);
    expect(git.updates.slice(1).map((updates) => updates.map(({ branch }) => branch).join())).toEqual([
      "sluice/state,main",
      "sluice/state,main",
      "sluice/state",
      "main",
      "main",
    ]);
  });

  it("without end: every state gets through all the same, and the target as soon as they let it", async () => {
    const { commit, push, clock, git, branches } = await open();
    await commit(1);
    await push();
    git.fault = (operation, when) => {
      if (operation === "push" && when === "before") remote.commitAsPerson("main", { f: `${messages().length}` });
    };
    for (const n of [2, 3, 4]) {
      await commit(n);
      expect(await push()).toBe(true);
      expect([branches.hasUnpushed, branches.isTargetBehind, messages(stateBranch).length]).toEqual([false, true, n]);
    }
    expect(clock.sleeps.filter(isBackoff)).toEqual([]);
    git.fault = () => undefined;
    expect(await push()).toBe(true);
    expect([branches.isTargetBehind, onTarget()]).toEqual([false, [1, 2, 3, 4]]);
    expect(messages().filter((message) => message.startsWith("event"))).toEqual([1, 2, 3, 4].map((n) => `event-${n}`));
  });

  it.each([
    ["a moment", 0, 20],
    ["long", 50, 2],
  ])(
    "without end, but once, and what waits takes %s to make: so much arrives in that moment, and all of it soon",
    async (_, makingMs, countFirst) => {
      const { commit, push, git, clock, branches } = await open();
      await commit(1);
      await push();
      let isOpen = false;
      git.fault = (operation, when) => {
        if (when === "before" && operation === "write") clock.advance(makingMs);
        if (when === "before" && operation === "push") clock.advance(10);
        if (operation === "push" && when === "before" && !isOpen)
          remote.commitAsPerson("main", { f: `${messages().length}` });
      };
      for (let n = 2; n <= 20; n++) {
        await commit(n);
        await push();
      }
      const told = () => messages().filter((message) => message.startsWith("event"));
      expect(told()).toEqual(["event-1"]);
      isOpen = true;
      await push();
      expect(told()).toHaveLength(countFirst);
      for (let pushes = 0; pushes < 10 && branches.isTargetBehind; pushes++) await push();
      expect(told()).toEqual(Array.from({ length: 20 }, (_, index) => `event-${index + 1}`));
      expect(onTarget()).toHaveLength(20);
    },
  );

  it("without end, and more waits than can be told one by one: it is told in one commit, also where nothing comes any more", async () => {
    const { commit, push, git, branches } = await open();
    await commit(1);
    await push();
    let isOpen = false;
    git.fault = (operation, when) => {
      if (operation === "push" && when === "before" && !isOpen)
        remote.commitAsPerson("main", { f: `${messages().length}` });
    };
    for (let n = 2; n <= 1_100; n++) await commit(1, manifest(n));
    await push();
    await push();
    expect(branches.isTargetBehind).toBe(true);
    isOpen = true;
    await push();
    expect([messages().at(-1), branches.isTargetBehind, onTarget().length]).toEqual(["Bring", false, 1]);
    expect(messages().filter((message) => message.startsWith("event"))).toEqual(["event-1"]);
  });

  it("and our answer is lost, before they push on top: what is there is not told once more", async () => {
    const { commit, push, git, problems } = await open();
    await commit(1);
    await push();
    await commit(2);
    await commit(3);
    let isCut = true;
    git.fault = (operation, when) => {
      if (operation !== "push" || when !== "after" || !isCut) return;
      isCut = false;
      remote.commitAsPerson("main", { "README.md": "hello\n" });
      throw gitUnavailable();
    };
    await push();
    await commit(4);
    await push();
    expect(problems.map(({ code }) => code)).toEqual(["GIT_UNAVAILABLE"]);
    expect(messages()).toEqual(["event-1", "event-2", "event-3", "by a person", "event-4"]);
    expect(onTarget()).toEqual([1, 2, 3, 4]);
  });

  it("and changes what is Sluice's: it is undone, what isn't is left and told once", async () => {
    const { commit, push, branches, log } = await open();
    await commit(1);
    await push();
    const path = [...remote.files("main", "rendered").keys()][0]!;
    remote.commitAsPerson("main", { [path]: "mine now\n", "rendered/a/c/kustomization.yaml": "kind: Kustomization\n" });

    expect([await branches.refreshTarget(), await branches.refreshTarget()]).toEqual([true, false]);
    await push();
    await commit(2);
    await push();
    expect([messages(), onTarget()]).toEqual([
      ["event-1", "by a person", "Bring", "event-2"],
      [1, 2],
    ]);
    expect(remote.file("main", "rendered/a/c/kustomization.yaml")).toBe("kind: Kustomization\n");
    expect(log.lines.filter((line) => line.startsWith("warn"))).toHaveLength(1);
  });

  it("and deletes the whole target branch: it is not made anew, the state goes on, and it is brought up when it is back", async () => {
    const { commit, push, branches } = await open();
    await commit(1);
    await push();
    const head = remote.branches.get("main")!;
    remote.branches.delete("main");
    await branches.refreshTarget();
    await commit(2);
    expect(await push()).toBe(true);
    expect([remote.branches.has("main"), messages(stateBranch).length]).toEqual([false, 2]);
    expect([branches.withheld?.code, branches.isTargetBehind]).toEqual(["TARGET_MISSING", false]);

    remote.branches.set("main", head);
    expect(await branches.refreshTarget()).toBe(true);
    expect(branches.isTargetBehind).toBe(true);
    await push();
    expect([messages(), onTarget()]).toEqual([
      ["event-1", "event-2"],
      [1, 2],
    ]);
  });

  it("and deletes it while a push is on its way: the state arrives, the branch does not", async () => {
    const { commit, push, branches } = await open();
    await commit(1);
    await push();
    await commit(2);
    remote.branches.delete("main");
    await push();
    expect([branches.hasUnpushed, branches.isTargetMissing, remote.branches.has("main")]).toEqual([false, true, false]);
  });

  it("and it is missing at a start: only a repository without any branch gets one", async () => {
    const first = await open();
    expect(first.branches.isTargetMissing).toBe(false);
    await first.commit(1);
    await first.push();
    remote.branches.delete("main");
    expect((await open()).branches.isTargetMissing).toBe(true);

    remote = new FakeGitRemote();
    remote.commitAsPerson("mian", { "README.md": "a wrong name" });
    expect((await open()).branches.isTargetMissing).toBe(true);
  });

  it("and deletes it while Sluice is away: the same", async () => {
    const first = await open();
    await first.commit(1);
    await first.push();
    remote.branches.delete("main");
    const second = await open();
    await second.commit(2);
    expect(await second.push()).toBe(true);
    expect([remote.branches.has("main"), second.branches.withheld?.code]).toEqual([false, "TARGET_MISSING"]);
  });
});

describe("another instance writes the state", () => {
  it("this one is told, and pushes nothing more", async () => {
    const first = await open();
    await first.commit(1);
    await first.push();
    const second = await open();
    await second.commit(2);
    await second.push();
    await first.commit(3);

    await expect(first.push()).rejects.toMatchObject({ problem: { code: "LEADER_LOST" } });
    expect([messages(), onTarget()]).toEqual([
      ["event-1", "event-2"],
      [1, 2],
    ]);
  });

  it("at the very first push too", async () => {
    const [first, second] = [await open(), await open()];
    await first.commit(1);
    await second.commit(2);
    await first.push();
    await expect(second.push()).rejects.toMatchObject({ problem: { code: "LEADER_LOST" } });
  });
});

describe("a push whose answer is lost", () => {
  for (const isAtomic of [true, false]) {
    for (const commits of [[2], [2, 3]]) {
      it(`after its effect, ${commits.length} commits, ${isAtomic ? "" : "not "}atomic: is not done twice`, async () => {
        remote.isAtomic = isAtomic;
        const { commit, push, git, branches, problems } = await open();
        await commit(1);
        await push();
        for (const n of commits) await commit(n);
        failOnce(git, "after");
        expect(await push()).toBe(true);

        const all = [1, ...commits];
        expect([messages(), onTarget()]).toEqual([all.map((n) => `event-${n}`), all]);
        expect([branches.hasUnpushed, problems.map(({ code }) => code)]).toEqual([false, ["GIT_UNAVAILABLE"]]);
        expect(messages(stateBranch)).toHaveLength(all.length);
      });
    }
  }

  it("before its effect: is done again", async () => {
    const { commit, push, git, clock } = await open();
    await commit(1);
    failOnce(git, "before");
    expect(await push()).toBe(true);
    expect([messages(), onTarget(), clock.sleeps.length]).toEqual([["event-1"], [1], 1]);
  });

  it("and the server stays away for a while, while more is committed", async () => {
    const { commit, push, git } = await open();
    await commit(1);
    await push();
    await commit(2);
    let failures = 0;
    git.fault = async (operation, when) => {
      if (operation === "push" && when === "after" && failures === 0) {
        failures++;
        await commit(3);
        throw gitUnavailable();
      }
      if (operation === "fetch" && failures++ < 4) throw gitUnavailable();
    };
    expect(await push()).toBe(true);
    expect([messages(), onTarget()]).toEqual([
      ["event-1", "event-2", "event-3"],
      [1, 2, 3],
    ]);
  });

  it("and a person pushes on top of what had arrived", async () => {
    const { commit, push, git } = await open();
    await commit(1);
    git.fault = (operation, when) => {
      if (operation !== "push" || when !== "after") return;
      git.fault = () => undefined;
      remote.commitAsPerson("main", { "README.md": "hello\n" });
      throw gitUnavailable();
    };
    expect(await push()).toBe(true);
    expect([messages(), onTarget()]).toEqual([["event-1", "by a person"], [1]]);
  });
});

describe("a server that takes branches one by one", () => {
  beforeEach(() => {
    remote.isAtomic = false;
  });

  it("gets the state first; where the target is moved, it follows with the message of its events", async () => {
    const { commit, push } = await open();
    await commit(1);
    await push();
    await commit(2);
    remote.commitAsPerson("main", { "README.md": "hello\n" });
    await push();
    expect([messages(), onTarget()]).toEqual([
      ["event-1", "by a person", "event-2"],
      [1, 2],
    ]);
  });

  it("gets the target again and again where it refuses it, and the state only once", async () => {
    const { commit, push, git, problems } = await open();
    await commit(1);
    git.refusals.push(new Map([["main", "refused"]]), new Map([["main", "refused"]]));
    expect(await push()).toBe(true);
    expect(problems.map(({ code }) => code)).toEqual(["GIT_REFUSED", "GIT_REFUSED"]);
    expect([messages(), messages(stateBranch).length]).toEqual([["event-1"], 1]);
  });
});

it("a refused push is tried again, and told each time", async () => {
  const { commit, push, git, problems, clock } = await open();
  await commit(1);
  git.refusals.push(new Map([[stateBranch, "refused"]]), new Map([["main", "refused"]]));
  expect(await push()).toBe(true);
  expect([problems.map(({ code }) => code), onTarget()]).toEqual([["GIT_REFUSED", "GIT_REFUSED"], [1]]);
  expect(clock.sleeps.every((ms) => ms >= 100 && ms <= 30_000)).toBe(true);
});

it("backoff grows, is bounded, and ends when told to stop", async () => {
  const { commit, push, git, clock, stop, branches } = await open();
  await commit(1);
  git.fault = (operation) => {
    if (operation !== "push" && operation !== "fetch") return;
    if (clock.sleeps.length === 12) stop.abort();
    throw gitUnavailable();
  };
  expect(await push()).toBe(false);
  expect(branches.hasUnpushed).toBe(true);
  expect(clock.sleeps[0]).toBeLessThanOrEqual(200);
  expect(Math.max(...clock.sleeps)).toBeLessThanOrEqual(30_000);
  expect(clock.sleeps.at(-1)).toBeGreaterThanOrEqual(15_000);

  git.fault = () => undefined;
  expect(await branches.push(new AbortController().signal, () => undefined)).toBe(true);
  expect(onTarget()).toEqual([1]);
});

it("a bug is not a reason to try again", async () => {
  const { commit, push, git } = await open();
  await commit(1);
  git.fault = (operation) => {
    if (operation === "push") throw new TypeError("a bug");
  };
  await expect(push()).rejects.toThrow(TypeError);
});

it("at the start the target is brought to the state", async () => {
  const first = await open();
  await first.commit(1);
  await first.commit(2);
  await first.push();
  // As after a crash between the two branches of a server that is not atomic.
  remote.branches.set("main", remote.history("main")[1]!.id);
  const second = await open();
  await second.push();
  expect([messages(), onTarget()]).toEqual([
    ["event-1", "Bring"],
    [1, 2],
  ]);
});

it("a state branch that is not Sluice's is refused", async () => {
  remote.commitAsPerson(stateBranch, { "README.md": "a branch of ours\n" });
  await expect(open()).rejects.toMatchObject({ problem: { code: "STATE_INVALID" } });
});

it("starts the state anew, without history", async () => {
  const { commit, push, branches } = await open();
  for (const n of [1, 2]) {
    await commit(n);
    await push();
  }
  await branches.startAnew();
  await push();
  expect([messages(stateBranch).length, onTarget()]).toEqual([1, [1, 2]]);
  await commit(3);
  await push();
  expect([messages(), messages(stateBranch).length, onTarget()]).toEqual([
    ["event-1", "event-2", "event-3"],
    2,
    [1, 2, 3],
  ]);
});

it("a start anew that the server refuses changes nothing, and pushing goes on", async () => {
  const { commit, push, branches } = await open();
  await commit(1);
  await push();
  remote.refusesRewinds = true;
  await expect(branches.startAnew()).rejects.toMatchObject({ problem: { code: "GIT_REFUSED" } });
  await commit(2);
  expect(await push()).toBe(true);
  expect([messages(), messages(stateBranch).length, onTarget()]).toEqual([["event-1", "event-2"], 2, [1, 2]]);
});

it("a start anew whose answer is lost is found to have arrived, with what was not pushed yet", async () => {
  const { commit, push, branches, git } = await open();
  await commit(1);
  await push();
  await commit(2);
  failOnce(git, "after");
  await branches.startAnew();
  expect([messages(stateBranch).length, branches.hasUnpushed]).toEqual([1, false]);
  await commit(3);
  await push();
  expect([messages(stateBranch).length, onTarget()]).toEqual([2, [1, 2, 3]]);
});

it("a signal ends a push that the server never answers", async () => {
  const { commit, push, git, stop, branches } = await open();
  await commit(1);
  git.fault = (operation) => (operation === "push" ? new Promise<never>(() => undefined) : undefined);
  const pushing = push();
  setImmediate(() => stop.abort());
  expect([await pushing, branches.hasUnpushed]).toEqual([false, true]);
});

function failOnce(git: FakeGitRepository, when: "before" | "after"): void {
  git.fault = (operation, moment) => {
    if (operation !== "push" || moment !== when) return;
    git.fault = () => undefined;
    throw gitUnavailable();
  };
}

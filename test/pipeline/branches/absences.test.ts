/** What is not there, or does not fit together, is told and waited for; nothing is made anew, and nothing is taken away. */
import { beforeEach, describe, expect, it } from "vitest";
import type { ChangeSet } from "../../../src/model/change-set.ts";
import { SluiceError } from "../../../src/model/problem.ts";
import { Branches } from "../../../src/pipeline/branches/branches.ts";
import { emptyCheckpoint, writeCheckpoint } from "../../../src/plan/checkpoint-file.ts";
import { createFakeChance } from "../../fakes/fake-chance.ts";
import { createFakeClock } from "../../fakes/fake-clock.ts";
import { FakeGitRemote } from "../../fakes/fake-git-remote.ts";
import { FakeGitRepository } from "../../fakes/fake-git-repository.ts";
import { createFakeLog } from "../../fakes/fake-log.ts";

const stateBranch = "sluice/state";
let remote: FakeGitRemote;

beforeEach(() => {
  remote = new FakeGitRemote();
});

interface Term {
  readonly number: number;
  readonly holder: string;
}

const owned = (n: number) =>
  `metadata:\n  labels:\n    app.kubernetes.io/managed-by: sluice\n    sluice.dev/instance: east\nn: ${n}\n`;

function changes(n: number, term: Term): ChangeSet {
  const checkpoint = { ...JSON.parse(writeCheckpoint(emptyCheckpoint)), stateId: "ab12cd34ef", commits: n, term };
  return {
    changes: [
      { path: "checkpoint.json", action: "write", text: JSON.stringify(checkpoint) },
      { path: "desired/a/c/sluice-cluster.yaml", action: "write", text: owned(0) },
      { path: `desired/a/c/triggers/t/n${n}.yaml`, action: "write", text: owned(n) },
    ],
    objects: [],
    events: [],
    droppedLetters: 0,
  };
}

function create(outputPath = "rendered", clone = new FakeGitRepository(remote)) {
  const log = createFakeLog();
  const ports = { git: clone, clock: createFakeClock(), chance: createFakeChance(1), log };
  const names = { target: "main", state: stateBranch, outputPath, instance: "east" };
  const branches = new Branches(names, ports, () => "Bring\n");
  const stop = new AbortController();
  const codes: string[] = [];
  return {
    branches,
    log,
    codes,
    stop,
    commit: (n: number, term: Term = { number: 1, holder: "me" }) => branches.commitState(changes(n, term)),
    push: () =>
      branches.push(stop.signal, ({ code }) => {
        codes.push(code);
        if (codes.length > 3) stop.abort();
      }),
  };
}

async function open(...parts: Parameters<typeof create>) {
  const instance = create(...parts);
  await instance.branches.open();
  return instance;
}

/** A state of that many commits, with its target. */
async function establish(count: number, term?: Term) {
  const instance = await open();
  for (let n = 1; n <= count; n++) {
    await instance.commit(n, term);
    await instance.push();
  }
  return instance;
}

async function problemOf(action: Promise<unknown>) {
  return action.then(
    () => undefined,
    (error: unknown) => {
      if (error instanceof SluiceError) return error.problem;
      throw error;
    },
  );
}

const numbers = () =>
  [...remote.files("main", "rendered/a/c/triggers").values()].map((text) => /n: (\d+)/.exec(text)![1]);

describe("no state branch", () => {
  it("and nothing at all: both are made by the first push", async () => {
    await establish(1);
    expect([...remote.branches.keys()].sort()).toEqual(["main", stateBranch]);
  });

  it("and no target either, but other branches: the target is missing", async () => {
    remote.commitAsPerson("master", { "README.md": "hello\n" });
    const { branches, commit, push } = await open();
    expect([branches.isTargetMissing, branches.withheld?.code]).toEqual([true, "TARGET_MISSING"]);
    await commit(1);
    expect([await push(), [...remote.branches.keys()].sort()]).toEqual([true, ["master", stateBranch]]);
  });

  it("where the target has files of ours: the state is missing, and nothing is pushed", async () => {
    await establish(1);
    remote.branches.delete(stateBranch);
    expect((await problemOf(open()))?.code).toBe("STATE_MISSING");
  });

  it("where the target has files of another Sluice, or in another folder: a first start", async () => {
    remote.commitAsPerson("main", { "other/a/c/sluice-cluster.yaml": owned(0), "rendered/README.md": "hello\n" });
    await establish(1);
    expect(numbers()).toEqual(["1"]);
  });
});

describe("the state branch goes while Sluice runs", () => {
  it("nothing is pushed; put back by a person, everything goes on", async () => {
    const { push, commit, codes } = await establish(1);
    const head = remote.branches.get(stateBranch)!;
    remote.branches.delete(stateBranch);
    await commit(2);
    expect(await push()).toBe(false);
    expect([new Set(codes.slice(1)), numbers()]).toEqual([new Set(["STATE_MISSING"]), ["1"]]);
    remote.branches.set(stateBranch, head);
    const again = await open();
    await again.commit(2);
    expect([await again.push(), numbers()]).toEqual([true, ["1", "2"]]);
  });

  it("restored by command, with what was not pushed yet", async () => {
    const { push, commit, branches, codes } = await establish(1);
    remote.branches.delete(stateBranch);
    await commit(2);
    expect(await branches.restoreState()).toContain(stateBranch);
    expect([await push(), codes, numbers()]).toEqual([true, [], ["1", "2"]]);
    expect(remote.history(stateBranch)).toHaveLength(2);
    expect((await problemOf(branches.restoreState()))?.code).toBe("USAGE");
  });

  it("before a start: restored from what was last known here", async () => {
    const clone = new FakeGitRepository(remote);
    const first = await open("rendered", clone);
    await first.commit(1);
    await first.push();
    remote.branches.delete(stateBranch);
    const second = create("rendered", clone);
    expect((await problemOf(second.branches.open()))?.code).toBe("STATE_MISSING");
    await second.branches.restoreState();
    await second.branches.open();
    await second.commit(2);
    expect([await second.push(), numbers()]).toEqual([true, ["1", "2"]]);
  });

  it("and nothing was ever known of it: said", async () => {
    remote.commitAsPerson("main", { a: "1" });
    expect((await problemOf(create().branches.restoreState()))?.code).toBe("NOT_FOUND");
  });
});

describe("the state's head is not ours", () => {
  const cases = [
    { name: "of a higher term", theirs: { number: 2, holder: "you" }, at: 3, code: "LEADER_LOST" },
    { name: "of the same term and somebody else's", theirs: { number: 1, holder: "you" }, at: 3, code: "LEADER_LOST" },
  ];
  for (const { name, theirs, at, code } of cases) {
    it(`${name}: ${code}`, async () => {
      const mine = await establish(2);
      const yours = await open();
      await yours.commit(at, theirs);
      await yours.push();
      await mine.commit(at);
      expect((await problemOf(mine.push()))?.code).toBe(code);
    });
  }

  it("of a lower term, or an older one of ours: the branch was set back, and one waits", async () => {
    for (const term of [
      { number: 2, holder: "me" },
      { number: 1, holder: "old" },
    ]) {
      remote = new FakeGitRemote();
      await establish(1, { number: 1, holder: "old" });
      const mine = await open();
      await mine.commit(2, term);
      await mine.push();
      const head = remote.branches.get(stateBranch)!;
      remote.branches.set(stateBranch, remote.history(stateBranch)[1]!.id);
      await mine.commit(3, term);
      expect(await mine.push()).toBe(false);
      expect(new Set(mine.codes.slice(1))).toEqual(new Set(["STATE_BEHIND"]));
      remote.branches.set(stateBranch, head);
    }
  });
});

describe("a target made from a state that ours does not contain", () => {
  it("nothing is put on it until that is approved; the state goes on", async () => {
    await establish(3);
    const newer = numbers();
    // A backup of the state from before the last two commits.
    remote.branches.set(stateBranch, remote.history(stateBranch)[2]!.id);
    remote.commitAsPerson("main", { "README.md": "on top\n" });

    const { branches, commit, push, log } = await open();
    expect([branches.withheld?.code, log.problems.map(({ code }) => code)]).toEqual(["STATE_BEHIND", ["STATE_BEHIND"]]);
    await commit(2);
    expect([await push(), numbers(), remote.history(stateBranch).length]).toEqual([true, newer, 2]);

    expect(() => branches.approve("another")).toThrow(SluiceError);
    expect(branches.heldId).toBe("ab12cd34-3");
    branches.approve("ab12cd34-3");
    expect([await push(), numbers()]).toEqual([true, ["1", "2"]]);
    expect(remote.file("main", "README.md")).toBe("on top\n");
    expect((await open()).branches.withheld).toBeUndefined();
  });

  it("every commit on the target names its state commit", async () => {
    await establish(2);
    const trailers = remote.history("main").map(({ message }) => /^Sluice-State: (.*)$/m.exec(message)?.[1]);
    expect(trailers).toEqual(["ab12cd34ef 2", "ab12cd34ef 1"]);
  });
});

describe("the output folder", () => {
  it("that holds somebody's manifests is not taken over", async () => {
    for (const path of ["rendered/flux-system/gotk-sync.yaml", "rendered/kustomization.yaml", "rendered/a/c/x.json"]) {
      remote = new FakeGitRemote();
      remote.commitAsPerson("main", { [path]: "kind: Kustomization\n" });
      const problem = await problemOf(open());
      expect([problem?.code, problem?.message]).toEqual(["OUTPUT_FOREIGN", expect.stringContaining(path)]);
    }
  });

  it("nor after output.path was changed to such a one", async () => {
    await establish(1);
    remote.commitAsPerson("main", { "apps/a/c/x.yaml": owned(0).replace("east", "west") });
    const { branches } = await open();
    const renamed = (outputPath: string) => branches.renamed({ ...branches.names, outputPath });
    expect((await problemOf(renamed("apps").checkOutput()))?.code).toBe("OUTPUT_FOREIGN");
    await renamed("other").checkOutput();
    await renamed("rendered").checkOutput();
  });

  it("that is ours already stays ours, whatever people put into it; that is told, counted and shown", async () => {
    await establish(1);
    remote.commitAsPerson("main", {
      "rendered/a/c/kustomization.yaml": "kind: Kustomization\n",
      "rendered/a/c/triggers/t/n2.yaml/in-the-way": "a\n",
    });
    const { branches, commit, push, log } = await open();
    await commit(2);
    await push();
    expect(branches.foreign).toEqual([
      { path: "rendered/a/c/kustomization.yaml", isInTheWay: false },
      { path: "rendered/a/c/triggers/t/n2.yaml", isInTheWay: true },
    ]);
    expect(log.problems.map(({ code }) => code)).toEqual(["OUTPUT_FOREIGN"]);
    expect(log.lines.filter((line) => line.startsWith("warn"))).toHaveLength(1);
  });

  it("a file of another Sluice is told when it is found, and once more when it comes to be in the way", async () => {
    await establish(1);
    const path = "rendered/a/c/triggers/t/n2.yaml";
    remote.commitAsPerson("main", { [path]: owned(9).replace("east", "west") });
    const { branches, commit, push, log } = await open();
    await push();
    expect([branches.foreign, log.problems]).toEqual([[{ path, isInTheWay: false }], []]);
    await commit(2);
    await push();
    expect(branches.foreign).toEqual([{ path, isInTheWay: true }]);
    expect(log.problems.map(({ code }) => code)).toEqual(["OUTPUT_FOREIGN"]);
  });

  it("that a person has made a link, or a file on the way to it: told, and left alone", async () => {
    for (const [path, outputPath] of [
      ["rendered", "rendered"],
      ["deploy", "deploy/rendered"],
    ] as const) {
      remote = new FakeGitRemote();
      remote.commitAsPerson("main", { [path]: "../elsewhere" });
      const { branches, commit, push, log } = await open(outputPath);
      await commit(1);
      expect(await push()).toBe(true);
      expect(branches.foreign).toEqual([{ path, isInTheWay: true }]);
      expect(log.problems.map(({ code }) => code)).toEqual(["OUTPUT_FOREIGN"]);
      expect(remote.file("main", path)).toBe("../elsewhere");
    }
  });

  it("that was used before is cleared of what is ours on command, and of nothing else", async () => {
    await establish(2);
    remote.commitAsPerson("main", {
      "rendered/a/c/note.yaml": "mine\n",
      "rendered/a/c/west.yaml": owned(0).replace("east", "west"),
    });
    const { branches } = await open("deployed");
    for (const path of ["deployed", "deployed/a", "", "."]) {
      expect((await problemOf(branches.removeFolder(path)))?.code, path).toBe("USAGE");
    }
    expect(await branches.removeFolder("rendered/")).toEqual([
      "rendered/a/c/sluice-cluster.yaml",
      "rendered/a/c/triggers/t/n1.yaml",
      "rendered/a/c/triggers/t/n2.yaml",
    ]);
    expect([...remote.files("main").keys()]).toEqual(["rendered/a/c/note.yaml", "rendered/a/c/west.yaml"]);
    expect(await branches.removeFolder("rendered")).toEqual([]);
  });
});

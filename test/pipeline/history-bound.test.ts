/** `state.history`: the state branch starts anew each time its history has come to an age; nothing else notices. */
import { beforeEach, expect, it } from "vitest";
import { createFakeEventStream, type FakeEventStream } from "../fakes/fake-event-stream.ts";
import { FakeGitRemote } from "../fakes/fake-git-remote.ts";
import { gitUnavailable } from "../fakes/fake-git-repository.ts";
import { storedCheckpoint } from "../fakes/stored-checkpoint.ts";
import {
  cloudEvent,
  createInstance,
  type Instance,
  type InstanceOptions,
  simpleConfig,
  stateBranch,
  turns,
  until,
} from "./service-bench.ts";

let remote: FakeGitRemote;
let stream: FakeEventStream;

beforeEach(() => {
  remote = new FakeGitRemote();
  stream = createFakeEventStream();
  remote.commitAsPerson("main", simpleConfig);
});

const publish = (subject: string) => stream.publish("user", cloudEvent({ subject, data: { value: "1" } }));
const manifests = () => [...remote.files("main", "rendered").keys()].filter((path) => path.includes("/triggers/"));
const stateCommits = () => remote.history(stateBranch).length;
const commitsEver = () => storedCheckpoint(remote.files(stateBranch))!.commits;

async function pass({ clock }: Instance, minutes: number): Promise<void> {
  for (let minute = 0; minute < minutes; minute += 5) {
    clock.advance(5 * 60_000);
    await turns();
  }
}

async function withService(options: Partial<InstanceOptions>, work: (instance: Instance) => Promise<void>) {
  const instance = createInstance({ remote, streams: [stream], ...options });
  const ended = instance.start();
  await until(() => instance.ready.isReady, [instance.clock]);
  await work(instance);
  instance.stop();
  await ended;
}

const bringUser = async (instance: Instance, name: string) => {
  publish(name);
  await until(() => manifests().some((path) => path.includes(name)), [instance.clock]);
};

it("goes each time it has come to its age, with everything that stands on the branch kept", async () => {
  await withService({ historyMinutesMax: 60 }, async (instance) => {
    for (const user of ["alice", "bob", "carol"]) {
      await bringUser(instance, user);
      expect(stateCommits()).toBeGreaterThan(1);
      const before = [remote.files(stateBranch, "records"), remote.files("main")];
      await pass(instance, 70);
      expect(stateCommits()).toBe(1);
      expect([remote.files(stateBranch, "records"), remote.files("main")]).toEqual(before);
    }
    expect(commitsEver()).toBeGreaterThan(6);
    expect(instance.log.problems).toEqual([]);
  });
  // Who starts from it goes on.
  await withService({ historyMinutesMax: 60 }, async (instance) => {
    await bringUser(instance, "later");
    expect(manifests()).toHaveLength(4);
  });
});

it("of a state that was there before counts as begun when it was bounded first", async () => {
  await withService({}, async (instance) => {
    await bringUser(instance, "alice");
    await pass(instance, 300);
    await bringUser(instance, "bob");
  });
  const before = stateCommits();
  await withService({ historyMinutesMax: 120 }, async (instance) => {
    await pass(instance, 100);
    expect(stateCommits()).toBeGreaterThanOrEqual(before);
    await pass(instance, 40);
    expect(stateCommits()).toBe(1);
  });
});

it("is kept where the server lets no branch be set back, which is told once each time it comes to its age", async () => {
  remote.refusesRewinds = true;
  await withService({ historyMinutesMax: 60 }, async (instance) => {
    const refusals = () => instance.log.problems.filter(({ code }) => code === "GIT_REFUSED").length;
    await bringUser(instance, "alice");
    const before = stateCommits();
    await pass(instance, 110);
    expect(refusals()).toBe(1);
    expect(stateCommits()).toBeGreaterThan(before);
    await pass(instance, 60);
    expect(refusals()).toBe(2);
    await bringUser(instance, "bob");
    remote.refusesRewinds = false;
    await pass(instance, 60);
    expect([refusals(), stateCommits()]).toEqual([2, 1]);
    expect(manifests()).toHaveLength(2);
  });
});

it("is tried again soon where the server only failed to answer", async () => {
  await withService({ historyMinutesMax: 60 }, async (instance) => {
    await bringUser(instance, "alice");
    await pass(instance, 50);
    const { git } = instance;
    let failures = 3;
    git.fault = (operation, when) => {
      if (operation !== "push" || when !== "before" || failures === 0) return;
      failures--;
      throw gitUnavailable();
    };
    await pass(instance, 40);
    expect([failures, stateCommits()]).toEqual([0, 1]);
  });
});

it("is never set back by who led before: a later leader's commits stay", async () => {
  const former = createInstance({ remote, streams: [stream], historyMinutesMax: 60, seed: 1 });
  const formerEnded = former.start();
  await until(() => former.ready.isReady, [former.clock]);
  await bringUser(former, "alice");
  const later = createInstance({ remote, streams: [stream], seed: 2 });
  let laterEnded: Promise<void> | undefined;
  former.git.fault = async (operation, when) => {
    if (operation !== "push" || when !== "before" || laterEnded !== undefined) return;
    // Between the former one's look and its push.
    laterEnded = later.start();
    await until(() => later.ready.isReady, [later.clock]);
  };
  await expect(Promise.all([formerEnded, pass(former, 70)])).rejects.toMatchObject({
    problem: { code: "LEADER_LOST" },
  });
  expect(storedCheckpoint(remote.files(stateBranch))!.term.number).toBe(2);
  expect(stateCommits()).toBeGreaterThan(2);
  await bringUser(later, "bob");
  later.stop();
  await laterEnded;
});

it("a leader that begins while it goes begins anew behind that, and does not take the branch for set back", async () => {
  const former = createInstance({ remote, streams: [stream], historyMinutesMax: 60, seed: 1 });
  const formerEnded = former.start();
  formerEnded.catch(() => undefined);
  await until(() => former.ready.isReady, [former.clock]);
  await bringUser(former, "alice");
  await pass(former, 55);
  const later = createInstance({ remote, streams: [stream], seed: 2 });
  let isCut = false;
  later.git.fault = async (operation, when) => {
    if (operation !== "push" || when !== "before" || isCut) return;
    isCut = true;
    await until(() => stateCommits() === 1, [former.clock], 60_000);
  };
  const laterEnded = later.start();
  await until(() => later.ready.isReady, [later.clock]);
  expect([isCut, storedCheckpoint(remote.files(stateBranch))!.term.number]).toEqual([true, 2]);
  expect(later.log.problems.map(({ code }) => code)).not.toContain("STATE_BEHIND");
  later.stop();
  await laterEnded;
  former.stop();
  await formerEnded.catch(() => undefined);
});

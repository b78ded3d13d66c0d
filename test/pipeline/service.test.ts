/** The service's loop: what has its effect when, what waits, what ends it. */
import { beforeEach, describe, expect, it } from "vitest";
import type { StreamPosition } from "../../src/model/delivery.ts";
import { createFakeClock } from "../fakes/fake-clock.ts";
import { createFakeEventStream, type FakeEventStream } from "../fakes/fake-event-stream.ts";
import { FakeGitRemote } from "../fakes/fake-git-remote.ts";
import { gitUnavailable } from "../fakes/fake-git-repository.ts";
import { storedCheckpoint } from "../fakes/stored-checkpoint.ts";
import {
  cloudEvent,
  clusterDocument,
  configMap,
  contentDocument,
  createInstance,
  type Instance,
  simpleConfig,
  stateBranch,
  triggerDocument,
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

function login(subject: string, value: string | number = 1): StreamPosition {
  return stream.publish("user", cloudEvent({ subject, data: { value: `v${value}` } }));
}

function logout(subject: string): StreamPosition {
  return stream.publish("user", cloudEvent({ subject, type: "logout" }));
}

/** Objects on the target: `<cluster> <name>=<value>`. */
function onTarget(): string[] {
  const files = [...remote.files("main", "rendered")].filter(([path]) => path.includes("/triggers/"));
  return files.map(([path, text]) => {
    const [, cluster, name] = /^rendered\/mgmt\/([^/]+)\/.*\/([^/]+)\.yaml$/.exec(path) ?? [];
    return `${cluster} ${name}=${/value: (.*)/.exec(text)?.[1]}`;
  });
}

function checkpoint() {
  return storedCheckpoint(remote.files(stateBranch));
}

const sequence = () => checkpoint()?.positions.get("bus/EVENTS")?.sequence;

async function startReady(instance: Instance): Promise<{ readonly ended: Promise<void> }> {
  const ended = instance.start();
  await until(() => instance.ready.isReady, [instance.clock]);
  return { ended };
}

describe("an event", () => {
  it("becomes a commit, and is settled", async () => {
    const instance = createInstance({ remote, streams: [stream] });
    const { ended } = await startReady(instance);
    const position = login("alice");
    await until(() => stream.settled() !== undefined);

    expect([onTarget(), sequence(), stream.settled()]).toEqual([["one alice=v1"], 1, position]);
    expect(remote.history("main")[0]!.message).toContain("Create alice on 1 cluster (login: login from auth)");
    instance.stop();
    await ended;
  });

  it("and its opposite, both with the same id, leave nothing but the position", async () => {
    const instance = createInstance({ remote, streams: [stream] });
    const { ended } = await startReady(instance);
    login("alice");
    await until(() => onTarget().length === 1);
    logout("alice");
    await until(() => onTarget().length === 0);
    login("alice");
    await until(() => onTarget().length === 1);
    expect(sequence()).toBe(3);
    instance.stop();
    await ended;
  });

  it("that can't be decoded or rendered holds up nothing", async () => {
    const instance = createInstance({ remote, streams: [stream] });
    const { ended } = await startReady(instance);
    stream.publish("user", "not JSON");
    stream.publish("user", cloudEvent({ subject: "bob" }));
    login("alice");
    await until(() => onTarget().length === 1);

    expect([onTarget(), sequence()]).toEqual([["one alice=v1"], 3]);
    expect([...remote.files(stateBranch, "dead-letters")]).toHaveLength(1);
    expect(
      [...remote.files(stateBranch, "records").values()].filter((text) => text.includes("TEMPLATE_FAILED")),
    ).toHaveLength(1);
    instance.stop();
    await ended;
  });
});

it("dead letters beyond the bound go, and it is said", async () => {
  const instance = createInstance({ remote, streams: [stream], deadLettersMax: 2 });
  const { ended } = await startReady(instance);
  for (let number = 0; number < 5; number++) stream.publish("user", "not JSON");
  login("alice");
  await until(() => onTarget().length === 1);
  expect([...remote.files(stateBranch, "dead-letters")]).toHaveLength(2);
  expect(instance.log.lines).toContain("warn dead letters are dropped, the oldest first");
  instance.stop();
  await ended;
});

/** Pushes wait from now on, until what is returned is called. */
function holdPushes({ git }: ReturnType<typeof createInstance>): () => void {
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  git.fault = (operation, when) => (operation === "push" && when === "before" ? held : undefined);
  return release;
}

it("what arrives during a push goes out in one batch after it", async () => {
  const instance = createInstance({ remote, streams: [stream] });
  const { ended } = await startReady(instance);
  const before = remote.history("main").length;
  const release = holdPushes(instance);
  login("alice");
  await turns(20);
  for (let n = 0; n < 50; n++) login(`user-${n}`);
  await turns(20);
  release();
  await until(() => sequence() === 51);
  expect(remote.history("main").length - before).toBe(2);
  instance.stop();
  await ended;
});

it("full batches are committed behind a push, and go out together, while a look for changes waits", async () => {
  const instance = createInstance({ remote, streams: [stream], eventsMax: 10 });
  const { ended } = await startReady(instance);
  const { length } = remote.history("main");
  const { length: pushes } = instance.git.updates;
  const release = holdPushes(instance);
  login("alice");
  await turns(20);
  instance.clock.advance(10_000);
  for (let n = 0; n < 30; n++) login(`user-${n}`);
  await turns(50);
  release();
  await until(() => sequence() === 31);
  expect([remote.history("main").length - length, instance.git.updates.length - pushes]).toEqual([4, 2]);
  instance.stop();
  await ended;
});

it("with commit.per: event every event has a commit of its own, in one push", async () => {
  for (let n = 0; n < 5; n++) login(`user-${n}`);
  const instance = createInstance({ remote, streams: [stream], per: "event" });
  const { ended } = await startReady(instance);
  await until(() => sequence() === 5);
  expect(
    remote
      .history("main")
      .slice(0, 5)
      .map(({ message }) => message.split(" ")[1]),
  ).toEqual([4, 3, 2, 1, 0].map((n) => `user-${n}`));
  instance.stop();
  await ended;
});

it("commit.minInterval spreads pushes", async () => {
  const instance = createInstance({ remote, streams: [stream], intervalMsMin: 60_000, lookMs: 1e9 });
  const { ended } = await startReady(instance);
  login("alice");
  await turns(30);
  expect(onTarget()).toEqual([]);
  instance.clock.advance(60_000);
  await until(() => onTarget().length === 1);
  instance.stop();
  await ended;
});

it("its own clock set back by a minute holds nothing up", async () => {
  const instance = createInstance({ remote, streams: [stream], intervalMsMin: 1000 });
  const { ended } = await startReady(instance);
  login("alice");
  await until(() => onTarget().length === 1, [instance.clock]);
  instance.clock.setBy(-60_000);
  const before = instance.clock.monotonic();
  login("bob");
  await until(() => onTarget().length === 2, [instance.clock]);
  expect(instance.clock.monotonic() - before).toBeLessThanOrEqual(2000);
  instance.stop();
  await ended;
});

it("pushes nothing while nothing happens, but the time, once an hour", async () => {
  const instance = createInstance({ remote, streams: [stream] });
  const { ended } = await startReady(instance);
  login("alice");
  await until(() => onTarget().length === 1);
  const { pushes } = remote;
  const pass = async (minutes: number) => {
    for (let minute = 0; minute < minutes; minute++) {
      instance.clock.advance(60_000);
      await turns(3);
    }
  };
  await pass(50);
  expect(remote.pushes).toBe(pushes);
  await pass(30);
  expect(remote.pushes).toBe(pushes + 1);
  instance.stop();
  await ended;
});

describe("positions without effect", () => {
  it("wait for a minute, and are pushed then", async () => {
    const instance = createInstance({ remote, streams: [stream], lookMs: 1e9 });
    const { ended } = await startReady(instance);
    const pushes = remote.pushes;
    logout("nobody");
    await turns(30);
    instance.clock.advance(59_000);
    await turns(30);
    expect([sequence(), remote.pushes]).toEqual([undefined, pushes]);
    instance.clock.advance(2_000);
    await until(() => sequence() === 1);
    expect(stream.settled()?.sequence).toBe(1);
    instance.stop();
    await ended;
  });

  it("go with the next effect", async () => {
    const instance = createInstance({ remote, streams: [stream], lookMs: 1e9 });
    const { ended } = await startReady(instance);
    logout("nobody");
    await turns(30);
    login("alice");
    await until(() => onTarget().length === 1);
    expect(sequence()).toBe(2);
    instance.stop();
    await ended;
  });

  it("are pushed when the service stops", async () => {
    const instance = createInstance({ remote, streams: [stream], lookMs: 1e9 });
    const { ended } = await startReady(instance);
    logout("nobody");
    await turns(30);
    instance.stop();
    await ended;
    expect([sequence(), stream.settled()?.sequence]).toEqual([1, 1]);
  });
});

describe("stopping", () => {
  it("before it runs ends it at once", async () => {
    const instance = createInstance({ remote, streams: [stream] });
    instance.stop();
    login("alice");
    await expect(instance.start()).resolves.toBeUndefined();
  });

  it("gives what was taken its effect first", async () => {
    const instance = createInstance({ remote, streams: [stream], eventsMax: 10 });
    const { ended } = await startReady(instance);
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    instance.git.fault = (operation, when) => (operation === "push" && when === "before" ? held : undefined);
    for (let n = 0; n < 15; n++) login(`user-${n}`);
    await turns(30);
    instance.stop();
    release();
    await ended;
    expect([onTarget().length, sequence(), stream.settled()?.sequence]).toEqual([15, 15, 15]);
  });

  it("during backoff does not wait for a server that is away; nothing is lost", async () => {
    const instance = createInstance({ remote, streams: [stream] });
    const { ended } = await startReady(instance);
    instance.git.fault = (operation) => {
      if (operation === "push" || operation === "fetch") throw gitUnavailable();
    };
    login("alice");
    await turns(30);
    instance.stop();
    await until(() => instance.clock.sleeps.includes(20_000), [instance.clock]);
    for (let n = 0; n < 200; n++) {
      instance.clock.advance(1000);
      await turns(2);
    }
    await ended;
    expect([onTarget(), stream.settled()]).toEqual([[], undefined]);

    const next = createInstance({ remote, streams: [stream] });
    const second = await startReady(next);
    await until(() => onTarget().length === 1);
    next.stop();
    await second.ended;
  });

  it("while nothing can be read ends in order, and commits nothing behind what was taken", async () => {
    const instance = createInstance({ remote, streams: [stream], eventsMax: 1 });
    const { ended } = await startReady(instance);
    instance.git.fault = (operation) => {
      if (operation === "read") throw gitUnavailable();
    };
    login("alice");
    login("bob");
    await turns(30);
    instance.stop();
    await ended;
    expect(instance.log.problems.map(({ code }) => code)).toContain("GIT_UNAVAILABLE");
    expect([onTarget(), sequence()]).toEqual([[], undefined]);

    const next = createInstance({ remote, streams: [stream] });
    const second = await startReady(next);
    await until(() => onTarget().length === 2);
    next.stop();
    await second.ended;
  });
});

describe("trouble", () => {
  it("a server that is away at the start is waited for", async () => {
    const instance = createInstance({ remote, streams: [stream] });
    let left = 3;
    instance.git.fault = (operation, when) => {
      if (operation === "fetch" && when === "before" && left-- > 0) throw gitUnavailable();
    };
    const { ended } = await startReady(instance);
    expect(instance.log.problems.map(({ code }) => code)).toEqual([
      "GIT_UNAVAILABLE",
      "GIT_UNAVAILABLE",
      "GIT_UNAVAILABLE",
    ]);
    instance.stop();
    await ended;
  });

  it("a record that can't be fetched now is waited for, and so is its commit", async () => {
    const instance = createInstance({ remote, streams: [stream] });
    const { ended } = await startReady(instance);
    let left = 4;
    instance.git.fault = (operation, when) => {
      const isHit = operation === "read" ? when === "before" : operation === "write" && when === "after";
      if (isHit && left-- > 0) throw gitUnavailable(operation);
    };
    login("alice");
    await until(() => onTarget().length === 1, [instance.clock]);
    expect([sequence(), instance.log.problems.length]).toEqual([1, 4]);
    instance.stop();
    await ended;
  });

  it("another leader ends the service, even while it waits for a look at the target", async () => {
    const instance = createInstance({ remote, streams: [stream] });
    const { ended } = await startReady(instance);
    // Of another time, or both would make the very same commits, and nothing would be lost.
    const other = createInstance({ remote, streams: [stream], clock: createFakeClock(Date.UTC(2027, 0, 1)) });
    const second = await startReady(other);
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    instance.git.fault = (operation, when) => (operation === "push" && when === "before" ? held : undefined);
    login("alice");
    await until(() => onTarget().length === 1);
    instance.clock.advance(20_000);
    await turns(20);
    release();
    await expect(ended).rejects.toMatchObject({ problem: { code: "LEADER_LOST" } });
    await expect(instance.service!.execute({ command: "pause" })).rejects.toMatchObject({
      problem: { code: "SERVICE_BUSY" },
    });
    other.stop();
    await second.ended;
  });

  it("a stream that fails loudly ends the service, after what it brought", async () => {
    const broken: FakeEventStream = {
      ...stream,
      async *read(...reading) {
        for await (const delivery of stream.read(...reading)) {
          yield delivery;
          throw new TypeError("a bug");
        }
      },
    };
    const instance = createInstance({ remote, streams: [broken] });
    const { ended } = await startReady(instance);
    login("alice");
    await expect(ended).rejects.toThrow(TypeError);
    expect(onTarget()).toEqual(["one alice=v1"]);
  });

  it("what a repeated push took along is settled with it", async () => {
    const instance = createInstance({ remote, streams: [stream], eventsMax: 1, lookMs: 1e9 });
    const { ended } = await startReady(instance);
    let failures = 2;
    instance.git.fault = (operation, when) => {
      if (operation === "push" && when === "before" && failures-- > 0) throw gitUnavailable();
    };
    login("alice");
    await turns(20);
    login("bob");
    await until(() => sequence() === 2, [instance.clock]);
    await turns(20);
    expect(stream.settled()?.sequence).toBe(2);
    instance.stop();
    await ended;
  });
});

describe("a change of the documents", () => {
  const change = (files: Readonly<Record<string, string | undefined>>) => remote.commitAsPerson("main", files);

  it("renders what is on record again", async () => {
    const instance = createInstance({ remote, streams: [stream] });
    const { ended } = await startReady(instance);
    for (const name of ["alice", "bob"]) login(name);
    await until(() => onTarget().length === 2);
    change({ "config/content.yaml": contentDocument("content", configMap("{{ .CloudEvent.subject }}", "new")) });
    await until(() => onTarget().every((object) => object.endsWith("=new")), [instance.clock]);
    change({ "config/two.yaml": clusterDocument("two") });
    await until(() => onTarget().length === 4, [instance.clock]);
    change({ "config/clusters.yaml": clusterDocument("one", "staging") });
    await until(() => onTarget().length === 2, [instance.clock]);
    expect(onTarget()).toEqual(["two alice=new", "two bob=new"]);
    instance.stop();
    await ended;
  });

  it("a cluster that stops matching and matches again has its objects again, be it the only one", async () => {
    const instance = createInstance({ remote, streams: [stream] });
    const { ended } = await startReady(instance);
    login("alice");
    await until(() => onTarget().length === 1);
    change({ "config/clusters.yaml": clusterDocument("one", "staging") });
    await until(() => onTarget().length === 0, [instance.clock]);
    login("bob");
    await until(() => sequence() === 2, [instance.clock]);
    change({ "config/clusters.yaml": clusterDocument("one") });
    await until(() => onTarget().length === 2, [instance.clock]);
    expect(onTarget()).toEqual(["one alice=v1", "one bob=v1"]);
    instance.stop();
    await ended;
  });

  it("a destination that an event moves is left, and one that can't be told takes nothing away", async () => {
    const to = (cluster: string) => `  destinationCluster: {namespace: mgmt, name: "${cluster}"}\n`;
    change({
      "config/two.yaml": clusterDocument("two", "staging"),
      "config/login.yaml": triggerDocument("login", "content", to("{{ .CloudEvent.data.value }}")),
    });
    const instance = createInstance({ remote, streams: [stream] });
    const { ended } = await startReady(instance);
    stream.publish("user", cloudEvent({ subject: "alice", data: { value: "one" } }));
    await until(() => onTarget().length === 1);
    stream.publish("user", cloudEvent({ subject: "alice", data: { value: "two" } }));
    await until(() => onTarget()[0] === "two alice=two");
    expect(onTarget()).toHaveLength(1);
    change({ "config/login.yaml": triggerDocument("login", "content", to("{{ .CloudEvent.data.nothing }}")) });
    await until(
      () => instance.log.lines.filter((line) => line.includes("configuration in force")).length === 1,
      [instance.clock],
    );
    await until(() => checkpoint()!.pending.passes.length === 0, [instance.clock]);
    await turns(50);
    expect(onTarget()).toEqual(["two alice=two"]);
    instance.stop();
    await ended;
  });

  it("that could not be committed is not in force, and is tried again whole", async () => {
    const instance = createInstance({ remote, streams: [stream] });
    const { ended } = await startReady(instance);
    login("alice");
    await until(() => onTarget().length === 1);
    // The first commit of the change fails in the middle.
    let hasWritten = false;
    instance.git.fault = (operation, when) => {
      if (operation === "write" && when === "after") hasWritten = true;
      else if (operation === "read" && hasWritten) {
        instance.git.fault = () => undefined;
        throw gitUnavailable(operation);
      }
    };
    change({ "config/two.yaml": clusterDocument("two") });
    await until(() => onTarget().length === 2, [instance.clock]);
    expect(instance.log.problems.map(({ code }) => code)).toEqual(["GIT_UNAVAILABLE"]);
    instance.stop();
    await ended;
  });

  it("that breaks them takes nothing away, through a restart too", async () => {
    let instance = createInstance({ remote, streams: [stream] });
    let running = await startReady(instance);
    login("alice");
    await until(() => onTarget().length === 1);
    change({ "config/login.yaml": "kind: [\n" });
    await until(() => instance.log.problems.length > 0, [instance.clock]);
    await turns(50);
    expect(onTarget()).toEqual(["one alice=v1"]);
    instance.stop();
    await running.ended;

    instance = createInstance({ remote, streams: [stream] });
    running = await startReady(instance);
    instance.clock.advance(20_000);
    await turns(50);
    expect(onTarget()).toEqual(["one alice=v1"]);
    change({ "config/login.yaml": simpleConfig["config/login.yaml"] });
    login("bob", 2);
    await until(() => onTarget().length === 2, [instance.clock]);
    instance.stop();
    await running.ended;
  });

  it("goes on where it was when the service is killed in between", async () => {
    const first = createInstance({ remote, streams: [stream] });
    const running = await startReady(first);
    for (let n = 0; n < 1100; n++) login(`user-${n}`);
    await until(() => stream.settled()?.sequence === 1100);
    change({ "config/content.yaml": contentDocument("content", configMap("{{ .CloudEvent.subject }}", "new")) });
    // Killed behind the first chunk.
    const before = remote.history("main").length;
    first.git.fault = (operation, when) => {
      if (operation === "push" && when === "after" && remote.history("main").length > before) throw new Error("killed");
    };
    first.clock.advance(10_000);
    await expect(running.ended).rejects.toThrow("killed");
    expect(onTarget().filter((object) => object.endsWith("=new"))).toHaveLength(1000);
    expect(checkpoint()!.pending.passes).toHaveLength(1);

    const second = createInstance({ remote, streams: [stream] });
    const again = await startReady(second);
    await until(() => checkpoint()!.pending.passes.length === 0, [second.clock]);
    expect(onTarget().filter((object) => object.endsWith("=new"))).toHaveLength(1100);
    second.stop();
    await again.ended;
  });
});

describe("conflicts", () => {
  const shared = {
    "config/other.yaml": triggerDocument("other", "shared"),
    "config/shared.yaml": contentDocument("shared", configMap("shared", "{{ .CloudEvent.subject }}")),
  };

  for (const per of ["batch", "event"] as const) {
    it(`pass on as soon as the first lets go, with commit.per: ${per}`, async () => {
      remote.commitAsPerson("main", { ...shared, "config/login.yaml": undefined });
      const instance = createInstance({ remote, streams: [stream], per });
      const { ended } = await startReady(instance);
      for (const name of ["alice", "bob", "carol"]) login(name);
      await until(() => sequence() === 3);
      expect(onTarget()).toEqual(["one shared=alice"]);

      logout("alice");
      login("dave");
      await until(() => sequence() === 5, [instance.clock]);
      await until(() => checkpoint()!.pending.reviews.length === 0, [instance.clock]);
      expect(onTarget()).toEqual(["one shared=bob"]);
      const failed = [...remote.files(stateBranch, "records").values()].filter((text) =>
        text.includes("OBJECT_CONFLICT"),
      );
      expect(failed.map((text) => /"subject": "([a-z]+)"/.exec(text)?.[1]).sort()).toEqual(["carol", "dave"]);
      instance.stop();
      await ended;
    });
  }
});

describe("commands", () => {
  it("pause and resume: events wait, through a restart", async () => {
    let instance = createInstance({ remote, streams: [stream] });
    let running = await startReady(instance);
    await instance.service!.execute({ command: "pause" });
    login("alice");
    await turns(50);
    instance.stop();
    await running.ended;
    expect([onTarget(), checkpoint()?.pauses]).toEqual([[], [{}]]);

    instance = createInstance({ remote, streams: [stream] });
    running = await startReady(instance);
    await turns(50);
    expect(onTarget()).toEqual([]);
    await instance.service!.execute({ command: "resume" });
    await until(() => onTarget().length === 1);
    instance.stop();
    await running.ended;
  });

  it("remove takes an entity away; unknown ones are said to be", async () => {
    const instance = createInstance({ remote, streams: [stream] });
    const { ended } = await startReady(instance);
    for (const name of ["alice", "bob"]) login(name);
    await until(() => onTarget().length === 2);
    await instance.service!.execute({ command: "remove", source: "auth", subject: "alice" });
    expect(onTarget()).toEqual(["one bob=v1"]);
    await expect(
      instance.service!.execute({ command: "remove", source: "auth", subject: "alice" }),
    ).rejects.toMatchObject({
      problem: { code: "NOT_FOUND" },
    });
    instance.stop();
    await ended;
  });

  it("one that can't be pushed does not keep the service from stopping", async () => {
    const instance = createInstance({ remote, streams: [stream] });
    const { ended } = await startReady(instance);
    instance.git.fault = (operation) => {
      if (operation === "push" || operation === "fetch") throw gitUnavailable();
    };
    const told = instance.service!.execute({ command: "pause" });
    told.catch(() => undefined);
    await turns(20);
    instance.stop();
    for (let n = 0; n < 100; n++) {
      instance.clock.advance(1000);
      await turns(2);
    }
    await ended;
    await expect(told).rejects.toMatchObject({ problem: { code: "SERVICE_BUSY" } });
  });
});

it("several streams have their positions each", async () => {
  const second = createFakeEventStream({ connection: "other", stream: "S" });
  const instance = createInstance({ remote, streams: [stream, second] });
  const { ended } = await startReady(instance);
  login("alice");
  second.publish("user", cloudEvent({ subject: "bob", data: { value: "v2" } }));
  second.publish("user", cloudEvent({ subject: "carol", data: { value: "v3" } }));
  await until(() => onTarget().length === 3);
  expect([sequence(), checkpoint()?.positions.get("other/S")?.sequence]).toEqual([1, 2]);
  expect([stream.settled()?.sequence, second.settled()?.sequence]).toEqual([1, 2]);
  instance.stop();
  await ended;
});

it("stops at once while a server keeps silent that was asked what is new", async () => {
  const instance = createInstance({ remote, streams: [stream] });
  const ended = instance.start();
  await until(() => instance.ready.isReady, [instance.clock]);
  let isAsked = false;
  instance.git.fault = async (operation) => {
    if (operation !== "fetch") return;
    isAsked = true;
    await new Promise<never>(() => undefined);
  };
  await until(() => isAsked, [instance.clock]);
  const problems = instance.log.problems.length;
  instance.stop();
  let hasEnded = false;
  void ended.then(() => {
    hasEnded = true;
  });
  await until(() => hasEnded, [instance.clock], 0);
  expect(instance.log.problems.slice(problems), "nothing is wrong with the repository").toEqual([]);
});

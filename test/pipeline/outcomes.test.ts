/** Outcomes: told behind the push, at least once however a process ends, and never in the way of anything. */
import { beforeEach, describe, expect, it } from "vitest";
import { SluiceError } from "../../src/model/problem.ts";
import { outboxFolder } from "../../src/plan/outbox-file.ts";
import { blobId } from "../../src/plan/state-view.ts";
import { createFakeClock } from "../fakes/fake-clock.ts";
import { createFakeEventStream, type FakeEventStream } from "../fakes/fake-event-stream.ts";
import { FakeGitRemote } from "../fakes/fake-git-remote.ts";
import { gitUnavailable } from "../fakes/fake-git-repository.ts";
import { createFakeOutcomes, type FakeOutcomes } from "../fakes/fake-outcomes.ts";
import {
  cloudEvent,
  clusterDocument,
  configMap,
  contentDocument,
  createInstance,
  type Instance,
  type InstanceOptions,
  simpleConfig,
  stateBranch,
  triggerDocument,
  turns,
  until,
} from "./service-bench.ts";

let remote: FakeGitRemote;
let stream: FakeEventStream;
let outcomes: FakeOutcomes;

beforeEach(() => {
  remote = new FakeGitRemote();
  stream = createFakeEventStream();
  outcomes = createFakeOutcomes();
  remote.commitAsPerson("main", simpleConfig);
});

const outbox = { outcomesMax: 1000, isReviewed: false };

function login(subject: string, data: object = { value: "v1" }) {
  return stream.publish("user", cloudEvent({ subject, data }));
}

function waitingInState(): string[] {
  return [...remote.files(stateBranch, outboxFolder).values()].flatMap((text) =>
    (JSON.parse(text) as { outcomes: { event?: { subject: string } }[] }).outcomes.map(
      ({ event }) => event?.subject ?? "?",
    ),
  );
}

async function start(options: Partial<InstanceOptions> = {}): Promise<{ instance: Instance; ended: Promise<void> }> {
  const instance = createInstance({ remote, streams: [stream], outcomes, outbox, ...options });
  const ended = instance.start();
  await until(() => instance.ready.isReady, [instance.clock]);
  return { instance, ended };
}

const away = () => {
  throw new SluiceError({ code: "NATS_UNAVAILABLE", message: "nobody answers", hint: "Wait." });
};

describe("what is told", () => {
  it("is the event, its trigger and what became of it, with a commit that has it", async () => {
    const { instance, ended } = await start();
    login("alice");
    await until(() => outcomes.told.length === 1);
    const [head] = remote.history("main");
    expect(outcomes.told[0]).toMatchObject({
      type: "dev.sluice.outcome.create",
      subject: "alice",
      data: {
        result: "Create",
        trigger: "login",
        connection: "bus",
        event: { source: "auth", subject: "alice", type: "login", id: "1" },
        message: { stream: "bus/EVENTS", sequence: 1 },
        clusters: 1,
        failed: 0,
        branch: "main",
        commit: head!.id,
      },
    });
    expect(head!.message).toContain(`Sluice-State: `);
    expect(head!.message).toContain(String(outcomes.told[0]!.data.stateCommit));
    stream.publish("user", cloudEvent({ subject: "alice", type: "logout" }));
    await until(() => outcomes.told.length === 2);
    expect(outcomes.told[1]).toMatchObject({ type: "dev.sluice.outcome.delete", data: { result: "Delete" } });
    instance.stop();
    await ended;
    expect(outcomes.isClosed).toBe(true);
  });

  it("is a failure with its reason and without secrets, and its end when the document is mended", async () => {
    const trigger = contentDocument("content", configMap("x", "{{ fail `wrong hunter2` }}"));
    remote.commitAsPerson("main", { "config/content.yaml": trigger });
    const { instance, ended } = await start();
    login("alice");
    await until(() => outcomes.told.length === 1);
    const [failed] = outcomes.told;
    expect(failed).toMatchObject({
      type: "dev.sluice.outcome.failed",
      data: { result: "failed", failed: 1, reason: { code: "TEMPLATE_FAILED", file: "config/content.yaml" } },
    });
    expect(JSON.stringify(failed)).toContain("wrong ***");
    remote.commitAsPerson("main", { "config/content.yaml": simpleConfig["config/content.yaml"]! });
    await until(() => outcomes.told.length === 2, [instance.clock]);
    expect(outcomes.told[1]).toMatchObject({ data: { result: "Create", event: { subject: "alice", id: "1" } } });
    expect(outcomes.told[1]!.id).not.toBe(failed!.id);
    instance.stop();
    await ended;
  });

  it("is a dead letter, by its id", async () => {
    const { instance, ended } = await start();
    stream.publish("user", "no event");
    await until(() => outcomes.told.length === 1);
    const [id] = [...remote.files(stateBranch, "dead-letters").keys()];
    const { data } = outcomes.told[0]!;
    expect(data).toMatchObject({ result: "dead-letter", reason: { code: "EVENT_NOT_JSON" }, message: { sequence: 1 } });
    expect(id).toContain(data.deadLetter);
    expect(outcomes.told[0]!.subject).toBe("user");
    instance.stop();
    await ended;
  });

  it("is of each entity what all of them came to, where they are rendered together", async () => {
    const list = contentDocument("content", configMap("all", "{{ (index .CloudEvents 0).data.value }}"));
    const trigger = triggerDocument("login", "content").replace("oneForEvent: true", "oneForEvent: false");
    remote.commitAsPerson("main", { "config/login.yaml": trigger, "config/content.yaml": list });
    const { instance, ended } = await start();
    login("alice", {});
    await until(() => outcomes.told.length === 1);
    expect(outcomes.told[0]!.data).toMatchObject({ result: "failed", failed: 1, reason: { code: "TEMPLATE_FAILED" } });
    login("alice");
    await until(() => outcomes.told.length === 2);
    expect(outcomes.told[1]!.data).toMatchObject({ result: "Create", failed: 0 });
    instance.stop();
    await ended;
  });

  it("is nothing of what has no effect", async () => {
    const { instance, ended } = await start();
    stream.publish("other", cloudEvent({ subject: "alice" }));
    stream.publish("user", cloudEvent({ subject: "never-there", type: "logout" }));
    login("bob");
    await until(() => outcomes.told.length > 0);
    expect(outcomes.told.map(({ subject }) => subject)).toEqual(["bob"]);
    instance.stop();
    await ended;
  });
});

describe("at least once", () => {
  it("nothing is told before the target has it", async () => {
    const { instance, ended } = await start();
    let isAway = true;
    instance.git.fault = (operation) => {
      if (isAway && operation === "push") throw gitUnavailable("push");
    };
    login("alice");
    await turns(200);
    expect(outcomes.told).toEqual([]);
    isAway = false;
    await until(() => outcomes.told.length === 1, [instance.clock]);
    expect([...remote.files("main", "rendered").keys()].join()).toContain("alice");
    instance.stop();
    await ended;
  });

  it("what a killed process pushed and had not told is told by the next, under the same id", async () => {
    const first = await start();
    const seen: string[] = [];
    // The message has left, and the process is gone before the answer.
    outcomes.before = ({ id }) => {
      seen.push(id);
      return new Promise(() => undefined);
    };
    login("alice");
    login("bob");
    await until(() => seen.length === 2);
    expect(waitingInState()).toEqual(["alice", "bob"]);
    expect(outcomes.told).toEqual([]);

    const standby = createFakeOutcomes();
    const second = await start({ outcomes: standby, seed: 2 });
    await until(() => standby.told.length === 2);
    expect(standby.told.map(({ id }) => id)).toEqual(seen);
    expect(standby.told.map(({ data }) => data.result)).toEqual(["Create", "Create"]);
    second.instance.stop();
    await second.ended;
    expect(waitingInState(), "noted when it stopped in order").toEqual([]);
    first.instance.service!.abandon();
    first.instance.stop();
  });

  it("a server that keeps silent does not keep the service from stopping, and what it may have is told again", async () => {
    const { instance, ended } = await start();
    outcomes.before = () => new Promise(() => undefined);
    login("alice");
    await until(() => waitingInState().length === 1);
    await turns(50);
    instance.stop();
    await until(() => outcomes.isClosed, [instance.clock]);
    await ended;
    expect(waitingInState()).toEqual(["alice"]);
    const next = createFakeOutcomes();
    const second = await start({ outcomes: next, seed: 2 });
    await until(() => next.told.length === 1);
    second.instance.stop();
    await second.ended;
  });

  it("what was told leaves the state with the next commit, or within a minute", async () => {
    const { instance, ended } = await start();
    login("alice");
    await until(() => outcomes.told.length === 1);
    await turns(50);
    expect(waitingInState()).toEqual(["alice"]);
    login("bob");
    await until(() => outcomes.told.length === 2);
    expect(waitingInState()).toEqual(["bob"]);
    await until(() => waitingInState().length === 0, [instance.clock], 5000);
    expect(outcomes.told).toHaveLength(2);
    instance.stop();
    await ended;
  });

  it("nobody to be told holds nothing up; it is said once, and all is told in order afterwards", async () => {
    const { instance, ended } = await start();
    outcomes.before = away;
    for (const subject of ["a", "b", "c", "d"]) {
      login(subject);
      await until(() => [...remote.files("main", "rendered").keys()].join().includes(`/${subject}.yaml`));
      for (let round = 0; round < 20; round++) {
        await turns(5);
        instance.clock.advance(3000);
      }
    }
    expect(instance.service!.snapshot().outcomes).toMatchObject({
      waiting: 4,
      subject: "outcomes",
      problem: { code: "NATS_UNAVAILABLE" },
    });
    expect(instance.log.problems.filter(({ message }) => message.startsWith("outcomes can't be told"))).toHaveLength(1);
    outcomes.before = () => undefined;
    await until(() => outcomes.told.length === 4, [instance.clock]);
    expect(outcomes.told.map(({ subject }) => subject)).toEqual(["a", "b", "c", "d"]);
    expect(instance.service!.snapshot().outcomes).toEqual({ waiting: 0, subject: "outcomes" });
    instance.stop();
    await ended;
  });

  it("of what nobody takes the oldest goes, counted and told", async () => {
    const { instance, ended } = await start({ outbox: { outcomesMax: 3, isReviewed: false } });
    outcomes.before = away;
    for (const subject of ["a", "b", "c", "d", "e"]) {
      login(subject);
      await until(() => [...remote.files("main", "rendered").keys()].join().includes(`/${subject}.yaml`));
    }
    expect(waitingInState()).toEqual(["c", "d", "e"]);
    expect(instance.metrics.values.get(`sluice_outcomes_total{result="dropped"}`)).toBe(2);
    outcomes.before = () => undefined;
    await until(() => outcomes.told.length >= 3, [instance.clock]);
    expect(outcomes.told.map(({ subject }) => subject)).toEqual(["c", "d", "e"]);
    instance.stop();
    await ended;
  });

  it("settings that ask for none any more take what waits out of the state", async () => {
    const first = await start();
    outcomes.before = away;
    login("alice");
    await until(() => waitingInState().length === 1);
    first.instance.stop();
    await first.ended;
    expect(waitingInState()).toEqual(["alice"]);
    const instance = createInstance({ remote, streams: [stream], seed: 2 });
    const ended = instance.start();
    await until(() => waitingInState().length === 0, [instance.clock], 5000);
    instance.stop();
    await ended;
  });
});

describe("what is told is not read", () => {
  it("by whoever told it, though its stream holds it and a trigger matches it", async () => {
    const { instance, ended } = await start();
    outcomes.before = async (told) => {
      const stateId = instance.service!.lead.stateId;
      const event = cloudEvent({ ...told, source: "auth", type: "login" });
      stream.publish("user", event, new Map([["Sluice-Outcome-Of", [stateId]]]));
    };
    login("alice");
    await until(() => outcomes.told.length === 1);
    await turns(300);
    instance.clock.advance(70_000);
    await turns(300);
    expect(outcomes.told).toHaveLength(1);
    expect(instance.service!.snapshot().withoutEffect).toMatchObject([{ reason: "marker", sequence: 2 }]);
    instance.stop();
    await ended;
  });

  it("but by another Sluice, whose events they may be", async () => {
    const { instance, ended } = await start();
    stream.publish(
      "user",
      cloudEvent({ subject: "alice", data: { value: 1 } }),
      new Map([["Sluice-Outcome-Of", ["x"]]]),
    );
    await until(() => outcomes.told.length === 1);
    instance.stop();
    await ended;
  });
});

describe("under review", () => {
  const options = { isReviewed: true as const, outbox: { outcomesMax: 1000, isReviewed: true } };

  async function look(instance: Instance): Promise<void> {
    for (let round = 0; round < 6; round++) {
      await turns(20);
      instance.clock.advance(10_000);
    }
  }

  /** Merges what is desired of the subjects, as a forge does. */
  function merge(subjects: readonly string[]): void {
    const desired = [...remote.files(stateBranch, "desired")];
    const merged = desired.filter(([path]) => subjects.some((subject) => path.includes(`/${subject}.yaml`)));
    remote.commitAsPerson(
      "main",
      Object.fromEntries(merged.map(([path, text]) => [path.replace("desired/", "rendered/"), text])),
    );
  }

  it("an event is told when what it did is merged, and each by itself", async () => {
    const clock = createFakeClock();
    const { instance, ended } = await start({ ...options, clock });
    stream.publish("user", "no event");
    login("alice");
    login("bob");
    await until(() => outcomes.told.length === 1);
    expect(outcomes.told[0]!.data.result).toBe("dead-letter");
    await look(instance);
    expect(outcomes.told).toHaveLength(1);
    merge(["bob"]);
    await look(instance);
    expect(outcomes.told.slice(1)).toMatchObject([
      { subject: "bob", data: { result: "Create", commit: remote.history("main")[0]!.id } },
    ]);
    await until(() => waitingInState().length === 1, [instance.clock]);
    expect(waitingInState()).toEqual(["alice"]);
    instance.stop();
    await ended;

    const next = createFakeOutcomes();
    const second = await start({ ...options, outcomes: next, seed: 2 });
    merge(["alice"]);
    await look(second.instance);
    expect(next.told.map(({ subject }) => subject)).toEqual(["alice"]);
    second.instance.stop();
    await second.ended;
  });

  it("what people turn down is told as that", async () => {
    remote.commitAsPerson("main", {
      "config/clusters.yaml": `${clusterDocument("one")}---\n${clusterDocument("two")}`,
    });
    const { instance, ended } = await start(options);
    login("alice");
    await until(() => waitingInState().length === 1);
    const [path, text] = [...remote.files(stateBranch, "desired")].find(
      ([name]) => name.includes("one/") && name.includes("alice"),
    )!;
    const name = path.replace("desired/", "");
    const review = { version: 1, group: "all", rejected: { [name]: blobId(text) }, rejectedIn: { [name]: 7 } };
    await instance.service!.execute({ command: "pause" });
    await instance.service!.execute({ command: "resume" });
    remote.commitAsPerson("main", {
      ...Object.fromEntries(
        [...remote.files(stateBranch, "desired")]
          .filter(([name]) => name.includes("two/"))
          .map(([name, content]) => [name.replace("desired/", "rendered/"), content]),
      ),
    });
    await look(instance);
    expect(outcomes.told).toEqual([]);
    instance.stop();
    await ended;
    remote.commitAsPerson(stateBranch, { "reviews/all.json": JSON.stringify(review) });
    const second = await start({ ...options, seed: 2 });
    await look(second.instance);
    expect(outcomes.told).toMatchObject([
      {
        type: "dev.sluice.outcome.turned-down",
        data: { result: "turned-down", turnedDown: 1, clusters: 2, request: { number: 7 } },
      },
    ]);
    second.instance.stop();
    await second.ended;
  });
});

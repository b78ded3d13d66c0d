/**
 * A backfilled trigger comes to what it would have come to had it been there from the beginning: whatever is published
 * meanwhile, and wherever the service is killed.
 */
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { defaultGuard } from "../../src/model/mass-change.ts";
import type { BackfillCommand } from "../../src/pipeline/backfill/start-backfill.ts";
import type { EventStream, StreamPast } from "../../src/ports/event-stream.ts";
import { createFakeEventStream, type FakeEventStream } from "../fakes/fake-event-stream.ts";
import { FakeGitRemote } from "../fakes/fake-git-remote.ts";
import { gitUnavailable } from "../fakes/fake-git-repository.ts";
import { walkFiles } from "../fakes/git-objects.ts";
import { storedCheckpoint } from "../fakes/stored-checkpoint.ts";
import { casesOf } from "../tools/cases-of.ts";
import {
  cloudEvent,
  clusterDocument,
  configMap,
  contentDocument,
  createInstance,
  eventSourceDocument,
  type Instance,
  stateBranch,
  triggerDocument,
  until,
} from "./service-bench.ts";

const value = "{{ .CloudEvent.data.value }}";
const documents = {
  "config/one.yaml": clusterDocument("one"),
  "config/source.yaml": eventSourceDocument,
  "config/early.yaml": triggerDocument("early", "early"),
  "config/early-content.yaml": contentDocument("early", configMap("early-{{ .CloudEvent.subject }}", value)),
};
const late = {
  "config/late.yaml": triggerDocument("late", "late"),
  "config/late-content.yaml": contentDocument("late", configMap("late-{{ .CloudEvent.subject }}", value)),
};

let remote: FakeGitRemote;
let stream: FakeEventStream;
let published: { readonly subject: string; readonly type: string; readonly value: string }[];

beforeEach(begin);

function begin(): void {
  remote = new FakeGitRemote();
  stream = createFakeEventStream();
  published = [];
  remote.commitAsPerson("main", documents);
}

function publish(subject: string, type = "login"): void {
  const event = { subject, type, value: `v${published.length}` };
  published.push(event);
  stream.publish("user", cloudEvent({ subject, type, data: { value: event.value } }));
}

/** What the trigger has on the target: `<subject>=<value>`. */
function has(trigger: string): string[] {
  const files = [...remote.files("main", "rendered")].filter(([path]) => path.includes(`/triggers/${trigger}/`));
  return files.map(([path, text]) => `${/-([^-/]+)\.yaml$/.exec(path)?.[1]}=${/value: (.*)/.exec(text)?.[1]}`).sort();
}

/** The fold over the events from one on: who is there by the last event. */
function wanted(from = 0): string[] {
  const last = new Map(published.slice(from).map((event) => [event.subject, event]));
  return [...last.values()]
    .flatMap(({ subject, type, value }) => (type === "login" ? [`${subject}=${value}`] : []))
    .sort();
}

const checkpoint = () => storedCheckpoint(remote.files(stateBranch))!;
const isTaken = () => checkpoint()?.positions.get(stream.name)?.sequence === published.length;
const isAtRest = () => {
  const { backfill, passes, reviews } = checkpoint().pending;
  return backfill === undefined && passes.length === 0 && reviews.length === 0 && isTaken();
};

async function start(
  streams: EventStream[] = [stream],
): Promise<{ readonly instance: Instance; readonly stop: () => Promise<void> }> {
  const instance = createInstance({ remote, streams, eventsMax: 3, guard: { ...defaultGuard, share: 1 } });
  const ended = instance.start();
  await until(() => instance.ready.isReady, [instance.clock]);
  const stop = async () => {
    instance.stop();
    await ended;
  };
  return { instance, stop };
}

const backfill = (instance: Instance, more: Partial<BackfillCommand> = {}) =>
  instance.service!.execute({ command: "backfill", trigger: "late", ...more });

/** A service that has taken 20 events before the trigger came. */
async function withHistory(streams?: EventStream[]): Promise<Awaited<ReturnType<typeof start>>> {
  for (const subject of ["a", "b", "c", "d"]) for (let times = 0; times < 4; times++) publish(subject);
  for (const subject of ["a", "b"]) publish(subject, "logout");
  const running = await start(streams);
  await until(isTaken, [running.instance.clock]);
  remote.commitAsPerson("main", late);
  await until(() => running.instance.service!.snapshot().catalog.triggers === 2, [running.instance.clock]);
  return running;
}

describe("a trigger that came later", () => {
  it("has what was before it came, and nothing of what is gone by now", async () => {
    const { instance, stop } = await withHistory();
    expect(has("late")).toEqual([]);
    const created = () =>
      remote
        .history("main")
        .filter(({ tree }) => [...walkFiles(remote, tree)].some(([path]) => path.includes("late-a")));
    expect(await backfill(instance)).toBe("late is backfilled from bus/EVENTS");
    publish("e");
    publish("c", "logout");
    await until(isAtRest, [instance.clock]);
    await until(() => has("late").length === 2, [instance.clock]);
    expect(has("late")).toEqual(wanted());
    expect(has("early")).toEqual(wanted());
    expect(created(), "never made").toEqual([]);
    await stop();
  });

  it("takes what came since a time", async () => {
    const { instance, stop } = await withHistory();
    await backfill(instance, { since: new Date(Date.UTC(2026, 0, 1) + 13_000).toISOString() });
    await until(isAtRest, [instance.clock]);
    await until(() => has("late").length === 1, [instance.clock]);
    expect(has("late")).toEqual(wanted(12));
    await stop();
  });

  it("counts and does nothing where it is only tried", async () => {
    const { instance, stop } = await withHistory();
    const told = await backfill(instance, { dryRun: true });
    expect(told).toBe("would act on 18 events of 18 messages: 2 entities on 1 cluster would be rendered");
    expect(checkpoint().pending.backfill).toBeUndefined();
    await stop();
    expect(has("late")).toEqual([]);
  });

  it("takes what others have on record where streams keep nothing", async () => {
    const { instance, stop } = await withHistory();
    stream.keepNothing();
    await expect(backfill(instance)).rejects.toMatchObject({ problem: { code: "NOT_FOUND" } });
    expect(await backfill(instance, { fromRecords: true })).toContain("2 entities");
    await until(() => has("late").length === 2, [instance.clock]);
    expect(has("late")).toEqual(wanted());
    await stop();
  });

  it("is one at a time, and of a trigger that there is", async () => {
    const { instance, stop } = await withHistory();
    stream.fail({ code: "NATS_UNAVAILABLE", severity: "error", message: "away" });
    await backfill(instance).catch(() => undefined);
    await expect(backfill(instance)).rejects.toMatchObject({ problem: { code: "SERVICE_BUSY" } });
    await expect(backfill(instance, { trigger: "never" })).rejects.toMatchObject({ problem: { code: "NOT_FOUND" } });
    expect(instance.service!.snapshot().backfill).toEqual({ owner: "EventTrigger/late", behind: 18 });
    stream.recover();
    await until(isAtRest, [instance.clock]);
    await until(() => has("late").length === 2, [instance.clock]);
    await stop();
  });

  it("is done however many events come meanwhile", async () => {
    const { instance, stop } = await withHistory();
    let more = 600;
    let [hasBegun, isMet] = [false, false];
    // Something waits at every turn: a backfill must not need a pause to meet the live events.
    instance.git.fault = () => {
      if (more-- > 0) publish("busy");
      const isUnderWay = checkpoint().pending.backfill !== undefined;
      isMet ||= hasBegun && !isUnderWay && !isTaken();
      hasBegun ||= isUnderWay;
    };
    await backfill(instance);
    await until(isAtRest, [instance.clock]);
    expect(isMet, "while events were waiting").toBe(true);
    await until(() => JSON.stringify(has("late")) === JSON.stringify(wanted()), [instance.clock]);
    await stop();
  });

  it("makes nothing of what is gone by now, though the trigger changes meanwhile", async () => {
    const { instance, stop } = await withHistory();
    stream.fail({ code: "NATS_UNAVAILABLE", severity: "error", message: "away" });
    await backfill(instance);
    const content = contentDocument("late", configMap("late-{{ .CloudEvent.subject }}", `new ${value}`));
    remote.commitAsPerson("main", { "config/late-content.yaml": content });
    await until(() => checkpoint().pending.passes.length > 0, [instance.clock]);
    stream.recover();
    await until(isAtRest, [instance.clock]);
    await until(() => has("late").length === 2, [instance.clock]);
    const trees = remote.history("main").map(({ tree }) => [...walkFiles(remote, tree)]);
    expect(trees.filter((files) => files.some(([path]) => path.includes("late-a")))).toEqual([]);
    await stop();
  });

  /** The stream, with another past. */
  const withPast = (read: StreamPast["read"]): EventStream => ({
    ...stream,
    past: { isKept: async () => true, read },
  });

  it("holds no live event up where a stream keeps silent", async () => {
    const silent = (_: unknown, signal: AbortSignal) =>
      new Promise<never>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    const { instance, stop } = await withHistory([withPast(silent)]);
    await backfill(instance);
    const { clock } = instance;
    await until(() => !instance.branches.hasUnpushed, [clock]);
    const since = clock.monotonic();
    for (let number = 0; number < 10; number++) {
      publish("f");
      await until(isTaken, [clock], 20);
    }
    expect(clock.monotonic() - since, "milliseconds for ten events").toBeLessThan(1_000);
    expect(checkpoint().pending.backfill).toBeDefined();
    await stop();
  });

  it("goes on from what a slow stream has brought when it is given up", async () => {
    const read: StreamPast["read"] = async (stretch, signal) => {
      const { deliveries } = await stream.past!.read(stretch, signal);
      // More than one a stretch does not come over this link.
      await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
      return { deliveries: deliveries.slice(0, 1), isEnd: deliveries.length <= 1 };
    };
    const { instance, stop } = await withHistory([withPast(read)]);
    await backfill(instance);
    await until(isAtRest, [instance.clock]);
    await until(() => has("late").length === 2, [instance.clock]);
    expect(has("late")).toEqual(wanted());
    await stop();
  });

  it("waits for a stream that is not there for a while, and goes on", async () => {
    const streams: EventStream[] = [stream];
    const { instance, stop } = await withHistory(streams);
    const { clock } = instance;
    stream.fail({ code: "NATS_UNAVAILABLE", severity: "error", message: "away" });
    await backfill(instance);
    streams.splice(0);
    stream.recover();
    for (let second = 0; second < 60; second++) await until(() => true, [clock], 1_000);
    clock.advance(30_000);
    await until(() => instance.log.lines.some((line) => line.includes("it is waited for")), [clock]);
    expect(checkpoint().pending.backfill?.cursors.size).toBe(1);
    streams.push(stream);
    await until(isAtRest, [clock]);
    await until(() => has("late").length === 2, [clock]);
    expect(has("late")).toEqual(wanted());
    await stop();
  });

  it("ends where a stream is gone for good, and says so", async () => {
    const streams: EventStream[] = [stream];
    const { instance, stop } = await withHistory(streams);
    stream.fail({ code: "NATS_UNAVAILABLE", severity: "error", message: "away" });
    await backfill(instance);
    streams.splice(0);
    await until(() => checkpoint().pending.backfill === undefined, [instance.clock], 5_000);
    expect(instance.log.problems.map(({ message }) => message)).toContain(
      "backfill: stream bus/EVENTS is read no more",
    );
    await stop();
  });

  it("brings nothing back that a person removed meanwhile, but for what came later", async () => {
    const { instance, stop } = await withHistory();
    stream.fail({ code: "NATS_UNAVAILABLE", severity: "error", message: "away" });
    await backfill(instance);
    const remove = (subject: string) => instance.service!.execute({ command: "remove", source: "auth", subject });
    await remove("c");
    await remove("d");
    stream.recover();
    publish("d");
    await until(isAtRest, [instance.clock]);
    await until(() => has("late").length === 1, [instance.clock]);
    expect(has("late")).toEqual(["d=v18"]);
    expect(has("early")).toEqual(["d=v18"]);
    await stop();
  });

  it("goes on under the name that the trigger gets meanwhile", async () => {
    const { instance, stop } = await withHistory();
    stream.fail({ code: "NATS_UNAVAILABLE", severity: "error", message: "away" });
    await backfill(instance);
    const renamed = late["config/late.yaml"].replace(
      "name: late}",
      "name: later, annotations: {sluice.dev/formerly: late}}",
    );
    expect(renamed).not.toBe(late["config/late.yaml"]);
    remote.commitAsPerson("main", { "config/late.yaml": renamed });
    const triggers = () => instance.service!.look.inventory().triggers.map(({ name }) => name);
    await until(() => triggers().includes("later"), [instance.clock]);
    stream.recover();
    publish("e");
    await until(isAtRest, [instance.clock]);
    await until(() => has("later").length > 1, [instance.clock]);
    expect(has("later")).toEqual(wanted());
    await stop();
  });

  it("ends where a stream was replaced that has brought nothing yet", async () => {
    const { instance, stop } = await withHistory();
    stream.fail({ code: "NATS_UNAVAILABLE", severity: "error", message: "away" });
    await backfill(instance);
    stream.recreate();
    published = [];
    stream.recover();
    await until(() => checkpoint().pending.backfill === undefined, [instance.clock]);
    publish("z");
    await until(() => has("late").includes("z=v0"), [instance.clock]);
    await stop();
  });

  it("goes on with the stream that is there where it was replaced", async () => {
    const { instance, stop } = await withHistory();
    stream.fail({ code: "NATS_UNAVAILABLE", severity: "error", message: "away" });
    await backfill(instance);
    stream.recreate();
    published = [];
    publish("z");
    stream.recover();
    await until(() => has("late").includes("z=v0"), [instance.clock]);
    await until(() => checkpoint().pending.backfill === undefined, [instance.clock]);
    await stop();
  });
});

it("is what the fold over the whole stream says, wherever the service is killed", async () => {
  const event = fc.record({
    subject: fc.constantFrom("a", "b", "c", "d", "e"),
    type: fc.constantFrom("login", "login", "logout"),
  });
  const events = fc.array(event, { minLength: 1, maxLength: 25 });
  const kills = fc.array(fc.nat({ max: 60 }), { maxLength: 3 });
  await fc.assert(
    fc.asyncProperty(events, events, kills, async (before, meanwhile, afterCalls) => {
      begin();
      for (const { subject, type } of before) publish(subject, type);
      let running = await start();
      await until(isTaken, [running.instance.clock]);
      remote.commitAsPerson("main", late);
      await until(() => running.instance.service!.snapshot().catalog.triggers === 2, [running.instance.clock]);
      await backfill(running.instance);
      for (const [index, calls] of afterCalls.entries()) {
        let left = calls;
        let isDead = false;
        running.instance.git.fault = () => {
          isDead ||= left-- <= 0;
          if (isDead) throw gitUnavailable("killed");
        };
        for (const { subject, type } of meanwhile.slice(index * 8, index * 8 + 8)) publish(subject, type);
        for (let step = 0; step < 40 && !isDead; step++) await until(() => true, [running.instance.clock]);
        // Nothing of it gets out any more, or it stops in order.
        let hasEnded = false;
        void running.stop().then(
          () => (hasEnded = true),
          () => (hasEnded = true),
        );
        await until(() => hasEnded, [running.instance.clock]);
        running = await start();
      }
      for (const { subject, type } of meanwhile.slice(afterCalls.length * 8)) publish(subject, type);
      await until(isAtRest, [running.instance.clock]);
      await until(() => JSON.stringify(has("late")) === JSON.stringify(wanted()), [running.instance.clock]);
      expect(has("early")).toEqual(wanted());
      await running.stop();
    }),
    { numRuns: casesOf(25) },
  );
});

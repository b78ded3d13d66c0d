/** Pushes: what is said of one that takes long, what is told of one that arrived, and how a stop ends it. */
import { beforeEach, expect, it } from "vitest";
import { createFakeEventStream, type FakeEventStream } from "../../fakes/fake-event-stream.ts";
import { FakeGitRemote } from "../../fakes/fake-git-remote.ts";
import { cloudEvent, createInstance, simpleConfig, turns, until } from "../service-bench.ts";

let remote: FakeGitRemote;
let stream: FakeEventStream;

beforeEach(() => {
  remote = new FakeGitRemote();
  stream = createFakeEventStream();
  remote.commitAsPerson("main", simpleConfig);
});

const login = (subject: string) => stream.publish("user", cloudEvent({ subject, data: { value: "1" } }));

async function startReady() {
  const instance = createInstance({ remote, streams: [stream] });
  const ended = instance.start();
  await until(() => instance.ready.isReady, [instance.clock]);
  return { instance, ended };
}

it("a batch that arrived is one line: what it did, where, and how long it took", async () => {
  const { instance, ended } = await startReady();
  instance.log.entries.splice(0);
  login("alice");
  stream.publish("user", cloudEvent({ subject: "nobody", type: "logout" }));
  stream.publish("user", cloudEvent({ subject: "bob" }));
  await until(() => stream.settled()?.sequence === 3, [instance.clock]);
  const [pushed] = instance.log.entries.filter(({ message }) => message === "pushed");
  expect(pushed).toMatchObject({
    level: "info",
    fields: { events: 3, branch: "main", created: 1, updated: 0, deleted: 0, failed: 1 },
  });
  expect(pushed?.fields).toMatchObject({ commit: remote.branches.get("main"), milliseconds: expect.any(Number) });
  expect(instance.log.entries.filter(({ level, message }) => level === "debug" && message === "read")).toHaveLength(3);
  // A failure names whose it is.
  expect(instance.log.entries.find(({ fields }) => fields?.code === "TEMPLATE_FAILED")?.fields).toMatchObject({
    trigger: "login",
    cluster: "mgmt/one",
    source: "auth",
    subject: "bob",
    id: "1",
    stream: "bus/EVENTS",
    sequence: 3,
  });
  expect(instance.service!.snapshot()).toMatchObject({
    lastPush: { events: 3, created: 1, failed: 1, commit: remote.branches.get("main") },
    failures: { TEMPLATE_FAILED: 1 },
    streams: [{ stream: "bus/EVENTS", state: "subscribed", read: 3, pushed: 3 }],
  });
  instance.stop();
  await ended;
});

it("events without effect are counted with their reason", async () => {
  const { instance, ended } = await startReady();
  stream.publish("other", cloudEvent({ subject: "alice" }));
  stream.publish("user", "not JSON");
  login("alice");
  await until(() => stream.settled()?.sequence === 3, [instance.clock]);
  const { withoutEffect, effects } = instance.service!.snapshot();
  expect(withoutEffect).toMatchObject([
    { stream: "bus/EVENTS", sequence: 1, subject: "other", reason: "unmatched" },
    { stream: "bus/EVENTS", sequence: 2, subject: "user", reason: "undecoded", problem: { code: "EVENT_NOT_JSON" } },
  ]);
  expect(effects).toMatchObject([{ subject: "alice", action: "Create", clusters: 1, branch: "main" }]);
  expect(Object.fromEntries(instance.metrics.values)).toMatchObject({
    'sluice_deliveries_total{connection="bus"}': 3,
    'sluice_events_without_effect_total{result="unmatched"}': 1,
    'sluice_events_without_effect_total{result="undecoded"}': 1,
    'sluice_failures_total{code="EVENT_NOT_JSON"}': 1,
    // Alice's, and the cluster's own.
    'sluice_objects_total{result="create"}': 2,
  });
  instance.stop();
  await ended;
});

it("one that is not answered says so after ten seconds and then every minute, and a stop gives it up", async () => {
  const { instance, ended } = await startReady();
  let cut: AbortSignal | undefined;
  instance.git.push = (_updates, signal?: AbortSignal) =>
    new Promise<never>((_resolve, reject) => {
      cut = signal;
      signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
  login("alice");
  await until(() => cut !== undefined, [instance.clock]);
  const words = () => instance.log.lines.filter((line) => line.startsWith("warn a push takes long")).length;
  const said: number[] = [];
  for (let second = 0; second <= 130; second++) {
    instance.clock.advance(1000);
    await turns(2);
    if (words() > said.length) said.push(Math.round(instance.service!.snapshot().push!.milliseconds / 1000));
  }
  expect(said).toEqual([10, 70, 130]);

  const stoppedAt = instance.clock.monotonic();
  instance.stop();
  for (let second = 0; second < 60; second++) {
    await turns(2);
    if (cut?.aborted) break;
    instance.clock.advance(1000);
  }
  await expect(ended).rejects.toThrow();
  expect(instance.clock.monotonic() - stoppedAt).toBeLessThanOrEqual(20_000);
});

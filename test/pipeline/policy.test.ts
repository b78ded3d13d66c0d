/** A policy that tightens leaves what is there and fails the records; one that loosens renders what failed. */
import { beforeEach, expect, it } from "vitest";
import type { PolicyRule } from "../../src/model/policy.ts";
import { failuresOf } from "../../src/model/record.ts";
import { parseRecord } from "../../src/plan/record-file.ts";
import type { FakeClock } from "../fakes/fake-clock.ts";
import { createFakeEventStream, type FakeEventStream } from "../fakes/fake-event-stream.ts";
import { FakeGitRemote } from "../fakes/fake-git-remote.ts";
import { storedCheckpoint } from "../fakes/stored-checkpoint.ts";
import { cloudEvent, createInstance, simpleConfig, stateBranch, until } from "./service-bench.ts";

let remote: FakeGitRemote;
let stream: FakeEventStream;

beforeEach(() => {
  remote = new FakeGitRemote();
  stream = createFakeEventStream();
  remote.commitAsPerson("main", simpleConfig);
});

const publish = (subject: string) => stream.publish("user", cloudEvent({ subject, data: { value: "1" } }));
const names = () =>
  [...remote.files("main", "rendered").keys()].flatMap(
    (path) => /\/triggers\/.*\/([^/]+)\.yaml$/.exec(path)?.[1] ?? [],
  );
const failures = () =>
  [...remote.files(stateBranch, "records")].flatMap(([path, text]) =>
    [...failuresOf(parseRecord(text, path)).values()].map(({ code }) => code),
  );
const isCalm = () => storedCheckpoint(remote.files(stateBranch))!.pending.passes.length === 0;

async function serve(policy: readonly PolicyRule[], work: (clock: FakeClock) => Promise<void>) {
  const instance = createInstance({ remote, streams: [stream], catalogSettings: { policy } });
  const ended = instance.start();
  await until(() => instance.ready.isReady, [instance.clock]);
  await work(instance.clock);
  instance.stop();
  await ended;
}

it("tightened and loosened", async () => {
  await serve([], async () => {
    publish("alice");
    await until(() => names().length === 1);
  });
  await serve([{ effect: "deny", kinds: ["ConfigMap"] }], async (clock) => {
    publish("bob");
    await until(() => failures().length === 2 && isCalm(), [clock]);
    expect(names()).toEqual(["alice"]);
    expect(failures()).toEqual(["POLICY_VIOLATION", "POLICY_VIOLATION"]);
  });
  await serve([{ effect: "deny", names: ["nobody"] }], async (clock) => {
    await until(() => names().length === 2 && isCalm(), [clock]);
    expect(failures()).toEqual([]);
  });
});

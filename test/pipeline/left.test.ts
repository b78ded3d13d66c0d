/** What LeavePolicies leaves, in the whole service: marked, taken over, forgotten; and clusters that are given up. */
import { beforeEach, describe, expect, it } from "vitest";
import { createFakeEventStream, type FakeEventStream } from "../fakes/fake-event-stream.ts";
import { FakeGitRemote } from "../fakes/fake-git-remote.ts";
import {
  cloudEvent,
  clusterDocument,
  configMap,
  contentDocument,
  createInstance,
  simpleConfig,
  stateBranch,
  triggerDocument,
  turns,
  until,
} from "./service-bench.ts";

let remote: FakeGitRemote;
let stream: FakeEventStream;

const loginFile = "config/login.yaml";
const leaving = triggerDocument("login", "content", "  stopMatchingBehavior: LeavePolicies\n");
const inTeam = configMap("{{ .CloudEvent.subject }}", "{{ .CloudEvent.data.value }}").replace("default", "team");

beforeEach(() => {
  remote = new FakeGitRemote();
  stream = createFakeEventStream();
  remote.commitAsPerson("main", {
    ...simpleConfig,
    [loginFile]: leaving,
    "config/content.yaml": contentDocument("content", inTeam),
  });
});

function rendered(): Record<string, string> {
  return Object.fromEntries(remote.files("main", "rendered"));
}

const texts = () => Object.entries(rendered()).flatMap(([path, text]) => (path.includes("/triggers/") ? [text] : []));
const leftCount = () => texts().filter((text) => text.includes('sluice.dev/left: "true"')).length;

/** A service that has had a login of each; `count`: so many objects there are then. */
async function start(subjects: readonly string[], count = subjects.length) {
  const instance = createInstance({ remote, streams: [stream] });
  const ended = instance.start();
  await until(() => instance.ready.isReady, [instance.clock]);
  for (const subject of subjects) stream.publish("user", cloudEvent({ subject, data: { value: "v1" } }));
  await until(() => texts().length === count, [instance.clock]);
  return {
    instance,
    execute: async (command: Parameters<NonNullable<typeof instance.service>["execute"]>[0]) =>
      instance.service?.execute(command),
    settle: async () => {
      for (let look = 0; look < 4; look++) {
        instance.clock.advance(10_000);
        await turns(60);
      }
    },
    stop: async () => {
      instance.stop();
      await ended;
    },
  };
}

function change(files: Readonly<Record<string, string | undefined>>): void {
  remote.commitAsPerson("main", files);
}

describe("what a trigger leaves", () => {
  it("is marked, nobody's, and the same byte for byte when the trigger comes back", async () => {
    const { instance, stop } = await start(["alice", "bob", "carol"]);
    const before = rendered();
    change({ [loginFile]: undefined });
    await until(() => leftCount() === 3, [instance.clock]);
    for (const text of texts()) {
      expect(text).toContain("kustomize.toolkit.fluxcd.io/prune: disabled");
      expect(text).toContain("argocd.argoproj.io/sync-options: Prune=false,Delete=false");
      expect(text).not.toMatch(/sluice\.dev\/(?:owner|entity)/);
    }
    // Its Namespace is needed as before.
    expect(Object.keys(rendered())).toEqual(Object.keys(before));
    change({ [loginFile]: leaving });
    await until(() => leftCount() === 0, [instance.clock]);
    expect(rendered()).toEqual(before);
    await stop();
  });

  it("stays through a Delete and a start, and goes by command alone, with its Namespace", async () => {
    const first = await start(["alice", "bob"]);
    change({ [loginFile]: undefined });
    await until(() => leftCount() === 2, [first.instance.clock]);
    stream.publish("user", cloudEvent({ subject: "alice", type: "logout" }));
    await first.settle();
    expect(leftCount()).toBe(2);
    await first.stop();
    const { execute, stop } = await start([], 2);
    await expect(execute({ command: "forget-left", trigger: "another" })).rejects.toMatchObject({
      problem: { code: "NOT_FOUND" },
    });
    expect(await execute({ command: "forget-left", trigger: "login" })).toBe("took away 2 objects that were left");
    expect(Object.keys(rendered())).toEqual(["rendered/mgmt/one/base/sluice-cluster.yaml"]);
    expect([...remote.files(stateBranch, "claims").keys()]).toEqual([]);
    await expect(execute({ command: "forget-left" })).rejects.toMatchObject({ problem: { code: "NOT_FOUND" } });
    await stop();
  });

  it("is taken over where it stands by whoever claims it, and goes with that claim", async () => {
    const { instance, stop } = await start(["alice"]);
    change({ [loginFile]: undefined });
    await until(() => leftCount() === 1, [instance.clock]);
    change({ "config/other.yaml": triggerDocument("other", "content") });
    await until(() => (instance.service?.snapshot().catalog.triggers ?? 0) === 2, [instance.clock]);
    stream.publish("user", cloudEvent({ subject: "alice", data: { value: "v2" } }));
    await until(() => texts().some((text) => text.includes("value: v2")), [instance.clock]);
    expect(leftCount()).toBe(0);
    expect(texts()[0]).toContain("sluice.dev/owner: EventTrigger.other");
    expect(Object.keys(rendered()).filter((path) => path.includes("/triggers/"))).toEqual([
      "rendered/mgmt/one/triggers/login/team/configmap/alice.yaml",
    ]);
    stream.publish("user", cloudEvent({ subject: "alice", type: "logout" }));
    await until(() => texts().length === 0, [instance.clock]);
    await stop();
  });

  it("is what a cluster has that stopped matching, and other clusters' is not", async () => {
    change({ "config/two.yaml": clusterDocument("two") });
    const instance = createInstance({ remote, streams: [stream] });
    const ended = instance.start();
    await until(() => instance.ready.isReady, [instance.clock]);
    stream.publish("user", cloudEvent({ subject: "alice", data: { value: "v1" } }));
    await until(() => texts().length === 2, [instance.clock]);
    change({ "config/two.yaml": clusterDocument("two", "staging") });
    await until(() => leftCount() === 1, [instance.clock]);
    expect(rendered()["rendered/mgmt/two/triggers/login/team/configmap/alice.yaml"]).toContain("sluice.dev/left");
    instance.stop();
    await ended;
  });
});

describe("a cluster in no document", () => {
  it("is given up by command: its folder goes, its records stay, and it comes back whole", async () => {
    const { instance, execute, stop } = await start(["alice", "bob"]);
    const before = rendered();
    await expect(execute({ command: "retire", cluster: "mgmt/one" })).rejects.toMatchObject({
      problem: { code: "USAGE" },
    });
    await expect(execute({ command: "retire", cluster: "mgmt/none" })).rejects.toMatchObject({
      problem: { code: "NOT_FOUND" },
    });
    const clusters = Object.keys(simpleConfig).find((path) => path.includes("clusters")) ?? "";
    change({ [clusters]: undefined });
    await until(() => leftCount() === 2, [instance.clock]);
    expect(await execute({ command: "retire", cluster: "mgmt/one" })).toContain("gave up mgmt/one");
    expect(rendered()).toEqual({});
    expect([...remote.files(stateBranch, "records").keys()]).toHaveLength(2);
    change({ [clusters]: simpleConfig[clusters] });
    await until(() => texts().length === 2, [instance.clock]);
    expect(rendered()).toEqual(before);
    await stop();
  });
});

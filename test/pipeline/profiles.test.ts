/** Profiles in the service: rendered without an event, followed, withdrawn and back whole, in claims with triggers, guarded. */
import { beforeEach, expect, it } from "vitest";
import { defaultGuard } from "../../src/model/mass-change.ts";
import { parseRecord } from "../../src/plan/record-file.ts";
import { createFakeEventStream, type FakeEventStream } from "../fakes/fake-event-stream.ts";
import { FakeGitRemote } from "../fakes/fake-git-remote.ts";
import { storedCheckpoint } from "../fakes/stored-checkpoint.ts";
import {
  cloudEvent,
  clusterDocument,
  configMap,
  contentDocument,
  createInstance,
  eventSourceDocument,
  type Instance,
  type InstanceOptions,
  profileDocument,
  stateBranch,
  triggerDocument,
  until,
} from "./service-bench.ts";

let remote: FakeGitRemote;
let stream: FakeEventStream;

const base = {
  "config/one.yaml": clusterDocument("one"),
  "config/two.yaml": clusterDocument("two"),
  "config/content.yaml": contentDocument("content", configMap("made", "{{ .Cluster.metadata.name }}")),
  "config/profile.yaml": profileDocument("base", "content"),
};

beforeEach(() => {
  remote = new FakeGitRemote();
  stream = createFakeEventStream();
});

const rendered = () =>
  [...remote.files("main", "rendered")].filter(([path]) => !path.includes("/base/sluice")).map(([path]) => path);
const change = (files: Readonly<Record<string, string | undefined>>) => remote.commitAsPerson("main", files);
const checkpoint = () => storedCheckpoint(remote.files(stateBranch));
const isCalm = () => {
  const pending = checkpoint()?.pending;
  return pending !== undefined && pending.passes.length + pending.reviews.length === 0;
};
const record = (owner = "clusterprofile/base") =>
  [...remote.files(stateBranch, `records/${owner}`)].map(([path, text]) => parseRecord(text, path));

async function withService(options: Partial<InstanceOptions>, work: (instance: Instance) => Promise<void>) {
  const instance = createInstance({ remote, streams: [stream], ...options });
  const ended = instance.start();
  await until(() => instance.ready.isReady, [instance.clock]);
  await work(instance);
  instance.stop();
  await ended;
}

const onOne = "rendered/mgmt/one/clusterprofiles/base/default/configmap/made.yaml";
const onTwo = onOne.replace("/one/", "/two/");

it("renders for its clusters without an event, one record for all of them, and says so in the commit", async () => {
  change(base);
  await withService({}, async ({ clock }) => {
    await until(() => rendered().length === 2, [clock]);
    expect(rendered()).toEqual([onOne, onTwo]);
    expect(remote.files("main", "rendered").get(onTwo)).toMatch(
      /sluice\.dev\/owner: "?ClusterProfile\.base[\s\S]*value: two/,
    );
    expect(record()).toMatchObject([{ owner: { kind: "ClusterProfile", name: "base" }, events: [] }]);
    const { catalogAt } = checkpoint()!;
    expect(catalogAt).toMatch(/^\d{4}-/);
    expect([...record()[0]!.clusters.values()].map(({ renderedAt }) => renderedAt)).toEqual([catalogAt, catalogAt]);
    expect(
      remote
        .history("main")
        .map(({ message }) => message)
        .join("\n"),
    ).toContain("Sluice-Profile: ClusterProfile/base\n");
  });
});

it("follows its content, its clusters and itself; of a cluster that changed only that", async () => {
  change(base);
  await withService({}, async ({ clock }) => {
    const settle = () => until(() => isCalm(), [clock]);
    await until(() => rendered().length === 2, [clock]);
    change({ "config/content.yaml": contentDocument("content", configMap("made", "other")) });
    await until(() => remote.files("main", "rendered").get(onOne)?.includes("value: other") === true, [clock]);
    change({ "config/three.yaml": clusterDocument("three") });
    await until(() => rendered().length === 3, [clock]);
    await settle();
    const dates = [...record()[0]!.clusters].map(([key, { renderedAt }]) => [key, renderedAt]);
    expect(new Set(dates.map(([, date]) => date)).size).toBe(2);
    change({ "config/two.yaml": clusterDocument("two", "staging") });
    await until(() => rendered().length === 2, [clock]);
    expect(rendered()).not.toContain(onTwo);
    change({ "config/profile.yaml": profileDocument("base", "content", "  extraLabels: {team: a}\n") });
    await until(() => remote.files("main", "rendered").get(onOne)?.includes("team: a") === true, [clock]);
  });
});

it("is withdrawn with its document, through a restart, and comes back whole", async () => {
  change(base);
  let before = new Map<string, string>();
  await withService({}, async ({ clock }) => {
    await until(() => rendered().length === 2, [clock]);
    before = remote.files("main", "rendered");
    change({ "config/profile.yaml": undefined });
    await until(() => isCalm() && rendered().length === 0, [clock]);
    expect(record()).toHaveLength(1);
  });
  await withService({}, async ({ clock }) => {
    change({ "config/profile.yaml": base["config/profile.yaml"] });
    await until(() => rendered().length === 2 && isCalm(), [clock]);
    expect(rendered()).toEqual([onOne, onTwo]);
    expect(remote.files("main", "rendered")).toEqual(before);
  });
});

it("leaves its objects where LeavePolicies says so, also of a profile that is gone", async () => {
  change({
    ...base,
    "config/profile.yaml": profileDocument("base", "content", "  stopMatchingBehavior: LeavePolicies\n"),
  });
  await withService({}, async ({ clock }) => {
    await until(() => rendered().length === 2, [clock]);
    change({ "config/two.yaml": clusterDocument("two", "staging") });
    await until(() => isCalm() && checkpoint()!.catalog !== "", [clock]);
    change({ "config/profile.yaml": undefined, "config/source.yaml": eventSourceDocument });
    await until(
      () =>
        remote.files(stateBranch, "owners").get("owners/clusterprofile/base.json")?.includes("withdrawnAt") === true,
      [clock],
    );
    await until(() => isCalm(), [clock]);
    expect(rendered()).toEqual([onOne, onTwo]);
  });
});

it("claims against triggers by tier: the object stays in one place, its content is the first one's", async () => {
  change({
    ...base,
    "config/two.yaml": undefined,
    "config/source.yaml": eventSourceDocument,
    "config/trigger.yaml": triggerDocument("login", "theirs", "  tier: 50\n"),
    "config/theirs.yaml": contentDocument("theirs", configMap("made", "theirs")),
  });
  await withService({}, async ({ clock }) => {
    await until(() => rendered().length === 1 && isCalm(), [clock]);
    stream.publish("user", cloudEvent({ subject: "alice", type: "login" }));
    await until(() => remote.files("main", "rendered").get(onOne)?.includes("value: theirs") === true, [clock]);
    await until(() => isCalm(), [clock]);
    expect(rendered()).toEqual([onOne]);
    expect(record()[0]!.clusters.get("mgmt/one")?.failure?.code).toBe("OBJECT_CONFLICT");
    stream.publish("user", cloudEvent({ subject: "alice", type: "logout" }));
    await until(
      () => remote.files("main", "rendered").get(onOne)?.includes("value: one") === true && isCalm(),
      [clock],
    );
    expect(record()[0]!.clusters.get("mgmt/one")?.failure).toBeUndefined();
  });
});

it("what would take away too much is held by document; a new profile's additions count for nothing", async () => {
  change(base);
  const guard = { ...defaultGuard, removals: 1, additions: 1 };
  await withService({ guard }, async ({ clock, service }) => {
    await until(() => rendered().length === 2 && isCalm(), [clock]);
    change({
      "config/second.yaml": profileDocument("second", "more"),
      "config/more.yaml": contentDocument("more", configMap("more", "1")),
    });
    await until(() => rendered().length === 4 && isCalm(), [clock]);
    change({ "config/profile.yaml": undefined });
    await until(() => service!.snapshot().held.length === 1, [clock]);
    expect(service!.snapshot().held[0]).toMatchObject({ documents: ["ClusterProfile//base"], removals: 2 });
    expect(rendered()).toHaveLength(4);
  });
});

it("fails where a template fails, keeps what was there, and is rendered when it is mended", async () => {
  change(base);
  await withService({}, async ({ clock }) => {
    await until(() => rendered().length === 2 && isCalm(), [clock]);
    change({ "config/content.yaml": contentDocument("content", configMap("made", "{{ .CloudEvent.subject }}")) });
    await until(() => record()[0]?.clusters.get("mgmt/one")?.failure !== undefined, [clock]);
    expect(rendered()).toEqual([onOne, onTwo]);
    change({ "config/content.yaml": contentDocument("content", configMap("made", "mended")) });
    await until(() => remote.files("main", "rendered").get(onTwo)?.includes("value: mended") === true, [clock]);
    expect(record()[0]?.clusters.get("mgmt/one")?.failure).toBeUndefined();
  });
});

it("a state whose version knew no profiles is told of them, with nothing changed", async () => {
  change(base);
  await withService({}, ({ clock }) => until(() => rendered().length === 2 && isCalm(), [clock]));
  const unknown = [...remote.files(stateBranch)].filter(
    ([path]) => path.includes("clusterprofile") && !path.startsWith("config/"),
  );
  expect(unknown).toHaveLength(4);
  remote.commitAsPerson(stateBranch, Object.fromEntries(unknown.map(([path]) => [path, undefined])));
  await withService({}, ({ clock }) =>
    until(() => rendered().length === 2 && isCalm() && record().length === 1, [clock]),
  );
});

it("is rendered again when a person asks for it by kind and name", async () => {
  change(base);
  await withService({}, async ({ clock, service }) => {
    await until(() => rendered().length === 2 && isCalm(), [clock]);
    const ask = (trigger?: string) =>
      service!.execute({ command: "rerender", ...(trigger === undefined ? {} : { trigger }) });
    expect(await ask("ClusterProfile/base")).toContain("what ClusterProfile/base rendered");
    expect(await ask()).toContain("what ClusterProfile/base rendered");
    await expect(ask("base")).rejects.toMatchObject({ problem: { code: "NOT_FOUND" } });
    await expect(ask("Profile/mgmt/base")).rejects.toMatchObject({ problem: { code: "NOT_FOUND" } });
    await until(() => isCalm(), [clock]);
    expect(rendered()).toEqual([onOne, onTwo]);
  });
});

/** What configuration takes away it may give back: records outlive their withdrawal, and nothing but a Delete forgets. */
import { beforeEach, expect, it } from "vitest";
import { defaultGuard } from "../../src/model/mass-change.ts";
import { createFakeEventStream, type FakeEventStream } from "../fakes/fake-event-stream.ts";
import { FakeGitRemote } from "../fakes/fake-git-remote.ts";
import { storedCheckpoint } from "../fakes/stored-checkpoint.ts";
import {
  cloudEvent,
  clusterDocument,
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

beforeEach(() => {
  remote = new FakeGitRemote();
  stream = createFakeEventStream();
  remote.commitAsPerson("main", simpleConfig);
});

const publish = (subject: string, type = "login", data: object = { value: "1" }) =>
  stream.publish("user", cloudEvent({ subject, type, data }));
const manifests = () => [...remote.files("main", "rendered").keys()].filter((path) => path.includes("/triggers/"));
const records = () => [...remote.files(stateBranch, "records").keys()];
const isCalm = () => {
  const { passes, reviews } = storedCheckpoint(remote.files(stateBranch))!.pending;
  return passes.length + reviews.length === 0;
};
const change = (files: Readonly<Record<string, string | undefined>>) => remote.commitAsPerson("main", files);

async function withService(options: Partial<InstanceOptions>, work: (instance: Instance) => Promise<void>) {
  const instance = createInstance({ remote, streams: [stream], ...options });
  const ended = instance.start();
  await until(() => instance.ready.isReady, [instance.clock]);
  await work(instance);
  instance.stop();
  await ended;
}

const trigger = "config/login.yaml";

it("a trigger's file that is away between two looks takes its objects, and back it brings them back", async () => {
  await withService({}, async ({ clock }) => {
    for (const name of ["alice", "bob", "carol"]) publish(name);
    await until(() => manifests().length === 3);
    const before = remote.files("main", "rendered");
    change({ [trigger]: undefined });
    await until(() => manifests().length === 0 && isCalm(), [clock]);
    expect(records()).toHaveLength(3);

    // Meanwhile events are remembered, and touch nothing.
    publish("bob", "logout");
    publish("dave");
    await until(() => records().length === 3 && stream.settled()?.sequence === 5, [clock]);
    expect(manifests()).toEqual([]);
    change({ [trigger]: simpleConfig[trigger] });
    await until(() => manifests().length === 3 && isCalm(), [clock]);
    const after = remote.files("main", "rendered");
    for (const [path, text] of before) if (!path.includes("bob")) expect(after.get(path), path).toBe(text);
    expect(manifests().filter((path) => path.includes("dave"))).toHaveLength(1);
  });
});

it("through a restart, too", async () => {
  await withService({}, async ({ clock }) => {
    publish("alice");
    await until(() => manifests().length === 1);
    change({ [trigger]: undefined });
    await until(() => manifests().length === 0 && isCalm(), [clock]);
  });
  await withService({}, async ({ clock }) => {
    publish("bob");
    await until(() => records().length === 2, [clock]);
    expect(manifests()).toEqual([]);
    change({ [trigger]: simpleConfig[trigger] });
    await until(() => manifests().length === 2, [clock]);
  });
});

it("after keepWithdrawn it is forgotten, in minutes during which a leader ran", async () => {
  await withService({ guard: { ...defaultGuard, keepWithdrawnMinutes: 120 } }, async ({ clock }) => {
    publish("alice");
    await until(() => manifests().length === 1);
    change({ [trigger]: undefined });
    await until(() => manifests().length === 0 && isCalm(), [clock]);
    for (let minute = 0; minute < 90; minute++) {
      clock.advance(60_000);
      await turns(3);
    }
    expect(records()).toHaveLength(1);
    await until(() => records().length === 0, [clock], 60_000);
    expect([...remote.files(stateBranch, "owners").keys()]).toEqual([]);
    expect([...remote.files(stateBranch, "config").keys()].filter((path) => path.includes("eventtrigger"))).toEqual([]);
  });
});

it("an action that says Delete by mistake takes the objects and no record", async () => {
  await withService({}, async ({ clock }) => {
    for (const name of ["a", "b", "c", "d"]) publish(name);
    await until(() => manifests().length === 4);
    const before = remote.files("main", "rendered");
    const right = triggerDocument("login", "content");
    change({ [trigger]: right.replace("{{else}}Create", "{{else}}Delete") });
    await until(() => manifests().length === 0 && isCalm(), [clock]);
    expect(records()).toHaveLength(4);
    change({ [trigger]: right });
    await until(() => manifests().length === 4 && isCalm(), [clock]);
    expect(remote.files("main", "rendered")).toEqual(before);
  });
});

it("an entity whose events go to different clusters is rendered from each cluster's own", async () => {
  const action = `'{{if eq .CloudEvent.data.region .Cluster.metadata.name}}Create{{end}}'`;
  const regional = triggerDocument("login", "content").replace(/cloudEventAction: .*/, `cloudEventAction: ${action}`);
  change({ "config/two.yaml": clusterDocument("two"), [trigger]: regional });
  const shown = () =>
    [...remote.files("main", "rendered")]
      .filter(([path]) => path.includes("/triggers/"))
      .map(([path, text]) => `${path.split("/")[2]} ${/team: (.*)|value: (.*)/.exec(text)?.[0]}`)
      .sort();
  await withService({}, async ({ clock }) => {
    publish("alice", "login", { region: "one", value: "1" });
    publish("alice", "login", { region: "two", value: "2" });
    await until(() => manifests().length === 2);
    const content = simpleConfig["config/content.yaml"]!.replace("value: ", "value: x");
    change({ "config/content.yaml": content });
    await until(() => shown().every((text) => text.includes("x")) && isCalm(), [clock]);
    expect(shown()).toEqual(["one value: x1", "two value: x2"]);
  });
});

it("documents that change more often than a pass takes: each pass comes to its end", async () => {
  await withService({}, async ({ clock }) => {
    for (let n = 0; n < 1100; n++) publish(`user-${n}`);
    await until(() => stream.settled()?.sequence === 1100, [clock]);
    const at = (value: number) =>
      [...remote.files(stateBranch, "desired").values()].filter((text) => text.includes(`value: v${value}-`)).length;
    for (let value = 1; value < 6; value++) {
      const content = simpleConfig["config/content.yaml"]!.replace("value: ", `value: v${value}-`);
      change({ "config/content.yaml": content });
      clock.advance(10_000);
      await until(() => at(value) > 0, [clock]);
    }
    await until(() => at(5) === 1100 && isCalm(), [clock]);
  });
});

it("a state that was rendered by an older renderer is rendered again", async () => {
  await withService({}, async () => {
    publish("alice");
    await until(() => manifests().length === 1);
  });
  const path = manifests()[0]!.replace("rendered/", "desired/");
  const files = remote.files(stateBranch);
  const checkpoint = files.get("checkpoint.json")!;
  const outdated = checkpoint.replace(/"renderer": \d+/, '"renderer": 0');
  const edited = files.get(path)!.replace('value: "1"', 'value: "as before"');
  expect(edited).not.toBe(files.get(path));
  remote.commitAsPerson(stateBranch, { "checkpoint.json": outdated, [path]: edited });
  await withService({}, async ({ clock }) => {
    await until(() => remote.files(stateBranch).get(path) === files.get(path) && isCalm(), [clock]);
    expect(storedCheckpoint(remote.files(stateBranch))?.renderer).toBe(storedCheckpoint(files)?.renderer);
  });
});

it("a trigger that says what it was called takes over the records and objects of that one", async () => {
  const renamed = triggerDocument("signin", "content").replace(
    "metadata: {name: signin}",
    "metadata: {name: signin, annotations: {sluice.dev/formerly: login}}",
  );
  await withService({}, async ({ clock }) => {
    for (const name of ["alice", "bob"]) publish(name);
    await until(() => manifests().length === 2);
    change({ [trigger]: renamed });
    publish("bob", "logout");
    publish("carol");
    await until(() => stream.settled()?.sequence === 4 && isCalm(), [clock]);
    await until(() => manifests().every((path) => path.includes("/signin/")), [clock]);
    expect(
      manifests()
        .map((path) => /([a-z]+)\.yaml$/.exec(path)?.[1])
        .sort(),
    ).toEqual(["alice", "carol"]);
    expect(records().every((path) => path.startsWith("records/eventtrigger/signin/"))).toBe(true);
    expect([...remote.files(stateBranch, "owners").keys()]).toEqual(["owners/eventtrigger/signin.json"]);
    publish("alice", "logout");
    await until(() => manifests().length === 1, [clock]);
  });
});

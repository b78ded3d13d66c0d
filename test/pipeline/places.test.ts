/** What the settings named before on the target: told, and remembered until nothing of Sluice's is there any more. */
import { beforeEach, describe, expect, it } from "vitest";
import { createFakeEventStream, type FakeEventStream } from "../fakes/fake-event-stream.ts";
import { FakeGitRemote } from "../fakes/fake-git-remote.ts";
import {
  cloudEvent,
  configMap,
  contentDocument,
  createInstance,
  type InstanceOptions,
  renderSettings,
  simpleConfig,
  stateBranch,
  triggerDocument,
  until,
} from "./service-bench.ts";

let remote: FakeGitRemote;
let stream: FakeEventStream;

beforeEach(() => {
  remote = new FakeGitRemote();
  stream = createFakeEventStream();
  remote.commitAsPerson("main", simpleConfig);
});

async function start(options: Partial<InstanceOptions> = {}) {
  const instance = createInstance({ remote, streams: [stream], ...options });
  const ended = instance.start();
  await until(() => instance.ready.isReady, [instance.clock]);
  return {
    instance,
    told: () => instance.log.problems.filter(({ code }) => code === "OUTPUT_LEFT").map(({ message }) => message),
    places: () => instance.service?.snapshot().leftBehind,
    stop: async () => {
      instance.stop();
      await ended;
    },
  };
}

/** Starts once with one object below `rendered/` on main. */
async function begin(): Promise<void> {
  const { instance, places, stop } = await start();
  stream.publish("user", cloudEvent({ subject: "alice", data: { value: "v1" } }));
  await until(
    () => [...remote.files("main", "rendered").keys()].some((path) => path.includes("alice")),
    [instance.clock],
  );
  expect(places()).toEqual([]);
  await stop();
}

it("another output.path at a start is told, at each start, until the folder is taken away", async () => {
  await begin();
  for (let round = 0; round < 2; round++) {
    const { told, places, stop } = await start({ outputPath: "manifests" });
    expect(places()).toEqual([{ branch: "main", path: "rendered" }]);
    expect(told()).toEqual([expect.stringContaining("rendered/ on main is left behind")]);
    expect([...remote.files("main", "manifests").keys()].some((path) => path.includes("alice"))).toBe(true);
    await stop();
  }
  const { instance, places, stop } = await start({ outputPath: "manifests" });
  await instance.service?.execute({ command: "remove-folder", path: "rendered" });
  expect(places()).toEqual([]);
  expect([...remote.files("main", "rendered").keys()]).toEqual([]);
  await stop();
});

it("another branch is told until it is gone", async () => {
  await begin();
  remote.commitAsPerson("next", simpleConfig);
  const second = await start({ target: "next" });
  expect(second.places()).toEqual([{ branch: "main", path: "rendered" }]);
  await second.stop();
  remote.branches.delete("main");
  const third = await start({ target: "next" });
  expect(third.places()).toEqual([]);
  await third.stop();
});

/** Starts once with ten objects below `rendered/` on main. */
async function beginWithTen(): Promise<void> {
  const { instance, stop } = await start();
  for (let n = 0; n < 10; n++) stream.publish("user", cloudEvent({ subject: `user-${n}`, data: { value: "v1" } }));
  await until(() => objects("main", "rendered") === 10, [instance.clock]);
  await stop();
}

const objects = (branch: string, folder: string) =>
  [...remote.files(branch, folder).keys()].filter((path) => path.includes("/user-")).length;

describe("many objects stay where they are until somebody approves another place", () => {
  it.each([
    ["output.path", { outputPath: "manifests" }, "main", "manifests"],
    ["repository.branch", { target: "next" }, "next", "rendered"],
  ] as const)("%s", async (setting, options, branch, folder) => {
    await beginWithTen();
    remote.commitAsPerson("next", simpleConfig);
    const { instance, places, stop } = await start(options);
    const held = () => instance.service?.snapshot().held ?? [];
    expect(held()).toMatchObject([{ documents: [`Settings//${setting}`], moves: { objects: 10 } }]);
    // All else goes on, where it was.
    remote.commitAsPerson("main", { "config/second.yaml": triggerDocument("second", "second") });
    remote.commitAsPerson("main", {
      "config/second-content.yaml": contentDocument("second", configMap("second-{{ .CloudEvent.subject }}", "v")),
    });
    await until(() => instance.service?.snapshot().catalog.triggers === 2, [instance.clock]);
    stream.publish("user", cloudEvent({ subject: "user-later", data: { value: "v1" } }));
    await until(() => objects("main", "rendered") === 11, [instance.clock]);
    expect(objects(branch, folder)).toBe(0);
    expect(places()).toEqual([]);
    const [{ id } = { id: "" }] = held();
    await stop();

    const again = await start(options);
    expect(again.instance.service?.snapshot().held.map((change) => change.id)).not.toEqual([]);
    const ids = (again.instance.service?.snapshot().held ?? []).map((change) => change.id);
    expect(ids).toEqual([id]);
    await again.instance.service?.execute({ command: "approve", ids });
    await until(() => objects(branch, folder) === 11, [again.instance.clock]);
    expect(again.instance.service?.snapshot()).toMatchObject({
      held: [],
      leftBehind: [{ branch: "main", path: "rendered" }],
    });
    stream.publish("user", cloudEvent({ subject: "user-last", data: { value: "v1" } }));
    await until(() => objects(branch, folder) === 12, [again.instance.clock]);
    await again.stop();

    // The approval is used up: back, and there again, is asked for again.
    const back = await start();
    expect(back.instance.service?.snapshot().held).toMatchObject([{ documents: [`Settings//${setting}`] }]);
    await back.stop();
  });
});

it("a place that is approved and not to be had stays held, and takes over when it is", async () => {
  await beginWithTen();
  remote.commitAsPerson("main", { "manifests/theirs.yaml": configMap("theirs", "v") });
  const { instance, stop } = await start({ outputPath: "manifests" });
  const held = () => instance.service?.snapshot().held ?? [];
  await instance.service?.execute({ command: "approve", ids: held().map(({ id }) => id) });
  const foreign = () => instance.log.problems.filter(({ code }) => code === "OUTPUT_FOREIGN");
  await until(() => foreign().length > 0, [instance.clock]);
  stream.publish("user", cloudEvent({ subject: "user-later", data: { value: "v1" } }));
  await until(() => objects("main", "rendered") === 11, [instance.clock]);
  expect(foreign()).toHaveLength(1);
  expect(held()).toHaveLength(1);
  remote.commitAsPerson("main", { "manifests/theirs.yaml": undefined });
  await until(() => objects("main", "manifests") === 11, [instance.clock]);
  expect(held()).toEqual([]);
  await stop();
});

it("back where it was, nothing is left behind there", async () => {
  await begin();
  await (await start({ outputPath: "manifests" })).stop();
  const { places, stop } = await start();
  expect(places()).toEqual([{ branch: "main", path: "manifests" }]);
  await stop();
});

it("another name is refused: by the old one Sluice knows its files", async () => {
  await begin();
  const instance = createInstance({ remote, streams: [stream], render: { ...renderSettings, instance: "other" } });
  await expect(instance.start()).rejects.toMatchObject({ problem: { code: "SETTINGS_INVALID" } });
});

it("a folder that was made from a state of another id is not touched until a person says so", async () => {
  await begin();
  const made = Object.fromEntries(remote.files("main", "rendered"));
  // Another Sluice's state is restored in place of ours: it knows nothing of what stands there.
  const other = new FakeGitRemote();
  other.commitAsPerson("main", simpleConfig);
  const elsewhere = createInstance({ remote: other, streams: [createFakeEventStream()], seed: 2 });
  const ended = elsewhere.start();
  await until(() => elsewhere.ready.isReady, [elsewhere.clock]);
  elsewhere.stop();
  await ended;
  remote.branches.delete(stateBranch);
  remote.commitAsPerson(stateBranch, Object.fromEntries(other.files(stateBranch)));

  const { instance, stop } = await start({ seed: 3 });
  const withheld = instance.service?.snapshot().absent.target;
  expect(withheld).toMatchObject({ code: "STATE_BEHIND", message: expect.stringContaining("another state") });
  expect(Object.fromEntries(remote.files("main", "rendered"))).toEqual(made);
  const [, id = ""] = /approve (\S+)`/.exec(withheld?.hint ?? "") ?? [];
  await instance.service?.execute({ command: "approve", ids: [id] });
  const clusterFile = "rendered/mgmt/one/base/sluice-cluster.yaml";
  await until(() => remote.file("main", clusterFile) !== made[clusterFile], [instance.clock]);
  await stop();
});

/** Leading: the term that it begins, and settings that take over between two batches. */
import { beforeEach, describe, expect, it } from "vitest";
import { loadCatalog } from "../../../src/config/load-catalog.ts";
import type { LeadingSettings } from "../../../src/pipeline/loop/in-force.ts";
import { parseCheckpoint } from "../../../src/plan/checkpoint-file.ts";
import { catalogSettings } from "../../../src/plan/mass-change/catalog-settings.ts";
import { readGuardState } from "../../../src/plan/mass-change/guard-state.ts";
import { ownersFolder } from "../../../src/plan/paths.ts";
import { createFakeClock } from "../../fakes/fake-clock.ts";
import { createFakeEventStream, type FakeEventStream } from "../../fakes/fake-event-stream.ts";
import { FakeGitRemote } from "../../fakes/fake-git-remote.ts";
import { gitUnavailable } from "../../fakes/fake-git-repository.ts";
import {
  cloudEvent,
  clusterDocument,
  createInstance,
  defaultOptions,
  type Instance,
  simpleConfig,
  stateBranch,
  targetConfig,
  turns,
  until,
} from "../service-bench.ts";

let remote: FakeGitRemote;
let stream: FakeEventStream;

beforeEach(() => {
  remote = new FakeGitRemote();
  stream = createFakeEventStream();
  remote.commitAsPerson("main", simpleConfig);
});

const login = (subject: string, from = stream) => from.publish("user", cloudEvent({ subject, data: { value: "1" } }));
const checkpoint = () => parseCheckpoint(remote.file(stateBranch, "checkpoint.json")!);
const rendered = (folder = "rendered", branch = "main") =>
  [...remote.files(branch, folder).keys()].filter((path) => path.includes("/triggers/")).length;

async function startReady(instance: Instance): Promise<{ ended: Promise<void> }> {
  const ended = instance.start();
  await until(() => instance.ready.isReady, [instance.clock]);
  return { ended };
}

describe("the term", () => {
  it("is a new one at each start, and has arrived before anything is read", async () => {
    const first = createInstance({ remote, streams: [stream] });
    const { ended } = await startReady(first);
    const before = checkpoint().term;
    first.stop();
    await ended;

    const terms: number[] = [];
    const watched: FakeEventStream = {
      ...stream,
      read: (...given) => {
        terms.push(checkpoint().term.number);
        return stream.read(...given);
      },
    };
    const second = createInstance({ remote, streams: [watched], seed: 2 });
    const running = await startReady(second);
    expect([before.number, terms]).toEqual([1, [2]]);
    expect(checkpoint().term.holder).not.toBe(before.holder);
    second.stop();
    await running.ended;
  });

  it("deposes who led before: nothing of its own arrives any more", async () => {
    const first = createInstance({ remote, streams: [stream] });
    const { ended } = await startReady(first);
    const clock = createFakeClock(Date.UTC(2027, 0, 1));
    const second = createInstance({ remote, streams: [createFakeEventStream()], clock, seed: 2 });
    const running = await startReady(second);
    login("alice");
    await expect(
      Promise.race([ended, until(() => false, [first.clock]).catch(() => new Error("it goes on"))]),
    ).rejects.toMatchObject({ problem: { code: "LEADER_LOST" } });
    expect([rendered(), checkpoint().term.number]).toEqual([0, 2]);
    second.stop();
    await running.ended;
  });
});

it("who is deposed learns it without having to push", async () => {
  const first = createInstance({ remote, streams: [stream] });
  const { ended } = await startReady(first);
  const clock = createFakeClock(Date.UTC(2027, 0, 1));
  const second = createInstance({ remote, streams: [createFakeEventStream()], clock, seed: 2 });
  const running = await startReady(second);
  let hasEnded = false;
  ended.catch(() => {
    hasEnded = true;
  });
  await until(() => hasEnded, [first.clock]);
  await expect(ended).rejects.toMatchObject({ problem: { code: "LEADER_LOST" } });
  second.stop();
  await running.ended;
});

describe("settings that take over", () => {
  const settingsFor = (
    instance: Instance,
    options: Partial<LeadingSettings["options"]> = {},
  ): Omit<LeadingSettings, "streams"> => ({
    options: { ...defaultOptions, ...options },
    config: targetConfig(instance.git),
    loadCatalog: (files, previous) =>
      loadCatalog(files, { compatibility: "strict", ...(previous === undefined ? {} : { previous }) }),
    at: ({ path }) => settingsFor(instance, { ...options, outputPath: path }),
  });
  const names = { target: "main", state: stateBranch, outputPath: "rendered" };

  it("another place for many objects is held while the rest takes over; a branch that is not there is refused", async () => {
    const instance = createInstance({ remote, streams: [stream], lookMs: 1e9 });
    const { ended } = await startReady(instance);
    for (let user = 0; user < 10; user++) login(`user-${user}`);
    await until(() => rendered() === 10);
    const service = instance.service!;
    await expect(service.prepare(settingsFor(instance), { ...names, target: "mian" })).rejects.toMatchObject({
      problem: { code: "TARGET_MISSING" },
    });
    const other = createFakeEventStream({ stream: "MORE" });
    const prepared = await service.prepare(settingsFor(instance), { ...names, outputPath: "elsewhere" });
    await service.exchange(prepared, () => [stream, other]);
    expect(service.snapshot()).toMatchObject({ held: [{ documents: ["Settings//output.path"] }] });
    other.publish("user", cloudEvent({ subject: "later", data: { value: "v1" } }));
    await until(() => rendered() === 11);
    expect(rendered("elsewhere")).toBe(0);
    // The settings of before again: nothing is held any more.
    await service.exchange(await service.prepare(settingsFor(instance), names), () => [stream]);
    expect(service.snapshot().held).toEqual([]);
    instance.stop();
    await ended;
  });

  it("do so between two batches: what waits is rendered with them, and nothing twice or never", async () => {
    const instance = createInstance({ remote, streams: [stream], lookMs: 1e9 });
    const { ended } = await startReady(instance);
    login("alice");
    await until(() => rendered() === 1);
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    instance.git.fault = (operation, when) => (operation === "push" && when === "before" ? held : undefined);
    login("bob");
    await turns(20);
    login("carol");
    const service = instance.service!;
    const prepared = await service.prepare(settingsFor(instance), { ...names, outputPath: "elsewhere" });
    const other = createFakeEventStream({ stream: "MORE" });
    const exchanged = service.exchange(prepared, () => [stream, other]);
    await turns(20);
    expect(rendered("elsewhere")).toBe(0);
    release();
    await exchanged;
    login("dave", other);
    await until(() => rendered("elsewhere") === 4, [instance.clock]);
    await until(() => other.settled() !== undefined, [instance.clock]);
    expect([stream.settled()?.sequence, other.settled()?.sequence]).toEqual([3, 1]);
    instance.stop();
    await ended;
  });

  it("with the documents of then, not those of when they were prepared", async () => {
    const instance = createInstance({ remote, streams: [stream], lookMs: 1e9 });
    const { ended } = await startReady(instance);
    login("alice");
    await until(() => rendered() === 1);
    const service = instance.service!;
    const prepared = await service.prepare(settingsFor(instance), { ...names, outputPath: "elsewhere" });
    remote.commitAsPerson("main", { "config/two.yaml": clusterDocument("two") });
    service.hint();
    await until(() => rendered() === 2, [instance.clock]);
    await service.exchange(prepared, () => [stream]);
    expect(service.snapshot().catalog.clusters).toBe(2);
    for (let times = 0; times < 20; times++) await until(() => true, [instance.clock]);
    const removals = remote.history("main").filter(({ message }) => /delete/i.test(message));
    expect([rendered("elsewhere"), removals]).toEqual([2, []]);
    instance.stop();
    await ended;
  });

  it("stay in force though documents were counted with those of before", async () => {
    const instance = createInstance({ remote, streams: [stream], lookMs: 1e9 });
    const { ended } = await startReady(instance);
    login("alice");
    await until(() => rendered() === 1);
    const service = instance.service!;
    const loadSveltos: LeadingSettings["loadCatalog"] = (files, previous) =>
      loadCatalog(files, { compatibility: "sveltos", ...(previous === undefined ? {} : { previous }) });
    const listFiles = instance.git.listFiles.bind(instance.git);
    let release: (() => void) | undefined;
    // The first who lists the owners is who counts.
    instance.git.listFiles = async function* (tree, folder) {
      if (folder === ownersFolder && release === undefined) {
        await new Promise<void>((resolve) => {
          release = resolve;
        });
      }
      yield* listFiles(tree, folder);
    };
    remote.commitAsPerson("main", { "config/two.yaml": clusterDocument("two") });
    service.hint();
    await until(() => release !== undefined, [instance.clock]);
    const prepared = await service.prepare({ ...settingsFor(instance), loadCatalog: loadSveltos }, names);
    await service.exchange(prepared, () => [stream]);
    release!();
    await until(() => rendered() === 2, [instance.clock]);
    for (let times = 0; times < 20; times++) await until(() => true, [instance.clock]);
    expect(readGuardState(checkpoint().parts).settings).toBe(catalogSettings(loadSveltos([], undefined).value));
    instance.stop();
    await ended;
  });

  it("and can't make their first commit leave everything as it was", async () => {
    const instance = createInstance({ remote, streams: [stream], lookMs: 1e9 });
    const { ended } = await startReady(instance);
    login("alice");
    await until(() => rendered() === 1);
    const service = instance.service!;
    const layout = { ...defaultOptions.layout, shards: 1 };
    const prepared = await service.prepare(settingsFor(instance, { layout }), names);
    instance.git.fault = (operation, when) => {
      if (operation === "write" && when === "before") throw gitUnavailable("write");
    };
    let taken = 0;
    await expect(service.exchange(prepared, () => [...Array(++taken)].map(() => stream))).rejects.toMatchObject({
      problem: { code: "GIT_UNAVAILABLE" },
    });
    instance.git.fault = () => undefined;
    login("bob");
    await until(() => rendered() === 2, [instance.clock]);
    expect([taken, checkpoint().layout.shards]).toEqual([0, 0]);
    instance.stop();
    await ended;
  });

  it("name a target or a folder that is not there: they can't be prepared, and nothing is written", async () => {
    const instance = createInstance({ remote, streams: [stream], lookMs: 1e9 });
    const { ended } = await startReady(instance);
    const heads = new Map(remote.branches);
    const service = instance.service!;
    await expect(service.prepare(settingsFor(instance), { ...names, target: "mian" })).rejects.toMatchObject({
      problem: { code: "TARGET_MISSING" },
    });
    remote.commitAsPerson("empty", { "README.md": "" });
    await expect(service.prepare(settingsFor(instance), { ...names, target: "empty" })).rejects.toMatchObject({
      problem: { code: "CONFIG_MISSING" },
    });
    remote.branches.delete("empty");
    expect(remote.branches).toEqual(heads);
    instance.stop();
    await ended;
  });
});

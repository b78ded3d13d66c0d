/** The guard on mass changes, in the whole service: what is held, what goes on, and what comes back. */
import { beforeEach, describe, expect, it } from "vitest";
import { defaultGuard, type HeldChange } from "../../src/model/mass-change.ts";
import { readGuardState } from "../../src/plan/mass-change/guard-state.ts";
import { createFakeEventStream, type FakeEventStream } from "../fakes/fake-event-stream.ts";
import { FakeGitRemote } from "../fakes/fake-git-remote.ts";
import { walkFiles } from "../fakes/git-objects.ts";
import { storedCheckpoint } from "../fakes/stored-checkpoint.ts";
import {
  cloudEvent,
  clusterDocument,
  configMap,
  contentDocument,
  createInstance,
  type Instance,
  type InstanceOptions,
  renderSettings,
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

/** Everything below `rendered/`, to be compared byte for byte. */
function rendered(): Record<string, string> {
  return Object.fromEntries(remote.files("main", "rendered"));
}

function objectCount(): number {
  return Object.keys(rendered()).filter((path) => path.includes("/triggers/")).length;
}

/** A service with so many entities, everything pushed. */
async function startWith(entities: number, options: Partial<InstanceOptions> = {}) {
  const instance = createInstance({ remote, streams: [stream], ...options });
  const ended = instance.start();
  await until(() => instance.ready.isReady, [instance.clock]);
  for (let n = 0; n < entities; n++) login(`user-${n}`);
  await until(() => objectCount() === entities, [instance.clock]);
  return {
    instance,
    held: () => instance.service?.snapshot().held ?? [],
    stop: async () => {
      instance.stop();
      await ended;
    },
  };
}

function login(subject: string): void {
  stream.publish("user", cloudEvent({ subject, data: { value: "v1" } }));
}

function change(files: Readonly<Record<string, string | undefined>>, message?: string): void {
  remote.commitAsPerson("main", files, message);
}

/** Lets the service look several times, and do all that comes of it. */
async function settle({ clock }: Instance): Promise<void> {
  for (let look = 0; look < 4; look++) {
    clock.advance(10_000);
    await turns(60);
  }
}

const loginFile = "config/login.yaml";
const contentFile = "config/content.yaml";
const clusterFile =
  Object.keys(simpleConfig).find((path) => simpleConfig[path]?.includes("kind: SveltosCluster")) ?? "";

describe("a mass change", () => {
  const changes: readonly { readonly name: string; readonly files: Readonly<Record<string, string | undefined>> }[] = [
    { name: "a trigger removed", files: { [loginFile]: undefined } },
    {
      name: "a selector mistyped",
      files: { [loginFile]: triggerDocument("login", "content").replace("env: production", "env: prodution") },
    },
    { name: "a template that renders nothing", files: { [contentFile]: contentDocument("content", "") } },
    {
      name: "an action that says Delete",
      files: {
        [loginFile]: triggerDocument("login", "content").replace(/cloudEventAction: .*/, "cloudEventAction: Delete"),
      },
    },
    { name: "a cluster's labels lost", files: { [clusterFile]: clusterDocument("one", "none") } },
    { name: "a cluster removed", files: { [clusterFile]: undefined } },
    {
      name: "all documents removed",
      files: Object.fromEntries(Object.keys(simpleConfig).map((path) => [path, undefined])),
    },
  ];

  it.each(changes)("is held and taken back without a trace: $name", async ({ files }) => {
    const { instance, held, stop } = await startWith(30);
    const before = rendered();
    change(files);
    await until(
      () => held().length > 0 || instance.log.problems.some(({ code }) => code === "CONFIG_MISSING"),
      [instance.clock],
    );
    await settle(instance);
    expect(rendered()).toEqual(before);
    change(Object.fromEntries(Object.keys(files).map((path) => [path, simpleConfig[path]])));
    await settle(instance);
    expect(held()).toEqual([]);
    expect(rendered()).toEqual(before);
    // It is alive, and renders what comes.
    login("later");
    await until(() => objectCount() === 31, [instance.clock]);
    await stop();
  });

  it.each(changes.slice(0, 6))(
    "goes in force once approved, and comes back byte for byte: $name",
    async ({ files }) => {
      const { instance, held, stop } = await startWith(30);
      const before = rendered();
      change(files);
      await until(() => held().length === 1, [instance.clock]);
      expect(held()[0]).toMatchObject({ removals: 30 });
      await instance.service?.execute({ command: "approve", ids: [held()[0]!.id] });
      await until(() => objectCount() === 0, [instance.clock]);
      expect(held()).toEqual([]);
      change(Object.fromEntries(Object.keys(files).map((path) => [path, simpleConfig[path]])));
      await until(() => objectCount() === 30, [instance.clock]);
      await settle(instance);
      expect(rendered()).toEqual(before);
      await stop();
    },
  );

  it("is held again by a service that is started anew, under the same id, and approved by that", async () => {
    const first = await startWith(30);
    change({ [loginFile]: undefined });
    await until(() => first.held().length === 1, [first.instance.clock]);
    const [id] = first.held().map((held) => held.id);
    await first.stop();
    const instance = createInstance({ remote, streams: [stream] });
    const ended = instance.start();
    await until(() => instance.ready.isReady, [instance.clock]);
    expect(instance.service?.snapshot().held.map((held) => held.id)).toEqual([id]);
    expect(objectCount()).toBe(30);
    await instance.service?.execute({ command: "approve", ids: [id!] });
    await until(() => objectCount() === 0, [instance.clock]);
    instance.stop();
    await ended;
  });

  it("is approved by a trailer of the commit that makes it, whose id is known beforehand", async () => {
    const first = await startWith(30);
    change({ [loginFile]: undefined });
    await until(() => first.held().length === 1, [first.instance.clock]);
    const [id] = first.held().map((held) => held.id);
    change({ [loginFile]: simpleConfig[loginFile] });
    await until(() => first.held().length === 0, [first.instance.clock]);
    change({ [loginFile]: undefined }, `Users go\n\nSluice-Approve: ${id}\n`);
    await until(() => objectCount() === 0, [first.instance.clock]);
    await first.stop();
  });

  it("is another change once its documents change again: the old id is refused by naming the new one", async () => {
    const { instance, held, stop } = await startWith(30);
    change({ [contentFile]: contentDocument("content", "") });
    await until(() => held().length === 1, [instance.clock]);
    const [{ id } = { id: "" }] = held();
    change({ [contentFile]: contentDocument("content", "\n") });
    await until(() => held()[0]?.id !== id && held().length === 1, [instance.clock]);
    await expect(instance.service?.execute({ command: "approve", ids: [id] })).rejects.toMatchObject({
      problem: { code: "NOT_FOUND", hint: expect.stringContaining(held()[0]!.id) },
    });
    await stop();
  });
});

describe("a change that is counted for long", () => {
  const empty = { [contentFile]: contentDocument("content", "") };
  const isCounting = (held: readonly HeldChange[]) => held[0]?.isCounting === true;

  /** A count beyond a limit goes on reading records when it is let. */
  function slowDown({ instance, held }: Awaited<ReturnType<typeof startWith>>): () => void {
    let goOn: () => void = () => undefined;
    const waiting = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const readFiles = instance.git.readFiles.bind(instance.git);
    instance.git.readFiles = async (tree, paths) => {
      if (paths[0]?.startsWith("records/") === true && isCounting(held())) await waiting;
      return readFiles(tree, paths);
    };
    return goOn;
  }

  it("is held as soon as what was counted is beyond a limit, and counted on to tell", async () => {
    const started = await startWith(1100);
    const { instance, held, stop } = started;
    const goOn = slowDown(started);
    change(empty);
    await until(() => held().length === 1, [instance.clock]);
    expect(held()).toMatchObject([{ removals: 1000, isCounting: true }]);
    const [{ id } = { id: "" }] = held();
    goOn();
    await until(() => !isCounting(held()), [instance.clock]);
    expect(held()).toMatchObject([{ id, removals: 1100 }]);
    expect(instance.log.problems.map(({ message }) => message)).toEqual([
      expect.stringContaining("would remove 1,000 objects and more"),
      expect.stringContaining("would remove 1,100 objects of"),
    ]);
    expect(objectCount()).toBe(1100);
    await instance.service?.execute({ command: "approve", ids: [id] });
    await until(() => objectCount() === 0, [instance.clock]);
    expect(held()).toEqual([]);
    await stop();
  });

  it("is counted no further once it is taken back", async () => {
    const started = await startWith(1100);
    const { instance, held, stop } = started;
    const goOn = slowDown(started);
    const before = rendered();
    change(empty);
    await until(() => isCounting(held()), [instance.clock]);
    change({ [contentFile]: simpleConfig[contentFile] });
    await settle(instance);
    goOn();
    await until(() => held().length === 0, [instance.clock]);
    await settle(instance);
    expect(rendered()).toEqual(before);
    expect(instance.log.problems.filter(({ message }) => message.includes("1100"))).toEqual([]);
    await stop();
  });

  it("is counted by names where its trigger or cluster is gone: what others claim as well stays", async () => {
    change({
      "config/other.yaml": triggerDocument("other", "other"),
      "config/other-content.yaml": contentDocument("other", configMap("{{ .CloudEvent.subject }}", "v1")),
    });
    const { instance, held, stop } = await startWith(30);
    change({ [loginFile]: undefined });
    await settle(instance);
    expect(held()).toEqual([]);
    expect(objectCount()).toBe(30);
    // What was shared is the other one's alone now.
    change({ "config/other.yaml": undefined });
    await until(() => held().length === 1, [instance.clock]);
    expect(held()).toMatchObject([{ removals: 30, documents: ["EventTrigger//other"] }]);
    await stop();
  });
});

describe("within the limits", () => {
  it("a change goes in force by itself", async () => {
    const { instance, held, stop } = await startWith(4);
    change({ [loginFile]: undefined });
    await until(() => objectCount() === 0, [instance.clock]);
    expect(held()).toEqual([]);
    await stop();
  });

  it("Delete events are not counted", async () => {
    const { instance, stop } = await startWith(30);
    for (let n = 0; n < 30; n++) stream.publish("user", cloudEvent({ subject: `user-${n}`, type: "logout" }));
    await until(() => objectCount() === 0, [instance.clock]);
    await stop();
  });

  it("slices add up, and the one that is too much is held", async () => {
    const guard = { ...defaultGuard, share: 1 };
    const only = (except: readonly number[]) =>
      contentDocument(
        "content",
        `{{ if not (has .CloudEvent.subject (list ${except.map((n) => `"user-${n}"`).join(" ")})) }}\n${configMap("{{ .CloudEvent.subject }}", "v1")}\n{{ end }}`,
      );
    const range = (count: number) => Array.from({ length: count }, (_, n) => n);
    const { instance, held, stop } = await startWith(40, { guard });
    change({ [contentFile]: only(range(15)) });
    await until(() => objectCount() === 25, [instance.clock]);
    change({ [contentFile]: only(range(30)) });
    await until(() => held().length === 1, [instance.clock]);
    await settle(instance);
    expect(objectCount()).toBe(25);
    await stop();
  });
});

it("one team's held change does not hold another's", async () => {
  change({
    "config/other.yaml": triggerDocument("other", "other"),
    "config/other-content.yaml": contentDocument("other", configMap("other-{{ .CloudEvent.subject }}", "old")),
  });
  const instance = createInstance({ remote, streams: [stream] });
  const ended = instance.start();
  await until(() => instance.ready.isReady, [instance.clock]);
  for (let n = 0; n < 30; n++) login(`user-${n}`);
  await until(() => objectCount() === 60, [instance.clock]);
  change({
    [loginFile]: undefined,
    "config/other-content.yaml": contentDocument("other", configMap("other-{{ .CloudEvent.subject }}", "new")),
  });
  const mended = () => Object.values(rendered()).filter((text) => text.includes("value: new")).length;
  await until(() => mended() === 30, [instance.clock]);
  expect(objectCount()).toBe(60);
  expect(instance.service?.snapshot().held).toMatchObject([{ documents: ["EventTrigger//login"] }]);
  instance.stop();
  await ended;
});

it("events that delete very much pause the service, where the settings say so", async () => {
  const { instance, stop } = await startWith(30, { guard: { ...defaultGuard, eventRemovals: 10 }, eventsMax: 5 });
  for (let n = 0; n < 30; n++) stream.publish("user", cloudEvent({ subject: `user-${n}`, type: "logout" }));
  await until(() => instance.service?.snapshot().paused === true, [instance.clock]);
  await settle(instance);
  expect(objectCount()).toBeGreaterThan(0);
  await instance.service?.execute({ command: "resume" });
  await until(() => instance.service?.snapshot().paused === true || objectCount() === 0, [instance.clock]);
  await stop();
});

describe("settings that shape the catalog, at a start", () => {
  const staging = new Map([["bus", { requirements: [{ key: "env", operator: "In" as const, values: ["staging"] }] }]]);
  const clusters = "Settings//connections[bus].clusters";

  it("are held by themselves beyond the limits, and everything else takes over", async () => {
    await (await startWith(30)).stop();
    const before = rendered();
    const otherFile = "config/other.yaml";
    change({
      [otherFile]: triggerDocument("other", "other"),
      "config/o.yaml": contentDocument("other", configMap("o", "v")),
    });
    const instance = createInstance({ remote, streams: [stream], catalogSettings: { connectionClusters: staging } });
    const ended = instance.start();
    await until(() => instance.ready.isReady, [instance.clock]);
    expect(instance.service?.snapshot()).toMatchObject({
      held: [{ documents: [clusters], removals: 30 }],
      catalog: { triggers: 2 },
    });
    await settle(instance);
    expect(rendered()).toEqual(before);
    const [{ id } = { id: "" }] = instance.service?.snapshot().held ?? [];
    await instance.service?.execute({ command: "approve", ids: [id] });
    await until(() => objectCount() === 0, [instance.clock]);
    expect(instance.service?.snapshot().held).toEqual([]);
    instance.stop();
    await ended;
    // Taken back, everything is as it was.
    const third = createInstance({ remote, streams: [stream] });
    const thirdEnded = third.start();
    await until(() => objectCount() === 30, [third.clock]);
    expect(rendered()).toEqual(before);
    third.stop();
    await thirdEnded;
  });

  it("output.secrets is one of them: of then, and compared", async () => {
    // Constants: of an event that is printed into a Secret nothing is kept that could be rendered later.
    const secrets = Array.from({ length: 10 }, (_, n) => {
      return `apiVersion: v1\nkind: Secret\nmetadata: {name: secret-${n}, namespace: default}\n`;
    });
    const constants = contentDocument("content", secrets.join("---\n"));
    change({ [contentFile]: constants.replace(", annotations: {projectsveltos.io/instantiate: ok}", "") });
    const guard = { ...defaultGuard, additions: 5 };
    const plain = { ...renderSettings, secrets: "plain" as const };
    const first = createInstance({ remote, streams: [stream], guard });
    const firstEnded = first.start();
    await until(() => first.ready.isReady, [first.clock]);
    login("first");
    await until(() => first.service?.snapshot().failures.SECRET_REFUSED === 1, [first.clock]);
    await settle(first);
    first.stop();
    await firstEnded;
    const second = createInstance({ remote, streams: [stream], guard, render: plain });
    const secondEnded = second.start();
    await until(() => second.ready.isReady, [second.clock]);
    const { held = [] } = second.service?.snapshot() ?? {};
    expect(held).toMatchObject([{ documents: ["Settings//output.secrets"], additions: 10 }]);
    // As it was before, for events too.
    login("later");
    await until(() => second.service?.snapshot().failures.SECRET_REFUSED === 1, [second.clock]);
    expect(objectCount()).toBe(0);
    await second.service?.execute({ command: "approve", ids: held.map(({ id }) => id) });
    await until(() => objectCount() === 10, [second.clock]);
    second.stop();
    await secondEnded;
  });

  it("limits of the guard that come with what they would let through count when nothing is held", async () => {
    await (await startWith(30)).stop();
    const open = { ...defaultGuard, removals: 1_000_000, share: 1 };
    change({ [loginFile]: undefined });
    const instance = createInstance({ remote, streams: [stream], guard: open });
    const ended = instance.start();
    await until(() => instance.ready.isReady, [instance.clock]);
    await settle(instance);
    expect(instance.service?.snapshot().held).toMatchObject([{ documents: ["EventTrigger//login"], removals: 30 }]);
    expect(instance.log.lines.join("\n")).toContain("limits of guard that were raised");
    change({ [loginFile]: simpleConfig[loginFile] });
    await until(() => instance.service?.snapshot().held.length === 0, [instance.clock]);
    // In force now, they judge what comes.
    change({ [loginFile]: undefined });
    await until(() => objectCount() === 0, [instance.clock]);
    instance.stop();
    await ended;
  });

  it("are in force within the limits", async () => {
    await (await startWith(4)).stop();
    const instance = createInstance({ remote, streams: [stream], catalogSettings: { connectionClusters: staging } });
    const ended = instance.start();
    await until(() => objectCount() === 0, [instance.clock]);
    expect(instance.service?.snapshot().held).toEqual([]);
    instance.stop();
    await ended;
  });
});

it("keeps the budget until what the last chunk found is looked at too", async () => {
  const both = contentDocument("content", configMap("shared", "a"));
  change({
    "config/content.yaml": both,
    "config/rival.yaml": triggerDocument("rival", "rival", "  continueOnConflict: true\n"),
    "config/rival-content.yaml": contentDocument("rival", configMap("shared", "b")),
  });
  const instance = createInstance({ remote, streams: [stream] });
  const ended = instance.start();
  await until(() => instance.ready.isReady, [instance.clock]);
  for (const subject of ["one", "two"]) login(subject);
  await until(() => objectCount() === 1, [instance.clock]);
  change({ [loginFile]: undefined });
  await until(() => Object.values(rendered()).some((text) => text.includes("value: b")), [instance.clock]);
  await settle(instance);
  instance.stop();
  await ended;
  const checkpoints = remote
    .history(stateBranch)
    .map(({ tree }) => storedCheckpoint(new Map(walkFiles(remote, tree)))!);
  const looking = checkpoints.filter(({ pending }) => pending.passes.length === 0 && pending.reviews.length > 0);
  expect(looking.length).toBeGreaterThan(0);
  for (const { parts } of looking) expect(readGuardState(parts).budget).toBeDefined();
  expect(readGuardState(checkpoints[0]!.parts).budget).toBeUndefined();
});

/** What is paused stays as it is and remembers the last events; what came meanwhile is rendered when it goes on. */
import { beforeEach, expect, it } from "vitest";
import { failuresOf } from "../../src/model/record.ts";
import type { PauseCommand } from "../../src/pipeline/pause-command.ts";
import { parseRecord } from "../../src/plan/record-file.ts";
import { createFakeEventStream, type FakeEventStream } from "../fakes/fake-event-stream.ts";
import { FakeGitRemote } from "../fakes/fake-git-remote.ts";
import { storedCheckpoint } from "../fakes/stored-checkpoint.ts";
import {
  cloudEvent,
  clusterDocument,
  createInstance,
  type Instance,
  simpleConfig,
  stateBranch,
  triggerDocument,
  until,
} from "./service-bench.ts";

let remote: FakeGitRemote;
let stream: FakeEventStream;

const config = {
  ...simpleConfig,
  "config/clusters.yaml": `${clusterDocument("one")}---\n${clusterDocument("two")}`,
  "config/login.yaml": triggerDocument("login", "content"),
};

beforeEach(() => {
  remote = new FakeGitRemote();
  stream = createFakeEventStream();
  remote.commitAsPerson("main", config);
});

const publish = (subject: string, value: string, type = "login") =>
  stream.publish("user", cloudEvent({ subject, type, data: { value } }));

/** `one alice=v1`: cluster, object and value. */
function onTarget(): string[] {
  return [...remote.files("main", "rendered")]
    .flatMap(([path, text]) => {
      const [, , cluster = "", folder] = path.split("/");
      const value = /^ {2}value: "?(.*?)"?$/m.exec(text)?.[1];
      return folder === "triggers" ? [`${cluster} ${/([^/]+)\.yaml$/.exec(path)?.[1]}=${value}`] : [];
    })
    .sort();
}

function failures(): string[] {
  return [...remote.files(stateBranch, "records")].flatMap(([path, text]) =>
    [...failuresOf(parseRecord(text, path))].map(([cluster, { code }]) => `${cluster} ${code}`),
  );
}

const isCalm = () => storedCheckpoint(remote.files(stateBranch))!.pending.passes.length === 0;

async function withService(work: (instance: Instance) => Promise<void>) {
  const instance = createInstance({ remote, streams: [stream] });
  const ended = instance.start();
  await until(() => instance.ready.isReady, [instance.clock]);
  await work(instance);
  instance.stop();
  await ended;
}

const isSettled = (count: number) => stream.settled()?.sequence === count;

const commands: [name: string, what: Omit<PauseCommand, "command">, during: string[]][] = [
  ["a trigger", { owner: "login" }, ["one alice=1", "one bob=1", "two alice=1", "two bob=1"]],
  ["a cluster", { cluster: "two" }, ["one alice=2", "one carol=1", "two alice=1", "two bob=1"]],
  [
    "a trigger on a cluster",
    { owner: "login", cluster: "mgmt/two" },
    ["one alice=2", "one carol=1", "two alice=1", "two bob=1"],
  ],
];
const after = ["one alice=2", "one carol=1", "two alice=2", "two carol=1"];

it.each(commands)("%s, by a command, through a restart", async (_, what, during) => {
  await withService(async ({ service, clock }) => {
    for (const name of ["alice", "bob"]) publish(name, "1");
    await until(() => onTarget().length === 4);
    expect(await service!.execute({ command: "pause", ...what })).toContain("paused");
    expect(await service!.execute({ command: "pause", ...what })).toContain("was paused already");
    publish("alice", "2");
    publish("bob", "1", "logout");
    publish("carol", "1");
    await until(() => isSettled(5), [clock]);
    expect(onTarget()).toEqual(during);
    expect(failures()).toContain("mgmt/two PAUSED");
  });
  await withService(async ({ service, clock }) => {
    expect(onTarget()).toEqual(during);
    expect(await service!.execute({ command: "resume", ...what })).toContain("resumed");
    await until(() => onTarget().join() === after.join() && isCalm(), [clock]);
    expect(failures()).toEqual([]);
    expect(await service!.execute({ command: "resume", ...what })).toContain("was not paused");
  });
});

const documents: [name: string, path: string, text: string, during: string[]][] = [
  [
    "a trigger's annotation",
    "config/login.yaml",
    config["config/login.yaml"].replace(
      "metadata: {name: login",
      "metadata: {annotations: {profile.projectsveltos.io/paused: 'true'}, name: login",
    ),
    ["one alice=1", "one bob=1", "two alice=1", "two bob=1"],
  ],
  [
    "a cluster's spec",
    "config/clusters.yaml",
    `${clusterDocument("one")}---\n${clusterDocument("two")}spec: {paused: true}\n`,
    ["one alice=2", "one carol=1", "two alice=1", "two bob=1"],
  ],
];

it.each(documents)("%s, which fails no record by itself", async (_, path, text, during) => {
  expect(text).not.toBe(config[path as keyof typeof config]);
  await withService(async ({ clock, service }) => {
    for (const name of ["alice", "bob"]) publish(name, "1");
    await until(() => onTarget().length === 4);
    const before = service!.snapshot().catalog.revision;
    remote.commitAsPerson("main", { [path]: text });
    await until(() => service!.snapshot().catalog.revision !== before && isCalm(), [clock]);
    expect(failures()).toEqual([]);
    publish("alice", "2");
    publish("bob", "1", "logout");
    publish("carol", "1");
    await until(() => isSettled(5), [clock]);
    expect(onTarget()).toEqual(during);
    remote.commitAsPerson("main", { [path]: config[path as keyof typeof config] });
    await until(() => onTarget().join() === after.join() && isCalm(), [clock]);
    expect(failures()).toEqual([]);
  });
});

it("a template that changes meanwhile is rendered when it goes on, and a selector that narrows takes nothing before", async () => {
  await withService(async ({ service, clock }) => {
    publish("alice", "1");
    await until(() => onTarget().length === 2);
    await service!.execute({ command: "pause", owner: "login" });
    remote.commitAsPerson("main", {
      "config/login.yaml": config["config/login.yaml"].replace("env: production", "env: none"),
    });
    const before = service!.snapshot().catalog.revision;
    await until(() => service!.snapshot().catalog.revision !== before && isCalm(), [clock]);
    expect(onTarget()).toEqual(["one alice=1", "two alice=1"]);
    await service!.execute({ command: "resume", owner: "login" });
    await until(() => onTarget().length === 0, [clock]);
  });
});

it("what does not exist is said, and several pauses are told apart", async () => {
  await withService(async ({ service }) => {
    for (const command of [
      { command: "pause", owner: "nope" },
      { command: "pause", cluster: "nope" },
      { command: "resume", owner: "ClusterProfile/nope" },
    ] as const) {
      await expect(service!.execute(command)).rejects.toMatchObject({ problem: { code: "NOT_FOUND" } });
    }
    await service!.execute({ command: "pause", owner: "login" });
    await service!.execute({ command: "pause", cluster: "one" });
    expect(await service!.execute({ command: "resume", cluster: "one" })).toContain("still paused: EventTrigger/login");
    expect(service!.snapshot().pauses).toEqual(["EventTrigger/login"]);
  });
});

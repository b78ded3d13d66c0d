/** What is not there is a problem with a place, and what was in force stays: while it runs, and at a start. */
import { beforeEach, describe, expect, it } from "vitest";
import { createFakeEventStream, type FakeEventStream } from "../../fakes/fake-event-stream.ts";
import { FakeGitRemote } from "../../fakes/fake-git-remote.ts";
import {
  cloudEvent,
  clusterDocument,
  contentDocument,
  createInstance,
  type Instance,
  type InstanceOptions,
  simpleConfig,
  stateBranch,
  turns,
  until,
} from "../service-bench.ts";

let remote: FakeGitRemote;
let stream: FakeEventStream;

beforeEach(() => {
  remote = new FakeGitRemote();
  stream = createFakeEventStream();
});

const login = (subject: string) => stream.publish("user", cloudEvent({ subject, data: { value: "1" } }));
const rendered = () =>
  [...remote.files("main", "rendered").keys()].filter((path) => path.includes("/triggers/")).length;
const desired = () => [...remote.files(stateBranch, "desired").keys()].filter((p) => p.includes("/triggers/")).length;
const records = () => [...remote.files(stateBranch, "records").keys()].length;
const state = (folder: string) => [...remote.files(stateBranch, folder).values()].join("\n");
const noDocuments = Object.fromEntries(Object.keys(simpleConfig).map((path) => [path, undefined]));

interface Run {
  readonly instance: Instance;
  readonly absent: () => Record<string, string>;
  stop(): Promise<void>;
}

async function start(options: Partial<InstanceOptions> = {}): Promise<Run> {
  const instance = createInstance({ remote, streams: [stream], ...options });
  const ended = instance.start();
  await until(() => instance.service !== undefined, [instance.clock]);
  return {
    instance,
    absent: () =>
      Object.fromEntries(
        Object.entries(instance.service!.snapshot().absent).map(([part, problem]) => [part, problem.code]),
      ),
    async stop() {
      instance.stop();
      await ended;
    },
  };
}

/** Alice is logged in, and has her object. */
async function startWithAlice(options: Partial<InstanceOptions> = {}): Promise<Run> {
  remote.commitAsPerson("main", simpleConfig);
  const run = await start(options);
  login("alice");
  await until(() => rendered() === 1, [run.instance.clock]);
  return run;
}

const look = async ({ instance }: Run, code: string) =>
  until(() => instance.log.problems.some((problem) => problem.code === code), [instance.clock]);

interface Case {
  readonly name: string;
  readonly code: "CONFIG_MISSING" | "TARGET_MISSING";
  readonly part: string;
  readonly vanish: () => void;
  /** Whether the target is there, so that what happens meanwhile can be seen on it. */
  readonly hasTarget: boolean;
}

let before: string;
const cases: readonly Case[] = [
  {
    name: "the config folder is removed",
    code: "CONFIG_MISSING",
    part: "documents",
    vanish: () => remote.commitAsPerson("main", noDocuments),
    hasTarget: true,
  },
  {
    name: "the config folder is a file",
    code: "CONFIG_MISSING",
    part: "documents",
    vanish: () => {
      remote.commitAsPerson("main", noDocuments);
      remote.commitAsPerson("main", { config: "moved to docs/\n" });
    },
    hasTarget: true,
  },
  {
    name: "the target branch is deleted",
    code: "TARGET_MISSING",
    part: "target",
    vanish: () => remote.branches.delete("main"),
    hasTarget: false,
  },
  {
    name: "the target is forced to a history without the config folder",
    code: "CONFIG_MISSING",
    part: "documents",
    vanish: () => {
      remote.branches.delete("main");
      remote.commitAsPerson("main", { "README.md": "somebody else's\n" });
    },
    hasTarget: true,
  },
];

describe.each(cases)("$name", ({ code, part, vanish, hasTarget }) => {
  it("while it runs: nothing is withdrawn, events go on, and it is told once until it is over", async () => {
    const run = await startWithAlice();
    before = remote.branches.get("main")!;
    vanish();
    await look(run, code);
    login("bob");
    await until(() => desired() === 2, [run.instance.clock]);
    for (let n = 0; n < 60; n++) run.instance.clock.advance(1000);
    await until(() => (hasTarget ? rendered() === 2 : true), [run.instance.clock]);
    expect([records(), remote.branches.has("main")]).toEqual([2, hasTarget]);
    expect(run.instance.log.problems.filter((problem) => problem.code === code)).toHaveLength(1);
    expect(run.absent()).toEqual({ [part]: code });

    remote.branches.set("main", before);
    await until(() => rendered() === 2 && Object.keys(run.absent()).length === 0, [run.instance.clock]);
    expect(run.instance.log.lines).toContain("info is there again");
    await run.stop();
  });

  it("at a start: what was in force goes on", async () => {
    const first = await startWithAlice();
    await first.stop();
    before = remote.branches.get("main")!;
    vanish();
    const run = await start();
    login("bob");
    await until(() => desired() === 2, [run.instance.clock]);
    expect([records(), run.absent()]).toEqual([2, { [part]: code }]);
    remote.branches.set("main", before);
    await until(() => rendered() === 2 && Object.keys(run.absent()).length === 0, [run.instance.clock]);
    await run.stop();
  });

  it("at a start: what was bad when documents were last seen does not render", async () => {
    const first = await startWithAlice();
    remote.commitAsPerson("main", { "config/content.yaml": contentDocument("content", "{{ if }}") });
    await until(() => state("config").includes('"code":"TEMPLATE_SYNTAX"'), [first.instance.clock]);
    await first.stop();
    before = remote.branches.get("main")!;
    vanish();
    const run = await start();
    login("bob");
    await until(() => records() === 2, [run.instance.clock]);
    expect([desired(), run.absent()]).toEqual([1, { [part]: code }]);
    expect(state("records")).toContain("missing value for if");

    remote.branches.set("main", before);
    await until(() => Object.keys(run.absent()).length === 0, [run.instance.clock]);
    remote.commitAsPerson("main", { "config/content.yaml": simpleConfig["config/content.yaml"] });
    await until(() => rendered() === 2, [run.instance.clock]);
    expect(state("config")).not.toContain("sluice.dev/broken");
    await run.stop();
  });
});

describe("the state branch", () => {
  it("that is gone is told once, nothing is read on or pushed, and all goes on when it is back", async () => {
    const run = await startWithAlice();
    const head = remote.branches.get(stateBranch)!;
    remote.branches.delete(stateBranch);
    await until(() => run.absent().state === "STATE_MISSING", [run.instance.clock]);
    for (let n = 0; n < 60; n++) run.instance.clock.advance(1000);
    await until(() => true);
    expect(run.instance.log.problems.filter(({ code }) => code === "STATE_MISSING")).toHaveLength(1);
    expect([remote.branches.has(stateBranch), rendered()]).toEqual([false, 1]);

    remote.branches.set(stateBranch, head);
    await until(() => run.absent().state === undefined, [run.instance.clock]);
    login("bob");
    await until(() => rendered() === 2, [run.instance.clock]);
    await run.stop();
  });
});

describe("at a first start", () => {
  it("without a config folder no event is taken until an owner is in force", async () => {
    remote.commitAsPerson("main", { "README.md": "nothing yet\n" });
    const run = await start();
    login("alice");
    await look(run, "CONFIG_MISSING");
    expect([run.absent(), run.instance.ready.isReady]).toEqual([
      { documents: "CONFIG_MISSING", owners: "CONFIG_MISSING" },
      false,
    ]);
    // Clusters alone are a catalog without an owner.
    remote.commitAsPerson("main", { "config/clusters.yaml": clusterDocument("one") });
    await until(() => run.absent().documents === undefined, [run.instance.clock]);
    expect([run.absent(), run.instance.ready.isReady]).toEqual([{ owners: "CONFIG_MISSING" }, false]);

    remote.commitAsPerson("main", simpleConfig);
    await until(() => rendered() === 1, [run.instance.clock]);
    expect([run.absent(), run.instance.ready.isReady]).toEqual([{}, true]);
    await run.stop();
  });

  it("a repository with other branches has no target made", async () => {
    remote.commitAsPerson("mian", simpleConfig);
    const run = await start();
    expect([run.absent(), remote.branches.has("main")]).toEqual([
      { target: "TARGET_MISSING", owners: "CONFIG_MISSING" },
      false,
    ]);
    await run.stop();
  });
});

describe("documents outside the repository", () => {
  /** As a folder on disk: what a look sees is what is there at that moment. */
  function folder() {
    const place: { files: Record<string, string | undefined> | undefined } = { files: { ...simpleConfig } };
    const present = () =>
      Object.entries(place.files ?? {}).flatMap(([path, text]) => (text === undefined ? [] : [{ path, text }]));
    return {
      place,
      config: {
        isOutside: true,
        version: async () => (place.files === undefined ? undefined : JSON.stringify(present())),
        read: async () => present(),
      },
    };
  }

  it("that are away for a moment change nothing, however often; away for good they count", async () => {
    const { place, config } = folder();
    remote.commitAsPerson("main", { "README.md": "" });
    const run = await start({ config, lookMs: 500 });
    login("alice");
    await until(() => rendered() === 1, [run.instance.clock]);
    const without = { ...simpleConfig, "config/login.yaml": undefined };
    const pass = async (milliseconds: number) => {
      for (let passed = 0; passed < milliseconds; passed += 50) {
        run.instance.clock.advance(50);
        await turns(3);
      }
    };
    for (let time = 0; time < 20; time++) {
      place.files = without;
      await pass(700);
      place.files = { ...simpleConfig };
      await pass(500);
    }
    expect([rendered(), records()]).toEqual([1, 1]);

    place.files = without;
    await until(() => rendered() === 0, [run.instance.clock]);
    await run.stop();
  });

  it.each([
    { name: "a folder that is gone", files: undefined, code: "CONFIG_MISSING" },
    { name: "a volume that is not mounted", files: {}, code: "CHANGE_HELD" },
    { name: "files without a document", files: { "config/a.yaml": "# nothing yet\n" }, code: "CHANGE_HELD" },
  ])("$name holds what is in force, while it runs and at a start", async ({ files, code }) => {
    const { place, config } = folder();
    remote.commitAsPerson("main", { "README.md": "" });
    const run = await start({ config });
    login("alice");
    await until(() => rendered() === 1, [run.instance.clock]);
    place.files = files;
    await until(() => run.absent().documents === code, [run.instance.clock]);
    expect([rendered(), records()]).toEqual([1, 1]);
    await run.stop();

    const second = await start({ config });
    await until(() => second.absent().documents === code, [second.instance.clock]);
    login("bob");
    await until(() => rendered() === 2, [second.instance.clock]);
    place.files = { ...simpleConfig };
    await until(() => second.absent().documents === undefined, [second.instance.clock]);
    expect([rendered(), records()]).toEqual([2, 2]);
    await second.stop();
  });
});

/** The host: whatever fails refuses a change and keeps the old service; every state can be stopped, and is watched. */
import { describe, expect, it } from "vitest";
import { type ErrorCode, SluiceError } from "../../../src/model/problem.ts";
import { baseSettings, createHostBench, failure, type HostBench, type Step } from "./host-bench.ts";

const listening = (port: number) => `server: {webhooks: {address: "127.0.0.1:${port}", secret: {env: WEBHOOK_SECRET}}}`;
const refusedLine = "the new settings are refused; the old ones stay in force";

async function startLeading(bench: HostBench = createHostBench()) {
  const ended = bench.run();
  await bench.until(() => bench.state() === "leading" && bench.said("info ready") === 1);
  return { bench, ended };
}

async function stopWell(bench: HostBench, ended: Promise<boolean>): Promise<void> {
  const stoppedAt = bench.clock.monotonic();
  bench.stop();
  await bench.until(() => bench.hasEnded);
  expect(await ended).toBe(true);
  expect(bench.clock.monotonic() - stoppedAt).toBeLessThanOrEqual(25_000);
  expect(bench.leaks()).toEqual([]);
}

describe("new settings", () => {
  it("take over without a start of their own, and what they don't use is closed", async () => {
    const { bench, ended } = await startLeading(createHostBench(baseSettings(listening(8080))));
    bench.write(baseSettings(listening(8081)).replace("branch: main", "branch: next"));
    await bench.until(() => bench.said("settings in force") === 1);
    expect(bench.leaders.map(({ inForce }) => inForce)).toEqual([["main", "next"]]);
    expect(bench.opened.filter((line) => line.includes("listener"))).toEqual([
      "listener 127.0.0.1:8080",
      "listener 127.0.0.1:8081",
      "close listener 127.0.0.1:8080",
    ]);
    expect(bench.opened.filter((line) => line.includes("connection"))).toEqual(["connection bus"]);
    await stopWell(bench, ended);
  });

  it("that say the same take over nothing", async () => {
    const { bench, ended } = await startLeading();
    bench.write(`# a comment\n${baseSettings()}`);
    await bench.pass(5);
    expect(bench.leaders.map(({ inForce }) => inForce)).toEqual([["main"]]);
    await stopWell(bench, ended);
  });

  it("that name another database begin anew, once it is known to be readable", async () => {
    const { bench, ended } = await startLeading();
    bench.write(baseSettings().replace("acme/fleet", "acme/other").replace("branch: main", "branch: next"));
    await bench.until(() => bench.leaders.length === 2 && bench.state() === "leading");
    expect(bench.opened.filter((line) => line.includes("leader"))).toEqual([
      "leader main",
      "close leader main",
      "leader next",
    ]);
    expect(bench.said("settings in force")).toBe(1);
    await stopWell(bench, ended);
  });

  it("are in the snapshot, with why they are refused", async () => {
    const { bench, ended } = await startLeading();
    bench.faults.set("prepare", failure("CONFIG_MISSING"));
    bench.write(baseSettings().replace("path: config", "path: confg"));
    await bench.until(() => bench.said(refusedLine) === 1);
    expect(bench.host.snapshot()).toMatchObject({
      version: "1.2.3",
      state: "leading",
      refused: { code: "CONFIG_MISSING" },
      branch: "main",
      leading: { catalog: { triggers: 1 } },
    });
    await stopWell(bench, ended);
  });
});

describe("probes", () => {
  it("are told whether it leads, and whether it is what it is to be", async () => {
    const { bench, ended } = await startLeading(createHostBench(baseSettings('server: {address: "127.0.0.1:8082"}')));
    expect(bench.health()).toEqual({ state: "leading", isReady: true, isLeader: true });
    bench.leaders[0]?.fail(new SluiceError({ code: "LEADER_LOST", message: "another instance leads" }));
    await bench.until(() => bench.state() === "standing by");
    expect(bench.health()).toEqual({ state: "standing by", isReady: true, isLeader: false });
    await stopWell(bench, ended);
    expect(bench.health()).toEqual({ state: "stopping", isReady: false, isLeader: false });
  });
});

interface Refusal {
  readonly name: string;
  readonly step: Step;
  readonly code: ErrorCode;
  readonly settings?: string;
}

const other = baseSettings().replace("acme/fleet", "acme/other");
const refusals: readonly Refusal[] = [
  { name: "a config folder that is not there", step: "prepare", code: "CONFIG_MISSING" },
  { name: "a target that is not there", step: "prepare", code: "TARGET_MISSING" },
  { name: "a server that does not answer", step: "prepare", code: "GIT_UNAVAILABLE" },
  { name: "a variable that is not set", step: "check settings", code: "SECRET_UNREADABLE" },
  { name: "an address in use", step: "listener", code: "SETTINGS_INVALID", settings: baseSettings(listening(8081)) },
  {
    name: "an address for probes in use",
    step: "status",
    code: "SETTINGS_INVALID",
    settings: baseSettings('server: {address: "127.0.0.1:8082"}'),
  },
  { name: "a state branch that is somebody's", step: "check database", code: "STATE_INVALID", settings: other },
  { name: "a database that lets nobody in", step: "check database", code: "GIT_AUTH", settings: other },
  { name: "a first commit that can't be made", step: "exchange", code: "GIT_UNAVAILABLE" },
  { name: "a disk that fails", step: "exchange", code: "DISK_UNAVAILABLE" },
];

describe.each(refusals)("$name ($code)", ({ step, code, settings = baseSettings("commit: {maxEvents: 7}") }) => {
  it("refuses the change, the old service has noticed nothing, and once mended it takes over", async () => {
    const { bench, ended } = await startLeading();
    bench.faults.set(step, failure(code));
    bench.write(settings.replace("branch: main", "branch: next"));
    await bench.until(() => bench.said(refusedLine) === 1);
    await bench.pass(5);
    expect([bench.hasEnded, bench.state(), bench.said(refusedLine)]).toEqual([false, "leading", 1]);
    expect(bench.leaders.map(({ inForce }) => inForce)).toEqual([["main"]]);
    expect(await bench.answer({ command: "pause" })).toBe("did pause");
    expect(bench.opened.filter((line) => line.startsWith("listener")).length).toBe(
      bench.opened.filter((line) => line.startsWith("close listener")).length,
    );

    bench.faults.clear();
    bench.write(`${settings.replace("branch: main", "branch: next")}\n# mended\n`);
    await bench.until(() => bench.said("settings in force") === 1);
    expect(bench.leaders.at(-1)?.inForce.at(-1)).toBe("next");
    await stopWell(bench, ended);
  });
});

it("what was refused is tried again by itself, and not told again", async () => {
  const { bench, ended } = await startLeading();
  bench.faults.set("prepare", failure("CONFIG_MISSING"));
  bench.write(baseSettings().replace("branch: main", "branch: next"));
  await bench.until(() => bench.said(refusedLine) === 1);
  await bench.pass(100);
  expect([bench.said(refusedLine), bench.log.problems.length]).toEqual([1, 1]);
  bench.faults.clear();
  await bench.until(() => bench.said("settings in force") === 1);
  expect(bench.leaders.map(({ inForce }) => inForce)).toEqual([["main", "next"]]);
  await stopWell(bench, ended);
});

describe("a settings file", () => {
  it("that is away for three seconds changes nothing", async () => {
    const { bench, ended } = await startLeading();
    bench.write(undefined);
    await bench.pass(3);
    bench.write(baseSettings());
    await bench.pass(3);
    expect([bench.said(refusedLine), bench.state(), bench.host.snapshot().refused]).toEqual([1, "leading", undefined]);
    await stopWell(bench, ended);
  });

  it("that can't be used at the start ends it, and nothing is opened", async () => {
    const bench = createHostBench("kind: Nonsense");
    expect(await bench.run()).toBe(false);
    expect(bench.opened).toEqual([]);
  });

  it("that changes between being read and ready is noticed", async () => {
    const bench = createHostBench();
    let hasChanged = false;
    bench.faults.set("start", () => {
      if (hasChanged) return;
      hasChanged = true;
      bench.write(baseSettings().replace("branch: main", "branch: next"));
    });
    const ended = bench.run();
    await bench.until(() => bench.leaders.at(-1)?.inForce.at(-1) === "next");
    await stopWell(bench, ended);
  });

  it("that changes while it is read is noticed", async () => {
    const bench = createHostBench();
    let hasChanged = false;
    bench.faults.set("read", () => {
      if (hasChanged) return;
      hasChanged = true;
      bench.write(baseSettings().replace("branch: main", "branch: next"));
    });
    const ended = bench.run();
    await bench.until(() => bench.leaders.at(-1)?.inForce.at(-1) === "next");
    await stopWell(bench, ended);
  });
});

describe("while it starts", () => {
  const never = () => new Promise(() => undefined);

  it("a mended file is looked at, and commands are told what it is doing", async () => {
    const bench = createHostBench(baseSettings().replace("branch: main", "branch: wrong"));
    bench.faults.set("start", never);
    const ended = bench.run();
    await bench.until(() => bench.opened.some((line) => line.startsWith("connection")));
    await expect(bench.answer({ command: "pause" })).rejects.toMatchObject({
      problem: { code: "SERVICE_BUSY", message: expect.stringContaining("starting") },
    });
    expect(JSON.parse(await bench.answer({ command: "status" }))).toMatchObject({ state: "starting" });
    expect(await bench.answer({ command: "restore-state" })).toBe("the state branch is back");
    bench.faults.clear();
    bench.write(baseSettings());
    await bench.until(() => bench.state() === "leading");
    expect(bench.leaders.map(({ settings }) => settings)).toEqual(["main"]);
    await stopWell(bench, ended);
  });

  it("settings that can't be used leave what is being started alone", async () => {
    const bench = createHostBench();
    let go: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      go = resolve;
    });
    bench.faults.set("start", () => gate);
    const ended = bench.run();
    await bench.until(() => bench.opened.some((line) => line.startsWith("connection")));
    bench.faults.set("check settings", failure("SECRET_UNREADABLE"));
    bench.write(baseSettings().replace("branch: main", "branch: next"));
    await bench.until(() => bench.said(refusedLine) === 1);
    go();
    await bench.until(() => bench.state() === "leading");
    expect(bench.leaders.map(({ settings }) => settings)).toEqual(["main"]);
    await stopWell(bench, ended);
  });

  it("what refuses the very first settings ends it; what refuses later ones does not", async () => {
    const first = createHostBench();
    first.faults.set("start", failure("STATE_INVALID"));
    await expect(first.run()).rejects.toMatchObject({ problem: { code: "STATE_INVALID" } });
    expect(first.leaks()).toEqual([]);

    const { bench, ended } = await startLeading();
    bench.faults.set("start", () => {
      bench.faults.delete("start");
      failure("STATE_INVALID")();
    });
    bench.write(other.replace("branch: main", "branch: next"));
    await bench.until(() => bench.leaders.length === 2 && bench.state() === "leading");
    expect([bench.leaders.at(-1)?.settings, bench.said(refusedLine)]).toEqual(["main", 1]);
    await stopWell(bench, ended);
  });

  it("a second service on the same state directory is refused", async () => {
    const bench = createHostBench();
    bench.held.add("/state");
    await expect(bench.run()).rejects.toMatchObject({ problem: { code: "JOURNAL_LOCKED" } });
    expect(bench.leaks()).toEqual([]);
  });
});

describe("a stop", () => {
  const states: readonly { readonly state: string; readonly reach: (bench: HostBench) => Promise<void> }[] = [
    {
      state: "starting",
      reach: async (bench) => {
        bench.faults.set("start", () => new Promise(() => undefined));
        void bench.run();
        await bench.until(() => bench.opened.some((line) => line.startsWith("connection")));
      },
    },
    {
      state: "leading",
      reach: async (bench) => {
        await startLeading(bench);
      },
    },
    {
      state: "changing over",
      reach: async (bench) => {
        await startLeading(bench);
        bench.faults.set("prepare", () => new Promise(() => undefined));
        bench.write(baseSettings(listening(8081)));
        await bench.until(() => bench.state() === "changing over");
      },
    },
    {
      state: "standing by",
      reach: async (bench) => {
        await startLeading(bench);
        bench.leaders[0]!.fail(lost());
        await bench.until(() => bench.state() === "standing by");
      },
    },
  ];

  it.each(states)("ends it within 25 s while $state", async ({ state, reach }) => {
    const bench = createHostBench();
    await reach(bench);
    expect(bench.state()).toBe(state);
    const stoppedAt = bench.clock.monotonic();
    bench.stop();
    await bench.until(() => bench.hasEnded);
    expect(bench.clock.monotonic() - stoppedAt).toBeLessThanOrEqual(25_000);
    // What a change that never came to an end had opened is all that may be left.
    expect(bench.leaks().filter(([resource]) => resource !== "listener")).toEqual([]);
  });
});

const lost = () => {
  try {
    return failure("LEADER_LOST")();
  } catch (error) {
    return error;
  }
};

it("a leader that is deposed stands by until it is started anew: the process stays, and says so", async () => {
  const { bench, ended } = await startLeading();
  bench.leaders[0]!.fail(lost());
  await bench.until(() => bench.state() === "standing by");
  await bench.pass(120);
  expect([bench.hasEnded, bench.leaders.length]).toEqual([false, 1]);
  await expect(bench.answer({ command: "pause" })).rejects.toMatchObject({ problem: { code: "LEADER_LOST" } });
  expect(bench.host.snapshot()).toMatchObject({ state: "standing by", problem: { code: "LEADER_LOST" } });
  await stopWell(bench, ended);
});

it("preparing has 30 s, and what it opened after all is closed", async () => {
  const { bench, ended } = await startLeading();
  let go: () => void = () => undefined;
  bench.faults.set("prepare", () => new Promise<void>((resolve) => (go = resolve)));
  bench.write(baseSettings(listening(8081)));
  await bench.until(() => bench.said(refusedLine) === 1);
  expect(bench.host.snapshot().refused?.code).toBe("SERVICE_BUSY");
  go();
  await bench.pass(1);
  expect(bench.state()).toBe("leading");
  await stopWell(bench, ended);
});

describe("another database", () => {
  const elsewhere = baseSettings("", "", "directory: /other").replace("branch: main", "branch: next");
  const fetching = "the repository of the new settings is being fetched";

  async function startFetching() {
    const { bench, ended } = await startLeading();
    let go: () => void = () => undefined;
    bench.faults.set("fetch database", () => new Promise<void>((resolve) => (go = resolve)));
    bench.write(elsewhere);
    await bench.until(() => bench.said(fetching) === 1);
    return { bench, ended, go: () => go() };
  }

  it("has 30 s to answer", async () => {
    const { bench, ended } = await startLeading();
    bench.faults.set("check database", () => new Promise(() => undefined));
    bench.write(elsewhere);
    await bench.until(() => bench.said(refusedLine) === 1);
    expect(bench.host.snapshot().refused?.code).toBe("SERVICE_BUSY");
    await stopWell(bench, ended);
  });

  it("may be fetched for as long as that takes: it says so, and what is in force goes on", async () => {
    const { bench, ended, go } = await startFetching();
    await bench.pass(300);
    expect([bench.said(fetching), bench.said(refusedLine)]).toEqual([6, 0]);
    expect(bench.leaders.map(({ inForce }) => inForce)).toEqual([["main"]]);
    expect(await bench.answer({ command: "pause" })).toBe("did pause");
    go();
    await bench.until(() => bench.leaders.length === 2 && bench.state() === "leading");
    expect(bench.leaders[1]!.inForce).toEqual(["next"]);
    await stopWell(bench, ended);
  });

  it("is given up where the settings are set back meanwhile", async () => {
    const { bench, ended } = await startFetching();
    bench.write(baseSettings());
    await bench.until(() => bench.state() === "leading");
    await bench.pass(60);
    expect([bench.said(refusedLine), bench.leaders.length, bench.host.snapshot().refused]).toEqual([0, 1, undefined]);
    await stopWell(bench, ended);
  });

  it("is given up where this instance is deposed meanwhile", async () => {
    const { bench } = await startFetching();
    bench.leaders[0]!.fail(lost());
    await bench.until(() => bench.state() === "standing by");
    bench.stop();
    await bench.until(() => bench.hasEnded);
    expect(bench.leaks()).toEqual([]);
  });
});

it("a bug is loud: it ends the process", async () => {
  const { bench, ended } = await startLeading();
  bench.faults.set("prepare", () => {
    throw new TypeError("a bug");
  });
  bench.write(baseSettings("commit: {maxEvents: 7}"));
  await bench.until(() => bench.hasEnded);
  await expect(ended).rejects.toThrow(TypeError);
  expect(bench.leaks()).toEqual([]);
});

/**
 * A fault at each step of a change of settings, at each thing that the host owns: the old service goes on, nothing is left
 * open, and once mended the change takes over; what fails to be closed afterwards keeps nothing from being in force.
 */
import { describe, expect, it } from "vitest";
import type { ErrorCode } from "../../../src/model/problem.ts";
import { baseSettings, createHostBench, failure, type Step } from "./host-bench.ts";

const listener = 'server: {webhooks: {address: "127.0.0.1:8081", secret: {env: WEBHOOK_SECRET}}}';
const status = 'server: {address: "127.0.0.1:8082"}';
const before = baseSettings();
/** Without core subjects there is no journal to be moved. */
const noCore = (settings: string) => `${settings}# no core subjects\n`;

/** What a change asks for anew of each thing. */
const changes: Readonly<Record<string, string>> = {
  lock: baseSettings("", "", "directory: /other"),
  socket: baseSettings("", "", "directory: /other"),
  folder: baseSettings("", "", "directory: /other"),
  store: baseSettings().replace("acme/fleet", "acme/other"),
  listener: baseSettings(listener),
  probes: baseSettings(status),
  link: baseSettings("commit: {maxEvents: 7}"),
  journal: `${baseSettings()}# more.>\n`,
};

const faults: readonly (readonly [at: string, of: keyof typeof changes, step: Step, code: ErrorCode])[] = [
  ["prepare", "lock", "lock", "JOURNAL_LOCKED"],
  ["prepare", "socket", "control", "JOURNAL_LOCKED"],
  ["prepare", "store", "check database", "GIT_UNAVAILABLE"],
  ["prepare", "store", "check database", "DISK_UNAVAILABLE"],
  ["prepare", "folder", "check journals", "SETTINGS_INVALID"],
  ["prepare", "folder", "check database", "DISK_UNAVAILABLE"],
  ["prepare", "listener", "listener", "SETTINGS_INVALID"],
  ["prepare", "probes", "status", "SETTINGS_INVALID"],
  ["prepare", "link", "link", "CONNECTION_INVALID"],
  ["prepare", "journal", "check settings", "SECRET_UNREADABLE"],
  // What is to be counted is read through the store, with what else the change asks for open already.
  ...(["listener", "probes", "link", "journal"] as const).flatMap((of) => [
    ["count", of, "prepare", "CHANGE_HELD"] as const,
    ["count", of, "prepare", "GIT_UNAVAILABLE"] as const,
    ["switch", of, "exchange", "DISK_UNAVAILABLE"] as const,
    ["switch", of, "exchange", "GIT_UNAVAILABLE"] as const,
  ]),
];

async function startLeading(settings: string) {
  const bench = createHostBench(settings);
  const ended = bench.run();
  await bench.until(() => bench.state() === "leading" && bench.said("info ready") === 1);
  return { bench, ended };
}

describe.each(faults)("%s × %s: %s fails with %s", (_at, of, step, code) => {
  it("the old service goes on, nothing is left open, and mended it takes over", async () => {
    const { bench, ended } = await startLeading(before);
    const openBefore = bench.openNow();
    bench.faults.set(step, failure(code));
    bench.write(changes[of]!.replace("branch: main", "branch: next"));
    await bench.until(() => bench.host.snapshot().refused !== undefined);
    await bench.pass(3);
    expect([bench.hasEnded, bench.state()]).toEqual([false, "leading"]);
    expect(bench.leaders.map(({ inForce }) => inForce)).toEqual([["main"]]);
    expect(bench.openNow()).toEqual(openBefore);
    expect(await bench.answer({ command: "pause" })).toBe("did pause");
    bench.faults.clear();
    await bench.until(() => bench.leaders.at(-1)?.inForce.at(-1) === "next" && bench.state() === "leading");
    bench.stop();
    await bench.until(() => bench.hasEnded);
    expect(await ended).toBe(true);
    expect(bench.leaks()).toEqual([]);
  });
});

describe.each([
  ["listener", baseSettings(listener), before],
  ["status", baseSettings(status), before],
  ["lock", before, changes.folder!],
  ["control", before, changes.folder!],
  // The store is the leader's that ends; the journal, with its subscriptions, the connection's that is gone.
  ["leader", before, changes.store!],
  ["connection", before, before.replace("name: bus", "name: other")],
  ["connection", before, changes.store!.replace("name: bus", "name: other")],
] as const)("release × %s: it can't be closed", (resource, from, to) => {
  it("the new settings are in force, and it is told", async () => {
    const { bench, ended } = await startLeading(from);
    bench.faults.set(`close ${resource}`, () => {
      throw new Error("it is stuck");
    });
    bench.write(to.replace("branch: main", "branch: next"));
    await bench.until(() => bench.said("settings in force") === 1);
    expect(bench.said("what the old settings used could not be closed")).toBeGreaterThan(0);
    expect(bench.host.snapshot()).toMatchObject({ state: "leading", branch: "next" });
    expect(bench.host.snapshot().refused).toBeUndefined();
    expect(await bench.answer({ command: "pause" })).toBe("did pause");
    bench.faults.clear();
    bench.stop();
    await bench.until(() => bench.hasEnded);
    expect(await ended).toBe(true);
  });
});

it("a journal goes along to another folder, with its subscriptions", async () => {
  const { bench, ended } = await startLeading(before);
  bench.write(changes.folder!.replace("branch: main", "branch: next"));
  await bench.until(() => bench.leaders.at(-1)?.inForce.at(-1) === "next" && bench.state() === "leading");
  expect(bench.opened.filter((line) => /bus/.test(line))).toEqual(["connection bus", "move bus to /other"]);
  bench.stop();
  await bench.until(() => bench.hasEnded);
  expect(await ended).toBe(true);
  expect(bench.leaks()).toEqual([]);
});

it("where nothing is received over core NATS there is no journal to look for", async () => {
  const { bench, ended } = await startLeading(noCore(before));
  bench.faults.set("check journals", failure("SETTINGS_INVALID"));
  bench.write(noCore(changes.folder!));
  await bench.until(() => bench.said("settings in force") === 1);
  bench.stop();
  await bench.until(() => bench.hasEnded);
  expect(await ended).toBe(true);
});

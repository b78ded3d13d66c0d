/**
 * Outcomes of the built program on a real nats-server: who sent an event learns what became of it, whatever kills Sluice,
 * takes NATS away or takes over.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, it } from "vitest";
import { addOutcomesStream, keptOutcomes, readTold, type ToldOutcome } from "./told-outcomes.ts";
import { clusterDocument, readExample, type SluiceProcess, until, Workbench } from "./workbench.ts";

const login = JSON.parse(await readExample("3-end-to-end/login.json")) as Record<string, unknown>;

let bench: Workbench | undefined;
afterEach(async () => {
  await bench?.close();
  bench = undefined;
});

async function open(settings: string): Promise<Workbench> {
  bench = await Workbench.open({
    config: {
      "eu.yaml": clusterDocument("eu-1", { env: "production" }),
      "config.yaml": await readExample("3-end-to-end/config.yaml"),
    },
    connection: await readExample("3-end-to-end/sveltos-jetstream.json"),
    streams: { USERS: ["user-operation"] },
    settings: `output: {secrets: plain}\n${settings}`,
  });
  return bench;
}

async function publish(workbench: Workbench, subjects: readonly string[]): Promise<void> {
  for (const subject of subjects) {
    await workbench.publish("user-operation", JSON.stringify({ ...login, id: subject, subject }));
  }
}

async function untilPushed(workbench: Workbench, subject: string): Promise<void> {
  await until(async () => (await workbench.rendered()).some((path) => path.endsWith(`/${subject}.yaml`)), subject);
}

it("what was pushed and could not be told survives kill -9, is told once, and is never told again", async () => {
  const workbench = await open(keptOutcomes);
  const first = await workbench.start();
  await publish(workbench, ["alice", "bob"]);
  await untilPushed(workbench, "bob");
  await first.untilLogged("outcomes can't be told: no stream acknowledges what is published on sluice.outcomes");
  const { stdout: status } = await workbench.sluice("status");
  expect(status).toContain("outcomes     2 wait to be told on sluice.outcomes");
  expect(status).toContain("nats stream add OUTCOMES --subjects sluice.outcomes");
  const { stdout: doctor } = await workbench.sluice("doctor");
  expect(doctor).toMatch(
    /outcomes\n {2}ok +may publish to sluice\.outcomes\n {2}error +stream OUTCOMES does not exist/,
  );
  await first.kill();

  await addOutcomesStream(workbench);
  const second = await workbench.start();
  await until(async () => (await readTold(workbench)).length === 2, "both outcomes");
  expect(await readTold(workbench)).toMatchObject([
    { type: "dev.sluice.outcome.create", subject: "alice", data: { result: "Create", trigger: "manage-namespace" } },
    { type: "dev.sluice.outcome.create", subject: "bob", data: { result: "Create", clusters: 1, failed: 0 } },
  ]);
  const commit = String((await readTold(workbench))[0]!.data.commit);
  expect(await workbench.git("merge-base", "--is-ancestor", commit, "main")).toBe("");
  expect((await workbench.sluice("doctor")).stdout).toContain("ok       stream OUTCOMES keeps it");
  expect(await second.stop()).toBe(0);
  expect(await workbench.git("ls-tree", "-r", "--name-only", "sluice/state", "outbox/")).toBe("");

  const third = await workbench.start();
  await publish(workbench, ["carol"]);
  await until(async () => (await readTold(workbench)).length === 3, "the third outcome");
  await third.stop();
  expect((await readTold(workbench)).map(({ subject }) => subject)).toEqual(["alice", "bob", "carol"]);
});

it.runIf(process.env.SLUICE_TEST_ALL === "1")(
  "under load and kill -9 at any moment, every event has one outcome",
  async () => {
    const workbench = await open(keptOutcomes);
    await addOutcomesStream(workbench);
    const subjects = Array.from({ length: 120 }, (_, index) => `tenant${index}`);
    let service: SluiceProcess = await workbench.start();
    for (let part = 0; part < 4; part++) {
      await publish(workbench, subjects.slice(part * 30, (part + 1) * 30));
      // Wherever it is then: rendering, pushing, telling.
      await sleep([40, 15, 90, 0][part]);
      await service.kill();
      service = await workbench.start();
    }
    await untilPushed(workbench, subjects.at(-1)!);
    await until(
      async () => new Set((await readTold(workbench)).map(({ subject }) => subject)).size === 120,
      "all of them",
    );
    const told = await readTold(workbench);
    // The stream drops what comes again under the same id.
    expect(new Set(told.map(({ id }) => id)).size).toBe(told.length);
    expect(told).toHaveLength(120);
    expect(await service.stop()).toBe(0);
  },
);

it("a standby tells what the leader had pushed when it was killed", async () => {
  const workbench = await open(`${keptOutcomes}\nlease: {connection: bus, duration: 2s}`);
  const leader = await workbench.start();
  const settings = await readFile(join(workbench.folder, "sluice.yaml"), "utf8");
  await workbench.write("other.yaml", settings.replace("directory: ./state", "directory: ./state-other"));
  const standby = workbench.launch("other.yaml");
  await standby.untilLogged("standing by");
  await publish(workbench, ["alice"]);
  await untilPushed(workbench, "alice");
  await leader.untilLogged("outcomes can't be told: no stream acknowledges what is published on sluice.outcomes");
  await leader.kill();
  await addOutcomesStream(workbench);
  await standby.untilLogged("ready");
  await until(async () => (await readTold(workbench)).length === 1, "the outcome");
  expect((await readTold(workbench))[0]!.subject).toBe("alice");
  expect(await standby.stop()).toBe(0);
});

it("over core NATS whoever listens is told of effects, failures and dead letters, from the moment it is asked for", async () => {
  const workbench = await open("");
  const service = await workbench.start();
  await publish(workbench, ["before"]);
  await untilPushed(workbench, "before");
  const heard: ToldOutcome[] = [];
  workbench.nats.subscribe("sluice.outcomes", {
    callback: (_, message) => void heard.push(message.json<ToldOutcome>()),
  });
  await workbench.nats.flush();
  await workbench.changeSettings((text) => `${text}outcomes: {connection: bus, subject: sluice.outcomes}\n`);
  await service.untilLogged("settings in force");
  await publish(workbench, ["alice"]);
  await workbench.publish("user-operation", "no event");
  await workbench.publish("user-operation", JSON.stringify({ ...login, id: "3", subject: "Not_A_Name" }));
  await until(() => heard.length === 3, "three outcomes");
  expect(
    heard.map(({ data: { result, reason } }) => [result, (reason as { code?: string } | undefined)?.code]),
  ).toEqual([
    ["Create", undefined],
    ["dead-letter", "EVENT_NOT_JSON"],
    ["failed", "NAME_INVALID"],
  ]);
  await workbench.changeSettings((text) => text.replace(/^outcomes:.*\n/m, ""));
  await until(() => service.log.split('"settings in force"').length > 2, "the old settings");
  await publish(workbench, ["bob"]);
  await untilPushed(workbench, "bob");
  expect(await service.stop()).toBe(0);
  expect(heard).toHaveLength(3);
});

it("a subject that is read is refused, with its place", async () => {
  const workbench = await open("outcomes: {connection: bus, subject: user-operation}");
  const { code, stderr } = await workbench.sluice("validate", "checkout/config");
  expect(code).toBe(1);
  expect(stderr).toMatch(
    /sluice\.yaml:\d+:\d+: error: outcomes are told on user-operation, and connection bus reads user-operation/,
  );
  expect(await workbench.launch().ended()).toBe(3);
});

/** What is wrong with a stream, on the built program: said once each, however often it is tried, and gone when mended. */
import { afterEach, expect, it } from "vitest";
import { usersConfig } from "./users-config.ts";
import { type SluiceProcess, until, Workbench } from "./workbench.ts";

let bench: Workbench | undefined;
afterEach(async () => {
  await bench?.close();
  bench = undefined;
});

const login = { specversion: "1.0", type: "login", source: "auth", id: "1", subject: "ada" };

async function open(subjects: readonly string[]): Promise<Workbench> {
  bench = await Workbench.open({
    config: usersConfig,
    connection: JSON.stringify({
      jetstream: {
        configuration: {
          url: "nats://nats.nats.svc.cluster.local:4222",
          streams: [{ name: "USERS", subjects }],
          authorization: { user: { user: "admin", password: "my-password" } },
        },
      },
    }),
  });
  return bench;
}

/** Lines of warnings and errors. */
const problems = (service: SluiceProcess) =>
  service.lines().filter(({ level }) => level === "warn" || level === "error");

/** Requests of one kind that the server has had from Sluice's own connection: each attempt makes one. */
async function watchAttempts(workbench: Workbench, subject: string): Promise<() => number> {
  let count = 0;
  workbench.nats.subscribe(subject, { callback: () => void count++ });
  await workbench.nats.flush();
  return () => count;
}

it("a stream that is not there is one line, however often it is looked for", async () => {
  const workbench = await open(["user-operation"]);
  const attempts = await watchAttempts(workbench, "$JS.API.STREAM.INFO.USERS");
  const service = workbench.launch();
  await service.untilCode("NATS_STREAM");
  await until(() => attempts() >= 6, "six attempts");
  expect(problems(service)).toEqual([
    expect.objectContaining({ level: "error", code: "NATS_STREAM", stream: "bus/USERS" }),
  ]);

  await workbench.streams.streams.add({ name: "USERS", subjects: ["user-operation"] });
  await service.untilLogged("subscribed");
  await workbench.publish("user-operation", JSON.stringify(login));
  await until(async () => (await workbench.rendered()).length === 1, "the event");
  expect(problems(service)).toHaveLength(1);
});

it("a warning of a stream is one line, however often it is bound", async () => {
  const workbench = await open(["user-operation", "not-there"]);
  await workbench.streams.streams.add({ name: "USERS", subjects: ["user-operation"] });
  const service = await workbench.start();
  for (let round = 1; round <= 3; round++) {
    const [consumer] = await workbench.streams.consumers.list("USERS").next();
    await workbench.streams.consumers.delete("USERS", consumer!.name);
    await until(
      () => service.lines().filter(({ message }) => message === "subscribed").length > round,
      "another binding",
    );
  }
  const warnings = problems(service).filter(({ message }) => String(message).includes("not-there"));
  expect(warnings).toEqual([expect.objectContaining({ level: "warn", code: "NATS_STREAM", stream: "bus/USERS" })]);
});

/** Streams whose messages wait for Sluice, on the built program: what is not pushed is given up by nobody. */
import { rename } from "node:fs/promises";
import { join } from "node:path";
import { RetentionPolicy } from "@nats-io/jetstream";
import { afterEach, expect, it } from "vitest";
import { clusterDocument, readExample, until, Workbench } from "./workbench.ts";

const login = JSON.parse(await readExample("3-end-to-end/login.json")) as Record<string, unknown>;
const connection = JSON.parse(await readExample("3-end-to-end/sveltos-jetstream.json")) as {
  jetstream: { configuration: { streams: { name: string; subjects: string[] }[] } };
};
const config = (await readExample("3-end-to-end/config.yaml")).replaceAll(
  'subject: "user-operation"',
  'subject: "user-.*"',
);

let bench: Workbench | undefined;
afterEach(async () => {
  await bench?.close();
  bench = undefined;
});

async function open(retention: RetentionPolicy): Promise<Workbench> {
  const opened = await Workbench.open({
    config: { "eu.yaml": clusterDocument("eu-1", { env: "production" }), "config.yaml": config },
    connection: JSON.stringify(connection),
  });
  bench = opened;
  await opened.streams.streams.add({ name: "USERS", subjects: ["user-operation", "user-later"], retention });
  return opened;
}

const userOf = (number: number) => `user${number}`;
const publish = (workbench: Workbench, subject: string, number: number) =>
  workbench.publish(subject, JSON.stringify({ ...login, id: String(number), subject: userOf(number) }));

/** Of these users those whose manifest is on the target. */
async function countThere(
  workbench: Workbench,
  first: number,
  last: number,
  repository = "fleet.git",
): Promise<number> {
  const paths = await workbench.rendered(repository);
  let count = 0;
  for (let number = first; number <= last; number++) {
    if (paths.some((path) => path.endsWith(`/${userOf(number)}.yaml`))) count++;
  }
  return count;
}

const messagesLeft = async (workbench: Workbench) => (await workbench.streams.streams.info("USERS")).state.messages;

it("an interest stream keeps what was read while the repository was away, through every restart", async () => {
  const workbench = await open(RetentionPolicy.Interest);
  let service = await workbench.start();
  await publish(workbench, "user-operation", 1);
  await until(async () => (await countThere(workbench, 1, 1)) === 1, "the first event");
  await until(async () => (await messagesLeft(workbench)) === 0, "its acknowledgement");

  const repository = join(workbench.folder, "fleet.git");
  await rename(repository, `${repository}.away`);
  for (let number = 2; number <= 51; number++) await publish(workbench, "user-operation", number);
  await until(() => service.log.includes("GIT_"), "the repository's absence");
  await workbench.server.restart();
  await until(() => service.log.split('"subscribed"').length > 2, "the stream, bound anew");
  // A push that was under way arrives all the same, and is acknowledged late. The test's own connection finds the server
  // again by itself.
  const pushed = () => countThere(workbench, 2, 51, "fleet.git.away");
  const isAllThere = async () => (await messagesLeft(workbench).catch(() => -1)) === 50 - (await pushed());
  await until(isAllThere, "all that is not pushed, and nothing else");
  expect(await pushed()).toBeLessThan(10);
  await service.kill();

  await rename(`${repository}.away`, repository);
  service = await workbench.start();
  await until(async () => (await countThere(workbench, 2, 51)) === 50, "all that waited");
  await until(async () => (await messagesLeft(workbench)) === 0, "their acknowledgements");
  expect(await service.stop()).toBe(0);
});

it("a subject that comes to be read of a work-queue stream has what waits of it read", async () => {
  const workbench = await open(RetentionPolicy.Workqueue);
  const service = await workbench.start();
  for (let number = 1; number <= 20; number++) await publish(workbench, "user-later", number);
  await publish(workbench, "user-operation", 21);
  await until(async () => (await countThere(workbench, 21, 21)) === 1, "the event behind them");
  await until(async () => (await messagesLeft(workbench)) === 20, "its acknowledgement");

  const [stream] = connection.jetstream.configuration.streams;
  const streams = [{ name: stream?.name, subjects: ["user-operation", "user-later"] }];
  const { configuration } = connection.jetstream;
  await workbench.write(
    "connection.json",
    JSON.stringify({ jetstream: { configuration: { ...configuration, streams } } }),
  );
  await until(async () => (await countThere(workbench, 1, 20)) === 20, "what waited of the new subject");
  await until(async () => (await messagesLeft(workbench)) === 0, "their acknowledgements");
  expect(await service.stop()).toBe(0);
});

/** kill -9 at random moments while 1,000 logins and logouts come in: afterwards exactly the right Namespaces. */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, it } from "vitest";
import { openJournal } from "../../src/adapters/journal/open-journal.ts";
import { clusterDocument, readExample, type SluiceProcess, until, Workbench } from "../e2e/workbench.ts";
import { createRandom, seed } from "./random.ts";

const eventsTotal = 1000;
const users = 40;
const kills = 8;

let bench: Workbench | undefined;
afterEach(async () => {
  await bench?.close();
  bench = undefined;
});

interface UserEvent {
  readonly user: string;
  readonly type: "login" | "logout";
  readonly payload: string;
}

function makeEvents(random: () => number): readonly UserEvent[] {
  return Array.from({ length: eventsTotal }, (_, index) => {
    const user = `user-${Math.floor(random() * users)}`;
    const type = random() < 0.5 ? "login" : "logout";
    const event = {
      specversion: "1.0",
      id: String(index),
      source: "auth.example.com",
      type: `auth.example.com.${type}`,
      subject: user,
    };
    return { user, type, payload: JSON.stringify(event) };
  });
}

/** Who is logged in after these events. */
function loggedIn(events: readonly UserEvent[]): readonly string[] {
  const last = new Map(events.map(({ user, type }) => [user, type]));
  return [...last]
    .filter(([, type]) => type === "login")
    .map(([user]) => user)
    .sort();
}

async function openBench(
  connectionFile: string,
  streams: Readonly<Record<string, readonly string[]>>,
): Promise<Workbench> {
  return Workbench.open({
    config: {
      "clusters.yaml": clusterDocument("eu-1", { env: "production" }),
      "config.yaml": await readExample("3-end-to-end/config.yaml"),
    },
    connection: await readExample(`3-end-to-end/${connectionFile}`),
    streams,
    // So many events a commit names.
    settings: "output: {secrets: plain}\ncommit: {maxEvents: 50}",
  });
}

/** Of the trigger alone: the example's profile brings a Secret besides. */
async function renderedUsers(open: Workbench): Promise<readonly string[]> {
  const paths = (await open.rendered()).filter((path) => path.includes("/triggers/"));
  return paths.map((path) => /([^/]+)\.yaml$/.exec(path)?.[1] ?? path).sort();
}

/**
 * Publishes everything at an uneven pace while the service is killed and started again; with `onlyWhileUp` it waits
 * while there is no service, since core NATS keeps nothing for later.
 */
async function publishUnderKills(
  open: Workbench,
  events: readonly UserEvent[],
  random: () => number,
  { onlyWhileUp }: { readonly onlyWhileUp: boolean },
): Promise<SluiceProcess> {
  let service = await open.start();
  let isUp = true;
  let published = 0;
  const publishing = (async () => {
    for (const { payload } of events) {
      if (onlyWhileUp) await until(() => isUp, "the service");
      await open.publish("user-operation", payload);
      published++;
      if (random() < 0.05) await sleep(random() * 30);
    }
  })();
  for (let kill = 0; kill < kills; kill++) {
    const moment = ((kill + random()) / kills) * events.length * 0.95;
    await until(() => published >= moment, `event ${Math.floor(moment)}`);
    await sleep(random() * 60);
    await service.kill();
    isUp = false;
    service = await open.start();
    isUp = true;
  }
  await publishing;
  return service;
}

it(`over JetStream every event has its effect (SLUICE_CHAOS_SEED=${seed})`, async () => {
  const random = createRandom(seed);
  const events = makeEvents(random);
  bench = await openBench("sveltos-jetstream.json", { USERS: ["user-operation"] });
  const open = bench;
  await publishUnderKills(open, events, random, { onlyWhileUp: false });

  const isDone = async () => (await open.checkpoint()).positions["bus/USERS"]?.sequence === eventsTotal;
  await until(isDone, "the last event in the checkpoint");
  expect(await renderedUsers(open)).toEqual(loggedIn(events));
  await open.git("fsck", "--strict");
});

it(`over core NATS everything that was journaled has its effect (SLUICE_CHAOS_SEED=${seed})`, async () => {
  const random = createRandom(seed);
  const events = makeEvents(random);
  bench = await openBench("sveltos-nats.json", {});
  const open = bench;
  const service = await publishUnderKills(open, events, random, { onlyWhileUp: true });
  const marker = {
    specversion: "1.0",
    id: "last",
    source: "auth.example.com",
    type: "auth.example.com.login",
    subject: "the-last",
  };
  await open.publish("user-operation", JSON.stringify(marker));
  await until(async () => (await renderedUsers(open)).includes("the-last"), "the event behind all others");
  await service.stop();

  const journaled = await readJournal(join(open.folder, "state", "journal", "bus"));
  expect(journaled.size).toBeGreaterThan(users);
  // An event may have its effect before it is on disk; what is killed in between has pushed it and not journaled it.
  const log = await open.git("log", "--format=%(trailers:key=Sluice-Event,valueonly)", "main");
  const pushed = new Set([...log.matchAll(/ (\d+)$/gm)].map(([, id]) => id));
  const taken = events.filter((_, index) => journaled.has(String(index)) || pushed.has(String(index)));
  expect(await renderedUsers(open)).toEqual(["the-last", ...loggedIn(taken)]);
  await open.git("fsck", "--strict");
});

/** The ids of the events that are on disk. */
async function readJournal(directory: string): Promise<ReadonlySet<string>> {
  const journal = await openJournal(directory);
  const ids = new Set<string>();
  const stop = new AbortController();
  for await (const { payload } of journal.read(0, stop.signal, (problem) => expect.fail(problem.message))) {
    const { id } = JSON.parse(Buffer.from(payload).toString()) as { id: string };
    ids.add(id);
    if (id === "last") stop.abort();
  }
  await journal.close();
  return ids;
}

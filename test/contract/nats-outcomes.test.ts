/**
 * Telling outcomes to a real nats-server: with no more rights than docs/outcomes.md lists, over JetStream and core NATS; what
 * the server forbids or does not keep is an error, never silence; and doctor finds it beforehand, telling nothing.
 */
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { afterEach, describe, expect, it } from "vitest";
import { examineOutcomes } from "../../src/adapters/nats/examine-outcomes.ts";
import { openPublisher } from "../../src/adapters/nats/open-publisher.ts";
import type { Connection } from "../../src/model/connection.ts";
import type { EventPublisher } from "../../src/ports/event-stream.ts";
import { codeBlocks, readPage, section } from "../docs/pages.ts";
import { type NatsServer, startNatsServer } from "../tools/nats-server.ts";

const page = section(readPage("docs/outcomes.md"), "## Permissions");
const listed = codeBlocks(page).find(({ language }) => language === "conf")?.text ?? "";

let server: NatsServer | undefined;
let admin: NatsConnection | undefined;
let publisher: EventPublisher | undefined;
afterEach(async () => {
  await publisher?.close();
  await admin?.close();
  await server?.stop();
  publisher = undefined;
});

async function start(permissions: string): Promise<Connection> {
  const users = `{ user: admin, password: a }, { user: sluice, password: s, ${permissions} }`;
  server = await startNatsServer({ jetstream: true, config: `authorization { users: [ ${users} ] }` });
  admin = await connect({ servers: server.url, user: "admin", pass: "a" });
  const endpoint = { url: server.url, authorization: { user: { user: "sluice", password: "s" } } };
  return { name: "bus", connectTo: new Map(), core: { ...endpoint, subjects: ["elsewhere"] } };
}

const addStream = async (name: string, subjects: string[]) =>
  (await jetstreamManager(admin!)).streams.add({ name, subjects });
const told = { subject: "sluice.outcomes", stream: "OUTCOMES" };
const payload = new TextEncoder().encode("{}");
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => "told",
    (error: { problem?: { code: string; message: string } }) => `${error.problem?.code}: ${error.problem?.message}`,
  );

describe("with the rights that the page lists", () => {
  it("a stream keeps each once, however often it is told", async () => {
    const connection = await start(listed);
    await addStream("OUTCOMES", ["sluice.outcomes"]);
    publisher = openPublisher(connection, told);
    const headers = new Map([["Nats-Msg-Id", "one"]]);
    for (let times = 0; times < 3; times++) await publisher.publish(told.subject, payload, headers);
    const { state } = await (await jetstreamManager(admin!)).streams.info("OUTCOMES");
    expect(state.messages).toBe(1);
    const stored = await jetstream(admin!).streams.get("OUTCOMES");
    expect((await stored.getMessage({ seq: 1 }))?.header.get("Nats-Msg-Id")).toBe("one");
    expect(await examineOutcomes(connection, told)).toEqual({
      subject: "outcomes",
      facts: ["may publish to sluice.outcomes", "stream OUTCOMES keeps it"],
      problems: [],
    });
    expect((await (await jetstreamManager(admin!)).streams.info("OUTCOMES")).state.messages).toBe(1);
  });

  it("no stream, or another one, is an error that says so", async () => {
    const connection = await start(listed);
    publisher = openPublisher(connection, told);
    expect(await codeOf(publisher.publish(told.subject, payload))).toBe(
      "NATS_STREAM: no stream acknowledges what is published on sluice.outcomes",
    );
    await addStream("OTHER", ["sluice.>"]);
    expect(await codeOf(publisher.publish(told.subject, payload))).toBe(
      "NATS_STREAM: another stream than OUTCOMES keeps what is published on sluice.outcomes",
    );
    await addStream("OUTCOMES", ["else"]);
    const { problems } = await examineOutcomes(connection, told);
    expect(problems).toMatchObject([
      { code: "NATS_STREAM", message: expect.stringContaining("holds no messages of sluice.outcomes") },
    ]);
  });

  it("over core NATS it is told when the server has it", async () => {
    const connection = await start(listed);
    const heard: string[] = [];
    admin!.subscribe(told.subject, { callback: (_, message) => void heard.push(message.string()) });
    await admin!.flush();
    publisher = openPublisher(connection);
    await publisher.publish(told.subject, payload);
    await admin!.flush();
    expect(heard).toEqual(["{}"]);
  });
});

describe("without the right to publish there", () => {
  const denied = 'permissions: { publish: ["$SYS.REQ.USER.INFO", "$JS.API.>"], subscribe: ["_INBOX.>"] }';

  it.each([
    ["core NATS", {}],
    ["JetStream", { stream: "OUTCOMES" }],
  ])("over %s each try fails, and none counts as told", async (_, options) => {
    const connection = await start(denied);
    await addStream("OUTCOMES", ["sluice.outcomes"]);
    publisher = openPublisher(connection, options);
    const tries = await Promise.all([1, 2, 3].map(() => codeOf(publisher!.publish(told.subject, payload))));
    expect(new Set(tries)).toEqual(new Set(["NATS_AUTH: the server forbids publishing to sluice.outcomes"]));
    expect(await codeOf(publisher.publish(told.subject, payload))).toContain("NATS_AUTH");
    const { facts, problems } = await examineOutcomes(connection, { subject: told.subject, ...options });
    expect(problems).toMatchObject([
      { code: "NATS_AUTH", message: "the server forbids publishing to sluice.outcomes" },
    ]);
    expect(facts).not.toContain("may publish to sluice.outcomes");
  });

  it("that may not ask for its rights either, doctor says that it can't tell", async () => {
    const connection = await start('permissions: { publish: ["x"], subscribe: ["_INBOX.>"] }');
    const { facts, problems } = await examineOutcomes(connection, told);
    expect(problems).toEqual([]);
    expect(facts).toEqual([
      "whether it may publish to sluice.outcomes the server does not say",
      "whether stream OUTCOMES keeps it the server does not say",
    ]);
  });
});

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { GiteaClient } from "../../../src/adapters/gitea/gitea-client.ts";
import { createFakeClock } from "../../fakes/fake-clock.ts";

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

let server: Server;
let answers: Answer[];
let requests: string[];

const status =
  (code: number, headers: Record<string, string> = {}, text = ""): Answer =>
  (_, response) =>
    response.writeHead(code, headers).end(text);
const json = (value: unknown): Answer => status(200, { "content-type": "application/json" }, JSON.stringify(value));

beforeEach(async () => {
  answers = [];
  requests = [];
  server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url} ${request.headers.authorization}`);
    request.resume();
    (answers.shift() ?? json({}))(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function open(token = () => "secret") {
  const clock = createFakeClock();
  const apiUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v1`;
  return { clock, client: new GiteaClient({ apiUrl, token, clock }) };
}

describe("waits", () => {
  const tables: [name: string, answer: Answer, waits: number[]][] = [
    ["as long as it is told, in seconds", status(429, { "retry-after": "7" }), [7000]],
    ["until the date that it is told", status(503, { "retry-after": "Thu, 01 Jan 2026 00:01:00 GMT" }), [60_000]],
    ["a little where it is not told", status(502), [500]],
  ];
  for (const [name, answer, waits] of tables) {
    it(name, async () => {
      answers.push(answer);
      const { client, clock } = open();
      expect(await client.send("GET", "/version")).toEqual({});
      expect(clock.sleeps).toEqual(waits);
    });
  }

  it("longer each time, and then no more", async () => {
    answers.push(...Array.from({ length: 9 }, () => status(504)));
    const { client, clock } = open();
    await expect(client.send("GET", "/version")).rejects.toMatchObject({ problem: { code: "FORGE_UNAVAILABLE" } });
    expect(clock.sleeps).toEqual([500, 1000, 2000, 4000]);
  });

  it("not for longer than is bearable", async () => {
    answers.push(status(429, { "retry-after": "3600" }));
    await expect(open().client.send("GET", "/version")).rejects.toMatchObject({
      problem: { code: "FORGE_UNAVAILABLE" },
    });
    expect(requests).toHaveLength(1);
  });

  it("for a POST only where the server has done nothing", async () => {
    answers.push(status(502));
    await expect(open().client.send("POST", "/x", {})).rejects.toMatchObject({
      problem: { code: "FORGE_UNAVAILABLE" },
    });
    answers.push(status(429));
    expect(await open().client.send("POST", "/x", {})).toEqual({});
  });
});

describe("tells", () => {
  const cases: [name: string, answer: Answer, code: string, said: string][] = [
    ["credentials that do not do", status(401, {}, '{"message":"token is bad"}'), "FORGE_AUTH", "token is bad"],
    ["what is not allowed", status(403), "FORGE_AUTH", "403"],
    ["what the forge does not want", status(422, {}, '{"message":"no\\ncommits"}'), "FORGE_REFUSED", "no commits"],
    ["a repository that moved", status(301, { location: "http://elsewhere.test/x" }), "FORGE_REFUSED", "elsewhere"],
    ["a web page for an API", status(200, {}, "<html>"), "FORGE_REFUSED", "not JSON"],
    ["trouble inside", status(500, {}, "oh"), "FORGE_UNAVAILABLE", "oh"],
  ];
  for (const [name, answer, code, said] of cases) {
    it(name, async () => {
      answers.push(answer);
      const asked = open().client.send("GET", "/x");
      await expect(asked).rejects.toMatchObject({ problem: { code, message: expect.stringContaining(said) } });
      expect(requests).toHaveLength(1);
    });
  }

  it("a server that is not there", async () => {
    const client = new GiteaClient({ apiUrl: "http://127.0.0.1:1/api/v1", token: () => "x", clock: createFakeClock() });
    await expect(client.send("GET", "/x")).rejects.toMatchObject({ problem: { code: "FORGE_UNAVAILABLE" } });
  });
});

it("reads all pages, and the token for each request", async () => {
  let token = 0;
  answers.push(json([1, 2]), json([3]), json([]));
  const items: unknown[] = [];
  for await (const item of open(() => `t${++token}`).client.list("/pulls?state=open")) items.push(item);
  expect(items).toEqual([1, 2, 3]);
  expect(requests).toEqual([
    "GET /api/v1/pulls?state=open&limit=50&page=1 token t1",
    "GET /api/v1/pulls?state=open&limit=50&page=2 token t2",
    "GET /api/v1/pulls?state=open&limit=50&page=3 token t3",
  ]);
});

it("ends what it waits for when it is closed", async () => {
  answers.push(() => undefined);
  const { client } = open();
  const asked = client.send("GET", "/x");
  setTimeout(() => client.close(), 50);
  await expect(asked).rejects.toMatchObject({ problem: { code: "FORGE_UNAVAILABLE" } });
});

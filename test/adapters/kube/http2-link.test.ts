/** Endings of an HTTP/2 connection: what a server did not take is sent again, and one that is dead holds up nothing. */
import { readFileSync } from "node:fs";
import { constants, createSecureServer, type Http2SecureServer, type ServerHttp2Stream } from "node:http2";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { KubeLink } from "../../../src/adapters/kube/kube-link.ts";
import type { LinkRequest } from "../../../src/adapters/kube/link-request.ts";
import { NotTaken } from "../../../src/adapters/kube/link-request.ts";

const fixture = (name: string) => readFileSync(join(import.meta.dirname, "../../fixtures/nats", name), "utf8");
const tls = { ca: fixture("authority.pem"), servername: "nats.nats.svc.cluster.local" };
const patient = 60_000;

let server: Http2SecureServer;
let link: KubeLink;
let answer: (stream: ServerHttp2Stream, path: string) => void;
let sessions: number;
let sockets: Socket[];

function linkTo(port: number): KubeLink {
  return new KubeLink({ server: new URL(`https://127.0.0.1:${port}`), proxy: undefined, tls });
}

beforeEach(async () => {
  sessions = 0;
  sockets = [];
  answer = (stream) => stream.respond({ ":status": 200 }, { endStream: true });
  server = createSecureServer({ key: fixture("server.key"), cert: fixture("server.pem") });
  server.on("connection", (socket) => sockets.push(socket));
  server.on("session", () => sessions++);
  server.on("stream", (stream, headers) => {
    stream.on("error", () => undefined);
    answer(stream, String(headers[":path"]));
  });
  await new Promise<void>((resolve) => server.listen(0, resolve));
  link = linkTo((server.address() as AddressInfo).port);
});
afterEach(async () => {
  link.destroy();
  await new Promise((resolve) => server.close(resolve));
});

async function ask(path: string, more: Partial<LinkRequest> = {}, over = link) {
  const silenceMsMax = more.silenceMsMax ?? patient;
  await over.ready(silenceMsMax);
  return over.ask({ method: "GET", path, headers: {}, silenceMsMax, ...more });
}

it("sends what it is given, and says what came", async () => {
  answer = (stream, path) => {
    let sent = "";
    stream.setEncoding("utf8");
    stream.on("data", (text: string) => {
      sent += text;
    });
    stream.on("end", () => {
      stream.respond({ ":status": 429, "retry-after": "7" });
      stream.end(`${path} ${sent}`);
    });
  };
  const body = "ä".repeat(100_000);
  expect(await ask("/a?b=c", { method: "PATCH", body })).toEqual({
    status: 429,
    retryAfter: "7",
    body: `/a?b=c ${body}`,
  });
});

it("what the server refuses without a look at it counts as not sent", async () => {
  answer = (stream) => stream.close(constants.NGHTTP2_REFUSED_STREAM);
  await expect(ask("/a")).rejects.toBeInstanceOf(NotTaken);
  answer = (stream) => stream.respond({ ":status": 200 }, { endStream: true });
  expect(await ask("/a")).toMatchObject({ status: 200 });
  expect(sessions).toBe(1);
});

it("a server that is about to go ends what is under way, and gets nothing new over that connection", async () => {
  const held: ServerHttp2Stream[] = [];
  answer = (stream) => held.push(stream);
  const first = ask("/first");
  await expect.poll(() => held.length).toBe(1);
  held[0]!.session!.goaway(constants.NGHTTP2_NO_ERROR);
  answer = (stream) => stream.respond({ ":status": 201 }, { endStream: true });
  // It takes a moment until that has come; what comes before it is answered over the old one.
  await expect.poll(() => ask("/next").then(() => sessions)).toBe(2);
  held[0]!.respond({ ":status": 200 }, { endStream: true });
  expect(await first).toMatchObject({ status: 200 });
});

const breaks: readonly (readonly [string, (stream: ServerHttp2Stream) => void])[] = [
  ["itself", (stream) => stream.destroy(new Error("no more"))],
  ["with its connection", () => sockets.at(-1)!.destroy()],
  ["with its session", (stream) => stream.session?.destroy()],
];
it.each(breaks)("an answer that breaks off %s is none", async (_how, breakOff) => {
  answer = (stream) => {
    stream.respond({ ":status": 200 });
    stream.write("half", () => setTimeout(() => breakOff(stream), 20));
  };
  await expect(ask("/a")).rejects.toBeInstanceOf(Error);
  answer = (stream) => stream.respond({ ":status": 200 }, { endStream: true });
  expect(await ask("/a")).toMatchObject({ status: 200 });
});

it("what a server refuses before it has read it all is refused at once", async () => {
  answer = (stream) => {
    stream.respond({ ":status": 413 });
    stream.end("too large");
  };
  const body = "x".repeat(8 * 1024 * 1024);
  expect(await ask("/a", { method: "PATCH", body })).toMatchObject({ status: 413, body: "too large" });
  answer = (stream) => stream.respond({ ":status": 200 }, { endStream: true });
  expect(await ask("/a")).toMatchObject({ status: 200 });
  expect(sessions).toBe(1);
});

it("a connection that is dead and does not know it gives way to another", async () => {
  const relays: Socket[] = [];
  const relay: Server = createServer((socket) => {
    const onward = connect((server.address() as AddressInfo).port, "127.0.0.1");
    relays.push(socket, onward);
    for (const one of [socket, onward]) one.on("error", () => undefined);
    socket.pipe(onward).pipe(socket);
  });
  await new Promise<void>((resolve) => relay.listen(0, resolve));
  const relayed = linkTo((relay.address() as AddressInfo).port);
  await ask("/a", {}, relayed);
  for (const socket of relays) socket.unpipe().pause();
  await expect(ask("/a", { silenceMsMax: 2_000 }, relayed)).rejects.toMatchObject({ code: "KUBE_SILENT" });
  expect(await ask("/a", {}, relayed)).toMatchObject({ status: 200 });
  relayed.destroy();
  for (const socket of relays) socket.destroy();
  await new Promise((resolve) => relay.close(resolve));
});

it("a server that speaks HTTP/1.1 alone is asked in that, from the first request on", async () => {
  const { createServer: createTls } = await import("node:https");
  const old = createTls({ key: fixture("server.key"), cert: fixture("server.pem") }, (request, response) => {
    response.end(`${request.httpVersion} ${request.url}`);
  });
  await new Promise<void>((resolve) => old.listen(0, resolve));
  const plain = linkTo((old.address() as AddressInfo).port);
  expect(await ask("/a", {}, plain)).toMatchObject({ status: 200, body: "1.1 /a" });
  expect(await ask("/b", {}, plain)).toMatchObject({ body: "1.1 /b" });
  plain.destroy();
  await new Promise((resolve) => old.close(resolve));
});

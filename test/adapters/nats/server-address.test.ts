import { expect, it } from "vitest";
import { parseServers } from "../../../src/adapters/nats/server-address.ts";

const parse = (url: string, connectTo: Record<string, string> = {}) =>
  parseServers({ url }, new Map(Object.entries(connectTo)));

it.each([
  ["nats://bus:4222", { configured: "bus:4222", host: "bus", dial: "bus:4222", tls: false }],
  ["bus", { configured: "bus:4222", host: "bus", dial: "bus:4222", tls: false }],
  ["TLS://bus.example.com", { configured: "bus.example.com:4222", host: "bus.example.com", tls: true }],
  ["nats://[::1]:4333/", { configured: "[::1]:4333", host: "::1", dial: "[::1]:4333" }],
  ["nats://a%40b:c%3Ad@bus:1", { configured: "bus:1", userInfo: { user: "a@b", password: "c:d" } }],
  ["nats://token@bus:1", { configured: "bus:1", userInfo: { user: "token" } }],
])("%s", (url, expected) => {
  expect(parse(url)).toEqual([expect.objectContaining(expected)]);
});

it("takes several apart, and dials where connectTo says", () => {
  const servers = parse("nats://a.svc:4222, nats://b.svc", { "b.svc:4222": "127.0.0.1:9" });
  expect(servers.map(({ configured, dial }) => `${configured} ${dial}`)).toEqual([
    "a.svc:4222 a.svc:4222",
    "b.svc:4222 127.0.0.1:9",
  ]);
});

it.each(["", "http://bus:80", "wss://bus", "nats://user:secret@", "nats://bus:port"])("refuses %j", (url) => {
  expect(() => parse(url)).toThrow(
    expect.objectContaining({ problem: expect.objectContaining({ code: "CONNECTION_INVALID" }) }),
  );
  expect(() => parse(url)).not.toThrow(/secret/);
});

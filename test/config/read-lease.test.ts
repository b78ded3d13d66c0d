/** `lease` in the settings, and what it asks of connections. */
import { describe, expect, it } from "vitest";
import { loadSettings } from "../../src/config/load-settings.ts";
import { findUncaptured } from "../../src/config/read-lease.ts";
import type { Connection } from "../../src/model/connection.ts";

const settings = (lease: string, capture = "") => `apiVersion: sluice.dev/v1alpha1
kind: Settings
repository: {url: https://git.example.com/a/b.git}
connections: [{name: bus, file: ./bus.json${capture}}]
${lease}
`;
const load = (text: string) => loadSettings(text, "/etc/sluice/sluice.yaml");

it("has a bucket and a duration of its own unless told otherwise", () => {
  expect(load(settings("lease: {connection: bus}")).value?.lease).toEqual({
    connection: "bus",
    bucket: "sluice-leases",
    durationMs: 10_000,
  });
  const told = load(settings("lease: {connection: bus, bucket: turns, duration: 1m}")).value?.lease;
  expect(told).toEqual({ connection: "bus", bucket: "turns", durationMs: 60_000 });
  expect(load(settings("")).value).not.toHaveProperty("lease");
});

it.each([
  ["a connection that is not there", "lease: {connection: other}", "5:21"],
  ["none at all", "lease: {}", "5:1"],
  ["a lease that changes hands at every hiccup", "lease: {connection: bus, duration: 1s}", "5:36"],
  ["a bucket that can be none", "lease: {connection: bus, bucket: a.b}", "5:34"],
])("refuses %s, at its place", (_, lease, place) => {
  const { value, problems } = load(settings(lease));
  expect(value).toBeUndefined();
  expect(
    problems.map(({ code, at }) => `${code} ${at !== undefined && "line" in at ? `${at.line}:${at.column}` : ""}`),
  ).toEqual([`SETTINGS_INVALID ${place}`]);
});

describe("core subjects", () => {
  const endpoint = { url: "nats://nats:4222", authorization: {} };
  const core = { ...endpoint, subjects: ["user"] };
  const stream = { ...endpoint, streams: [{ name: "USERS", subjects: ["user"] }] };
  const bus = (parts: Partial<Connection>): Connection => ({ name: "bus", connectTo: new Map(), ...parts });

  it.each<[string, string, string, Connection, number]>([
    ["without a lease nobody asks", "", "", bus({ core }), 0],
    ["with one they are refused", "lease: {connection: bus}", "", bus({ core }), 1],
    ["unless they are captured", "lease: {connection: bus}", ", capture: true", bus({ core }), 0],
    ["or a stream holds them", "lease: {connection: bus}", "", bus({ core, jetstream: stream }), 0],
    ["or there are none", "lease: {connection: bus}", "", bus({ jetstream: stream }), 0],
  ])("%s", (_, lease, capture, connection, count) => {
    const { value } = load(settings(lease, capture));
    const found = findUncaptured(value!, [{ connection }]);
    expect(found).toHaveLength(count);
    if (count > 0) expect(found).toMatchObject([{ code: "SETTINGS_INVALID", severity: "error", at: { line: 4 } }]);
  });
});

import { expect, it } from "vitest";
import { compareSettings } from "../../src/config/compare-settings.ts";

const cases: readonly [name: string, before: string, after: string, changes: readonly object[]][] = [
  ["nothing", "output: {shards: 1}", "output:\n  shards: 1 # as before\n", []],
  ["a default that is written down", "", "output: {shards: 0, path: rendered}\ncompatibility: strict", []],
  ["nulls are as absent", "output:", "{}", []],
  [
    "shards and path",
    "output: {shards: 0}",
    "output: {shards: 1, path: manifests}",
    [
      { key: "output.path", before: "rendered", after: "manifests", isPlacing: true },
      { key: "output.shards", before: "0", after: "1", isPlacing: true },
    ],
  ],
  ["a name", "name: one", "name: other", [{ key: "name", before: "one", after: "other", isPlacing: true }]],
  [
    "what changes no manifest",
    "commit: {maxEvents: 10}",
    "commit: {maxEvents: 20}",
    [{ key: "commit.maxEvents", before: "10", after: "20", isPlacing: false }],
  ],
  [
    "connections are by name, in whatever order",
    "connections: [{name: a, file: a.json}, {name: b, file: b.json, clusters: {matchLabels: {env: x}}}]",
    "connections: [{name: b, file: b.json, clusters: {matchLabels: {env: y}}}, {name: a, file: a.json}]",
    [{ key: "connections[b].clusters.matchLabels.env", before: "x", after: "y", isPlacing: true }],
  ],
  [
    "secrets are named, and never shown",
    "repository: {url: a, auth: {password: hunter2}}\nrender: {seedKey: {env: A}}",
    "repository: {url: b, auth: {password: hunter3}}\nrender: {seedKey: {env: B}}",
    [
      { key: "render.seedKey.env", isPlacing: true },
      { key: "repository.auth.password", isPlacing: false },
      { key: "repository.url", before: "a", after: "b", isPlacing: true },
    ],
  ],
];

for (const [name, before, after, changes] of cases) {
  it(name, () => {
    const base = before === "" ? "kind: Settings" : `kind: Settings\n${before}`;
    const write = (text: string) =>
      text === "{}" ? "kind: Settings" : text.startsWith("kind") ? text : `kind: Settings\n${text}`;
    expect(compareSettings(write(base.replace("\n{}", "")), write(after))).toEqual(changes);
  });
}

it("what is no mapping compares to nothing", () => {
  expect(compareSettings("- a", "b: 1")).toEqual([]);
  expect(compareSettings("a: [", "b: 1")).toEqual([]);
});

import { expect, it } from "vitest";
import { writeStatus } from "../../src/app/cli/status.ts";
import { summarizeApplier } from "../../src/app/host/applier-snapshot.ts";
import type { HostSnapshot } from "../../src/app/host/host-snapshot.ts";

const problem = { code: "TARGET_MISSING", severity: "error", message: "no branch main", hint: "Push it." } as const;

const none = { conflicts: 0, failed: 0, waiting: 0, fights: 0 };

const leading: HostSnapshot = {
  version: "1.2.3",
  state: "leading",
  repository: "https://git.example.com/fleet.git",
  branch: "main",
  stateBranch: "sluice/state",
  refused: { code: "SECRET_UNREADABLE", severity: "error", message: "TOKEN is not set" },
  applier: summarizeApplier(
    [
      { cluster: "fleet/eu-1", commit: "f".repeat(40), ...none },
      { cluster: "fleet/eu-2", commit: "e".repeat(40), ...none, behindSince: 5_000 },
      { cluster: "fleet/eu-3", commit: "d".repeat(40), ...none, conflicts: 1, failed: 2, fights: 1 },
      { cluster: "fleet/eu-4", commit: "", ...none, behindSince: 1_000, problem: { ...problem, code: "CLUSTER_AUTH" } },
    ],
    61_000,
  ),
  leading: {
    catalog: { revision: "0123456789abcdef", triggers: 2, profiles: 4, clusters: 3 },
    paused: true,
    pauses: ["EventTrigger/login"],
    streams: [
      { stream: "bus/ORDERS", state: "subscribed", read: 12, pushed: 10, pending: 40 },
      { stream: "bus/@journal", state: "degraded", problem: { ...problem, code: "NATS_AUTH", message: "no\nentry" } },
    ],
    waiting: 4,
    held: [
      {
        id: "0123456789ab",
        documents: ["EventTrigger//users"],
        removals: 500,
        additions: 0,
        owners: ["EventTrigger/users"],
        clusters: ["fleet/eu"],
        exceeded: [{ limit: "removals", counted: 500, allowed: 20 }],
      },
    ],
    heldPasses: [{ id: "ba9876543210", owner: "EventTrigger/quota" }],
    lastPush: {
      at: 0,
      milliseconds: 40,
      events: 2,
      created: 1,
      updated: 0,
      deleted: 1,
      failed: 0,
      commit: "f".repeat(40),
    },
    push: { milliseconds: 12_000 },
    absent: { target: problem },
    handOvers: [],
    leftBehind: [],
    inTheWay: [],
    failures: { NAME_INVALID: 3 },
    withoutEffect: [],
    effects: [],
    pushes: [],
  },
};

it("says in words what leads, where, and what is wrong with it, with what to do", () => {
  const text = writeStatus(leading);
  for (const part of [
    "sluice 1.2.3: leading",
    "git.example.com",
    "2 triggers, 4 profiles, 3 clusters, revision 0123456789ab",
    "sluice resume",
    "bus/ORDERS: subscribed, read up to 12, pushed up to 10, 40 wait behind",
    "no entry [NATS_AUTH]",
    "4 deliveries",
    "2 events, 1 created, 0 updated, 1 deleted, 0 failed, 40 ms, commit ffffffffffff",
    "for 12 s",
    "no branch main [TARGET_MISSING]",
    "Push it.",
    "TOKEN is not set [SECRET_UNREADABLE]",
    "3 NAME_INVALID",
    "change 0123456789ab is held: it would remove 500 objects of EventTrigger/users on fleet/eu (EventTrigger//users)",
    "sluice approve ba9876543210",
  ]) {
    expect(text).toContain(part);
  }
});

it("begins with what wants somebody, and how much that is", () => {
  const lines = writeStatus(leading).split("\n");
  expect(lines[0]).toBe("sluice 1.2.3: leading; 6 things want somebody");
  const troubles = lines.slice(
    1,
    lines.findIndex((line) => line.startsWith("repository")),
  );
  expect(troubles.filter((line) => !line.startsWith(" "))).toEqual([
    "settings refused, the old ones are in force:",
    "absent: target:",
    "stream bus/@journal is degraded:",
    "held:",
    "held:",
    "paused       events are received and wait: sluice resume",
  ]);
  const well = { ...leading.leading!, absent: {}, held: [], heldPasses: [], paused: false, streams: [] };
  const { refused: _, ...others } = leading;
  expect(writeStatus({ ...others, leading: well })).toMatch(/^sluice 1\.2\.3: leading\nrepository/);
});

it("says what it waits for while it starts", () => {
  const text = writeStatus({ version: "1.2.3", state: "starting", problem: { ...problem, code: "GIT_UNAVAILABLE" } });
  expect(text).toContain("starting");
  expect(text).toContain("GIT_UNAVAILABLE");
});

it("says of clusters how many are how, and names those that are not as they should be, the worst first", () => {
  const lines = writeStatus(leading).split("\n");
  const at = lines.findIndex((line) => line.startsWith("applier"));
  expect(lines.slice(at, at + 4)).toEqual([
    "applier      4 clusters: 2 current, 1 behind, 1 in trouble for up to 60 s; objects: 1 conflict, 2 failed, 1 fight",
    "  fleet/eu-4  nothing applied yet",
    "    no branch main [CLUSTER_AUTH]",
    "  fleet/eu-3  at dddddddddddd: 1 conflict, 2 failed, 1 fight",
  ]);
  expect(writeStatus(leading)).not.toContain("fleet/eu-1");
});

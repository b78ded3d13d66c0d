/** What a service that leads has to show: many triggers, some of everything that can be wrong, words of an attacker. */
import type { HostSnapshot } from "../../../../src/app/host/host-snapshot.ts";
import type { PageSource } from "../../../../src/app/http/page/page-routes.ts";
import type { Problem } from "../../../../src/model/problem.ts";
import type { EntityRecord } from "../../../../src/model/record.ts";
import type { Inventory } from "../../../../src/pipeline/loop/inventory.ts";
import type { PushedEffect } from "../../../../src/pipeline/loop/recent.ts";

const start = Date.UTC(2026, 10, 29, 21, 0, 0);
const problem = {
  code: "NATS_AUTH",
  severity: "error",
  message: "the server refuses the password",
  hint: "Compare.",
} as const;
export const hostile = `<img src=x onerror="alert(1)">{{constructor}}'`;

function effect(index: number, more: Partial<PushedEffect> = {}): PushedEffect {
  return {
    owner: { kind: "EventTrigger", namespace: "", name: "user-namespaces" },
    connection: "bus",
    source: "auth.example.com/login",
    subject: `user-${index}`,
    type: "auth.example.com.login",
    id: `id-${index}`,
    action: "Create",
    clusters: 3,
    failed: 0,
    at: start + index * 1000,
    commit: "0123456789abcdef0123456789abcdef01234567",
    branch: "main",
    ...more,
  };
}

const bad = { code: "NAME_INVALID", severity: "error", message: "alice@example.com is no name" } as const;

const none = { conflicts: 0, failed: 0, waiting: 0, fights: 0 };
const unreachable: Problem = {
  code: "CLUSTER_UNAVAILABLE",
  severity: "error",
  message: `the API server ${hostile} does not answer`,
};

export const fullSnapshot: HostSnapshot = {
  version: "1.2.3",
  state: "leading",
  repository: "https://git.example.com/acme/fleet.git",
  branch: "main",
  stateBranch: "sluice/state",
  refused: { code: "SECRET_UNREADABLE", severity: "error", message: "the environment variable TOKEN is not set" },
  applier: {
    ...{ clustersCount: 3, current: 1, behind: 1, troubled: 1, lagMs: 12_000 },
    ...{ conflicts: 2, failed: 1, waiting: 0, fights: 1 },
    clusters: [
      { cluster: "fleet/eu-1", commit: "", ...none, behindSince: start, problem: unreachable },
      { cluster: "fleet/eu-2", commit: "f".repeat(40), ...none, conflicts: 2, failed: 1, fights: 1 },
      { cluster: "fleet/eu-3", commit: "e".repeat(40), ...none, behindSince: start },
    ],
  },
  leading: {
    catalog: { revision: "0123456789abcdef", triggers: 500, profiles: 0, clusters: 1200 },
    paused: false,
    pauses: [],
    streams: [
      { stream: "bus/EVENTS", state: "subscribed", read: 104_200, pushed: 104_182, pending: 22 },
      { stream: "edge/@journal", state: "degraded", problem },
    ],
    waiting: 3,
    lastPush: { at: start, milliseconds: 41, events: 18, created: 12, updated: 4, deleted: 2, failed: 1 },
    held: [
      {
        id: "3f0c9a1b77de",
        documents: ["EventTrigger//users"],
        removals: 540,
        additions: 0,
        owners: ["EventTrigger/users"],
        clusters: ["fleet/eu-1"],
        exceeded: [{ limit: "removals", counted: 540, allowed: 20 }],
      },
    ],
    heldPasses: [{ id: "ba9876543210", owner: "EventTrigger/quota" }],
    absent: {},
    handOvers: [],
    leftBehind: [],
    inTheWay: [],
    failures: { NAME_INVALID: 3 },
    withoutEffect: [
      { at: start + 70_000, stream: "bus/EVENTS", sequence: 7, subject: "user.logout", reason: "unmatched" },
      { at: start + 90_000, stream: "bus/EVENTS", sequence: 8, subject: hostile, reason: "undecoded", problem: bad },
    ],
    effects: [
      ...Array.from({ length: 60 }, (_, index) => effect(index)),
      effect(61, { action: "failed", failed: 3, subject: "alice@example.com", reason: bad }),
      effect(62, { action: "Delete", subject: hostile }),
    ],
    pushes: Array.from({ length: 40 }, (_, index) => ({
      at: start + index * 1000,
      milliseconds: 30 + ((index * 37) % 50),
      events: 1 + (index % 9),
      created: 1,
      updated: 0,
      deleted: 0,
      failed: index === 30 ? 1 : 0,
    })),
  },
};

export const manyTriggers: Inventory = {
  triggers: [
    { name: "quota", state: "broken", problem: bad },
    ...Array.from({ length: 499 }, (_, index) => ({ name: `trigger-${index}`, state: "in force" as const })),
  ],
  triggersCount: 500,
  clusters: Array.from({ length: 500 }, (_, index) => ({
    cluster: `fleet/eu-${index}`,
    labels: ["env=production", "region=eu"],
    isPaused: index === 0,
  })),
  clustersCount: 1200,
};

export const aliceRecord: EntityRecord = {
  owner: { kind: "EventTrigger", namespace: "", name: "user-namespaces" },
  entity: { connection: "bus", source: "auth.example.com/login", subject: "alice" },
  events: [
    {
      event: {
        id: "1",
        source: "auth.example.com/login",
        type: "login",
        subject: "alice",
        attributes: new Map(),
      } as never,
      message: { stream: "bus/EVENTS", sequence: 12, time: "2026-11-29T21:00:00Z" } as never,
    },
  ],
  clusters: new Map([
    [
      "fleet/eu-1",
      {
        event: 0,
        action: "Create" as const,
        objects: new Map([
          ["ns", { rank: 1, identity: { group: "", kind: "Namespace", namespace: "", name: "alice" } }],
        ]),
        waiting: new Map(),
        withdrawn: new Map(),
        failure: bad,
      },
    ],
  ]),
  changedAt: "2026-11-29T21:00:00Z",
};

export function pageSource(
  hosts: readonly string[] = [],
  snapshot: () => HostSnapshot = () => fullSnapshot,
): PageSource {
  return {
    page: () => ({ hosts }),
    snapshot,
    look: () => ({
      inventory: () => manyTriggers,
      search: async () => ({
        found: [{ owner: aliceRecord.owner, id: "0".repeat(40), record: aliceRecord }],
        searched: 1,
        isWhole: true,
      }),
      entity: async () => aliceRecord,
    }),
  };
}

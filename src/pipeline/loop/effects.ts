/** What was committed since the last push that arrived, added up for the log's one line a batch. */
import type { ChangeSet, EventEffect } from "../../model/change-set.ts";
import type { OutboxBatch } from "../../model/outcome.ts";
import { recentMax } from "./recent.ts";

export interface Effect {
  readonly batches: number;
  /** Deliveries taken. */
  readonly events: number;
  /** Objects, those that the state alone keeps included. */
  readonly created: number;
  readonly updated: number;
  readonly deleted: number;
  /** Entities that could not be rendered. */
  readonly failed: number;
  /** The last of the events that had an effect, the oldest first. */
  readonly recent: readonly EventEffect[];
  /** What is to be told of it, the oldest first. */
  readonly outbox: readonly OutboxBatch[];
  /** When the first of it was committed, by the monotonic clock; undefined: nothing was. */
  readonly since: number | undefined;
}

const noEffect: Effect = {
  batches: 0,
  events: 0,
  created: 0,
  updated: 0,
  deleted: 0,
  failed: 0,
  recent: [],
  outbox: [],
  since: undefined,
};

export class Effects {
  #pending = noEffect;

  /** A batch of so many deliveries is about to be committed. */
  begin(events: number, now: number): void {
    const { batches, since } = this.#pending;
    this.#pending = {
      ...this.#pending,
      batches: batches + 1,
      events: this.#pending.events + events,
      since: since ?? now,
    };
  }

  /** One commit of it. */
  add({ objects, events, outbox }: Pick<ChangeSet, "objects" | "events" | "outbox">): void {
    const count = (wanted: string) => objects.filter(({ action }) => action === wanted).length;
    const { created, updated, deleted, failed, recent } = this.#pending;
    this.#pending = {
      ...this.#pending,
      created: created + count("create"),
      updated: updated + count("update"),
      deleted: deleted + count("delete"),
      failed: failed + events.filter(({ action }) => action === "failed").length,
      recent: [...recent, ...events].slice(-recentMax),
      outbox: outbox === undefined ? this.#pending.outbox : [...this.#pending.outbox, outbox],
    };
  }

  /** What there is, to be told; it counts no more. */
  take(): Effect {
    const taken = this.#pending;
    this.#pending = noEffect;
    return taken;
  }

  /** What was taken and has not arrived after all. */
  giveBack(effect: Effect): void {
    this.#pending = addEffects(effect, this.#pending);
  }
}

export function addEffects(a: Effect, b: Effect): Effect {
  return {
    batches: a.batches + b.batches,
    events: a.events + b.events,
    created: a.created + b.created,
    updated: a.updated + b.updated,
    deleted: a.deleted + b.deleted,
    failed: a.failed + b.failed,
    recent: [...a.recent, ...b.recent].slice(-recentMax),
    outbox: [...a.outbox, ...b.outbox],
    since: a.since ?? b.since,
  };
}

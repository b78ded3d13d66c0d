/** Collects what a batch is to tell, while its inputs are folded in, and puts it into the state's outbox at the end. */
import { assert } from "../model/assert.ts";
import type { EventEffect } from "../model/change-set.ts";
import type { OutboxBatch, OutboxRules, Outcome } from "../model/outcome.ts";
import { ownerKey } from "../model/owner.ts";
import { type DeadLetter, type EntityRecord, failuresOf, type RecordedEvent } from "../model/record.ts";
import type { AggregateInput } from "./apply-aggregate.ts";
import {
  countOfName,
  failOutcome,
  outboxFolder,
  outboxPath,
  outcomeOfEffect,
  outcomeOfLetter,
  ownedByOutcome,
  ownedEntity,
  writeOutbox,
} from "./outbox-file.ts";
import type { Touched } from "./state-fold.ts";
import type { StateView } from "./state-view.ts";

/** What an input came to, to be told. */
export interface Told {
  readonly effect: EventEffect;
  readonly recorded: RecordedEvent | undefined;
  /** Of a pass: its number. */
  readonly pass?: number;
}

export interface OutboxChange {
  readonly outbox?: OutboxBatch;
  readonly droppedOutbox?: readonly string[];
}

export class OutboxWriter {
  readonly #rules: OutboxRules;
  readonly #stateId: string;
  readonly #outcomes: Outcome[] = [];
  /** What goes untold; the end of a batch may have to be tried several times. */
  readonly #dropped = new Set<string>();

  constructor(rules: OutboxRules, stateId: string) {
    assert(stateId !== "", "outcomes are named by the state's id, and it has none");
    this.#rules = rules;
    this.#stateId = stateId;
  }

  /** What an event or a pass did; `paths`: what it changed of the desired tree. */
  add({ effect, recorded, pass }: Told, paths: readonly string[]): void {
    const kept = this.#rules.isReviewed ? paths : undefined;
    this.#outcomes.push(outcomeOfEffect(this.#stateId, effect, recorded, kept, pass));
  }

  addLetter(letter: DeadLetter): void {
    this.#outcomes.push(outcomeOfLetter(this.#stateId, letter));
  }

  /** What entities render together is what became of each of them that had an event in the batch. */
  addAggregate(
    { owner, cluster, rendering }: AggregateInput,
    touched: readonly Touched[],
    paths: readonly string[],
  ): void {
    const key = ownerKey(owner);
    const own = touched.filter((one) => ownerKey(one.owner) === key && one.clusters.has(cluster));
    const concerned = new Set(own.map(({ entity }) => ownedEntity(key, entity)));
    for (const [index, outcome] of this.#outcomes.entries()) {
      const owned = ownedByOutcome(outcome);
      if (owned === undefined || !concerned.has(owned)) continue;
      const failed = rendering.action === "fail" ? failOutcome(outcome, rendering.problem) : outcome;
      const all = outcome.paths === undefined ? {} : { paths: [...outcome.paths, ...paths] };
      this.#outcomes[index] = { ...failed, ...all };
    }
  }

  /** Writes the file of this commit; of what is too much the oldest goes. To be tried like any input. */
  write(view: StateView, commit: number): OutboxChange {
    if (this.#outcomes.length === 0) return {};
    const path = outboxPath(commit, this.#outcomes.length);
    view.write(path, writeOutbox(this.#outcomes));
    const names = [...view.folder(outboxFolder)].sort();
    const waiting = names.reduce((sum, name) => sum + countOfName(name), 0);
    let over = waiting - this.#rules.outcomesMax;
    for (const name of names) {
      const other = `${outboxFolder}/${name}`;
      if (over <= 0 || other === path) break;
      over -= countOfName(name);
      // What was told is gone by now, and makes room all the same.
      if (!view.exists(other)) continue;
      view.delete(other);
      this.#dropped.add(other);
    }
    const outbox = { path, commit, outcomes: this.#outcomes };
    return this.#dropped.size === 0 ? { outbox } : { outbox, droppedOutbox: [...this.#dropped] };
  }
}

/** A pass that ended a record's failures: what was told last of it is not so any more. */
export function toldByPass(before: EntityRecord, after: EntityRecord, pass: number): Told | undefined {
  if (before.owner.kind !== "EventTrigger" || failuresOf(before).size === 0 || failuresOf(after).size > 0)
    return undefined;
  const [recorded] = after.events;
  const isThere = [...after.clusters.values()].some(({ objects, waiting }) => objects.size + waiting.size > 0);
  const { type = "", id = "" } = recorded?.event ?? {};
  const action = isThere ? ("Create" as const) : ("Delete" as const);
  const effect = { owner: after.owner, ...after.entity, type, id, action, clusters: after.clusters.size, failed: 0 };
  return { effect, recorded, pass };
}

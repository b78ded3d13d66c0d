/**
 * The fold: inputs in their order, each applied to the state as the ones before it left it, and the one change set that
 * they come to. Pure; however inputs fall into batches, the state comes out the same.
 */
import { assert } from "../model/assert.ts";
import type { ChangeSet, Checkpoint, EventEffect, PendingWork } from "../model/change-set.ts";
import type { Entity } from "../model/cloud-event.ts";
import type { ClusterKey } from "../model/cluster.ts";
import type { ClusterRendering, ObjectIdentity } from "../model/manifest.ts";
import type { OutboxRules } from "../model/outcome.ts";
import type { Owner } from "../model/owner.ts";
import { ownerKey, ownerKinds } from "../model/owner.ts";
import type { DeadLetter, EntityRecord } from "../model/record.ts";
import { type AdoptInput, adoptRecord } from "./adopt-record.ts";
import { type AggregateInput, applyAggregate } from "./apply-aggregate.ts";
import { applyEvent, dropUnused, type EntityInput, forgetEvents } from "./apply-event.ts";
import { applyReplay, discardFailures, type ReplayInput, removeEntity } from "./apply-replay.ts";
import { writeCheckpoint } from "./checkpoint-file.ts";
import type { ClaimRules } from "./claim-rules.ts";
import { headPath, nextInputRank } from "./claims-file.ts";
import { writeDeadLetter } from "./dead-letter-file.ts";
import { type EntityScope, namespacesOf, needNamespaceOf } from "./entity-on-cluster.ts";
import { readHubFile, writeHubFile } from "./hub-file.ts";
import { ObjectClaims } from "./object-claims.ts";
import { objectPathsOf } from "./object-paths.ts";
import { type OutboxChange, OutboxWriter, type Told, toldByPass } from "./outbox-writer.ts";
import {
  aggregateEntity,
  checkpointPath,
  deadLetterPath,
  deadLettersFolder,
  hashEntity,
  objectClaimsFolder,
  ownerPath,
  positionsPath,
  recordFolder,
  recordPath,
} from "./paths.ts";
import { joinReview } from "./pending-work.ts";
import { changedPositions, writePositions } from "./position-file.ts";
import { newProfileRecord } from "./profile-record.ts";
import { parseRecord, writeRecord } from "./record-file.ts";
import { noStateNeeds, type StateFiles, type StateNeeds, StateView } from "./state-view.ts";

export type PlanInput =
  | EntityInput
  | ReplayInput
  | AdoptInput
  | AggregateInput
  /** Forgets an entity under an owner, with all that it has: a person asked for it. */
  | { readonly kind: "remove"; readonly owner: Owner; readonly entity: Entity }
  /** Forgets why a record failed; with nothing else to remember the record goes. */
  | {
      readonly kind: "discard";
      readonly owner: Owner;
      readonly entity: Entity;
      /** The owner renders all its entities together: a record without objects may be of one that is alive. */
      readonly isAggregate?: true;
    }
  /** Forgets an owner that is withdrawn and has no objects: its records and what it asked for, whole folders at once. */
  | { readonly kind: "purge"; readonly owner: Owner }
  /** Takes away an object that was left on a cluster: a person asked for it. */
  | { readonly kind: "forget-left"; readonly cluster: ClusterKey; readonly identity: ObjectIdentity }
  | { readonly kind: "dead-letter"; readonly letter: DeadLetter }
  /** Files that are written as they are: the catalog in force, cluster files, what owners asked for. */
  | { readonly kind: "file"; readonly path: string; readonly text: string | undefined }
  /** Units of a hub's file, by name; undefined: it goes. Others in the file stay as they are. */
  | { readonly kind: "units"; readonly path: string; readonly units: ReadonlyMap<string, string | undefined> };

export interface PlanRules extends ClaimRules {
  readonly records: "full" | "identity";
  readonly deadLettersMax: number;
  /** Absent: nobody is told what became of events. */
  readonly outbox?: OutboxRules;
  /** The tree is another one than the state's, laid out anew: that alone is a change. */
  readonly isLaidOutAnew?: boolean;
}

/** What planning will read of most inputs, so that one look at Git suffices for most batches. */
export function pathsToRead(inputs: readonly PlanInput[], { layout }: PlanRules): StateNeeds {
  const needs = noStateNeeds();
  needs.texts.add(checkpointPath);
  for (const input of inputs) {
    if (input.kind === "file") needs.texts.add(input.path);
    if (input.kind === "forget-left") needs.texts.add(headPath(objectClaimsFolder(input.cluster, input.identity)));
    if ("entity" in input) needs.texts.add(recordPath(input.owner, hashEntity(input.entity)));
    if (input.kind !== "entity" && input.kind !== "replay") continue;
    for (const rendering of renderingsOf(input)) {
      if (rendering.action !== "Create") continue;
      for (const { identity } of rendering.manifests) {
        const paths = objectPathsOf(rendering.cluster, identity, layout);
        needs.ids.add(paths.in(input.owner));
        needs.texts.add(paths.head);
        for (const kind of ownerKinds) needs.folders.add(paths.ownersFolders[kind]);
      }
      for (const identity of namespacesOf(rendering.manifests).values()) {
        needs.texts.add(headPath(objectClaimsFolder(rendering.cluster, identity)));
      }
    }
  }
  return needs;
}

/** What an input renders, cluster by cluster. */
export function renderingsOf(input: EntityInput | ReplayInput): readonly ClusterRendering[] {
  if (input.kind === "entity") return input.renderings;
  return input.clusters.flatMap(({ rendering }) => ("cluster" in rendering ? [rendering] : []));
}

/** An entity's input that may have changed who is alive on these clusters under an owner that renders all together. */
export interface Touched {
  readonly owner: Owner;
  readonly entity: Entity;
  readonly clusters: ReadonlySet<ClusterKey>;
  /** The input's number. */
  readonly rank: number;
}

/** Where an event says something: where it is not blank, and on clusters of the record that do not match any more. */
function clustersTold(input: EntityInput, before: EntityRecord | undefined): ReadonlySet<ClusterKey> {
  const told = input.renderings.filter(({ action }) => action !== "none").map(({ cluster }) => cluster);
  if (input.elsewhere === "none") return new Set(told);
  const rendered = new Set(input.renderings.map(({ cluster }) => cluster));
  return new Set([...told, ...[...(before?.clusters.keys() ?? [])].filter((cluster) => !rendered.has(cluster))]);
}

export class StateFold {
  readonly #view: StateView;
  readonly #rules: PlanRules;
  readonly #stored: Checkpoint;
  readonly #checkpoint: Checkpoint;
  readonly #events: EventEffect[] = [];
  readonly #letters: DeadLetter[] = [];
  readonly #reviews = new Set<string>();
  readonly #touched: Touched[] = [];
  readonly #outbox: OutboxWriter | undefined;
  #nextRank: number;

  /** `stored`: the checkpoint as the state has it; `checkpoint`: as it is to be, but for what the inputs add to it. */
  constructor(stored: Checkpoint, checkpoint: Checkpoint, rules: PlanRules, files: StateFiles) {
    this.#stored = stored;
    this.#checkpoint = checkpoint;
    this.#rules = rules;
    this.#view = new StateView(files);
    this.#nextRank = checkpoint.nextRank;
    if (rules.outbox !== undefined) this.#outbox = new OutboxWriter(rules.outbox, checkpoint.stateId);
  }

  /** A record as it is now, or what must be read to tell. */
  record(owner: Owner, entity: Entity): { readonly needs: StateNeeds } | { readonly record: EntityRecord | undefined } {
    let record: EntityRecord | undefined;
    const needs = this.#view.try(() => {
      record = this.#record(owner, entity);
    });
    return needs === undefined ? { record } : { needs };
  }

  /** Every manifest of an object that is on file, whoever wants it, or what must be read to tell. */
  onFile(
    cluster: ClusterKey,
    owner: Owner,
    identity: ObjectIdentity,
  ): { readonly needs: StateNeeds } | { readonly texts: readonly string[] } {
    let texts: readonly string[] = [];
    const needs = this.#view.try(() => {
      texts = new ObjectClaims(this.#view, this.#rules, new Set(), cluster, identity).onFile({ owner, entityHash: "" });
    });
    return needs === undefined ? { texts } : { needs };
  }

  /** In the order of the inputs; owners that render each entity by itself may be among them. */
  get touched(): readonly Touched[] {
    return this.#touched;
  }

  /** Applies an input, or says what must be read first: then nothing has changed. */
  apply(input: PlanInput): StateNeeds | undefined {
    const events: EventEffect[] = [];
    const reviews = new Set<string>();
    const touched: Touched[] = [];
    const told: Told[] = [];
    let paths: readonly string[] = [];
    let next = this.#nextRank;
    const needs = this.#view.try(() => {
      next = this.#apply(input, events, reviews, touched, told);
      if (this.#outbox !== undefined) paths = this.#view.triedObjects;
    });
    if (needs !== undefined) return needs;
    for (const one of told) this.#outbox?.add(one, paths);
    if (input.kind === "aggregate") this.#outbox?.addAggregate(input, this.#touched, paths);
    if (input.kind === "dead-letter") this.#outbox?.addLetter(input.letter);
    this.#nextRank = next;
    this.#touched.push(...touched);
    this.#events.push(...events);
    for (const claims of reviews) this.#reviews.add(claims);
    if (input.kind === "dead-letter") this.#letters.push(input.letter);
    return undefined;
  }

  /** The change set, with the checkpoint in it; or what must be read first. */
  finish(): { readonly needs: StateNeeds } | { readonly changeSet: ChangeSet; readonly checkpoint: Checkpoint } {
    const view = this.#view;
    const checkpoint = this.#checkpoint;
    const stored = this.#stored;
    let droppedLetters = 0;
    let outbox: OutboxChange = {};
    const missing = view.try(() => {
      droppedLetters = this.#keepDeadLetters();
      outbox = this.#outbox?.write(view, stored.commits + 1) ?? {};
    });
    if (missing !== undefined) return { needs: missing };
    const pending = this.#pendingOf(checkpoint.pending);
    const unnumbered = { ...checkpoint, commits: stored.commits, nextRank: this.#nextRank, pending };
    view.try(() => {
      for (const [connection, positions] of changedPositions(stored.positions, checkpoint.positions)) {
        view.write(positionsPath(connection), writePositions(positions));
      }
    });
    const changed = view.changes();
    if ("needs" in changed) return changed;
    const isSame =
      this.#rules.isLaidOutAnew !== true &&
      changed.changes.length === 0 &&
      writeCheckpoint(unnumbered) === writeCheckpoint(stored);
    const events = this.#events;
    if (isSame) return { changeSet: { ...changed, events, droppedLetters }, checkpoint: unnumbered };
    const numbered = { ...unnumbered, commits: stored.commits + 1 };
    const text = writeCheckpoint(numbered);
    const changes = [...changed.changes, { path: checkpointPath, action: "write" as const, text }];
    changes.sort((a, b) => (a.path < b.path ? -1 : 1));
    return { changeSet: { ...changed, changes, events, droppedLetters, ...outbox }, checkpoint: numbered };
  }

  #apply(input: PlanInput, events: EventEffect[], reviews: Set<string>, touched: Touched[], told: Told[]): number {
    const view = this.#view;
    switch (input.kind) {
      case "entity": {
        const rank = nextInputRank(this.#nextRank);
        const scope = this.#scopeOf(input, reviews, rank, false);
        const path = recordPath(input.owner, scope.claimant.entityHash);
        const before = view.value(path, parseRecord);
        const outcome = applyEvent(scope, this.#rules.records, before, input);
        if (outcome === undefined) return this.#nextRank;
        if (outcome.record !== undefined || before !== undefined) this.#keepAt(path, outcome.record);
        if (input.isBackfill) return rank + 1;
        const { effect } = outcome;
        if (effect !== undefined) {
          events.push(effect);
          told.push({ effect, recorded: input.last });
        }
        if (input.isAggregate) touched.push({ ...input, clusters: clustersTold(input, before), rank });
        return rank + 1;
      }
      case "replay": {
        const isProfile = input.owner.kind !== "EventTrigger";
        const before =
          this.#record(input.owner, input.entity) ?? (isProfile ? newProfileRecord(input.owner) : undefined);
        if (before === undefined) return this.#nextRank;
        const { catalogRank, catalogAt } = this.#checkpoint;
        const scope = this.#scopeOf(input, reviews, catalogRank, true);
        const after = applyReplay(scope, before, input, isProfile ? catalogAt : undefined);
        const ended = toldByPass(before, after, catalogRank);
        if (ended !== undefined) told.push(ended);
        if (isProfile) this.#keep(input, { ...after, changedAt: catalogAt });
        else if (input.isPrivate) this.#keep(input, forgetEvents(after));
        else this.#keep(input, before.events.length === 0 ? after : dropUnused(after));
        return this.#nextRank;
      }
      case "adopt": {
        const before = this.#record(input.from, input.entity);
        if (before === undefined) return this.#nextRank;
        const { from, entity } = input;
        removeEntity(this.#scopeOf({ owner: from, entity }, reviews, 0, false), before);
        // What its new owner renders of all is rendered when all have come.
        this.#keep({ owner: from, entity }, undefined);
        // Where its new owner has had an event of the entity already, that one counts.
        if (this.#record(input.owner, entity) === undefined) this.#keep(input, adoptRecord(before, input.owner));
        return this.#nextRank;
      }
      case "remove": {
        const before = this.#record(input.owner, input.entity);
        if (before === undefined) return this.#nextRank;
        removeEntity(this.#scopeOf(input, reviews, 0, false), before);
        this.#keep(input, undefined);
        touched.push({ ...input, clusters: new Set(before.clusters.keys()), rank: this.#nextRank });
        return this.#nextRank;
      }
      case "aggregate": {
        const { owner, cluster, rank = this.#checkpoint.catalogRank } = input;
        const claimant = { owner, entity: aggregateEntity(cluster) };
        const before = this.#record(owner, claimant.entity);
        const scope = this.#scopeOf(claimant, reviews, rank, input.rank === undefined);
        const after = applyAggregate(scope, before, input);
        if (after !== undefined || before !== undefined) this.#keep(claimant, after);
        return this.#nextRank;
      }
      case "discard": {
        const before = this.#record(input.owner, input.entity);
        if (before !== undefined) this.#keep(input, discardFailures(before, input.isAggregate));
        return this.#nextRank;
      }
      case "forget-left": {
        const { cluster, identity } = input;
        const wasLeft = new ObjectClaims(view, this.#rules, reviews, cluster, identity).forgetLeft();
        if (wasLeft) needNamespaceOf({ view, rules: this.#rules, reviews }, cluster, identity, -1);
        return this.#nextRank;
      }
      case "purge":
        this.#purge(input.owner);
        return this.#nextRank;
      case "dead-letter":
        return this.#nextRank;
      case "file":
        if (input.text === undefined) view.delete(input.path);
        else view.write(input.path, input.text);
        return this.#nextRank;
      case "units":
        this.#writeUnits(input.path, input.units);
        return this.#nextRank;
      default:
        return input satisfies never;
    }
  }

  #writeUnits(path: string, changed: ReadonlyMap<string, string | undefined>): void {
    const before = this.#view.text(path);
    const units = new Map(before === undefined ? [] : readHubFile(before));
    for (const [unit, text] of changed) {
      if (text === undefined) units.delete(unit);
      else units.set(unit, text);
    }
    const after = writeHubFile(units);
    if (after === undefined) this.#view.delete(path);
    else this.#view.write(path, after);
  }

  #scopeOf(
    { owner, entity }: { readonly owner: Owner; readonly entity: Entity },
    reviews: Set<string>,
    rank: number,
    keepsRanks: boolean,
  ): EntityScope {
    const claimant = { owner, entityHash: hashEntity(entity) };
    return { view: this.#view, rules: this.#rules, claimant, reviews, rank, keepsRanks, claimed: new Map() };
  }

  #record(owner: Owner, entity: Entity): EntityRecord | undefined {
    return this.#view.value(recordPath(owner, hashEntity(entity)), parseRecord);
  }

  #keep({ owner, entity }: { readonly owner: Owner; readonly entity: Entity }, record: EntityRecord | undefined): void {
    this.#keepAt(recordPath(owner, hashEntity(entity)), record);
  }

  #keepAt(path: string, record: EntityRecord | undefined): void {
    if (record === undefined) this.#view.delete(path);
    else this.#view.writeValue(path, record, writeRecord);
  }

  #purge(owner: Owner): void {
    assert(!this.#rules.owners.has(ownerKey(owner)), `${ownerKey(owner)} is in force and must not be purged`);
    this.#view.deleteFolder(recordFolder(owner));
    this.#view.delete(ownerPath(owner));
  }

  #pendingOf(pending: PendingWork): PendingWork {
    return { ...pending, reviews: [...this.#reviews].sort().reduce(joinReview, pending.reviews) };
  }

  /** Ids ascend with time, so the oldest come first. Returns how many had to go. */
  #keepDeadLetters(): number {
    const view = this.#view;
    if (this.#letters.length === 0) return 0;
    for (const letter of this.#letters) view.write(deadLetterPath(letter.id), writeDeadLetter(letter));
    const names = [...view.folder(deadLettersFolder)].sort();
    const dropped = names.slice(0, Math.max(0, names.length - this.#rules.deadLettersMax));
    for (const name of dropped) view.delete(`${deadLettersFolder}/${name}`);
    return dropped.length;
  }
}

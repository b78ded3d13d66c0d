/**
 * Notices what others change in objects whose owner wants that corrected: by watches of metadata alone, kind by kind. Of
 * each object are kept its file, and a mark of the fields that are ours.
 */
import type { Problem } from "../model/problem.ts";
import type { ClusterReader, LiveMetadata, ResourceKind } from "../ports/cluster.ts";
import type { Clock } from "../ports/system.ts";
import { partOfSelector } from "./apply-set.ts";
import type { Bell } from "./bell.ts";
import { type DesiredFile, type ObjectKey, objectKey } from "./desired-object.ts";
import { ownMark } from "./own-fields.ts";
import type { ApplyItem } from "./pass-plan.ts";
import { WatchedObjects } from "./watched-objects.ts";

export interface DriftWatchParts {
  readonly reader: ClusterReader;
  readonly clock: Clock;
  readonly setId: string;
  readonly manager: string;
  /** Objects watched at most; what is beyond is looked at in full passes. */
  readonly watchedMax: number;
  /** Rung when something is to be corrected. */
  readonly bell: Bell;
  readonly onTrouble: (problem: Problem) => void;
}

/**
 * Corrections of one object that follow each other. Times are monotonic milliseconds. Quick or slow, somebody else wants
 * another thing of it: it is left to him for longer each time.
 */
interface Fight {
  readonly corrections: number;
  readonly lastAt: number;
  /** Left alone until then. */
  readonly truceUntil: number;
  readonly truces: number;
}

/** Each kind is a watch, and a connection that is never free; there are some left for requests. */
export const kindsWatchedMax = 150;

const peace: Fight = { corrections: 0, lastAt: Number.NEGATIVE_INFINITY, truceUntil: 0, truces: 0 };
/** From so many corrections on it is a fight, and again at each that follows a truce. */
const fightCorrections = 5;
/** What holds so long was no part of it. */
const peaceMs = 10 * 60_000;
const truceMs = { first: 10 * 60_000, max: 6 * 3_600_000 } as const;

function fightOn({ corrections, lastAt, truceUntil, truces }: Fight, now: number): Fight {
  if (now - Math.max(lastAt, truceUntil) > peaceMs) return { ...peace, corrections: 1, lastAt: now };
  const next = { corrections: corrections + 1, lastAt: now, truceUntil, truces };
  if (next.corrections < fightCorrections) return next;
  return { ...next, truces: truces + 1, truceUntil: now + Math.min(truceMs.first * 2 ** truces, truceMs.max) };
}

export class DriftWatch {
  readonly #parts: DriftWatchParts;
  readonly #objects = new WatchedObjects();
  /** Of those that were corrected. */
  readonly #fights = new Map<ObjectKey, Fight>();
  /** By key, the mark that was seen; empty: it is gone. */
  readonly #drifted = new Map<ObjectKey, string>();
  readonly #kinds = new Map<string, Promise<void>>();

  constructor(parts: DriftWatchParts) {
    this.#parts = parts;
  }

  /** It was applied just now; from now on what others do to it is noticed. */
  note(key: ObjectKey, file: DesiredFile, kind: ResourceKind, live: LiveMetadata, signal: AbortSignal): void {
    if (!this.#objects.has(key) && this.#objects.size >= this.#parts.watchedMax) return;
    const name = `${kind.group}/${kind.version}/${kind.plural}`;
    if (!this.#kinds.has(name) && this.#kinds.size >= kindsWatchedMax) return;
    const mark = ownMark(live, this.#parts.manager);
    this.#objects.set(key, { file, mark });
    if (this.#drifted.get(key) === mark) this.#drifted.delete(key);
    if (!this.#kinds.has(name)) this.#kinds.set(name, this.#follow(kind, signal));
  }

  /** The folder does not want it any more, or its owner does not want it watched. */
  forget(key: ObjectKey): void {
    this.#objects.delete(key);
    this.#fights.delete(key);
    this.#drifted.delete(key);
  }

  /** Only objects of such files are watched from now on. */
  keepOnly(isWanted: (file: DesiredFile) => boolean): void {
    for (const key of this.#objects.keys()) if (!isWanted(this.#objects.get(key)!.file)) this.forget(key);
  }

  /** Whether all of our fields are as they were when it was applied last. */
  isAsApplied(key: ObjectKey, live: LiveMetadata): boolean {
    return this.#objects.get(key)?.mark === ownMark(live, this.#parts.manager) && !this.#drifted.has(key);
  }

  /** It was corrected: something had really been changed. For how many milliseconds it is left alone now; 0: no fight. */
  noteCorrection(key: ObjectKey): number {
    if (!this.#objects.has(key)) return 0;
    const now = this.#parts.clock.monotonic();
    const fight = fightOn(this.#fights.get(key) ?? peace, now);
    this.#fights.set(key, fight);
    return Math.max(0, fight.truceUntil - now);
  }

  /** How many objects are left to somebody else at the moment. */
  get fights(): number {
    let count = 0;
    for (const fight of this.#fights.values()) if (this.#isTruce(fight)) count++;
    return count;
  }

  /** What is to be corrected now. */
  take(): readonly ApplyItem[] {
    const items: ApplyItem[] = [];
    for (const [key, seen] of this.#drifted) {
      const known = this.#objects.get(key);
      if (this.#isTruce(this.#fights.get(key) ?? peace)) continue;
      this.#drifted.delete(key);
      // It was our own write that was seen.
      if (known !== undefined && known.mark !== seen) items.push({ key, file: known.file });
    }
    return items;
  }

  /** What was taken could not be corrected: it still has to be. */
  giveBack(items: readonly ApplyItem[]): void {
    for (const { key } of items) this.#drifted.set(key, "");
  }

  /** Monotonic milliseconds when what was left alone because of a fight is corrected again; infinite: never. */
  get nextAt(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const key of this.#drifted.keys()) {
      const fight = this.#fights.get(key) ?? peace;
      if (this.#isTruce(fight)) next = Math.min(next, fight.truceUntil);
    }
    return next;
  }

  /** Resolves when no watch runs any more. */
  async ended(): Promise<void> {
    await Promise.all(this.#kinds.values());
  }

  #isTruce({ truceUntil }: Fight): boolean {
    return this.#parts.clock.monotonic() < truceUntil;
  }

  async #follow(kind: ResourceKind, signal: AbortSignal): Promise<void> {
    const { reader, setId, manager, onTrouble, bell } = this.#parts;
    const options = { labelSelector: partOfSelector(setId) };
    const seen = new Set<ObjectKey>();
    const part = `/${kind.kind.toLowerCase()}${kind.group === "" ? "" : `.${kind.group}`}/`;
    let isListing = false;
    const see = (key: ObjectKey, mark: string) => {
      const known = this.#objects.get(key);
      if (known === undefined || known.mark === mark) return;
      this.#drifted.set(key, mark);
      bell.ring();
    };
    // What goes on failing is told once.
    let told = "";
    const tell = (problem: Problem) => {
      if (problem.message !== told) onTrouble(problem);
      told = problem.message;
    };
    for await (const event of reader.watchMetadata(kind, options, signal, tell)) {
      if (event.type === "listing") {
        seen.clear();
        isListing = true;
        continue;
      }
      told = "";
      if (event.type === "listed") {
        // What was not among them went while nobody looked.
        for (const key of this.#objects.keys()) if (key.includes(part) && !seen.has(key)) see(key, "");
        seen.clear();
        isListing = false;
        continue;
      }
      const { namespace, name } = event.metadata;
      const key = objectKey({ group: kind.group, kind: kind.kind, namespace, name });
      if (isListing) seen.add(key);
      see(key, event.type === "deleted" ? "" : ownMark(event.metadata, manager));
    }
  }
}

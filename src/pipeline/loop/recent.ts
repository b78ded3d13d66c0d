/**
 * What became of the last events, for people who ask: those that had an effect, when it was pushed, and those that had
 * none, when they were read. Bounded; kept in memory only.
 */
import type { EventEffect } from "../../model/change-set.ts";
import type { StreamName } from "../../model/delivery.ts";
import type { Problem } from "../../model/problem.ts";

/** So many of each kind are kept. */
export const recentMax = 100;

/** An event's effect, pushed. */
export interface PushedEffect extends EventEffect {
  /** Milliseconds since 1970, when the push arrived. */
  readonly at: number;
  /** Where it can be seen: the target's head, or the state's where the target stays as it is. */
  readonly commit?: string;
  readonly branch: string;
}

/** A delivery that changed nothing, and why. */
export interface WithoutEffect {
  /** Milliseconds since 1970, when it was read. */
  readonly at: number;
  readonly stream: StreamName;
  readonly sequence: number;
  /** The message's own. */
  readonly subject: string;
  /**
   * unmatched: no trigger is meant; undecoded: it is a dead letter; no cluster: none matches; blank: the action renders to
   * nothing everywhere; marker: the server says with it that others are gone, or Sluice itself what became of one.
   */
  readonly reason: "unmatched" | "undecoded" | "no cluster" | "blank" | "marker";
  /** Of one that could not be decoded. */
  readonly problem?: Problem;
}

/** The last of what was added, the oldest first. */
export class Recent<T> {
  readonly #items: T[] = [];

  add(...items: readonly T[]): void {
    this.#items.push(...items.slice(-recentMax));
    if (this.#items.length > recentMax) this.#items.splice(0, this.#items.length - recentMax);
  }

  get items(): readonly T[] {
    return this.#items;
  }
}

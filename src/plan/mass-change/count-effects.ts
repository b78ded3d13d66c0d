/**
 * Counts what a change would take away and bring, object by object, and by what it is put down to.
 *
 * An object is one in its cluster whoever renders it and wherever its file stands: what goes under one owner, entity or
 * shard and comes under another has moved, and counts as neither.
 */
import { hash } from "node:crypto";
import type { CountedEffect, EffectCause } from "../../model/mass-change.ts";
import { ObjectHashes } from "./object-hashes.ts";

export class EffectCount {
  /** Each object's cause of going and of coming, as number in `#effects` from 1; 0: it does not. */
  readonly #objects = new ObjectHashes();
  readonly #effects: { cause: EffectCause; removals: number; additions: number }[] = [];
  readonly #numbers = new Map<string, number>();

  /** `object` names it within all clusters: {@link objectKey}. */
  goes(object: string, cause: EffectCause): void {
    const slot = this.#objects.slotOf(hashOf(object));
    if (this.#objects.first(slot) !== 0) return;
    const number = this.#numberOf(cause);
    this.#objects.setFirst(slot, number);
    const came = this.#objects.second(slot);
    if (came === 0) this.#effects[number - 1]!.removals++;
    else this.#effects[came - 1]!.additions--;
  }

  comes(object: string, cause: EffectCause): void {
    const slot = this.#objects.slotOf(hashOf(object));
    if (this.#objects.second(slot) !== 0) return;
    const number = this.#numberOf(cause);
    this.#objects.setSecond(slot, number);
    const went = this.#objects.first(slot);
    if (went === 0) this.#effects[number - 1]!.additions++;
    else this.#effects[went - 1]!.removals--;
  }

  /** By cause, those that come to nothing left out. */
  effects(): readonly CountedEffect[] {
    return this.#effects
      .filter(({ removals, additions }) => removals > 0 || additions > 0)
      .map(({ cause, removals, additions }) => ({ ...cause, removals, additions }));
  }

  #numberOf(cause: EffectCause): number {
    const key = JSON.stringify([cause.owner, cause.cluster, cause.documents, cause.isKnown]);
    let number = this.#numbers.get(key);
    if (number === undefined) {
      number = this.#effects.push({ cause, removals: 0, additions: 0 });
      this.#numbers.set(key, number);
    }
    return number;
  }
}

/** The same for an object wherever its file stands: `path` is below its owner's folder, shards and all. */
export function objectKey(cluster: string, path: string): string {
  return `${cluster}/${path.split("/").slice(-3).join("/")}`;
}

function hashOf(object: string): bigint {
  const value = BigInt(`0x${hash("sha256", object, "hex").slice(0, 16)}`);
  return value === 0n ? 1n : value;
}

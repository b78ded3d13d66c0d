/** Objects that are not as they should be yet, and when each is tried again. */
import type { ObjectKey } from "./desired-object.ts";
import type { ObjectOutcome } from "./outcome.ts";
import type { ApplyItem, RemovalItem } from "./pass-plan.ts";

export interface PendingObject {
  readonly item: { readonly apply: ApplyItem } | { readonly remove: RemovalItem };
  readonly outcome: ObjectOutcome;
  readonly attempts: number;
  /** Monotonic milliseconds. */
  readonly dueAt: number;
}

const failureMs = { first: 1_000, max: 60_000 } as const;
/** What only waits for something to go is there soon after it has gone. */
const waitMs = { first: 300, max: 3_000 } as const;
/** What somebody else has. */
const conflictMs = { first: 30_000, max: 120_000 } as const;

export class PendingObjects {
  readonly #objects = new Map<ObjectKey, PendingObject>();

  get size(): number {
    return this.#objects.size;
  }

  get outcomes(): readonly ObjectOutcome[] {
    return [...this.#objects.values()].map(({ outcome }) => outcome);
  }

  clear(): void {
    this.#objects.clear();
  }

  /** What a pass made of an object: it is tried again where that may help, and else forgotten. */
  note(key: ObjectKey, item: PendingObject["item"], outcome: ObjectOutcome, now: number): void {
    if (outcome.isPending !== true) {
      this.#objects.delete(key);
      return;
    }
    const attempts = (this.#objects.get(key)?.attempts ?? 0) + 1;
    const { first, max } =
      outcome.action === "conflict" ? conflictMs : outcome.action === "skipped" ? waitMs : failureMs;
    const delay = Math.min(first * 2 ** (attempts - 1), max);
    this.#objects.set(key, { item, outcome, attempts, dueAt: now + delay });
  }

  /** What changed anew is tried at once, as if for the first time. */
  forget(key: ObjectKey): void {
    this.#objects.delete(key);
  }

  /** What is due; of removals all, as soon as one is: what goes first depends on what else goes. */
  due(now: number, hasRemovals: boolean): readonly PendingObject[] {
    const all = [...this.#objects.values()];
    const isDue = ({ dueAt }: PendingObject) => dueAt <= now;
    const withRemovals = hasRemovals || all.some((one) => "remove" in one.item && isDue(one));
    return all.filter((one) => isDue(one) || (withRemovals && "remove" in one.item));
  }

  /** When the next is due; infinite: none waits. */
  get nextAt(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const { dueAt } of this.#objects.values()) next = Math.min(next, dueAt);
    return next;
  }
}

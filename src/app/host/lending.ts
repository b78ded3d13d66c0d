/**
 * Things of which there is only one for each key: listeners by address, locks by folder. They are lent to whoever is in
 * force; what new settings need besides is opened beside the old, and what nobody uses any more is closed at the end.
 */
import type { Closable } from "./host-parts.ts";

export interface PreparedLending<T> {
  /** What the new settings use. */
  readonly wanted: ReadonlyMap<string, T>;
  /** The new settings are in force: closes what they don't use. */
  adopt(): Promise<void>;
  /** They are not: closes what was opened for them. */
  abandon(): Promise<void>;
}

/** Each, whatever becomes of the others; throws what the first one fails with. */
export async function closeAll(things: Iterable<Closable>): Promise<void> {
  const failures: unknown[] = [];
  for (const thing of things) await thing.close().catch((error: unknown) => failures.push(error));
  if (failures.length > 0) throw failures[0];
}

export class Lending<T extends Closable> {
  #held = new Map<string, T>();

  /** Opens what is wanted and not open yet. Where that fails it throws, and nothing has changed. */
  async prepare(wanted: ReadonlyMap<string, () => Promise<T>>): Promise<PreparedLending<T>> {
    const opened = new Map<string, T>();
    const closeOpened = async () => {
      for (const thing of opened.values()) await thing.close();
    };
    const all = new Map<string, T>();
    try {
      for (const [key, open] of wanted) {
        const held = this.#held.get(key);
        const thing = held ?? (await open());
        if (held === undefined) opened.set(key, thing);
        all.set(key, thing);
      }
    } catch (error) {
      await closeOpened();
      throw error;
    }
    return {
      wanted: all,
      adopt: async () => {
        const before = this.#held;
        this.#held = all;
        await closeAll([...before].filter(([key]) => !all.has(key)).map(([, thing]) => thing));
      },
      abandon: closeOpened,
    };
  }

  async close(): Promise<void> {
    for (const thing of this.#held.values()) await thing.close();
    this.#held.clear();
  }
}

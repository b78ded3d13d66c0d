/**
 * The local store as a repository needs it: damaged, it is made anew; on a disk that fails it moves elsewhere; what was
 * pushed is stored in it, and it is kept small in the background. What changes it runs one after the other.
 */
import { SluiceError } from "../../model/problem.ts";
import type { ObjectId } from "../../ports/git.ts";
import { abortedError } from "./given-up.ts";
import { FetchFailedError } from "./local-store.ts";
import type { ObjectStore } from "./object-store.ts";
import { refName } from "./push-client.ts";
import { isStoreFault, toRemoteError } from "./remote-failure.ts";
import type { RepositoryParts } from "./repository-parts.ts";
import { DamagedStoreError, MissingObjectError, StoreDiskError } from "./store-error.ts";
import { WorkQueue } from "./work-queue.ts";

/** Another folder for a store whose disk fails is looked for at most so often. */
const moveMsMin = 60_000;
/** A store in a makeshift folder, which may be memory, is fetched anew when it has grown by so much. */
const makeshiftGrowthBytesMax = 64 * 1024 * 1024;

export class KeptStore {
  readonly #parts: Pick<RepositoryParts, "local" | "transport" | "limits" | "log">;
  readonly #objects: ObjectStore;
  /** Branches that were asked for: what a store that is made anew must hold. */
  readonly #branches = new Set<string>();
  readonly #work = new WorkQueue();
  /** Ends what is under way. */
  readonly #closed: AbortSignal;
  #maintenance: Promise<void> | undefined;
  #isClosed = false;
  /** When another folder for the store was last looked for; monotonic milliseconds. */
  #movedAt: number | undefined;
  /** Size of the local store when it held nothing that is not needed. */
  #renewedBytes = 0;

  constructor(
    parts: Pick<RepositoryParts, "local" | "transport" | "limits" | "log">,
    objects: ObjectStore,
    closed: AbortSignal,
  ) {
    this.#parts = parts;
    this.#objects = objects;
    this.#closed = closed;
  }

  /** Runs work on the store behind what others do to it. */
  run<T>(work: () => Promise<T>): Promise<T> {
    return this.#work.run(work);
  }

  /** Whoever makes the store anew fetches this branch too. */
  remember(branch: string): void {
    this.#branches.add(branch);
  }

  /** Stores what was pushed, waits for what tidies up, and takes nothing more. */
  async close(): Promise<void> {
    await this.#work.run(() => this.#store());
    this.#isClosed = true;
    await this.#maintenance;
  }

  /** Fetches; where that fails for a fault of the store, once more into a new one, elsewhere if its disk does not take it. */
  async fetchBranches(branches: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, ObjectId>> {
    const { local, log } = this.#parts;
    try {
      try {
        await this.#objects.store();
        return await local.fetchBranches(branches, signal);
      } catch (error) {
        const isFault = error instanceof FetchFailedError && isStoreFault(error.stderr);
        if (!(error instanceof DamagedStoreError) && !isFault) throw error;
        log.warn("the local Git store is damaged and made anew", { reason: error.message });
      }
      await local.rebuild();
      this.#objects.clearCache();
      return await local.fetchBranches(branches, signal);
    } catch (error) {
      if (!(error instanceof StoreDiskError)) throw toRemoteError(error);
      await this.#moveStore(branches, error, signal);
      return local.trackedHeads(branches);
    }
  }

  /** Fetches something into the store; where its disk does not take it, once more into another one. */
  async intoStore(fetch: (signal: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<void> {
    try {
      await fetch(signal).catch(async (error: unknown) => {
        if (!(error instanceof StoreDiskError)) throw error;
        await this.#moveStore([], error, signal);
        await fetch(signal);
      });
    } catch (error) {
      throw toRemoteError(error);
    }
  }

  /** To a folder that can be written; with what the remote's branches are now. */
  async #moveStore(branches: readonly string[], cause: StoreDiskError, signal: AbortSignal): Promise<void> {
    const { local, log, transport } = this.#parts;
    const { refs } = await transport.readRefs(signal);
    const wanted = [...new Set([...this.#objects.branches, ...branches])].filter((name) => refs.has(refName(name)));
    try {
      await local.move(wanted, cause, signal);
    } catch (error) {
      throw toRemoteError(error);
    }
    this.#objects.clearCache();
    log.warn("the local Git store's disk does not take what is written: it goes on in another folder", {
      reason: cause.message,
      directory: local.directory,
    });
  }

  /** Whether the commit is here; not where the store is damaged. */
  knows(commit: ObjectId): boolean {
    try {
      return this.#objects.has(commit);
    } catch (error) {
      if (error instanceof DamagedStoreError) return false;
      throw error;
    }
  }

  /** Stores pushed objects that are only in memory, beside what goes on, once they are worth a pack. */
  storeIfDue(): void {
    const isDue = () => this.#objects.isStoringDue && !this.#isClosed;
    // By its turn another one may have stored it all.
    if (isDue()) void this.#work.run(async () => (isDue() ? this.#store() : undefined));
  }

  async #store(): Promise<void> {
    try {
      await this.#objects.store();
    } catch (error) {
      if (!(await this.#storeElsewhere(error))) return;
    }
    this.#maintenance ??= this.#maintain().finally(() => {
      this.#maintenance = undefined;
    });
  }

  /** What was pushed could not be stored: it stays in memory, unless there is another folder for it. False where there is none. */
  async #storeElsewhere(reason: unknown): Promise<boolean> {
    const { log } = this.#parts;
    const now = performance.now();
    const isDue = this.#movedAt === undefined || now - this.#movedAt > moveMsMin;
    if (reason instanceof StoreDiskError && isDue && !this.#isClosed && !this.#closed.aborted) {
      this.#movedAt = now;
      try {
        await this.#moveStore([], reason, this.#closed);
        await this.#objects.store();
        return true;
      } catch (error) {
        log.warn("pushed objects could not be stored locally, and are kept in memory", {
          reason: error instanceof Error ? error.message : String(error),
        });
      }
    } else if (isDue) {
      this.#movedAt = now;
      log.warn("pushed objects could not be stored locally", { reason: String(reason) });
    }
    this.#objects.makeRoom();
    return false;
  }

  /** Keeps the local store small, in the background: reading and pushing go on. */
  async #maintain(): Promise<void> {
    const { local, limits, log } = this.#parts;
    try {
      const growthMax = local.isMakeshift
        ? Math.min(makeshiftGrowthBytesMax, limits.storeGrowthBytesMax)
        : limits.storeGrowthBytesMax;
      if (local.packBytes > 2 * this.#renewedBytes + growthMax) await this.#renewStore();
    } catch (error) {
      log.debug("the local Git store could not be fetched anew", { reason: String(error) });
    }
    try {
      const replace = await local.mergeSmallPacks();
      await this.#work.run(async () => {
        if (!this.#isClosed) replace?.();
      });
    } catch (error) {
      log.debug("the local Git store could not be tidied up", { reason: String(error) });
    }
  }

  async #renewStore(): Promise<void> {
    const { local, transport } = this.#parts;
    const signal = this.#closed;
    const { refs } = await transport.readRefs(signal);
    // Heads that are gone can't be fetched, and nobody needs them.
    for (const branch of this.#objects.branches) if (!refs.has(refName(branch))) this.#objects.forgetHead(branch);
    const { branches } = this.#objects;
    const replace = await local.renew(branches, signal);
    await this.#work.run(async () => {
      if (this.#isClosed) return;
      await replace();
      // What was pushed meanwhile was in the old one only.
      await local.fetchBranches(branches, signal);
      this.#renewedBytes = local.packBytes;
    });
  }

  /**
   * Reads. What the store lacks is brought from the remote: it has the trees of the branches' heads for good, and those of former
   * ones only until it is fetched anew or moves. Where that does not help the store is damaged, and made anew. Closed it reads
   * nothing: whoever was given up ends there, and its folder may be another's by now.
   */
  async read<T>(read: () => T): Promise<T> {
    if (this.#closed.aborted) throw abortedError("reading the repository");
    const first = attempt(read);
    if ("value" in first) return first.value;
    // Behind whoever has the store in hand: while it is made anew or exchanged it may look as if much were missing.
    return this.#work.run(async () => {
      const asked = new Set<ObjectId>();
      for (let isNew = false; ; ) {
        const next = attempt(read);
        if ("value" in next) return next.value;
        const { fault } = next;
        if (fault instanceof MissingObjectError && !asked.has(fault.id)) {
          asked.add(fault.id);
          if (await this.#bring(fault)) continue;
        }
        if (isNew) {
          const message = `the repository lacks an object: ${fault.message}`;
          throw new SluiceError({ code: "GIT_INVALID", message }, fault);
        }
        this.#parts.log.warn("the local Git store is damaged and made anew", { reason: fault.message });
        await this.#rebuild();
        isNew = true;
      }
    });
  }

  /** Asks the remote for an object: false where it does not give it. */
  async #bring({ type, id }: MissingObjectError): Promise<boolean> {
    const { local, log } = this.#parts;
    try {
      await this.intoStore((signal) => local.fetchFormer(type, id, signal), this.#closed);
      return true;
    } catch (error) {
      log.debug("an object of a former commit could not be fetched", { id, reason: String(error) });
      return false;
    }
  }

  async #rebuild(): Promise<void> {
    const signal = this.#closed;
    // First: where the remote can't be reached, what is here stays.
    const { refs } = await this.#parts.transport.readRefs(signal);
    await this.#parts.local.rebuild();
    this.#objects.clearCache();
    const present = [...this.#branches].filter((branch) => refs.has(refName(branch)));
    try {
      if (present.length > 0) await this.#parts.local.fetchBranches(present, signal);
    } catch (error) {
      throw toRemoteError(error);
    }
  }
}

/** What reading comes to, or what is wrong with the store. */
function attempt<T>(read: () => T): { readonly value: T } | { readonly fault: DamagedStoreError } {
  try {
    return { value: read() };
  } catch (error) {
    if (!(error instanceof DamagedStoreError)) throw error;
    return { fault: error };
  }
}

/**
 * Deleting what the folder does not have any more: dependents before what they depend on, instances before their definitions,
 * contents before their Namespaces. Only what still has our label goes, and only the very object that was looked at.
 */
import { ClusterRefusal } from "../model/cluster-refusal.ts";
import type { ClusterReader, LiveMetadata, ObjectRef } from "../ports/cluster.ts";
import type { PassParts } from "./apply-pass.ts";
import { isMember, notPartOfSelector, outOfSet, partOfSelector } from "./apply-set.ts";
import { decideRemoval } from "./decide.ts";
import type { ObjectKey } from "./desired-object.ts";
import { lookUp } from "./look-up.ts";
import { textAt } from "./members.ts";
import { removalStageOf } from "./object-rank.ts";
import { readStatus } from "./object-status.ts";
import type { ObjectOutcome } from "./outcome.ts";
import type { RemovalItem } from "./pass-plan.ts";
import { type RemovalRound, removalRounds } from "./removal-rounds.ts";

type Told = Pick<ObjectOutcome, "action" | "code" | "message" | "isPending">;

/** An item with where it is in the cluster. */
interface Placed {
  readonly item: RemovalItem;
  readonly ref: ObjectRef;
}

export async function removeObjects(
  parts: PassParts,
  items: readonly RemovalItem[],
  live: ReadonlyMap<ObjectKey, LiveMetadata>,
  appliedUids: ReadonlySet<string>,
): Promise<void> {
  const removal = new Removal(parts, live, appliedUids);
  for (const round of removalRounds(items, parts.dependsOn)) await removal.run(round);
}

class Removal {
  readonly #parts: PassParts;
  readonly #live: ReadonlyMap<ObjectKey, LiveMetadata>;
  readonly #appliedUids: ReadonlySet<string>;
  /** Owners of which something that was to go is still there, and what. */
  readonly #remaining = new Map<string, string>();
  /** Namespaces with something in it that is to go and is still there; or that is to stay. */
  readonly #held = new Map<string, string>();
  readonly #kept = new Map<string, string>();

  constructor(parts: PassParts, live: ReadonlyMap<ObjectKey, LiveMetadata>, appliedUids: ReadonlySet<string>) {
    this.#parts = parts;
    this.#live = live;
    this.#appliedUids = appliedUids;
  }

  async run({ items, waitsFor, isWaitedFor }: RemovalRound): Promise<void> {
    const waiting = waitsFor.flatMap((owner) => this.#remaining.get(owner) ?? []);
    if (waiting.length > 0) {
      const message = `waits until ${waiting[0]}, which depends on it, is gone`;
      for (const item of items) this.#note(item, { action: "skipped", message, isPending: true });
      return;
    }
    const placed = (await Promise.all(items.map((item) => this.#place(item)))).flat();
    const unknown = placed.filter(({ item }) => !this.#live.has(item.key));
    const { found, refused } = await lookUp(
      this.#parts.reader,
      unknown.map(({ item: { key }, ref }) => ({ key, ref })),
    );
    const going: (Placed & { readonly uid: string })[] = [];
    await Promise.all(
      placed.map(async ({ item, ref }) => {
        try {
          const refusal = refused.get(item.key);
          if (refusal !== undefined) throw refusal;
          const there = this.#live.get(item.key) ?? found.get(item.key);
          const told = await this.#remove(item, ref, there);
          const isOurs = there !== undefined && isMember(there, this.#parts.ownership);
          const isGoing = isOurs && (told.action === "deleted" || there.isTerminating);
          if (isWaitedFor && isGoing) going.push({ item, ref, uid: there.uid });
          else this.#note(item, told);
        } catch (error) {
          this.#note(item, failureOf(error));
        }
      }),
    );
    await this.#followGoing(going);
  }

  /** What others wait for counts as deleted when it is gone: finalizers may keep it for a while. */
  async #followGoing(going: readonly (Placed & { readonly uid: string })[]): Promise<void> {
    const { found, refused } = await lookUp(
      this.#parts.reader,
      going.map(({ item: { key }, ref }) => ({ key, ref })),
    );
    for (const { item, uid } of going) {
      const isThere = refused.has(item.key) || found.get(item.key)?.uid === uid;
      const message = "is being deleted, and something keeps it; what it depends on waits";
      this.#note(item, isThere ? { action: "skipped", message, isPending: true } : { action: "deleted" });
    }
  }

  #note(item: RemovalItem, told: Told): void {
    const { key, identity, owner } = item;
    if (told.isPending === true) {
      this.#remaining.set(owner, describe(key));
      if (identity.namespace !== "") this.#held.set(identity.namespace, describe(key));
    }
    this.#tell(item, told);
  }

  #tell({ key, identity, owner }: RemovalItem, told: Told): void {
    this.#parts.onOutcome(key, { ...told, identity, owner });
  }

  /** None where that is told already. */
  async #place(item: RemovalItem): Promise<Placed[]> {
    try {
      const ref = await findRef(this.#parts.reader, item);
      if (ref !== undefined) return [{ item, ref }];
      // A kind that is gone has taken its objects with it.
      this.#note(item, { action: "deleted", message: "went with its kind" });
    } catch (error) {
      this.#note(item, failureOf(error));
    }
    return [];
  }

  async #remove({ key }: RemovalItem, ref: ObjectRef, live: LiveMetadata | undefined): Promise<Told> {
    const { writer, ownership } = this.#parts;
    if (live === undefined) return { action: "deleted", message: "was gone already" };
    if (this.#appliedUids.has(live.uid)) return { action: "skipped", message: "is wanted under another group's name" };
    const decision = decideRemoval(live, ownership);
    if (decision.kind === "skip") return { action: "skipped", message: decision.message };
    if (decision.kind === "release") {
      if (ref.namespace !== "") this.#kept.set(ref.namespace, describe(key));
      return this.#release(ref, live, "stays, as its annotation says");
    }
    const stage = removalStageOf(key);
    if (stage === "crds") {
      const kept = await findInstances(this.#parts, ref);
      if (kept !== undefined) return kept;
    }
    if (stage === "namespaces") {
      // What stays by its own annotation would go with its Namespace. It is said at once, whatever else is still there: what
      // has left the set is among nothing that is tried again, and nobody would know of it then.
      const kept = this.#kept.get(ref.name);
      if (kept !== undefined) return this.#release(ref, live, `stays for ${kept}, which stays in it`);
      const held = this.#held.get(ref.name);
      if (held !== undefined)
        return { action: "skipped", message: `waits until ${held} in it is gone`, isPending: true };
    }
    const wasThere = await writer.remove(ref, live.uid, "background");
    return wasThere ? { action: "deleted" } : { action: "skipped", message: "there is another in its place" };
  }

  async #release(ref: ObjectRef, { uid }: LiveMetadata, why: string): Promise<Told> {
    await this.#parts.writer.patch(ref, uid, outOfSet);
    return { action: "skipped", message: `${why}, and is not Sluice's any more` };
  }
}

function failureOf(error: unknown): Told {
  if (!(error instanceof ClusterRefusal)) throw error;
  const { code, message } = error.problem;
  if (error.reason === "under-way") return { action: "skipped", message, isPending: true };
  return { action: "failed", code, message, isPending: true };
}

/** `configmap/login`, as kubectl has it. */
function describe(key: ObjectKey): string {
  return key.split("/").slice(1).join("/");
}

async function findRef(reader: ClusterReader, { identity, version }: RemovalItem): Promise<ObjectRef | undefined> {
  const { group, kind, namespace, name } = identity;
  // A version that the folder had may be served no more; the object is there at another.
  const found = (await reader.findKind(group, kind, version)) ?? (await reader.findKind(group, kind));
  return found === undefined ? undefined : { kind: found, namespace, name };
}
/** Why a definition has to stay: deleting it would delete all of its kind. Undefined: nothing keeps it. */
async function findInstances(
  { reader, ownership: { setId } }: PassParts,
  definition: ObjectRef,
): Promise<Told | undefined> {
  const object = await reader.readObject(definition);
  const kindName = textAt(object, "spec", "names", "kind") ?? "";
  const kind = await reader.findKind(textAt(object, "spec", "group") ?? "", kindName);
  if (kind === undefined) {
    // It was established, so that there may be some, and none of its versions is served, so that nobody can look.
    const isEstablished = object !== undefined && readStatus(object).health === "current";
    const message = `stays: nobody can see whether the cluster has a ${kindName}, which would go with it`;
    return isEstablished ? { action: "skipped", message, isPending: true } : undefined;
  }
  const others = await reader.listIfFew(kind, { labelSelector: notPartOfSelector(setId) }, 1);
  if (others === undefined || others.length > 0) {
    const message = `stays: the cluster has a ${kindName} that is not Sluice's, which would go with it`;
    return { action: "skipped", message, isPending: true };
  }
  const ours = await reader.listIfFew(kind, { labelSelector: partOfSelector(setId) }, 1);
  if (ours === undefined || ours.length > 0) {
    return { action: "skipped", message: `waits until the last ${kindName} is gone`, isPending: true };
  }
  return undefined;
}

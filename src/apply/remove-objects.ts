/**
 * Deleting what the folder does not have any more: instances before their definitions, contents before their Namespaces.
 * Only what still has our label goes, and only the very object that was looked at.
 */
import { ClusterRefusal } from "../model/cluster-refusal.ts";
import type { ClusterReader, LiveMetadata, ObjectRef } from "../ports/cluster.ts";
import type { PassParts } from "./apply-pass.ts";
import { notPartOfSelector, partOfLabel, partOfSelector } from "./apply-set.ts";
import { decideRemoval } from "./decide.ts";
import type { ObjectKey } from "./desired-object.ts";
import { lookUp } from "./look-up.ts";
import { textAt } from "./members.ts";
import { removalOrder, removalStageOf } from "./object-rank.ts";
import { readStatus } from "./object-status.ts";
import type { ObjectOutcome } from "./outcome.ts";
import type { RemovalItem } from "./pass-plan.ts";

type Told = Pick<ObjectOutcome, "action" | "code" | "message" | "isPending">;

export async function removeObjects(
  parts: PassParts,
  items: readonly RemovalItem[],
  live: ReadonlyMap<ObjectKey, LiveMetadata>,
): Promise<void> {
  for (const stage of removalOrder) {
    const staged = items.filter(({ key }) => removalStageOf(key) === stage);
    const found = await Promise.all(staged.map((item) => findRef(parts.reader, item)));
    const refs = found.flatMap((ref, index) => (ref === undefined ? [] : [{ item: staged[index]!, ref }]));
    for (const [index, ref] of found.entries()) {
      // A kind that is gone has taken its objects with it.
      if (ref === undefined) tell(parts, staged[index]!, { action: "deleted", message: "went with its kind" });
    }
    const unknown = refs.filter(({ item }) => !live.has(item.key)).map(({ item: { key }, ref }) => ({ key, ref }));
    const { found: looked, refused } = await lookUp(parts.reader, unknown);
    await Promise.all(
      refs.map(async ({ item, ref }) => {
        try {
          const refusal = refused.get(item.key);
          if (refusal !== undefined) throw refusal;
          const there = live.get(item.key) ?? looked.get(item.key);
          tell(parts, item, await removeOne(parts, item, ref, there));
        } catch (error) {
          if (!(error instanceof ClusterRefusal)) throw error;
          const { code, message } = error.problem;
          tell(parts, item, { action: "failed", code, message, isPending: true });
        }
      }),
    );
  }
}

async function findRef(reader: ClusterReader, { identity, version }: RemovalItem): Promise<ObjectRef | undefined> {
  const { group, kind, namespace, name } = identity;
  // A version that the folder had may be served no more; the object is there at another.
  const found = (await reader.findKind(group, kind, version)) ?? (await reader.findKind(group, kind));
  return found === undefined ? undefined : { kind: found, namespace, name };
}

async function removeOne(
  parts: PassParts,
  { key }: RemovalItem,
  ref: ObjectRef,
  live: LiveMetadata | undefined,
): Promise<Told> {
  if (live === undefined) return { action: "deleted", message: "was gone already" };
  const decision = decideRemoval(live, parts.ownership);
  if (decision.kind === "skip") return { action: "skipped", message: decision.message };
  if (decision.kind === "release") {
    const labels = new Map([[partOfLabel, null]]);
    await parts.writer.patch(ref, live.uid, new Map([["metadata", new Map([["labels", labels]])]]));
    return { action: "skipped", message: "stays, as its annotation says, and is not Sluice's any more" };
  }
  if (removalStageOf(key) === "crds") {
    const kept = await findInstances(parts, ref);
    if (kept !== undefined) return kept;
  }
  const wasThere = await parts.writer.remove(ref, live.uid, "background");
  return wasThere ? { action: "deleted" } : { action: "skipped", message: "there is another in its place" };
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

function tell({ onOutcome }: PassParts, { key, identity, owner }: RemovalItem, told: Told): void {
  onOutcome(key, { ...told, identity, owner });
}

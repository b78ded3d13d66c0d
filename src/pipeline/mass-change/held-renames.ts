/** Triggers that get another name where each has a unit of its own: what they have goes from unit to unit, so a person begins it. */
import { readHandOvers } from "../../delivery/hand-over/hand-over.ts";
import type { Catalog } from "../../model/catalog.ts";
import type { Checkpoint } from "../../model/change-set.ts";
import type { HeldChange } from "../../model/mass-change.ts";
import { documentKeyOf, ownerKey, triggerOwner } from "../../model/owner.ts";
import { findRenamed } from "../../plan/adopt-record.ts";
import { changeId } from "../../plan/mass-change/change-id.ts";

/** `inForce`: with the owners that are withdrawn, and as it is delivered. */
export function heldRenames(checkpoint: Checkpoint, inForce: Catalog, wanted: Catalog): readonly HeldChange[] {
  if (inForce.delivery?.split !== "owner") return [];
  const adopting = readHandOvers(checkpoint.parts).flatMap(({ change, step }) =>
    change.kind === "rename" && step === "adopt" ? [[change.from.name, change.to.name].join(" ")] : [],
  );
  return [...findRenamed(wanted)].flatMap(([to, from]) => {
    if (!inForce.eventTriggers.has(from) || adopting.includes([from, to].join(" "))) return [];
    const changes = [from, to].map((name) => {
      const key = documentKeyOf(triggerOwner(name));
      return { key, before: inForce.documents.get(key)?.text, after: wanted.documents.get(key)?.text };
    });
    const id = changeId(changes);
    const documents = changes.map(({ key }) => key);
    const none = { removals: 0, additions: 0, clusters: [], exceeded: [] };
    return [{ ...none, id, documents, owners: [ownerKey(triggerOwner(from))], handOver: { from, to } }];
  });
}

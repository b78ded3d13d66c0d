/** The owners of a catalog, of every kind alike. */
import type { Catalog, EventTrigger, Profile } from "./catalog.ts";
import { type Owner, type OwnerKey, ownerKey, triggerOwner } from "./owner.ts";

export interface CatalogOwner {
  readonly owner: Owner;
  readonly spec: EventTrigger | Profile;
}

/** Triggers before profiles, each in the catalog's order; those that are withdrawn among them. */
export function ownersOf({ eventTriggers, profiles }: Pick<Catalog, "eventTriggers" | "profiles">): CatalogOwner[] {
  return [
    ...[...eventTriggers.values()].map((spec) => ({ owner: triggerOwner(spec.name), spec })),
    ...[...profiles.values()].map((spec) => ({ owner: spec.owner, spec })),
  ];
}

export function ownersByKey(catalog: Catalog): ReadonlyMap<OwnerKey, CatalogOwner> {
  return new Map(ownersOf(catalog).map((one) => [ownerKey(one.owner), one]));
}

/** Undefined: the catalog has no such owner. */
export function findOwner(catalog: Catalog, owner: Owner): EventTrigger | Profile | undefined {
  return owner.kind === "EventTrigger" ? catalog.eventTriggers.get(owner.name) : catalog.profiles.get(ownerKey(owner));
}

/** Whether the catalog has the owner's documents: one that is withdrawn is kept without. */
export function isInForce(catalog: Catalog, owner: Owner): boolean {
  const spec = findOwner(catalog, owner);
  return spec !== undefined && !isWithdrawn(spec);
}

export function isWithdrawn(spec: EventTrigger | Profile): boolean {
  return "withdrawn" in spec && spec.withdrawn === true;
}

export function isProfile(spec: EventTrigger | Profile): spec is Profile {
  return "owner" in spec;
}

/** The page's address of an entity under an owner. */
import type { Entity } from "../../../model/cloud-event.ts";
import { type Owner, type OwnerKey, parseOwnerKey } from "../../../model/owner.ts";
import { hashEntity } from "../../../plan/paths.ts";

export function entityAddress(owner: OwnerKey, entityHash: string): string {
  return `entity?${new URLSearchParams({ owner, id: entityHash })}`;
}

export function addressOf(owner: OwnerKey, entity: Entity): string {
  return entityAddress(owner, hashEntity(entity));
}

/** Undefined: no entity can be meant. */
export function parseEntityAddress(query: Readonly<Record<string, unknown>>): { owner: Owner; id: string } | undefined {
  const { owner: key, id } = query;
  if (typeof key !== "string" || typeof id !== "string" || !/^[0-9a-f]{40}$/.test(id)) return undefined;
  const owner = parseOwnerKey(key);
  return owner === undefined ? undefined : { owner, id };
}

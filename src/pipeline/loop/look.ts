/** What people may look up in a service that leads, beside whatever else it does: what is in force, what is on record. */
import type { Owner } from "../../model/owner.ts";
import type { EntityRecord } from "../../model/record.ts";
import type { Ports } from "../branches/branch-parts.ts";
import { readEntity, type SearchResult, type SearchScope, searchState } from "../search-state.ts";
import type { InForce } from "./in-force.ts";
import { type Inventory, makeInventory } from "./inventory.ts";

export interface Look {
  inventory(): Inventory;
  search(text: string): Promise<SearchResult>;
  /** Undefined: nothing is on record. */
  entity(owner: Owner, entityHash: string): Promise<EntityRecord | undefined>;
}

export function createLook({ git, clock }: Ports, inForce: () => InForce): Look {
  const scope = (): SearchScope => ({ git, clock, tree: inForce().branches.stateTree });
  return {
    inventory: () => makeInventory(inForce().keeper.catalog, inForce().keeper.checkpoint),
    search: (text) => searchState(scope(), text),
    entity: (owner, entityHash) => readEntity(scope(), owner, entityHash),
  };
}

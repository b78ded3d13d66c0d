/** Who wants an object. */
import type { Owner } from "../../model/owner.ts";

/** An entity under an owner. */
export interface Claimant {
  readonly owner: Owner;
  readonly entityHash: string;
}

/** Which of an object's claims comes first: by tier, then by rank, then by record. */
import { isSameOwner, type Owner, type OwnerKey, ownerKey } from "../../model/owner.ts";
import { type ClaimRules, tierOf } from "../claim-rules.ts";
import { type Claim, type ClaimingOwner, type ClaimsHead, claimsFolderOfOwner } from "../claims-file.ts";
import { recordPath } from "../paths.ts";
import type { StateView } from "../state-view.ts";
import type { ClaimLeaves } from "./claim-leaves.ts";
import type { ObjectSite } from "./object-site.ts";

/** How far ahead claims are read when the first one goes: the next one will go soon. */
const leavesAhead = 16;

export class ClaimOrder {
  readonly #view: StateView;
  readonly #rules: ClaimRules;
  readonly #folder: string;
  readonly #leaves: ClaimLeaves;

  constructor({ view, rules, folder }: ObjectSite, leaves: ClaimLeaves) {
    this.#view = view;
    this.#rules = rules;
    this.#folder = folder;
    this.#leaves = leaves;
  }

  /** The first claim if this one is among them, in place of the claimant's own that there may be. */
  firstWith(head: ClaimsHead, mine: Claim): Claim | undefined {
    const { first } = head;
    if (first === undefined) return mine;
    const owners = this.#ownersInForce(head, mine.owner);
    const hasTiersChanged = [...owners].some(([key, { tier }]) => tier !== head.owners.get(key)?.tier);
    if (!hasTiersChanged) {
      if (isSameClaim(first, mine)) return mine;
      return this.#comesBefore(owners, mine, first) ? mine : first;
    }
    const other = this.findFirst(owners, mine);
    return other === undefined || this.#comesBefore(owners, mine, other) ? mine : other;
  }

  /** With the tier that the claimant's owner has now: from then on it counts for all its claims on the object. */
  #ownersInForce(head: ClaimsHead, owner: Owner): ReadonlyMap<OwnerKey, ClaimingOwner> {
    const key = ownerKey(owner);
    const stored = head.owners.get(key);
    const tier = tierOf(this.#rules, owner);
    if (stored?.tier === tier) return head.owners;
    if (stored === undefined) {
      const claiming = { owner, tier, claims: 0, label: undefined, instance: undefined };
      return new Map([...head.owners, [key, claiming]]);
    }
    return new Map(head.owners).set(key, { ...stored, tier });
  }

  #comesBefore(owners: ReadonlyMap<OwnerKey, ClaimingOwner>, one: Claim, other: Claim): boolean {
    const tier = (claim: Claim) => owners.get(ownerKey(claim.owner))?.tier ?? 0;
    if (tier(one) !== tier(other)) return tier(one) < tier(other);
    if (one.rank !== other.rank) return one.rank < other.rank;
    return recordPath(one.owner, one.entityHash) < recordPath(other.owner, other.entityHash);
  }

  /** The first of all claims on file, `except` one. */
  findFirst(owners: ReadonlyMap<OwnerKey, ClaimingOwner>, except?: Claim): Claim | undefined {
    let first: Claim | undefined;
    const byTier = [...owners.values()].sort((a, b) => a.tier - b.tier);
    for (const { owner, tier } of byTier) {
      if (first !== undefined && tier > (owners.get(ownerKey(first.owner))?.tier ?? 0)) break;
      const found = this.#firstOf(owner, except);
      if (this.#view.isLacking) return undefined;
      if (found !== undefined && (first === undefined || this.#comesBefore(owners, found, first))) first = found;
    }
    return first;
  }

  /** The first of an owner's claims: folders of hex digits are in the order of ranks. */
  #firstOf(owner: Owner, except: Claim | undefined): Claim | undefined {
    const excepted = except !== undefined && isSameOwner(except.owner, owner) ? except.entityHash : undefined;
    const search = (folder: string): Claim | undefined => {
      const names = [...this.#view.folder(folder)].sort();
      for (const [index, name] of names.entries()) {
        const path = `${folder}/${name}`;
        const found = name.endsWith(".json") ? firstIn(path) : search(path);
        if (found !== undefined) return found;
        if (!this.#view.isLacking) continue;
        for (const next of names.slice(index + 1, index + leavesAhead)) {
          if (next.endsWith(".json")) this.#view.foresee(`${folder}/${next}`);
        }
        return undefined;
      }
      return undefined;
    };
    const firstIn = (path: string): Claim | undefined => {
      for (const [entityHash, claim] of this.#leaves.at(path)) {
        if (entityHash !== excepted) return { owner, entityHash, ...claim };
      }
      return undefined;
    };
    return search(claimsFolderOfOwner(this.#folder, owner));
  }
}

/** Whether they are one claimant's. */
export function isSameClaim(one: Claim, other: Claim): boolean {
  return one.entityHash === other.entityHash && isSameOwner(one.owner, other.owner);
}

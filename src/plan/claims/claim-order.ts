/** Which of an object's claims comes first: by the owner's tier, by the reference's, then by rank, then by record. */
import { isSameOwner } from "../../model/owner.ts";
import { type ClaimRules, tierOf } from "../claim-rules.ts";
import {
  type Claim,
  type ClaimGroup,
  type ClaimingOwner,
  type ClaimsHead,
  claimsFolderOfGroup,
  type GroupKey,
  groupKey,
} from "../claims-file.ts";
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
    const owners = this.#ownersInForce(head, mine);
    const hasTiersChanged = [...owners].some(([key, { ownerTier }]) => ownerTier !== head.owners.get(key)?.ownerTier);
    const isMine = isSameClaim(first, mine);
    if (!hasTiersChanged && (!isMine || first.tier === mine.tier)) {
      if (isMine) return mine;
      return this.#comesBefore(owners, mine, first) ? mine : first;
    }
    const other = this.findFirst(owners, mine);
    return other === undefined || this.#comesBefore(owners, mine, other) ? mine : other;
  }

  /** With the tier that the claimant's owner has now: from then on it counts for all its claims on the object. */
  #ownersInForce(head: ClaimsHead, mine: ClaimGroup): ReadonlyMap<GroupKey, ClaimingOwner> {
    const ownerTier = tierOf(this.#rules, mine.owner);
    const owners = new Map(head.owners);
    for (const [key, stored] of head.owners) {
      if (isSameOwner(stored.owner, mine.owner)) owners.set(key, { ...stored, ownerTier });
    }
    const { owner, tier } = mine;
    const own = { owner, tier, ownerTier, claims: 0, label: undefined, instance: undefined };
    const key = groupKey(mine);
    return owners.has(key) ? owners : owners.set(key, own);
  }

  #comesBefore(owners: ReadonlyMap<GroupKey, ClaimingOwner>, one: Claim, other: Claim): boolean {
    const tier = (claim: Claim) => owners.get(groupKey(claim))?.ownerTier ?? 0;
    if (tier(one) !== tier(other)) return tier(one) < tier(other);
    if (one.tier !== other.tier) return one.tier < other.tier;
    if (one.rank !== other.rank) return one.rank < other.rank;
    const [path, otherPath] = [one, other].map(({ owner, entityHash }) => recordPath(owner, entityHash));
    // Of one record on the hub: by the clusters that they are rendered for.
    return path === otherPath ? one.entityHash < other.entityHash : path! < otherPath!;
  }

  /** The first of all claims on file, `except` one. */
  findFirst(owners: ReadonlyMap<GroupKey, ClaimingOwner>, except?: Claim): Claim | undefined {
    let first: Claim | undefined;
    const byTier = [...owners.values()].sort(compareTiers);
    for (const group of byTier) {
      const found = first === undefined ? undefined : owners.get(groupKey(first));
      if (found !== undefined && compareTiers(found, group) < 0) break;
      const next = this.#firstOf(group, except);
      if (this.#view.isLacking) return undefined;
      if (next !== undefined && (first === undefined || this.#comesBefore(owners, next, first))) first = next;
    }
    return first;
  }

  /** The first of a group's claims: folders of hex digits are in the order of ranks. */
  #firstOf({ owner, tier }: ClaimGroup, except: Claim | undefined): Claim | undefined {
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
        if (entityHash !== excepted) return { owner, tier, entityHash, ...claim };
      }
      return undefined;
    };
    return search(claimsFolderOfGroup(this.#folder, { owner, tier }));
  }
}

/** By the owner's tier, then by the references'. */
export function compareTiers(
  one: Pick<ClaimingOwner, "ownerTier" | "tier">,
  other: Pick<ClaimingOwner, "ownerTier" | "tier">,
): number {
  return one.ownerTier - other.ownerTier || one.tier - other.tier;
}

/** Whether they are one claimant's. */
export function isSameClaim(one: Claim, other: Claim): boolean {
  return one.entityHash === other.entityHash && isSameOwner(one.owner, other.owner);
}

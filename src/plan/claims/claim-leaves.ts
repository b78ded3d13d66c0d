/** The claims of an object on file, one by one: a leaf holds those of an owner that are near in rank. */
import { type Claim, type Leaf, leafPath, parseLeaf, type StoredClaim, writeLeaf } from "../claims-file.ts";
import type { StateView } from "../state-view.ts";

export class ClaimLeaves {
  readonly #view: StateView;
  readonly #folder: string;

  /** `folder`: the object's, of `claims/`. */
  constructor(view: StateView, folder: string) {
    this.#view = view;
    this.#folder = folder;
  }

  claimOf(claim: Claim): StoredClaim | undefined {
    const { rank, entityHash } = claim;
    return this.at(leafPath(this.#folder, claim, rank, entityHash)).get(entityHash);
  }

  at(path: string): Leaf {
    return this.#view.value(path, parseLeaf) ?? noClaims;
  }

  /** Keeps a claimant's claim as it is now; undefined: it has none any more. */
  write(whose: Claim, claim: StoredClaim | undefined): void {
    const { rank, entityHash } = whose;
    const path = leafPath(this.#folder, whose, rank, entityHash);
    const leaf = withClaim(this.at(path), entityHash, claim);
    if (leaf.size === 0) this.#view.delete(path);
    else this.#view.writeValue(path, leaf, writeLeaf);
  }
}

const noClaims: Leaf = new Map();

/** In the order of claims: leaves are compared and searched as they are written. */
function withClaim(leaf: Leaf, entityHash: string, claim: StoredClaim | undefined): Leaf {
  const others = [...leaf].filter(([hash]) => hash !== entityHash);
  if (claim === undefined) return new Map(others);
  const mine: [string, StoredClaim] = [entityHash, { rank: claim.rank, manifest: claim.manifest }];
  const behind = others.findIndex(
    ([hash, { rank }]) => rank > claim.rank || (rank === claim.rank && hash > entityHash),
  );
  return new Map(behind < 0 ? [...others, mine] : others.toSpliced(behind, 0, mine));
}

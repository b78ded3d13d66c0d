/** What an entity has on one cluster, while an input changes it: its objects, its claims, and what is remembered. */
import type { ClusterKey } from "../model/cluster.ts";
import { identityKey, isCoreKind, type Manifest, type ObjectIdentity } from "../model/manifest.ts";
import type { Problem } from "../model/problem.ts";
import { type ClusterRecord, type RankedObject, referenceTier } from "../model/record.ts";
import type { ClaimRules } from "./claim-rules.ts";
import { type Claimant, claimantOf, claimKey } from "./claims/claimant.ts";
import { type Conflict, type Held, ObjectClaims, type Wish } from "./object-claims.ts";
import { writeIdentity } from "./record-file.ts";
import type { StateView } from "./state-view.ts";

/** Namespaces that every cluster has. */
const builtInNamespaces = new Set(["default", "kube-system", "kube-public", "kube-node-lease"]);

/** What an entity's input works on. */
export interface EntityScope {
  readonly view: StateView;
  readonly rules: ClaimRules;
  readonly claimant: Claimant;
  /** Objects whose other claimants have to be looked at, as folders of `claims/`. */
  readonly reviews: Set<string>;
  /** Of what the input claims anew. */
  readonly rank: number;
  /** Whether what goes is remembered, because configuration takes it, or forgotten, because an event does. */
  readonly keepsRanks: boolean;
  /** What the input has claimed on the hub so far for clusters, which no record says yet: by claimant and object. */
  readonly claimed: Map<string, RankedObject>;
}

/** The objects of a cluster's record, in their three states. */
export type Holdings = Pick<ClusterRecord, "objects" | "waiting" | "withdrawn">;

export const noHoldings: Holdings = { objects: new Map(), waiting: new Map(), withdrawn: new Map() };

export class EntityOnCluster {
  readonly #scope: EntityScope;
  readonly #cluster: ClusterKey;
  readonly #before: Holdings;

  constructor(scope: EntityScope, cluster: ClusterKey, before: Holdings = noHoldings) {
    this.#scope = scope;
    this.#cluster = cluster;
    this.#before = before;
  }

  /**
   * Brings the cluster to what was rendered for it; where a conflict stops that, leaves it as it was and files the claims
   * that failed: all or nothing, unless `continueOnConflict`.
   */
  place(manifests: readonly Manifest[], continueOnConflict: boolean): Holdings & { readonly conflict?: Problem } {
    const judged = manifests.map((manifest): Judged => {
      const wish = this.#wish(manifest);
      const claims = this.#claims(manifest.identity);
      return { manifest, wish, claims, conflict: claims.conflictOf(wish) };
    });
    const failed = judged.filter(({ conflict }) => conflict !== undefined);
    const [first] = failed;
    const conflict =
      first?.conflict === undefined ? {} : { conflict: describeConflict(first.conflict, first.manifest) };
    const isStopped = failed.length > 0 && !continueOnConflict;
    const after = isStopped ? this.#keepBut(failed) : this.#bringTo(judged);
    return { ...after, ...conflict };
  }

  /** Takes away all that the entity has here. */
  takeAway(): Holdings {
    const { objects, waiting, withdrawn } = this.#before;
    for (const ranked of [...objects.values(), ...waiting.values()]) this.#release(ranked);
    const kept = this.#scope.keepsRanks ? new Map([...withdrawn, ...objects, ...waiting]) : new Map();
    return this.#settleNeeds({ objects: new Map(), waiting: new Map(), withdrawn: kept });
  }

  /** Gives up all that the entity has here, and lets it stand. What is taken back stands where it stood. */
  leave(): Holdings {
    const { objects, waiting, withdrawn } = this.#before;
    for (const ranked of [...objects.values(), ...waiting.values()]) {
      const isLeft = this.#claims(ranked.identity).leave(this.#held(ranked));
      if (isLeft) this.#needFor(ranked.identity, 1);
    }
    const kept = this.#scope.keepsRanks ? new Map([...withdrawn, ...objects, ...waiting]) : new Map();
    return this.#settleNeeds({ objects: new Map(), waiting: new Map(), withdrawn: kept });
  }

  /** What was left needs its Namespace by itself, until it is somebody's again. */
  #needFor(identity: ObjectIdentity, change: 1 | -1): void {
    needNamespaceOf(this.#scope, this.#cluster, identity, change);
  }

  #claim({ manifest, wish, claims }: Judged): void {
    const wasLeft = claims.claim(wish);
    if (wasLeft) this.#needFor(manifest.identity, -1);
  }

  #wish({ identity, text, tier = referenceTier }: Manifest): Wish {
    const key = identityKey(identity);
    const { objects, waiting, withdrawn } = this.#before;
    const known = objects.get(key) ?? waiting.get(key) ?? withdrawn.get(key);
    const claimant = this.#claimant(identity);
    const tierBefore = known === undefined ? tier : (known.tier ?? referenceTier);
    return {
      claimant,
      rank: known?.rank ?? this.#scope.rank,
      tier,
      tierBefore,
      manifest: text,
      isHeld: objects.has(key),
    };
  }

  /** What the entity had stays, and the claims that failed wait for their turn. */
  #keepBut(failed: readonly Judged[]): Holdings {
    const objects = new Map(this.#before.objects);
    const waiting = new Map(this.#before.waiting);
    const withdrawn = new Map(this.#before.withdrawn);
    for (const one of failed) {
      const { manifest, wish } = one;
      const key = identityKey(manifest.identity);
      this.#claim(one);
      objects.delete(key);
      withdrawn.delete(key);
      waiting.set(key, rankedObject(manifest, wish));
    }
    return this.#settleNeeds({ objects, waiting, withdrawn });
  }

  #bringTo(judged: readonly Judged[]): Holdings {
    const objects = new Map<string, RankedObject>();
    const waiting = new Map<string, RankedObject>();
    for (const one of judged) {
      const { manifest, wish, conflict } = one;
      const { identity } = manifest;
      this.#claim(one);
      const ranked = rankedObject(manifest, wish);
      if (conflict === undefined) objects.set(identityKey(identity), ranked);
      else waiting.set(identityKey(identity), ranked);
    }
    const isWanted = (key: string) => objects.has(key) || waiting.has(key);
    const withdrawn = new Map<string, RankedObject>();
    for (const [key, ranked] of [...this.#before.objects, ...this.#before.waiting]) {
      if (isWanted(key)) continue;
      this.#release(ranked);
      if (this.#scope.keepsRanks) withdrawn.set(key, ranked);
    }
    if (this.#scope.keepsRanks) {
      for (const [key, ranked] of this.#before.withdrawn) if (!isWanted(key)) withdrawn.set(key, ranked);
    }
    return this.#settleNeeds({ objects, waiting, withdrawn });
  }

  #claims(identity: ObjectIdentity): ObjectClaims {
    const { view, rules, reviews, claimed } = this.#scope;
    return new ObjectClaims(view, rules, reviews, this.#cluster, identity, claimed);
  }

  #release(ranked: RankedObject): void {
    this.#claims(ranked.identity).release(this.#held(ranked));
  }

  #held({ identity, rank, tier = referenceTier }: RankedObject): Held {
    return { claimant: this.#claimant(identity), rank, tier };
  }

  #claimant(identity: ObjectIdentity): Claimant {
    return claimantOf(this.#scope.claimant, this.#cluster, identity);
  }

  /** Counts the entity among those that need a Namespace, or no longer. */
  #settleNeeds(after: Holdings): Holdings {
    for (const ranked of [...after.objects.values(), ...after.waiting.values()]) {
      const { identity } = ranked;
      if (identity.isLocal) this.#scope.claimed.set(claimKey(this.#claimant(identity), identity), ranked);
    }
    const before = neededNamespaces(this.#before);
    const needed = neededNamespaces(after);
    for (const [key, namespace] of needed) if (!before.has(key)) this.#claims(namespace).need(1);
    for (const [key, namespace] of before) if (!needed.has(key)) this.#claims(namespace).need(-1);
    return after;
  }
}

interface Judged {
  readonly manifest: Manifest;
  readonly wish: Wish;
  readonly claims: ObjectClaims;
  readonly conflict: Conflict | undefined;
}

/** Counts an object that was left, or that is so no longer, among those that need its Namespace. */
export function needNamespaceOf(
  { view, rules, reviews }: Pick<EntityScope, "view" | "rules" | "reviews">,
  cluster: ClusterKey,
  identity: ObjectIdentity,
  change: 1 | -1,
): void {
  const namespace = namespaceOf(identity);
  if (namespace !== undefined) new ObjectClaims(view, rules, reviews, cluster, namespace).need(change);
}

/** The Namespace that has to be there for an object; undefined: none, or one that is there anyway. */
function namespaceOf({ namespace, isLocal }: ObjectIdentity): ObjectIdentity | undefined {
  if (namespace === "" || builtInNamespaces.has(namespace)) return undefined;
  return isLocal ? { ...namespaceIdentity(namespace), isLocal } : namespaceIdentity(namespace);
}

function rankedObject({ identity, skipsNamespace }: Manifest, { rank, tier }: Wish): RankedObject {
  return {
    identity,
    rank,
    ...(skipsNamespace ? { skipsNamespace } : {}),
    ...(tier === referenceTier ? {} : { tier }),
  };
}

/** Namespaces that an entity's objects are in and that it does not render itself, by their keys. */
export function neededNamespaces({
  objects,
  waiting,
}: Pick<Holdings, "objects" | "waiting">): ReadonlyMap<string, ObjectIdentity> {
  return objects.size + waiting.size === 0 ? noNamespaces : namespacesOf([...objects.values(), ...waiting.values()]);
}

/** The same of any objects. */
export function namespacesOf(
  claimed: readonly Pick<RankedObject, "identity" | "skipsNamespace">[],
): ReadonlyMap<string, ObjectIdentity> {
  const needed = new Map<string, ObjectIdentity>();
  for (const { identity, skipsNamespace } of claimed) {
    const namespace = skipsNamespace ? undefined : namespaceOf(identity);
    if (namespace !== undefined) needed.set(identityKey(namespace), namespace);
  }
  if (needed.size === 0) return noNamespaces;
  for (const { identity } of claimed) if (isCoreKind(identity, "Namespace")) needed.delete(identityKey(identity));
  return needed;
}

const noNamespaces: ReadonlyMap<string, ObjectIdentity> = new Map();

export function namespaceIdentity(name: string): ObjectIdentity {
  return { group: "", kind: "Namespace", namespace: "", name };
}

/** Who comes first may change without anything changing here, so the record names the place, and `explain` the claims. */
function describeConflict({ path }: Conflict, { identity, at }: Manifest): Problem {
  return {
    code: "OBJECT_CONFLICT",
    severity: "error",
    message: `${writeIdentity(identity)} is rendered differently by another that comes first by tier and order (${path})`,
    at,
    hint: "`sluice explain` names all who want it. Let only one render it, make all render the same, or give this one, or its reference, a lower tier.",
  };
}

/**
 * Claims: several entities or owners that want one object in a cluster (design 7).
 *
 * While one entity wants an object there is nothing but its file. As soon as a second one comes, `claims/` keeps them all.
 * The *content* of the file is the first claim's by tier, then by rank, then by record; its *place* is the folder of who
 * had it first, for as long as anybody claims it: so no claim that comes or goes moves an object. Claims whose manifests
 * are alike, provenance aside, share the object.
 *
 * A Namespace that objects need and nobody renders is claimed by Sluice itself, behind all others, for as long as the
 * count of entities that need it is not zero.
 */
import { assert } from "../model/assert.ts";
import type { ClusterKey } from "../model/cluster.ts";
import { identityKey, type ObjectIdentity } from "../model/manifest.ts";
import { isSameOwner, type Owner, type OwnerKey, ownerKey, ownerKinds } from "../model/owner.ts";
import { type ClaimRules, generatedNamespace, tierOf } from "./claim-rules.ts";
import {
  type Claim,
  type ClaimingOwner,
  type ClaimsHead,
  claimsFolderOfOwner,
  hashManifest,
  headPath,
  type Leaf,
  leafPath,
  manifestPath,
  parseHead,
  parseLeaf,
  parseManifest,
  type StoredClaim,
  writeHead,
  writeLeaf,
  writeManifest,
} from "./claims-file.ts";
import {
  generatedNamespacePath,
  objectClaimsFolder,
  objectPath,
  ownerFolderName,
  ownerOfFolder,
  ownersFoldersOf,
  recordPath,
} from "./paths.ts";
import { entityHashOf, joinProvenance, provenanceTexts, splitProvenance } from "./provenance.ts";
import { parseRecord, writeIdentity } from "./record-file.ts";
import type { StateView } from "./state-view.ts";

/** An entity under an owner. */
export interface Claimant {
  readonly owner: Owner;
  readonly entityHash: string;
}

/** The claim that stands in the way: it comes first, and its manifest is another one. */
export interface Conflict {
  /** Where the object stands. */
  readonly path: string;
}

/** What a claimant wants of an object. */
export interface Wish {
  readonly claimant: Claimant;
  readonly rank: number;
  /** With its provenance. */
  readonly manifest: string;
  /** Whether its record has the object: then, without claims on file, there is no other claimant to look for. */
  readonly isHeld: boolean;
}

/** How far ahead claims are read when the first one goes: the next one will go soon. */
const leavesAhead = 16;

export class ObjectClaims {
  readonly #view: StateView;
  readonly #rules: ClaimRules;
  readonly #cluster: ClusterKey;
  readonly #identity: ObjectIdentity;
  readonly #folder: string;
  /** Objects whose first claim changed, as folders of `claims/`: their other claimants have to be looked at. */
  readonly #reviews: Set<string>;

  constructor(view: StateView, rules: ClaimRules, reviews: Set<string>, cluster: ClusterKey, identity: ObjectIdentity) {
    this.#view = view;
    this.#rules = rules;
    this.#reviews = reviews;
    this.#cluster = cluster;
    this.#identity = identity;
    this.#folder = objectClaimsFolder(cluster, identity);
  }

  /** What would stand in the way of a wish; nothing changes. */
  conflictOf(wish: Wish): Conflict | undefined {
    const head = this.#headFor(wish);
    if (head === undefined) return undefined;
    const mine: Claim = { ...wish.claimant, rank: wish.rank, manifest: hashManifest(bareOf(wish.manifest)) };
    const first = this.#firstWith(head, mine);
    if (first === undefined || isSame(first, mine) || first.manifest === mine.manifest) return undefined;
    return { path: this.#pathIn(head.place) };
  }

  /** Claims the object, or wants it to be otherwise from now on. */
  claim(wish: Wish): void {
    const { claimant, manifest, rank } = wish;
    const head = this.#headFor(wish);
    if (head === undefined) {
      const path = this.#pathIn(claimant.owner);
      this.#assertAlone(path, claimant);
      this.#view.write(path, manifest);
      return;
    }
    const { bare, texts } = splitProvenance(manifest);
    const mine: Claim = { ...claimant, rank, manifest: hashManifest(bare) };
    const before = this.#storedClaim(mine);
    const draft = this.#draft(head);
    if (before !== undefined) draft.count(before.manifest, -1);
    draft.count(mine.manifest, 1, bare);
    this.#writeLeafWith(mine, mine);
    const key = ownerKey(mine.owner);
    const others = head.owners.get(key)?.claims ?? 0;
    draft.owners.set(key, {
      owner: mine.owner,
      tier: tierOf(this.#rules, mine.owner),
      claims: others + (before === undefined ? 1 : 0),
      label: texts.owner,
      instance: texts.instance,
    });
    draft.claims += before === undefined ? 1 : 0;
    this.#settle(head, draft, this.#firstWith(head, mine), mine);
  }

  /** Gives the object up. */
  release(claimant: Claimant, rank: number): void {
    const head = this.#storedHead();
    if (head === undefined) {
      const path = this.#pathIn(claimant.owner);
      this.#assertAlone(path, claimant);
      this.#view.delete(path);
      return;
    }
    const mine = { ...claimant, rank, manifest: "" };
    const before = this.#storedClaim(mine);
    // Whether it is still being read can't be told yet: the try will be repeated.
    if (this.#view.isLacking) return;
    assert(before !== undefined, `${this.#told()} is released by ${ownerKey(claimant.owner)}, which claims nothing`);
    const draft = this.#draft(head);
    draft.count(before.manifest, -1);
    this.#writeLeafWith(mine, undefined);
    const key = ownerKey(claimant.owner);
    const stored = head.owners.get(key);
    assert(stored !== undefined && stored.claims > 0, `${this.#told()} counts no claims of ${key}`);
    if (stored.claims === 1) draft.owners.delete(key);
    else draft.owners.set(key, { ...stored, claims: stored.claims - 1 });
    draft.claims--;
    const wasFirst = head.first !== undefined && isSame(head.first, mine);
    this.#settle(head, draft, wasFirst ? this.#findFirst(draft.owners) : head.first, mine);
  }

  /** So many more entities (fewer, if negative) need this Namespace without rendering it. */
  need(change: 1 | -1): void {
    const head = this.#storedHead() ?? this.#headOfRival(undefined) ?? emptyHead;
    if (this.#view.isLacking) return;
    const draft = this.#draft(head);
    draft.needs += change;
    assert(draft.needs >= 0, `${this.#told()} is needed by fewer than none`);
    this.#settle(head, draft, head.first, undefined);
  }

  /** The manifest in place; undefined: nobody wants the object. */
  get inPlace(): string | undefined {
    const head = this.#storedHead();
    return head === undefined ? undefined : this.#view.text(this.#pathIn(head.place));
  }

  /** Puts the outcome into effect: what stands at the object's place, and what `claims/` keeps. */
  #settle(before: ClaimsHead, draft: Draft, first: Claim | undefined, changed: Claim | undefined): void {
    const view = this.#view;
    if (view.isLacking) return;
    const place = this.#isUnclaimed(before) ? (changed?.owner ?? undefined) : before.place;
    const path = this.#pathIn(place);
    const isGone = draft.claims === 0 && draft.needs === 0;
    // What is in place is read before something else takes its place.
    const content = isGone ? undefined : this.#contentOf(before, draft, first);
    const oldFirst = before.first?.manifest;
    draft.finish(first?.manifest);
    if (isGone) view.delete(path);
    else if (content !== undefined) view.write(path, content);
    const alike = first === undefined ? 0 : draft.countOf(first.manifest);
    // Nothing is certain before everything is read.
    if (view.isLacking) return;
    assert(first === undefined || alike > 0, `${this.#told()} has a first claim that is not counted`);
    if (this.#needsReview(draft, oldFirst, first?.manifest, changed)) this.#reviews.add(this.#folder);

    const after: ClaimsHead = { place, first, claims: draft.claims, alike, needs: draft.needs, owners: draft.owners };
    const isAlone = after.claims === 1 && after.needs === 0 && first !== undefined && isPlaceOf(after.place, first);
    if (isGone || isAlone) {
      // Nobody else wants it: its file says everything.
      if (isAlone) this.#writeLeafWith(first, undefined);
      if (isAlone) draft.forget();
      view.delete(headPath(this.#folder));
    } else view.writeValue(headPath(this.#folder), after, (head) => writeHead(writeIdentity(this.#identity), head));
  }

  /** The manifest of the first claim, as it is to stand in place; undefined: it does already. */
  #contentOf(before: ClaimsHead, draft: Draft, first: Claim | undefined): string | undefined {
    if (first === undefined) return generatedNamespace(this.#identity.name, this.#rules.instance);
    const was = before.first;
    const isAsBefore = was !== undefined && isSame(was, first) && was.manifest === first.manifest;
    const { label, instance } = draft.owners.get(ownerKey(first.owner)) ?? {};
    const wasOwner = was === undefined ? undefined : before.owners.get(ownerKey(was.owner));
    if (isAsBefore && wasOwner?.label === label && wasOwner?.instance === instance) return undefined;
    const bare = draft.bareOf(first.manifest);
    if (bare === undefined) return undefined;
    const texts = provenanceTexts(
      { ...(label === undefined ? {} : { owner: label }), ...(instance === undefined ? {} : { instance }) },
      first.entityHash,
    );
    return joinProvenance(bare, texts);
  }

  /** Whoever agreed with what was in place and now does not, or the other way round, has a record that says so. */
  #needsReview(draft: Draft, was: string | undefined, is: string | undefined, changed: Claim | undefined): boolean {
    if (was === is || was === undefined || is === undefined) return false;
    // The record of the one whose claim changes is being written anyway.
    const others = (manifest: string) => draft.countOf(manifest) - (changed?.manifest === manifest ? 1 : 0);
    return others(was) > 0 || others(is) > 0;
  }

  #draft(head: ClaimsHead): Draft {
    return new Draft(this.#view, this.#folder, head, () => {
      const text = this.#view.text(this.#pathIn(head.place));
      return text === undefined ? undefined : bareOf(text);
    });
  }

  #storedHead(): ClaimsHead | undefined {
    return this.#view.value(headPath(this.#folder), parseHead);
  }

  /** The claims that there are besides, or undefined where the claimant has the object to itself. */
  #headFor({ claimant, isHeld }: Wish): ClaimsHead | undefined {
    const stored = this.#storedHead();
    if (stored !== undefined || isHeld) return stored;
    return this.#headOfRival(claimant);
  }

  /** Where there are no claims on file: those of the one who has the object to itself, were they on file. */
  #headOfRival(claimant: Claimant | undefined): ClaimsHead | undefined {
    const rival = this.#findRival(claimant);
    if (rival === undefined) return undefined;
    const { owner, texts, claim, manifest } = rival;
    // From now on its claim has to be found as any other.
    this.#writeLeafWith(claim, claim);
    const claiming: ClaimingOwner = {
      owner,
      tier: tierOf(this.#rules, owner),
      claims: 1,
      label: texts.owner,
      instance: texts.instance,
    };
    assert(entityHashOf(texts) === claim.entityHash, `${this.#told()} is claimed by who has it`);
    return {
      place: owner,
      first: { ...claim, manifest },
      claims: 1,
      alike: 1,
      needs: 0,
      owners: new Map([[ownerKey(owner), claiming]]),
    };
  }

  #findRival(claimant: Claimant | undefined) {
    const view = this.#view;
    const folders = ownersFoldersOf(this.#cluster, this.#identity, this.#rules.layout);
    for (const kind of ownerKinds) {
      const names = new Set(view.folder(folders[kind]));
      // Another entity of its own owner may have it.
      if (claimant?.owner.kind === kind) names.add(ownerFolderName(claimant.owner));
      for (const name of names) {
        const owner =
          claimant !== undefined && claimant.owner.kind === kind && ownerFolderName(claimant.owner) === name
            ? claimant.owner
            : (ownerOfFolder(kind, name, this.#cluster) ?? this.#rules.ownerOfCutFolder(kind, name));
        if (owner === undefined) continue;
        const path = this.#pathIn(owner);
        if (!view.exists(path)) continue;
        const text = view.text(path);
        if (text === undefined) return undefined;
        const { bare, texts } = splitProvenance(text);
        const entityHash = entityHashOf(texts);
        const manifest = hashManifest(bare);
        const rank = this.#rankOnRecord(owner, entityHash);
        return { owner, texts, manifest, claim: { owner, entityHash, rank, manifest } };
      }
    }
    return undefined;
  }

  #rankOnRecord(owner: Owner, entityHash: string): number {
    const path = recordPath(owner, entityHash);
    const text = this.#view.text(path);
    if (text === undefined) return 0;
    const on = parseRecord(text, path).clusters.get(this.#cluster);
    const key = identityKey(this.#identity);
    // Who came to be alone may not have been told yet: then its record says that it waits.
    return (on?.objects.get(key) ?? on?.waiting.get(key))?.rank ?? 0;
  }

  /** The first claim if this one is among them, in place of the claimant's own that there may be. */
  #firstWith(head: ClaimsHead, mine: Claim): Claim | undefined {
    const { first } = head;
    if (first === undefined) return mine;
    const owners = this.#ownersInForce(head, mine.owner);
    const hasTiersChanged = [...owners].some(([key, { tier }]) => tier !== head.owners.get(key)?.tier);
    if (!hasTiersChanged) {
      if (isSame(first, mine)) return mine;
      return this.#comesBefore(owners, mine, first) ? mine : first;
    }
    const other = this.#findFirst(owners, mine);
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
  #findFirst(owners: ReadonlyMap<OwnerKey, ClaimingOwner>, except?: Claim): Claim | undefined {
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
      for (const [entityHash, claim] of this.#leafAt(path)) {
        if (entityHash !== excepted) return { owner, entityHash, ...claim };
      }
      return undefined;
    };
    return search(claimsFolderOfOwner(this.#folder, owner));
  }

  #storedClaim({ owner, rank, entityHash }: Claim): StoredClaim | undefined {
    return this.#leafAt(leafPath(this.#folder, owner, rank, entityHash)).get(entityHash);
  }

  #leafAt(path: string): Leaf {
    return this.#view.value(path, parseLeaf) ?? noClaims;
  }

  #writeLeafWith({ owner, rank, entityHash }: Claim, claim: StoredClaim | undefined): void {
    const path = leafPath(this.#folder, owner, rank, entityHash);
    const leaf = withClaim(this.#leafAt(path), entityHash, claim);
    if (leaf.size === 0) this.#view.delete(path);
    else this.#view.writeValue(path, leaf, writeLeaf);
  }

  #isUnclaimed({ claims, needs }: ClaimsHead): boolean {
    return claims === 0 && needs === 0;
  }

  #pathIn(place: Owner | undefined): string {
    if (place !== undefined) return objectPath(this.#cluster, place, this.#identity, this.#rules.layout);
    return generatedNamespacePath(this.#cluster, this.#identity.name);
  }

  /** Who has an object to itself writes and deletes its own file and no other's. */
  #assertAlone(path: string, { owner, entityHash }: Claimant): void {
    const text = this.#view.peek(path);
    const found = text === undefined ? entityHash : entityHashOf(splitProvenance(text).texts);
    assert(found === entityHash, `${path} is ${found}'s, not ${ownerKey(owner)} ${entityHash}'s`);
  }

  #told(): string {
    return `${writeIdentity(this.#identity)} on ${this.#cluster}`;
  }
}

/** The claims of an object while one of them changes: how many want which manifest. */
class Draft {
  claims: number;
  needs: number;
  readonly owners: Map<OwnerKey, ClaimingOwner>;
  readonly #view: StateView;
  readonly #folder: string;
  readonly #first: string | undefined;
  readonly #bareInPlace: () => string | undefined;
  readonly #counts = new Map<string, number>();
  readonly #bares = new Map<string, string>();

  constructor(view: StateView, folder: string, head: ClaimsHead, bareInPlace: () => string | undefined) {
    this.#view = view;
    this.#folder = folder;
    this.claims = head.claims;
    this.needs = head.needs;
    this.owners = new Map(head.owners);
    this.#first = head.first?.manifest;
    this.#bareInPlace = bareInPlace;
    if (this.#first !== undefined) this.#counts.set(this.#first, head.alike);
  }

  countOf(manifest: string): number {
    return this.#counts.get(manifest) ?? this.#stored(manifest)?.claims ?? 0;
  }

  count(manifest: string, change: number, bare?: string): void {
    this.#counts.set(manifest, this.countOf(manifest) + change);
    if (bare !== undefined) this.#bares.set(manifest, bare);
  }

  bareOf(manifest: string): string | undefined {
    const given = this.#bares.get(manifest);
    if (given !== undefined) return given;
    return manifest === this.#first ? this.#bareInPlace() : this.#stored(manifest)?.bare;
  }

  /** Keeps the manifests that are wanted and not in place; of the one in place the head has the count. */
  finish(first: string | undefined): void {
    if (first !== undefined) this.countOf(first);
    if (first !== undefined && !this.#counts.has(first)) this.#counts.set(first, this.countOf(first));
    for (const [manifest, claims] of this.#counts) {
      assert(claims >= 0 || this.#view.isLacking, `${this.#folder} counts fewer than no claims`);
      const path = manifestPath(this.#folder, manifest);
      if (manifest === first || claims === 0) this.#view.delete(path);
      else {
        const bare = this.bareOf(manifest);
        if (bare !== undefined) this.#view.write(path, writeManifest({ claims, bare }));
      }
    }
  }

  /** One claim is left, and its manifest is in place. */
  forget(): void {
    for (const manifest of this.#counts.keys()) this.#view.delete(manifestPath(this.#folder, manifest));
  }

  #stored(manifest: string) {
    const path = manifestPath(this.#folder, manifest);
    const text = this.#view.text(path);
    return text === undefined ? undefined : parseManifest(text, path);
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

const emptyHead: ClaimsHead = {
  place: undefined,
  first: undefined,
  claims: 0,
  alike: 0,
  needs: 0,
  owners: new Map(),
};

function bareOf(manifest: string): string {
  return splitProvenance(manifest).bare;
}

function isSame(one: Claim, other: Claim): boolean {
  return one.entityHash === other.entityHash && isSameOwner(one.owner, other.owner);
}

function isPlaceOf(place: Owner | undefined, { owner }: Claim): boolean {
  return place !== undefined && isSameOwner(place, owner);
}

/**
 * Claims: several entities or owners that want one object in a cluster (design 7).
 *
 * While one entity wants an object there is nothing but its file. As soon as a second one comes, `claims/` keeps them all.
 * The *content* of the file is the first claim's by tier (the owner's, then the reference's), then by rank, then by record;
 * its *place* is the folder of who had it first, for as long as anybody claims it: so no claim that comes or goes moves an
 * object. Claims whose manifests are alike, provenance aside, share the object.
 *
 * What LeavePolicies leaves stays at its place, marked and claimed by nobody, until somebody claims it or it is forgotten.
 *
 * A Namespace that objects need and nobody renders is claimed by Sluice itself, behind all others, for as long as the
 * count of entities that need it is not zero.
 */
import { assert } from "../model/assert.ts";
import type { ClusterKey } from "../model/cluster.ts";
import type { ObjectIdentity } from "../model/manifest.ts";
import { isSameOwner, type Owner, ownerKey } from "../model/owner.ts";
import type { RankedObject } from "../model/record.ts";
import { type ClaimRules, generatedNamespace, tierOf } from "./claim-rules.ts";
import { ClaimLeaves } from "./claims/claim-leaves.ts";
import { ClaimOrder, isSameClaim } from "./claims/claim-order.ts";
import { type Claimant, onRecord } from "./claims/claimant.ts";
import { ClaimsDraft } from "./claims/claims-draft.ts";
import { ObjectSite } from "./claims/object-site.ts";
import { SoleClaimant } from "./claims/sole-claimant.ts";
import {
  type Claim,
  type ClaimsHead,
  groupKey,
  hashManifest,
  parseHead,
  parseManifest,
  writeHead,
} from "./claims-file.ts";
import { markLeft } from "./left-mark.ts";
import { recordPath } from "./paths.ts";
import { entityHashOf, joinProvenance, provenanceTexts, splitProvenance } from "./provenance.ts";
import { parseRecord, writeIdentity } from "./record-file.ts";
import type { StateView } from "./state-view.ts";

/** The claim that stands in the way: it comes first, and its manifest is another one. */
export interface Conflict {
  /** Where the object stands. */
  readonly path: string;
}

/** What a claimant has of an object, as its record has it. */
export interface Held {
  readonly claimant: Claimant;
  readonly rank: number;
  /** The reference's. */
  readonly tier: number;
}

/** What a claimant wants of an object. */
export interface Wish extends Held {
  /** What it was when the claimant last claimed the object; the same if it never did. */
  readonly tierBefore: number;
  /** With its provenance. */
  readonly manifest: string;
  /** Whether its record has the object: then, without claims on file, there is no other claimant to look for. */
  readonly isHeld: boolean;
}

export class ObjectClaims {
  readonly #site: ObjectSite;
  readonly #view: StateView;
  readonly #leaves: ClaimLeaves;
  readonly #order: ClaimOrder;
  readonly #sole: SoleClaimant;
  /** Objects whose first claim changed, as folders of `claims/`: their other claimants have to be looked at. */
  readonly #reviews: Set<string>;

  /** `claimed`: what the input that is being applied has claimed, which no record says yet. */
  constructor(
    view: StateView,
    rules: ClaimRules,
    reviews: Set<string>,
    cluster: ClusterKey,
    identity: ObjectIdentity,
    claimed: ReadonlyMap<string, RankedObject> = new Map(),
  ) {
    this.#site = new ObjectSite(view, rules, cluster, identity);
    this.#view = view;
    this.#leaves = new ClaimLeaves(view, this.#site.folder);
    this.#order = new ClaimOrder(this.#site, this.#leaves);
    this.#sole = new SoleClaimant(this.#site, this.#leaves, claimed);
    this.#reviews = reviews;
  }

  /** What would stand in the way of a wish; nothing changes. */
  conflictOf(wish: Wish): Conflict | undefined {
    const head = this.#headFor(wish);
    if (head === undefined) return undefined;
    const { claimant, rank, tier, manifest } = wish;
    const mine: Claim = { ...claimant, rank, tier, manifest: hashManifest(bareOf(manifest)) };
    const first = this.#order.firstWith(head, mine);
    // Who has it to itself has its claim on file only where there is another.
    if (head.first !== undefined && this.#storedHead() === undefined) this.#leaves.write(head.first, undefined);
    if (first === undefined || isSameClaim(first, mine) || first.manifest === mine.manifest) return undefined;
    return { path: this.#site.pathIn(head.place) };
  }

  /** Claims the object, or wants it to be otherwise from now on. True: it was left, and is somebody's again. */
  claim(wish: Wish): boolean {
    const { claimant, manifest, rank, tier, tierBefore } = wish;
    const head = this.#headFor(wish);
    if (head === undefined) {
      const path = this.#site.pathIn(claimant.owner);
      this.#assertAlone(path, claimant);
      this.#view.write(path, manifest);
      return false;
    }
    const { bare, texts } = splitProvenance(manifest);
    const mine: Claim = { ...claimant, rank, tier, manifest: hashManifest(bare) };
    const was = { ...mine, tier: tierBefore };
    const before = this.#leaves.claimOf(was);
    const draft = this.#draft(head);
    if (before !== undefined) {
      draft.count(before.manifest, -1);
      draft.leave(was);
      if (tier !== tierBefore) this.#leaves.write(was, undefined);
    }
    draft.count(mine.manifest, 1, bare);
    this.#leaves.write(mine, mine);
    const ownerTier = tierOf(this.#site.rules, mine.owner);
    draft.enter(mine, { ownerTier, label: texts.owner, instance: texts.instance });
    // What the owner's tier is now counts for all its claims on the object.
    for (const [key, group] of draft.owners) {
      if (isSameOwner(group.owner, mine.owner)) draft.owners.set(key, { ...group, ownerTier });
    }
    this.#settle(head, draft, this.#order.firstWith(head, mine), mine);
    return head.left !== undefined;
  }

  /** Gives the object up. */
  release(held: Held): void {
    this.#giveUp(held, false);
  }

  /** Gives the object up and lets it stand where nobody else wants it. True: then it is left. */
  leave(held: Held): boolean {
    return this.#giveUp(held, true);
  }

  /** Takes away what was left. False: it is not, or somebody's again. */
  forgetLeft(): boolean {
    const head = this.#storedHead();
    if (head?.left === undefined) return false;
    const { left: _, ...forgotten } = head;
    this.#settle(forgotten, this.#draft(head), undefined, undefined);
    return true;
  }

  #giveUp({ claimant, rank, tier }: Held, isLeft: boolean): boolean {
    const head = this.#storedHead();
    if (head === undefined) {
      const path = this.#site.pathIn(claimant.owner);
      this.#assertAlone(path, claimant);
      if (isLeft) this.#leaveAlone(path, claimant);
      else this.#view.delete(path);
      return isLeft;
    }
    const mine = { ...claimant, rank, tier, manifest: "" };
    const before = this.#leaves.claimOf(mine);
    // Whether it is still being read can't be told yet: the try will be repeated.
    if (this.#view.isLacking) return false;
    assert(
      before !== undefined,
      `${this.#site.told()} is released by ${ownerKey(claimant.owner)}, which claims nothing`,
    );
    const draft = this.#draft(head);
    draft.count(before.manifest, -1);
    this.#leaves.write(mine, undefined);
    draft.leave(mine);
    const wasFirst = head.first !== undefined && isSameClaim(head.first, mine);
    const staysLeft = isLeft && draft.claims === 0;
    const first = wasFirst ? this.#order.findFirst(draft.owners) : head.first;
    this.#settle(staysLeft ? { ...head, left: this.#site.cluster } : head, draft, first, mine);
    return staysLeft;
  }

  /** The object of one who has it to itself, left. */
  #leaveAlone(path: string, { owner }: Claimant): void {
    const text = this.#view.text(path);
    // Whether it is still being read can't be told yet: the try will be repeated.
    if (text === undefined) return;
    this.#view.write(path, markLeft(text));
    this.#writeHead({ ...emptyHead, place: owner, left: this.#site.cluster });
  }

  /** So many more entities (fewer, if negative) need this Namespace without rendering it. */
  need(change: 1 | -1): void {
    const head = this.#storedHead() ?? this.#sole.rivalOf(undefined) ?? emptyHead;
    if (this.#view.isLacking) return;
    const draft = this.#draft(head);
    draft.needs += change;
    assert(draft.needs >= 0, `${this.#site.told()} is needed by fewer than none`);
    this.#settle(head, draft, head.first, undefined);
  }

  /** Every manifest of the object that is on file: the one in place first, then those that wait, without provenance. */
  onFile(claimant: Claimant): readonly string[] {
    const head = this.#storedHead();
    const first = head === undefined ? this.#sole.textFor(claimant) : this.#view.text(this.#site.pathIn(head.place));
    const texts = first === undefined ? [] : [first];
    if (head === undefined || head.claims <= head.alike) return texts;
    for (const name of this.#view.folder(`${this.#site.folder}/manifests`)) {
      const path = `${this.#site.folder}/manifests/${name}`;
      const text = this.#view.text(path);
      if (text !== undefined) texts.push(parseManifest(text, path).bare);
    }
    return texts;
  }

  /** The manifest in place; undefined: nobody wants the object. */
  get inPlace(): string | undefined {
    const head = this.#storedHead();
    return head === undefined ? undefined : this.#view.text(this.#site.pathIn(head.place));
  }

  /**
   * Puts the outcome into effect: what stands at the object's place, and what `claims/` keeps. `before` says whether it is
   * left where nobody claims it.
   */
  #settle(before: ClaimsHead, draft: ClaimsDraft, first: Claim | undefined, changed: Claim | undefined): void {
    const view = this.#view;
    if (view.isLacking) return;
    const place = this.#isUnclaimed(before) ? (changed?.owner ?? before.place) : before.place;
    const path = this.#site.pathIn(place);
    const left = draft.claims === 0 ? before.left : undefined;
    const isGone = draft.claims === 0 && draft.needs === 0 && left === undefined;
    // What is in place is read before something else takes its place.
    const content = isGone ? undefined : this.#contentOf(before, draft, first, path);
    const oldFirst = before.first?.manifest;
    draft.finish(first?.manifest);
    if (isGone) view.delete(path);
    else if (content !== undefined) view.write(path, content);
    const alike = first === undefined ? 0 : draft.countOf(first.manifest);
    // Nothing is certain before everything is read.
    if (view.isLacking) return;
    assert(first === undefined || alike > 0, `${this.#site.told()} has a first claim that is not counted`);
    if (this.#needsReview(draft, oldFirst, first?.manifest, changed)) this.#reviews.add(this.#site.folder);

    const { claims, needs, owners } = draft;
    const after: ClaimsHead = { place, first, claims, alike, needs, owners, ...(left === undefined ? {} : { left }) };
    const isLast = after.claims === 1 && after.needs === 0 && first !== undefined && isPlaceOf(after.place, first);
    // Who is left may still be on record as waiting for its turn: whoever looks at that has to find the claim.
    const isAlone = isLast && !this.#isWaiting(first, changed);
    if (view.isLacking) return;
    if (isGone || isAlone) {
      // Nobody else wants it: its file says everything.
      if (isAlone) this.#leaves.write(first, undefined);
      if (isAlone) draft.forget();
      view.delete(this.#site.headPath);
    } else this.#writeHead(after);
  }

  #writeHead(head: ClaimsHead): void {
    const { headPath, identity } = this.#site;
    this.#view.writeValue(headPath, head, (value) => writeHead(writeIdentity(identity), value));
  }

  /** Whether the claimant's record says that it waits; that of `changed` is being written anyway. */
  #isWaiting(first: Claim, changed: Claim | undefined): boolean {
    if (changed !== undefined && isSameClaim(first, changed)) return false;
    const record = this.#view.value(recordPath(first.owner, first.entityHash), parseRecord);
    const { cluster, key } = onRecord(first, this.#site.cluster, this.#site.identity);
    return record?.clusters.get(cluster)?.waiting.has(key) === true;
  }

  /** The manifest of the first claim, as it is to stand in place; undefined: it does already. */
  #contentOf(before: ClaimsHead, draft: ClaimsDraft, first: Claim | undefined, path: string): string | undefined {
    if (first === undefined && before.left !== undefined) {
      if (before.claims === 0) return undefined;
      const text = this.#view.text(path);
      return text === undefined ? undefined : markLeft(text);
    }
    if (first === undefined) return generatedNamespace(this.#site.identity.name, this.#site.rules.instance);
    const was = before.first;
    const isAsBefore = was !== undefined && isSameClaim(was, first) && was.manifest === first.manifest;
    const { label, instance } = draft.owners.get(groupKey(first)) ?? {};
    const wasOwner = was === undefined ? undefined : before.owners.get(groupKey(was));
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
  #needsReview(
    draft: ClaimsDraft,
    was: string | undefined,
    is: string | undefined,
    changed: Claim | undefined,
  ): boolean {
    if (was === is || was === undefined || is === undefined) return false;
    // The record of the one whose claim changes is being written anyway.
    const others = (manifest: string) => draft.countOf(manifest) - (changed?.manifest === manifest ? 1 : 0);
    return others(was) > 0 || others(is) > 0;
  }

  #draft(head: ClaimsHead): ClaimsDraft {
    return new ClaimsDraft(this.#view, this.#site.folder, head, () => {
      const text = this.#view.text(this.#site.pathIn(head.place));
      return text === undefined ? undefined : bareOf(text);
    });
  }

  #storedHead(): ClaimsHead | undefined {
    return this.#view.value(this.#site.headPath, parseHead);
  }

  /** The claims that there are besides, or undefined where the claimant has the object to itself. */
  #headFor({ claimant, isHeld }: Wish): ClaimsHead | undefined {
    const stored = this.#storedHead();
    if (stored !== undefined || isHeld) return stored;
    return this.#sole.rivalOf(claimant);
  }

  #isUnclaimed({ claims, needs, left }: ClaimsHead): boolean {
    return claims === 0 && needs === 0 && left === undefined;
  }

  /** Who has an object to itself writes and deletes its own file and no other's. */
  #assertAlone(path: string, { owner, entityHash }: Claimant): void {
    // Another's may still be being read: the try will be repeated.
    if (this.#view.isLacking) return;
    const text = this.#view.peek(path);
    const found = text === undefined ? entityHash : entityHashOf(splitProvenance(text).texts);
    assert(found === entityHash, `${path} is ${found}'s, not ${ownerKey(owner)} ${entityHash}'s`);
  }
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

function isPlaceOf(place: Owner | undefined, { owner }: Claim): boolean {
  return place !== undefined && isSameOwner(place, owner);
}

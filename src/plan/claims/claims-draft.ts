/** How many want which manifest of an object, while one of its claims changes. */
import { assert } from "../../model/assert.ts";
import {
  type ClaimGroup,
  type ClaimingOwner,
  type ClaimsHead,
  type GroupKey,
  groupKey,
  manifestPath,
  parseManifest,
  writeManifest,
} from "../claims-file.ts";
import type { StateView } from "../state-view.ts";

export class ClaimsDraft {
  claims: number;
  needs: number;
  readonly owners: Map<GroupKey, ClaimingOwner>;
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

  /** One claim more of a group, of whose manifests that is known; `known`: what is told with it. */
  enter(group: ClaimGroup, known: Omit<ClaimingOwner, keyof ClaimGroup | "claims">): void {
    const key = groupKey(group);
    const claims = (this.owners.get(key)?.claims ?? 0) + 1;
    this.owners.set(key, { owner: group.owner, tier: group.tier, claims, ...known });
    this.claims++;
  }

  /** One claim fewer of a group. */
  leave(group: ClaimGroup): void {
    const key = groupKey(group);
    const stored = this.owners.get(key);
    this.claims--;
    // What is still being read is counted when the try is repeated.
    if (this.#view.isLacking) return;
    assert(stored !== undefined && stored.claims > 0, `${this.#folder} counts no claims of ${key}`);
    if (stored.claims === 1) this.owners.delete(key);
    else this.owners.set(key, { ...stored, claims: stored.claims - 1 });
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

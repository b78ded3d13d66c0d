/** How many want which manifest of an object, while one of its claims changes. */
import { assert } from "../../model/assert.ts";
import type { OwnerKey } from "../../model/owner.ts";
import { type ClaimingOwner, type ClaimsHead, manifestPath, parseManifest, writeManifest } from "../claims-file.ts";
import type { StateView } from "../state-view.ts";

export class ClaimsDraft {
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

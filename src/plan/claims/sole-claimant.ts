/** Who has an object to itself: no claims are on file then, and they are made of its file and its record. */
import { assert } from "../../model/assert.ts";
import { type Owner, type OwnerKind, ownerKinds } from "../../model/owner.ts";
import { type RankedObject, referenceTier } from "../../model/record.ts";
import { tierOf } from "../claim-rules.ts";
import { type ClaimingOwner, type ClaimsHead, groupKey, hashManifest } from "../claims-file.ts";
import { ownerFolderName, ownerOfFolder, recordPath } from "../paths.ts";
import { entityHashOf, splitProvenance } from "../provenance.ts";
import { parseRecord } from "../record-file.ts";
import type { ClaimLeaves } from "./claim-leaves.ts";
import { type Claimant, claimKey, onRecord } from "./claimant.ts";
import type { ObjectSite } from "./object-site.ts";

export class SoleClaimant {
  readonly #site: ObjectSite;
  readonly #leaves: ClaimLeaves;
  readonly #claimed: ReadonlyMap<string, RankedObject>;

  constructor(site: ObjectSite, leaves: ClaimLeaves, claimed: ReadonlyMap<string, RankedObject>) {
    this.#claimed = claimed;
    this.#site = site;
    this.#leaves = leaves;
  }

  /** Where there are no claims on file: those of the one who has the object to itself, were they on file. */
  rivalOf(claimant: Claimant | undefined): ClaimsHead | undefined {
    const rival = this.#findRival(claimant);
    if (rival === undefined) return undefined;
    const { owner, texts, claim, manifest } = rival;
    // From now on its claim has to be found as any other.
    this.#leaves.write(claim, claim);
    const claiming: ClaimingOwner = {
      owner,
      tier: claim.tier,
      ownerTier: tierOf(this.#site.rules, owner),
      claims: 1,
      label: texts.owner,
      instance: texts.instance,
    };
    assert(entityHashOf(texts) === claim.entityHash, `${this.#site.told()} is claimed by who has it`);
    return {
      place: owner,
      first: { ...claim, manifest },
      claims: 1,
      alike: 1,
      needs: 0,
      owners: new Map([[groupKey(claiming), claiming]]),
    };
  }

  /** The manifest of who has the object to itself, the claimant perhaps; undefined: nobody has it. */
  textFor(claimant: Claimant): string | undefined {
    return this.#find(claimant)?.text;
  }

  #findRival(claimant: Claimant | undefined) {
    const found = this.#find(claimant);
    if (found === undefined) return undefined;
    const { owner, text } = found;
    const { bare, texts } = splitProvenance(text);
    const entityHash = entityHashOf(texts);
    const manifest = hashManifest(bare);
    const { rank, tier = referenceTier } = this.#onRecord(owner, entityHash) ?? { rank: 0 };
    return { owner, texts, manifest, claim: { owner, entityHash, rank, tier, manifest } };
  }

  #find(claimant: Claimant | undefined): { readonly owner: Owner; readonly text: string } | undefined {
    const { view, ownersFolders } = this.#site;
    const own = claimant === undefined ? undefined : ownerFolderName(claimant.owner, this.#site.cluster);
    for (const kind of ownerKinds) {
      const names = view.folder(ownersFolders[kind]);
      const isOwnKind = claimant?.owner.kind === kind;
      // Another entity of its own owner may have it.
      const isOwnMissing = isOwnKind && !names.has(own!);
      for (const name of isOwnMissing ? [...names, own!] : names) {
        const owner = isOwnKind && name === own ? claimant.owner : this.#ownerOf(kind, name);
        if (owner === undefined) continue;
        const path = this.#site.pathIn(owner);
        if (!view.exists(path)) continue;
        const text = view.text(path);
        return text === undefined ? undefined : { owner, text };
      }
    }
    return undefined;
  }

  #ownerOf(kind: OwnerKind, folderName: string): Owner | undefined {
    const { cluster, rules } = this.#site;
    return ownerOfFolder(kind, folderName, cluster) ?? rules.ownerOfCutFolder(kind, folderName, cluster);
  }

  #onRecord(owner: Owner, entityHash: string): RankedObject | undefined {
    const claimed = this.#claimed.get(claimKey({ owner, entityHash }, this.#site.identity));
    if (claimed !== undefined) return claimed;
    const path = recordPath(owner, entityHash);
    const text = this.#site.view.text(path);
    if (text === undefined) return undefined;
    const { cluster, key } = onRecord({ entityHash }, this.#site.cluster, this.#site.identity);
    const on = parseRecord(text, path).clusters.get(cluster);
    // Who came to be alone may not have been told yet: then its record says that it waits.
    return on?.objects.get(key) ?? on?.waiting.get(key);
  }
}

/**
 * Claims of format 1, one file for each object: every claimant in order of arrival, with manifests whose provenance was
 * cut out by search. The takeover turns them into files of this format.
 */
import { isJsonObject, type Json } from "../model/json.ts";
import type { ObjectIdentity } from "../model/manifest.ts";
import { type Owner, ownerKey, triggerOwner } from "../model/owner.ts";
import { referenceTier } from "../model/record.ts";
import {
  type ClaimingOwner,
  type ClaimsHead,
  hashManifest,
  headPath,
  leafPath,
  manifestPath,
  nextInputRank,
  type StoredClaim,
  writeHead,
  writeLeaf,
  writeManifest,
} from "./claims-file.ts";
import { splitProvenance } from "./provenance.ts";
import { parseIdentity, parseStateFile, writeIdentity } from "./record-file.ts";

export interface FirstClaim {
  /** Undefined: Sluice itself, for a Namespace that objects need. */
  readonly owner: Owner | undefined;
  readonly entityHash: string;
  readonly tier: number;
  readonly rank: number;
  /** Without provenance. */
  readonly bare: string;
  readonly label: string | undefined;
}

export interface FirstClaims {
  readonly identity: ObjectIdentity;
  readonly claims: readonly FirstClaim[];
}

/** Ranks are given in the order of arrival, from 1 on. Throws a SluiceError (STATE_INVALID). */
export function parseFirstClaims(text: string, path: string): FirstClaims {
  const file = parseStateFile(text, path);
  const manifests = (file.get("manifests") ?? []) as readonly string[];
  const claims: FirstClaim[] = [];
  let next = 1;
  for (const claim of ((file.get("claims") ?? []) as readonly Json[]).filter(isJsonObject)) {
    const rank = nextInputRank(next);
    next = rank + 1;
    const trigger = String(claim.get("trigger"));
    const manifest = (manifests[Number(claim.get("manifest"))] ?? "")
      .replace("    sluice.dev/owner: ", () => `    sluice.dev/owner: ${String(claim.get("owner"))}`)
      .replace("    sluice.dev/entity: ", () => `    sluice.dev/entity: ${String(claim.get("entity"))}`);
    const { bare, texts } = splitProvenance(manifest);
    claims.push({
      owner: trigger === "" ? undefined : triggerOwner(trigger),
      entityHash: String(claim.get("entityHash")),
      tier: Number(claim.get("tier")),
      rank,
      bare,
      label: texts.owner,
    });
  }
  return { identity: parseIdentity(String(file.get("object"))), claims };
}

/** The files below the object's folder that say the same, by path. `needs`: how many entities need the Namespace. */
export function writeFirstClaims(
  folder: string,
  { identity, claims: all }: FirstClaims,
  needs: number,
): ReadonlyMap<string, string> {
  const claims = all.flatMap((claim) => (claim.owner === undefined ? [] : [{ ...claim, owner: claim.owner }]));
  const files = new Map<string, string>();
  // A tier is its owner's for all of its claims; the first of the old order has the object either way.
  const owners = new Map<string, ClaimingOwner>();
  const leaves = new Map<string, Map<string, StoredClaim>>();
  const bares = new Map<string, { bare: string; claims: number }>();
  for (const { owner, entityHash, tier, rank, bare, label } of claims) {
    const key = ownerKey(owner);
    const group = { owner, tier: referenceTier };
    const count = (owners.get(key)?.claims ?? 0) + 1;
    owners.set(key, { ...group, ownerTier: tier, claims: count, label, instance: undefined });
    const manifest = hashManifest(bare);
    bares.set(manifest, { bare, claims: (bares.get(manifest)?.claims ?? 0) + 1 });
    const path = leafPath(folder, group, rank, entityHash);
    leaves.set(path, (leaves.get(path) ?? new Map()).set(entityHash, { rank, manifest }));
  }
  const first = [...claims].sort((a, b) => a.tier - b.tier || a.rank - b.rank)[0];
  const manifest = first === undefined ? undefined : hashManifest(first.bare);
  const isAlone = claims.length === 1 && needs === 0;
  if (isAlone || (claims.length === 0 && needs === 0)) return files;
  for (const [path, leaf] of leaves) files.set(path, writeLeaf(leaf));
  for (const [hash, stored] of bares) {
    if (hash !== manifest) files.set(manifestPath(folder, hash), writeManifest(stored));
  }
  const head: ClaimsHead = {
    place: first?.owner,
    first:
      first === undefined || manifest === undefined
        ? undefined
        : { owner: first.owner, tier: referenceTier, entityHash: first.entityHash, rank: first.rank, manifest },
    claims: claims.length,
    alike: manifest === undefined ? 0 : (bares.get(manifest)?.claims ?? 0),
    needs,
    owners,
  };
  files.set(headPath(folder), writeHead(writeIdentity(identity), head));
  return files;
}

/**
 * Claims: several entities or owners that want one object in a cluster (design 7).
 *
 * While one claimant wants an object there is nothing but its file. As soon as a second one comes, `claims/` keeps the
 * manifests of all, in order of arrival, and the file in the desired tree is always that of the first by tier, then by
 * order. Claimants whose manifests are alike, provenance aside, share the object.
 */
import type { ClusterKey } from "../model/cluster.ts";
import { isJsonObject, type Json, type JsonObject, writeJson } from "../model/json.ts";
import type { ObjectIdentity } from "../model/manifest.ts";
import {
  claimsPath,
  encodePathPart,
  generatedNamespacePath,
  objectPath,
  recordPath,
  triggersFolderOf,
} from "./paths.ts";
import { entityHashOf, joinProvenance, splitProvenance } from "./provenance.ts";
import { parseStateFile, writeIdentity } from "./record-file.ts";
import type { StateView } from "./state-view.ts";

/** Generated namespaces give way to everybody. */
const generatedTier = 2 ** 31;

/** What the claims of a batch go by. */
export interface ClaimRules {
  readonly shards: number;
  /** The triggers of the catalog by their names as encoded for paths. */
  readonly owners: ReadonlyMap<string, { readonly trigger: string; readonly tier: number }>;
}

/** Triggers that are not in the catalog any more get Sveltos' default. */
const defaultTier = 100;

/** Who claims: an entity under a trigger, or, with both empty, Sluice itself for a namespace that objects need. */
export interface Claimant {
  /** The trigger's name, encoded for paths; empty for generated namespaces. */
  readonly ownerFolder: string;
  readonly trigger: string;
  readonly entityHash: string;
}

interface Claim {
  readonly path: string;
  readonly trigger: string;
  readonly entityHash: string;
  readonly tier: number;
  /** With its provenance. */
  readonly manifest: string;
}

/** The claims on one object: what they were, and what they would become. */
export interface ClaimOutcome {
  readonly cluster: ClusterKey;
  readonly identity: ObjectIdentity;
  readonly before: readonly Claim[];
  readonly after: readonly Claim[];
  /** The claim that stands in the way: it comes first, and its manifest is another one. */
  readonly conflict?: { readonly trigger: string; readonly path: string };
}

/**
 * What the claims on an object become when this claimant wants this manifest. `isHeld`: its record has the object
 * already, so without claims on file there is no other claimant to look for.
 */
export function claimObject(
  view: StateView,
  rules: ClaimRules,
  cluster: ClusterKey,
  identity: ObjectIdentity,
  claimant: Claimant,
  manifest: string,
  isHeld: boolean,
): ClaimOutcome {
  const before = readClaims(view, rules, cluster, identity, claimant, isHeld);
  const path = filePath(rules, cluster, identity, claimant);
  const { trigger, entityHash } = claimant;
  const tier = tierOf(rules, claimant.ownerFolder);
  const claim: Claim = { path, trigger, entityHash, tier, manifest };
  const index = before.findIndex((other) => isClaimOf(other, claimant));
  const after = index < 0 ? [...before, claim] : before.with(index, claim);
  const first = firstClaim(after);
  const outcome = { cluster, identity, before, after };
  if (first === undefined || first === claim || isAlike(first, claim)) return outcome;
  return { ...outcome, conflict: { trigger: first.trigger, path: first.path } };
}

export function releaseObject(
  view: StateView,
  rules: ClaimRules,
  cluster: ClusterKey,
  identity: ObjectIdentity,
  claimant: Claimant,
): void {
  const stored = view.text(claimsPath(cluster, identity));
  if (stored === undefined) {
    view.delete(filePath(rules, cluster, identity, claimant));
    return;
  }
  const before = parseClaims(stored, claimsPath(cluster, identity), rules, cluster, identity);
  settleClaims(view, { cluster, identity, before, after: before.filter((claim) => !isClaimOf(claim, claimant)) });
}

/** Puts an outcome into effect: the claims file, the object's file, and who has to be rendered again for it. */
export function settleClaims(view: StateView, { cluster, identity, before, after }: ClaimOutcome): void {
  const was = firstClaim(before);
  const first = firstClaim(after);
  if (was !== undefined && was.path !== first?.path) view.delete(was.path);
  if (first !== undefined) view.write(first.path, first.manifest);

  const path = claimsPath(cluster, identity);
  if (after.length > 1) view.write(path, writeClaims(identity, after));
  else if (before.length > 1) view.delete(path);

  // Whoever agreed with the object in place and now does not, or the other way round, has a record that says so.
  if (was === undefined || first === undefined) return;
  for (const claim of after) {
    // The record of the one whose claim changes is being written anyway.
    if (claim.trigger === "" || !before.includes(claim)) continue;
    if (isAlike(claim, was) !== isAlike(claim, first)) {
      view.revived.add(recordPath(claim.trigger, claim.entityHash));
    }
  }
}

/** Sees to it that the namespace of an object exists, unless somebody renders it. */
export function claimNamespace(view: StateView, rules: ClaimRules, cluster: ClusterKey, name: string): void {
  if (view.exists(generatedNamespacePath(cluster, name))) return;
  const identity = { group: "", kind: "Namespace", namespace: "", name };
  const claimant = { ownerFolder: "", trigger: "", entityHash: "" };
  settleClaims(view, claimObject(view, rules, cluster, identity, claimant, generatedNamespace(name), false));
}

function generatedNamespace(name: string): string {
  return `apiVersion: v1
kind: Namespace
metadata:
  name: ${JSON.stringify(name)}
  labels:
    app.kubernetes.io/managed-by: sluice
  annotations:
    argocd.argoproj.io/sync-options: Prune=false
    kustomize.toolkit.fluxcd.io/prune: disabled
`;
}

function filePath(
  rules: ClaimRules,
  cluster: ClusterKey,
  identity: ObjectIdentity,
  { ownerFolder }: Pick<Claimant, "ownerFolder">,
): string {
  return ownerFolder === ""
    ? generatedNamespacePath(cluster, identity.name)
    : objectPath(cluster, ownerFolder, identity, rules.shards);
}

function tierOf(rules: ClaimRules, ownerFolder: string): number {
  return ownerFolder === "" ? generatedTier : (rules.owners.get(ownerFolder)?.tier ?? defaultTier);
}

/** Whether two claimants want the same, whoever they are. */
function isAlike(one: Claim, other: Claim): boolean {
  return one.manifest === other.manifest || bareOf(one) === bareOf(other);
}

function bareOf({ manifest }: Claim): string {
  return splitProvenance(manifest).bare;
}

function isClaimOf(claim: Claim, { trigger, entityHash }: Claimant): boolean {
  return claim.trigger === trigger && claim.entityHash === entityHash;
}

/** By tier, then by order: the sort of one pass, since claims are kept in order. */
function firstClaim(claims: readonly Claim[]): Claim | undefined {
  let first: Claim | undefined;
  for (const claim of claims) if (first === undefined || claim.tier < first.tier) first = claim;
  return first;
}

/** The claims there are: those on file, else the one that the file in place stands for. */
function readClaims(
  view: StateView,
  rules: ClaimRules,
  cluster: ClusterKey,
  identity: ObjectIdentity,
  claimant: Claimant,
  isHeld: boolean,
): readonly Claim[] {
  const path = claimsPath(cluster, identity);
  const stored = view.text(path);
  if (stored !== undefined) return parseClaims(stored, path, rules, cluster, identity);
  if (isHeld) return [];

  const listed = view.folder(triggersFolderOf(cluster));
  const owners = listed.has(claimant.ownerFolder) ? [...listed] : [...listed, claimant.ownerFolder];
  if (claimant.ownerFolder !== "" && identity.kind === "Namespace" && identity.group === "") owners.push("");
  for (const ownerFolder of owners) {
    const held = filePath(rules, cluster, identity, { ownerFolder });
    if (!view.exists(held)) continue;
    const manifest = view.text(held);
    if (manifest === undefined) continue;
    const trigger = rules.owners.get(ownerFolder)?.trigger ?? decodeURIComponent(ownerFolder);
    const tier = tierOf(rules, ownerFolder);
    return [{ path: held, trigger, entityHash: entityHashOf(splitProvenance(manifest)), tier, manifest }];
  }
  return [];
}

/** Manifests are kept once, however many agree on them. */
function writeClaims(identity: ObjectIdentity, claims: readonly Claim[]): string {
  const parts = claims.map(({ manifest }) => splitProvenance(manifest));
  const manifests = [...new Set(parts.map(({ bare }) => bare))];
  const file = new Map<string, Json>([
    ["version", 1n],
    ["object", writeIdentity(identity)],
    [
      "claims",
      claims.map(({ trigger, entityHash, tier }, index) => {
        const { owner, entity, bare } = parts[index]!;
        return new Map<string, Json>([
          ["trigger", trigger],
          ["entityHash", entityHash],
          ["tier", BigInt(tier)],
          ["owner", owner],
          ["entity", entity],
          ["manifest", BigInt(manifests.indexOf(bare))],
        ]);
      }),
    ],
    ["manifests", manifests],
  ]);
  return `${writeJson(file, 1)}\n`;
}

/** Paths are not in the file: a change of shards moves the manifests, and leaves the claims as they are. */
function parseClaims(
  text: string,
  path: string,
  rules: ClaimRules,
  cluster: ClusterKey,
  identity: ObjectIdentity,
): readonly Claim[] {
  const file: JsonObject = parseStateFile(text, path);
  const manifests = (file.get("manifests") ?? []) as readonly string[];
  const claims = (file.get("claims") ?? []) as readonly Json[];
  return claims.filter(isJsonObject).map((claim) => {
    const trigger = String(claim.get("trigger"));
    const ownerFolder = trigger === "" ? "" : encodePathPart(trigger);
    return {
      path: filePath(rules, cluster, identity, { ownerFolder }),
      trigger,
      entityHash: String(claim.get("entityHash")),
      tier: Number(claim.get("tier")),
      manifest: joinProvenance(manifests[Number(claim.get("manifest"))] ?? "", {
        owner: String(claim.get("owner")),
        entity: String(claim.get("entity")),
      }),
    };
  });
}

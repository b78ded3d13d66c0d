/**
 * Files of `claims/`: who wants an object that several want, in a form whose cost for each event does not grow with the
 * number of claimants.
 *
 *     claims/<cluster>/<object>/head.json                            the place, the first claim, counts, owners with tiers
 *     claims/<cluster>/<object>/<owner>/<block>/<block>.json         claims: entity's hash → rank and manifest's hash
 *     claims/<cluster>/<object>/<owner>/<block>/<block>/<ab>.json    of a pass, which all have one rank
 *     claims/<cluster>/<object>/<owner>~<tier>/…                     of references that say a tier of their own
 *     claims/<cluster>/<object>/manifests/<hash>.json                manifests that are not the one in place, with counts
 *
 * What LeavePolicies left has a head alone, without any claim.
 *
 * A block is 64 ranks; folders of hex digits in the order of ranks are the index that finds the next claim when the first
 * one goes. Manifests are kept without their provenance, so that those who agree share one.
 */
import { hash } from "node:crypto";
import type { ClusterKey } from "../model/cluster.ts";
import { isJsonObject, type Json, type JsonObject, writeJson } from "../model/json.ts";
import { type Owner, ownerKey, parseOwnerKey } from "../model/owner.ts";
import { SluiceError } from "../model/problem.ts";
import { referenceTier } from "../model/record.ts";
import { encodePathPart } from "./paths.ts";
import { parseStateFile } from "./record-file.ts";

const blockSize = 64;

/** One claim, without whose it is. */
export interface StoredClaim {
  readonly rank: number;
  /** Of the manifest without its provenance. */
  readonly manifest: string;
}

export interface Claim extends StoredClaim, ClaimGroup {
  readonly entityHash: string;
}

/** Claims that are of one owner, by references of one tier. */
export interface ClaimGroup {
  readonly owner: Owner;
  /** The references'. */
  readonly tier: number;
}

/** A group of claims, as a key: the owner's, and behind it a tier that is not everybody's. */
export type GroupKey = string;

export function groupKey({ owner, tier }: ClaimGroup): GroupKey {
  return tier === referenceTier ? ownerKey(owner) : `${ownerKey(owner)}${tierMark}${tier}`;
}

/** No name has it, and no part of a path but where it was cut. */
const tierMark = "~";

/** What is known of the claims of a group. */
export interface ClaimingOwner extends ClaimGroup {
  readonly ownerTier: number;
  /** How many of its entities claim the object. */
  readonly claims: number;
  /** Its label in manifests, and its Sluice's, as canonical YAML writes them; undefined: a manifest without. */
  readonly label: string | undefined;
  readonly instance: string | undefined;
}

export interface ClaimsHead {
  /** In whose folder the object stands: of who had it first; undefined: in `base/`, a generated Namespace. */
  readonly place: Owner | undefined;
  /** By the owner's tier, the reference's, then rank, then record; undefined: nobody but Sluice itself, which generates the Namespace. */
  readonly first: Claim | undefined;
  /** How many claims there are, and how many of them want just what is in place. */
  readonly claims: number;
  readonly alike: number;
  /** How many entities need the Namespace to be there without rendering it. */
  readonly needs: number;
  readonly owners: ReadonlyMap<GroupKey, ClaimingOwner>;
  /** Nobody claims it, and it stands there all the same: LeavePolicies left it, on this cluster. */
  readonly left?: ClusterKey;
}

/** Passes have ranks of their own: one for each catalog, at the beginning of a block that nobody else has. */
function isPassRank(rank: number): boolean {
  return rank % blockSize === 0;
}

/** The next number for an input that is no pass. */
export function nextInputRank(next: number): number {
  return isPassRank(next) ? next + 1 : next;
}

export function nextPassRank(next: number): number {
  return Math.ceil(next / blockSize) * blockSize;
}

/** The number behind a pass's: its block is nobody else's. */
export function behindPassRank(rank: number): number {
  return rank + blockSize;
}

export function headPath(folder: string): string {
  return `${folder}/head.json`;
}

export function claimsFolderOfGroup(folder: string, { owner: { kind, namespace, name }, tier }: ClaimGroup): string {
  const own = encodePathPart(`${kind.toLowerCase()}.${namespace === "" ? "" : `${namespace}.`}${name}`);
  return `${folder}/${own}${tier === referenceTier ? "" : `${tierMark}${tier}`}`;
}

/** Where the claim of this rank is. */
export function leafPath(folder: string, group: ClaimGroup, rank: number, entityHash: string): string {
  const block = Math.floor(rank / blockSize);
  const [outer, inner] = [Math.floor(block / 256), block % 256].map((number) => number.toString(16));
  const path = `${claimsFolderOfGroup(folder, group)}/${outer!.padStart(10, "0")}/${inner!.padStart(2, "0")}`;
  return isPassRank(rank) ? `${path}/${entityHash.slice(0, 2)}.json` : `${path}.json`;
}

export function manifestPath(folder: string, manifest: string): string {
  return `${folder}/manifests/${manifest}.json`;
}

/** Stands for a manifest without provenance. */
export function hashManifest(bare: string): string {
  return hash("sha256", bare, "hex").slice(0, 24);
}

export type Leaf = ReadonlyMap<string, StoredClaim>;

export function writeLeaf(leaf: Leaf): string {
  const sorted = [...leaf].sort(([a, one], [b, other]) => one.rank - other.rank || (a < b ? -1 : 1));
  const claims = sorted.map(([entityHash, { rank, manifest }]) => [entityHash, [BigInt(rank), manifest]] as const);
  return `${writeJson(
    new Map<string, Json>([
      ["version", 2n],
      ["claims", new Map<string, Json>(claims)],
    ]),
    1,
  )}\n`;
}

/** In their order. Throws a SluiceError (STATE_INVALID). */
export function parseLeaf(text: string, path: string): Leaf {
  const claims = parseStateFile(text, path).get("claims");
  const leaf = new Map<string, StoredClaim>();
  if (!isJsonObject(claims)) return leaf;
  for (const [entityHash, claim] of claims) {
    const [rank, manifest] = claim as readonly Json[];
    leaf.set(entityHash, { rank: Number(rank), manifest: String(manifest) });
  }
  return leaf;
}

export interface StoredManifest {
  readonly claims: number;
  /** Without provenance. */
  readonly bare: string;
}

export function writeManifest({ claims, bare }: StoredManifest): string {
  return `${writeJson(
    new Map<string, Json>([
      ["version", 2n],
      ["claims", BigInt(claims)],
      ["manifest", bare],
    ]),
    1,
  )}\n`;
}

export function parseManifest(text: string, path: string): StoredManifest {
  const file = parseStateFile(text, path);
  return { claims: Number(file.get("claims")), bare: String(file.get("manifest")) };
}

export function writeHead(object: string, head: ClaimsHead): string {
  const { place, first, claims, alike, needs, owners, left } = head;
  const file = new Map<string, Json>([
    ["version", 2n],
    ["object", object],
    ["place", place === undefined ? "" : ownerKey(place)],
  ]);
  if (first !== undefined) {
    file.set(
      "first",
      new Map<string, Json>([
        ["owner", ownerKey(first.owner)],
        ["entity", first.entityHash],
        ["rank", BigInt(first.rank)],
        ...(first.tier === referenceTier ? [] : [["tier", BigInt(first.tier)] as const]),
        ["manifest", first.manifest],
      ]),
    );
  }
  file.set("claims", BigInt(claims));
  file.set("alike", BigInt(alike));
  if (needs > 0) file.set("needs", BigInt(needs));
  if (left !== undefined) file.set("left", left);
  const sorted = [...owners].sort(([a], [b]) => (a < b ? -1 : 1));
  file.set("owners", new Map(sorted.map(([key, owner]) => [key, claimingOwnerToJson(owner)])));
  return `${writeJson(file, 1)}\n`;
}

function claimingOwnerToJson({ ownerTier, claims, label, instance }: ClaimingOwner): JsonObject {
  const json = new Map<string, Json>([
    ["tier", BigInt(ownerTier)],
    ["claims", BigInt(claims)],
  ]);
  if (label !== undefined) json.set("label", label);
  if (instance !== undefined) json.set("instance", instance);
  return json;
}

/** Throws a SluiceError (STATE_INVALID). */
export function parseHead(text: string, path: string): ClaimsHead {
  const file = parseStateFile(text, path);
  const first = file.get("first");
  const place = String(file.get("place"));
  const owners = file.get("owners");
  const left = file.get("left");
  return {
    place: place === "" ? undefined : ownerOf(place, path),
    first: isJsonObject(first)
      ? {
          owner: ownerOf(String(first.get("owner")), path),
          entityHash: String(first.get("entity")),
          rank: Number(first.get("rank")),
          tier: Number(first.get("tier") ?? referenceTier),
          manifest: String(first.get("manifest")),
        }
      : undefined,
    claims: Number(file.get("claims")),
    alike: Number(file.get("alike")),
    needs: Number(file.get("needs") ?? 0),
    owners: new Map(
      [...(isJsonObject(owners) ? owners : [])].map(([key, json]) => [key, claimingOwnerFromJson(key, json, path)]),
    ),
    ...(typeof left === "string" ? { left } : {}),
  };
}

function claimingOwnerFromJson(key: string, json: Json, path: string): ClaimingOwner {
  const stored: JsonObject = isJsonObject(json) ? json : new Map();
  const text = (member: string) => {
    const value = stored.get(member);
    return typeof value === "string" ? value : undefined;
  };
  return {
    ...groupOf(key, path),
    ownerTier: Number(stored.get("tier")),
    claims: Number(stored.get("claims")),
    label: text("label"),
    instance: text("instance"),
  };
}

function groupOf(key: GroupKey, path: string): ClaimGroup {
  const [owner = "", tier] = key.split(tierMark);
  return { owner: ownerOf(owner, path), tier: tier === undefined ? referenceTier : Number(tier) };
}

function ownerOf(key: string, path: string): Owner {
  const owner = parseOwnerKey(key);
  if (owner !== undefined) return owner;
  throw new SluiceError({ code: "STATE_INVALID", message: `${path} names ${JSON.stringify(key)}, no owner` });
}

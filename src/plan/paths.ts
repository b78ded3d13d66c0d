/**
 * Where everything stands in the two branches (design 7).
 *
 * Paths are portable: upper case and whatever a file system, a shell or Git could take amiss is percent-encoded, and no
 * part begins with a dot. Encoding is injective, so two names never meet in one path.
 */
import { hash } from "node:crypto";
import type { Entity } from "../model/cloud-event.ts";
import type { ClusterKey } from "../model/cluster.ts";
import type { ObjectIdentity } from "../model/manifest.ts";

export const checkpointPath = "checkpoint.json";
export const desiredFolder = "desired";
export const recordsFolder = "records";
export const claimsFolder = "claims";
export const ownersFolder = "owners";
export const deadLettersFolder = "dead-letters";
export const reviewsFolder = "reviews";
export const catalogFolder = "config";

/** Stands for the namespace of cluster-scoped objects; no namespace may be called so. */
const clusterScopeFolder = "_cluster";
const partBytesMax = 200;
/** What is left of a part that was cut: the rest is `~`, which no other part has, and 40 hex digits. */
const cutPartBytes = partBytesMax - 41;
const portablePart = /^[a-z0-9_][a-z0-9._-]*$/;
/** Windows takes these for devices, whatever follows the dot. */
const deviceName = /^(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|$)/;
/**
 * Names of files that mean something to who reads the repository, by themselves or before `.yaml`: kustomize's own, and
 * what source-controller leaves out of an artifact unless told otherwise (fluxcd/pkg/sourceignore). Those that begin with
 * a dot or have upper case (`Kustomization`, `Chart.yaml`) are encoded anyway.
 */
const consumedName = /^(?:kustomization|appveyor|cloudbuild|codeship-services|codeship-steps)(?:\.ya?ml)?$/;
/** Ends of names of files and folders that source-controller leaves out; and a dot, which Windows drops. */
const consumedEnd = /\.(?:jpg|jpeg|gif|png|wmv|flv|zip|)$|(?<=\.tar)\.gz$/;

/**
 * A part of a path for any text: itself where it is portable and means nothing to who reads the repository, else
 * percent-encoded as far as need be, and cut with a hash where it is long. No two texts have one part.
 */
export function encodePathPart(part: string): string {
  const isMeant = deviceName.test(part) || consumedName.test(part);
  const encodedDot = consumedEnd.test(part) ? part.lastIndexOf(".") : -1;
  if (portablePart.test(part) && part.length <= partBytesMax && !isMeant && encodedDot < 0) return part;
  const encoder = new TextEncoder();
  const lastDot = encodedDot < 0 ? -1 : encoder.encode(part.slice(0, encodedDot)).length;
  let encoded = "";
  let at = 0;
  for (const byte of encoder.encode(part)) {
    const character = String.fromCharCode(byte);
    const isPortable = at === 0 ? !isMeant && /[a-z0-9_]/.test(character) : /[a-z0-9._-]/.test(character);
    encoded += isPortable && at !== lastDot ? character : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
    at++;
  }
  if (encoded.length <= partBytesMax) return encoded === "" ? "%" : encoded;
  return `${encoded.slice(0, cutPartBytes).replace(/%.?$/, "")}~${hashHex(part)}`;
}

/** 40 hex digits. Events choose names, so the hash is one that nobody can make collide. */
function hashHex(text: string): string {
  return hash("sha256", text, "hex").slice(0, 40);
}

/** 40 hex digits that stand for an entity: in record paths and in the annotation `sluice.dev/entity`. */
export function hashEntity(entity: Entity): string {
  let hashed = entityHashes.get(entity);
  if (hashed === undefined) {
    hashed = hashHex(JSON.stringify([entity.connection, entity.source, entity.subject]));
    entityHashes.set(entity, hashed);
  }
  return hashed;
}

/** Each event's entity is asked for several times on its way through a batch. */
const entityHashes = new WeakMap<Entity, string>();

export function recordFolder(trigger: string): string {
  return `${recordsFolder}/${encodePathPart(trigger)}`;
}

export function recordPath(trigger: string, entityHash: string): string {
  return `${recordFolder(trigger)}/${entityHash.slice(0, 2)}/${entityHash.slice(2, 4)}/${entityHash}.json`;
}

export function ownerPath(trigger: string): string {
  return `${ownersFolder}/${encodePathPart(trigger)}.json`;
}

/** `<cluster namespace>/<cluster>`, below `desired/` and the output folder. */
export function clusterFolder(cluster: ClusterKey): string {
  const slash = cluster.indexOf("/");
  return `${encodePathPart(cluster.slice(0, slash))}/${encodePathPart(cluster.slice(slash + 1))}`;
}

export const clusterFileName = "sluice-cluster.yaml";
const triggersFolder = "triggers";

/** The folder, below `desired/`, that has a folder for each EventTrigger with objects on the cluster. */
export function triggersFolderOf(cluster: ClusterKey): string {
  return `${desiredFolder}/${clusterFolder(cluster)}/${triggersFolder}`;
}

/** The part of an object's path that is its identity, the same below every owner. */
export function identityPath(identity: ObjectIdentity): string {
  let path = identityPaths.get(identity);
  if (path === undefined) {
    const { group, kind, namespace, name } = identity;
    const kindPart = encodePathPart(group === "" ? kind.toLowerCase() : `${kind.toLowerCase()}.${group}`);
    const scope = namespace === "" ? clusterScopeFolder : encodePathPart(namespace);
    path = `${scope}/${kindPart}/${encodePathPart(name)}`;
    identityPaths.set(identity, path);
  }
  return path;
}

/** Asked for several times of each object: where it is, was, and may be claimed. */
const identityPaths = new WeakMap<ObjectIdentity, string>();

/**
 * The file of an object on the state branch. `ownerFolder` is an encoded trigger name; `shards` levels of two hex
 * digits keep folders small where a trigger has very many objects.
 */
export function objectPath(cluster: ClusterKey, ownerFolder: string, identity: ObjectIdentity, shards: number): string {
  return `${triggersFolderOf(cluster)}/${ownerFolder}/${shardedPath(`${identityPath(identity)}.yaml`, shards)}`;
}

/** `<scope>/<kind>/<name>.yaml` behind its shards. */
function shardedPath(file: string, shards: number): string {
  if (shards === 0) return file;
  const digits = hashHex(file.slice(0, -".yaml".length));
  let shard = "";
  for (let level = 0; level < shards; level++) shard += `${digits.slice(2 * level, 2 * level + 2)}/`;
  return shard + file;
}

/** Where a file below an owner's folder, laid out by any number of shards, belongs with `shards` of them. */
export function reshardPath(path: string, shards: number): string {
  return shardedPath(path.split("/").slice(-3).join("/"), shards);
}

/** Where a Namespace stands that objects need and nobody renders. */
export function generatedNamespacePath(cluster: ClusterKey, name: string): string {
  return `${desiredFolder}/${clusterFolder(cluster)}/namespaces/${encodePathPart(name)}.yaml`;
}

export function claimsPath(cluster: ClusterKey, identity: ObjectIdentity): string {
  return `${claimsFolder}/${clusterFolder(cluster)}/${identityPath(identity)}.json`;
}

export function clusterFilePath(cluster: ClusterKey): string {
  return `${desiredFolder}/${clusterFolder(cluster)}/${clusterFileName}`;
}

/** Where the state branch keeps a document of the catalog in force. */
export function documentPath(apiVersion: string, kind: string, namespace: string, name: string): string {
  const group = apiVersion.includes("/") ? apiVersion.slice(0, apiVersion.indexOf("/")) : "core";
  const scope = namespace === "" ? clusterScopeFolder : encodePathPart(namespace);
  return `${catalogFolder}/${encodePathPart(group)}/${encodePathPart(kind.toLowerCase())}/${scope}/${encodePathPart(name)}.yaml`;
}

export function deadLetterPath(id: string): string {
  return `${deadLettersFolder}/${id}.json`;
}

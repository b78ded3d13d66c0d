/**
 * Where everything stands in the two branches (design 7).
 *
 * Paths are portable: upper case and whatever a file system, a shell or Git could take amiss is percent-encoded, and no
 * part begins with a dot. Encoding is injective, so two names never meet in one path.
 */
import { hash } from "node:crypto";
import type { Layout } from "../model/change-set.ts";
import { isChart } from "../model/chart.ts";
import type { Entity } from "../model/cloud-event.ts";
import type { ClusterKey } from "../model/cluster.ts";
import { readLocalEntity, siteOf } from "../model/local-object.ts";
import type { ObjectIdentity } from "../model/manifest.ts";
import { type Owner, type OwnerKind, ownerKinds } from "../model/owner.ts";

export const checkpointPath = "checkpoint.json";
export const positionsFolder = "positions";
export const desiredFolder = "desired";
/** What helmCharts and kustomizationRefs come to, laid out like the desired tree: what delivery is made of. */
export const chartsFolder = "charts";
export const recordsFolder = "records";
export const claimsFolder = "claims";
export const ownersFolder = "owners";
export const deadLettersFolder = "dead-letters";
export const reviewsFolder = "reviews";
export const catalogFolder = "config";
/** What a hub applies, as it should be on the target. */
export const deliveryFolder = "delivery";
/** What a hub still has to apply of the folder that `delivery.path` named before, while it is handed over. */
export const formerDeliveryFolder = "delivery-former";
const hubRoots: ReadonlySet<string> = new Set([deliveryFolder, formerDeliveryFolder]);
/** Objects that were deleted while units are handed over: they stay on the target until that is done. */
export const leavingFolder = "leaving";
/** Charts that were deleted while units are handed over: who has the releases then is to delete them. */
export const leavingChartsFolder = "leaving-charts";

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

/** The text whose part this is, unless it was cut. */
export function decodePathPart(part: string): string {
  return part === "%" ? "" : decodeURIComponent(part);
}

/** 40 hex digits. Events choose names, so the hash is one that nobody can make collide. */
function hashHex(text: string): string {
  return hash("sha256", text, "hex").slice(0, 40);
}

/** Stands for all entities of an owner that are alive on a cluster: who has what `oneForEvent: false` renders there. */
export function aggregateEntity(cluster: ClusterKey): Entity {
  return { connection: "", source: "", subject: cluster };
}

/** No connection is without a name; where nothing at all stands for an entity, it is a profile's. */
export function isAggregateEntity({ connection, source, subject }: Entity): boolean {
  return connection === "" && source === "" && subject !== "";
}

const aggregatesName = "_all";

/**
 * 40 hex digits that stand for an entity: in record paths and in the annotation `sluice.dev/entity`; `_all/<cluster>` for
 * all of a cluster.
 */
export function hashEntity(entity: Entity): string {
  let hashed = entityHashes.get(entity);
  if (hashed === undefined) {
    hashed = isAggregateEntity(entity)
      ? `${aggregatesName}/${encodePathPart(entity.subject)}`
      : hashHex(JSON.stringify([entity.connection, entity.source, entity.subject]));
    entityHashes.set(entity, hashed);
  }
  return hashed;
}

/** Each event's entity is asked for several times on its way through a batch. */
const entityHashes = new WeakMap<Entity, string>();

/** `<kind>/[<namespace>.]<name>`, below `records/` and `owners/`. A namespace has no dot, so no two owners share one. */
function ownerPart({ kind, namespace, name }: Owner): string {
  return `${kind.toLowerCase()}/${encodePathPart(namespace === "" ? name : `${namespace}.${name}`)}`;
}

export function recordFolder(owner: Owner): string {
  return `${recordsFolder}/${ownerPart(owner)}`;
}

/** Records of what an owner renders once for each cluster. */
export function aggregatesFolder(owner: Owner): string {
  return `${recordFolder(owner)}/${aggregatesName}`;
}

/** Behind all records of the owner's entities. */
export function behindRecords(owner: Owner): string {
  return `${recordFolder(owner)}/~`;
}

/** `entity`: its hash, or what stands for it in an object on the hub. */
export function recordPath(owner: Owner, entity: string): string {
  const { entityHash } = readLocalEntity(entity);
  if (entityHash.startsWith(`${aggregatesName}/`)) return `${recordFolder(owner)}/${entityHash}.json`;
  return `${recordFolder(owner)}/${entityHash.slice(0, 2)}/${entityHash.slice(2, 4)}/${entityHash}.json`;
}

export function ownerPath(owner: Owner): string {
  return `${ownersFolder}/${ownerPart(owner)}.json`;
}

/**
 * Where a connection's positions are. Connections that are made for each cluster (`<name>/<namespace>/<cluster>`) are
 * spread, so that a lone event never writes a folder of thousands.
 */
export function positionsPath(connection: string): string {
  const slash = connection.indexOf("/");
  if (slash < 0) return `${positionsFolder}/${encodePathPart(connection)}.json`;
  const rest = connection.slice(slash + 1);
  const name = encodePathPart(connection.slice(0, slash));
  return `${positionsFolder}/${name}/${hashHex(rest).slice(0, 2)}/${encodePathPart(rest)}.json`;
}

/** `<cluster namespace>/<cluster>`, below `desired/` and the output folder. */
export function clusterFolder(cluster: ClusterKey): string {
  let folder = clusterFolders.get(cluster);
  if (folder === undefined) {
    const slash = cluster.indexOf("/");
    folder = `${encodePathPart(cluster.slice(0, slash))}/${encodePathPart(cluster.slice(slash + 1))}`;
    if (clusterFolders.size >= clustersKeptMax) clusterFolders.clear();
    clusterFolders.set(cluster, folder);
  }
  return folder;
}

/** Asked for of every object, and there are few clusters beside objects. */
const clusterFolders = new Map<ClusterKey, string>();
const clustersKeptMax = 10_000;

/** The cluster whose folder has these two names. */
export function clusterOfFolder(namespace: string, name: string): ClusterKey {
  return `${decodePathPart(namespace)}/${decodePathPart(name)}`;
}

export const clusterFileName = "sluice-cluster.yaml";
/** Keeps the folder of a unit from vanishing, as the cluster's file keeps `base/`. */
export const unitFileName = "sluice-unit.yaml";
/**
 * Names below a cluster's folder that its path has at most, `triggers/_03/users/sluice-unit.yaml`: an object of that name
 * has its scope and its kind before it besides.
 */
export const unitDepthMax = 4;
/** What Sluice adds of its own to a cluster's folder. */
export const baseFolder = "base";
const namespacesFolder = "namespaces";

const areas: Readonly<Record<OwnerKind, string>> = {
  EventTrigger: "triggers",
  ClusterProfile: "clusterprofiles",
  Profile: "profiles",
};

/** Below a cluster's folder, of what triggers render. */
export const triggersArea = areas.EventTrigger;

export function clusterFilePath(cluster: ClusterKey): string {
  return `${desiredFolder}/${clusterFolder(cluster)}/${baseFolder}/${clusterFileName}`;
}

/** By which path the hub's object for a unit of a cluster is spoken of; `unit`: its name. It stands in the cluster's file. */
export function deliveryPath(cluster: ClusterKey, unit: string): string {
  return `${clusterDeliveryFolder(cluster)}/${encodePathPart(unit)}.yaml`;
}

/** The file that holds all of a cluster's units. */
export function clusterHubFile(cluster: ClusterKey): string {
  return `${clusterDeliveryFolder(cluster)}.yaml`;
}

/** The cluster's file that a unit stands in, and which of its parts it is; undefined: it is no unit's path. */
export function hubPartOf(path: string): { readonly file: string; readonly unit: string } | undefined {
  const [root = "", hub, namespace, cluster, unit, ...others] = path.split("/");
  if (!hubRoots.has(root) || hub !== "hub" || unit === undefined || others.length > 0) return undefined;
  return { file: `${root}/hub/${namespace}/${cluster}.yaml`, unit: unit.slice(0, -".yaml".length) };
}

/** Whether it is a file of a cluster's units: what takes a source apart stands beside them. */
export function isHubFile(path: string): boolean {
  const [root = "", hub, , cluster, ...others] = path.split("/");
  const isPlaced = hubRoots.has(root) && hub === "hub" && cluster !== undefined && others.length === 0;
  return isPlaced && cluster.endsWith(".yaml") && !cluster.startsWith(generatorPrefix);
}

/** Begins the paths of all of a cluster's units. */
export function clusterDeliveryFolder(cluster: ClusterKey): string {
  return `${deliveryFolder}/hub/${clusterFolder(cluster)}`;
}

/** What a hub makes of charts: applied for each unit by itself. */
export const deliveryChartsFolder = `${deliveryFolder}/charts`;

/** All that a hub makes of a cluster's charts. */
export function clusterDeliveryCharts(cluster: ClusterKey): string {
  return `${deliveryChartsFolder}/${clusterFolder(cluster)}`;
}

/** Begins the names of files that take a source apart into artifacts: no unit's and no cluster's part of a path does. */
export const generatorPrefix = "~artifacts";

/** Where the hub's object stands that makes artifacts for a namespace of clusters: one of `count`. */
export function generatorPath(namespace: string, part: number, count: number): string {
  const number = count === 1 ? "" : `-${part}-of-${count}`;
  return `${deliveryFolder}/hub/${encodePathPart(namespace)}/${generatorPrefix}${number}.yaml`;
}

/** Keeps `delivery/hub` from vanishing. */
export const deliveryFilePath = `${deliveryFolder}/hub/sluice-delivery.yaml`;

/** Where a Namespace stands that objects need and that nobody rendered first. */
export function generatedNamespacePath(cluster: ClusterKey, name: string): string {
  return `${desiredFolder}/${clusterFolder(cluster)}/${baseFolder}/${namespacesFolder}/${encodePathPart(name)}.yaml`;
}

/** The part of an object's path that is its identity, the same below every owner; the kind's case is folded. */
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

const desiredStart = `${desiredFolder}/`;
const chartsStart = `${chartsFolder}/`;

/** Whether a path is of an object of the desired tree, charts among them. */
export function isObjectPath(path: string): boolean {
  return path.startsWith(desiredStart) || path.startsWith(chartsStart);
}

/** What parts of paths say of Helm's releases. */
export const releaseKindPart = "helmchart.sluice.dev";

/** Whether a file is a release's: below `charts/` of the state, or in a cluster's folder of the target. */
export function isReleasePath(path: string): boolean {
  return path.split("/").at(-2) === releaseKindPart;
}

/**
 * Where a file of the desired tree stands on the target; what is none, as a chart, is called as in the state. `hasReleases`:
 * releases stand there too.
 */
export function targetPath(path: string, outputPath: string, hasReleases = false): string {
  if (path.startsWith(desiredStart)) return outputPath + path.slice(desiredFolder.length);
  const isThere = hasReleases && path.startsWith(chartsStart) && isReleasePath(path);
  return isThere ? outputPath + path.slice(chartsFolder.length) : path;
}

/** Folders, below `desired/` or `charts/`, that have a folder for each owner who may have this object on the cluster, by kind. */
export function ownersFoldersOf(
  cluster: ClusterKey,
  identity: ObjectIdentity,
  layout: Layout,
): Readonly<Record<OwnerKind, string>> {
  const site = siteOf(cluster, identity);
  const folders = (isChart(identity) ? chartsFolders : desiredFolders).of(site);
  if (layout.buckets === 1) return folders;
  const bucket = bucketOf(`${identityPath(identity)}.yaml`, layout);
  return { ...folders, EventTrigger: folders.EventTrigger + bucket };
}

/** The folders of a cluster's owners, by kind; the same for each object, which is why they are kept. */
class OwnersFolders {
  readonly #root: string;
  readonly #known = new Map<ClusterKey, Readonly<Record<OwnerKind, string>>>();

  constructor(root: string) {
    this.#root = root;
  }

  of(cluster: ClusterKey): Readonly<Record<OwnerKind, string>> {
    let folders = this.#known.get(cluster);
    if (folders === undefined) {
      const folder = `${this.#root}/${clusterFolder(cluster)}`;
      folders = {
        EventTrigger: `${folder}/${areas.EventTrigger}`,
        ClusterProfile: `${folder}/${areas.ClusterProfile}`,
        Profile: `${folder}/${areas.Profile}`,
      };
      if (this.#known.size >= clustersKeptMax) this.#known.clear();
      this.#known.set(cluster, folders);
    }
    return folders;
  }
}

const desiredFolders = new OwnersFolders(desiredFolder);
const chartsFolders = new OwnersFolders(chartsFolder);

/**
 * What tells an owner from the others of its kind on a cluster: its name. A Profile's namespace is its clusters'; on the hub,
 * where Profiles of any namespace may have objects, it is said.
 */
export function ownerNameOn({ kind, namespace, name }: Owner, cluster: ClusterKey): string {
  return kind !== "Profile" || namespace === namespaceOf(cluster) ? name : `${namespace}/${name}`;
}

/** An owner's folder in one of these. */
export function ownerFolderName(owner: Owner, cluster: ClusterKey): string {
  return encodePathPart(ownerNameOn(owner, cluster));
}

function namespaceOf(cluster: ClusterKey): string {
  return cluster.slice(0, cluster.indexOf("/"));
}

/** A profile's folder, below a cluster's. */
export function profileFolder(owner: Owner, cluster: ClusterKey): string {
  return `${areas[owner.kind]}/${ownerFolderName(owner, cluster)}`;
}

/** Folders, below a cluster's, that have a folder for each profile, by the profiles' kind. */
export const profileAreas: readonly (readonly [OwnerKind, string])[] = [
  ["ClusterProfile", areas.ClusterProfile],
  ["Profile", areas.Profile],
];

/** Whether a path of an object could be of a profile's folder: a quick look, before it is taken apart. */
export function mayBeProfiles(path: string): boolean {
  return profileAreas.some(([, area]) => path.includes(`/${area}/`));
}

/** The owner whose folder this is, unless its name was cut for its length: then undefined. */
export function ownerOfFolder(kind: OwnerKind, folderName: string, cluster: ClusterKey): Owner | undefined {
  if (folderName.includes("~")) return undefined;
  const text = decodePathPart(folderName);
  if (kind !== "Profile") return { kind, namespace: "", name: text };
  const [namespace, name] = text.includes("/") ? text.split("/") : [namespaceOf(cluster), text];
  return { kind, namespace: namespace!, name: name! };
}

/** The file of an object on the state branch, in its owner's folder. */
export function objectPath(cluster: ClusterKey, owner: Owner, identity: ObjectIdentity, layout: Layout): string {
  const folder = ownersFoldersOf(cluster, identity, layout)[owner.kind];
  const name = ownerFolderName(owner, siteOf(cluster, identity));
  return `${folder}/${name}/${shardedPath(`${identityPath(identity)}.yaml`, layout.shards)}`;
}

/** `<scope>/<kind>/<name>.yaml` behind its shards. */
function shardedPath(file: string, shards: number): string {
  if (shards === 0) return file;
  const digits = hashHex(file.slice(0, -".yaml".length));
  let shard = "";
  for (let level = 0; level < shards; level++) shard += `${digits.slice(2 * level, 2 * level + 2)}/`;
  return shard + file;
}

/**
 * The bucket of `<scope>/<kind>/<name>.yaml`, with a slash before it; none where there is one for all. A Namespace and
 * what is in it are in one bucket. No owner's folder is called so: names begin with no `_`.
 */
function bucketOf(file: string, { buckets }: Pick<Layout, "buckets">): string {
  if (buckets === 1) return "";
  const [scope = "", , name = ""] = file.slice(0, -".yaml".length).split("/");
  const digits = hashHex(scope === clusterScopeFolder ? name : scope).slice(0, 8);
  return `/${bucketFolder(Number.parseInt(digits, 16) % buckets)}`;
}

function bucketFolder(bucket: number): string {
  return `_${bucket.toString(16).padStart(2, "0")}`;
}

/** The folders, below a cluster's, that its triggers' objects are spread over. */
export function triggerFolders({ buckets }: Pick<Layout, "buckets">): readonly string[] {
  const area = areas.EventTrigger;
  return buckets === 1 ? [area] : Array.from({ length: buckets }, (_, bucket) => `${area}/${bucketFolder(bucket)}`);
}

const bucketName = /^_[0-9a-f]{2}$/;

/** A path below a cluster's folder, taken apart; undefined where no owner has it: what is in `base/`. */
export interface OwnedPath {
  readonly kind: OwnerKind;
  readonly ownerFolder: string;
  /** `<scope>/<kind>/<name>.yaml`. */
  readonly file: string;
}

export function readOwnedPath(path: string): OwnedPath | undefined {
  const [area, ...below] = path.split("/");
  const kind = ownerKinds.find((one) => areas[one] === area);
  if (kind === undefined || below.length < 4) return undefined;
  const ownerFolder = kind === "EventTrigger" && bucketName.test(below[0] ?? "") ? below[1] : below[0];
  return { kind, ownerFolder: ownerFolder ?? "", file: below.slice(-3).join("/") };
}

/**
 * A chart's path in the state taken apart: `<cluster>/<owner's folder>`, and `<namespace>/<name>.yaml`, without the bucket
 * and the shards that it stands in. A Helm chart and a kustomization are never of one source, so their kind is left out.
 */
export function chartFolderOf(path: string): { readonly folder: string; readonly file: string } {
  const [, namespace, cluster, area, ...below] = path.split("/");
  const owner = below[bucketName.test(below[0] ?? "") ? 1 : 0];
  return {
    folder: [namespace, cluster, area, owner].join("/"),
    file: [below.at(-3), below.at(-1)].join("/"),
  };
}

/** Where such a path belongs with another layout, below the cluster's folder. */
export function layOutPath({ kind, ownerFolder, file }: OwnedPath, layout: Layout): string {
  const bucket = kind === "EventTrigger" ? bucketOf(file, layout) : "";
  return `${areas[kind]}${bucket}/${ownerFolder}/${shardedPath(file, layout.shards)}`;
}

/** Where the claims on an object are, as soon as there are several. */
export function objectClaimsFolder(cluster: ClusterKey, identity: ObjectIdentity): string {
  return `${claimsFolder}/${clusterFolder(siteOf(cluster, identity))}/${identityPath(identity)}`;
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

/**
 * Stands for one Sluice's output: in the names of what it has in a cluster once, so that no two share it. Twelve hex
 * digits of a hash of the state's id and `output.path`.
 */
export function outputId(stateId: string, outputPath: string): string {
  return hashHex(JSON.stringify([stateId, outputPath])).slice(0, 12);
}

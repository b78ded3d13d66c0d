/** Why a manifest is as it is: from its file back to entity, event, trigger, template, record, claims and commits. */
import type { Catalog } from "../../model/catalog.ts";
import { findOwner } from "../../model/catalog-owners.ts";
import type { Layout } from "../../model/change-set.ts";
import type { Entity } from "../../model/cloud-event.ts";
import { folderMode } from "../../model/folder-mode.ts";
import { isJsonObject, type Json, type JsonObject } from "../../model/json.ts";
import { identityKey, isCoreKind, type ObjectIdentity } from "../../model/manifest.ts";
import { ownerKinds, shownOwner, triggerOwner } from "../../model/owner.ts";
import type { Place, Problem } from "../../model/problem.ts";
import { type EntityRecord, eventOf, failuresOf } from "../../model/record.ts";
import { compareTiers } from "../../plan/claims/claim-order.ts";
import { onRecord, onSite } from "../../plan/claims/claimant.ts";
import { claimsFolderOfGroup, headPath, parseHead, parseLeaf } from "../../plan/claims-file.ts";
import { isMarkedLeft } from "../../plan/left-mark.ts";
import {
  desiredFolder,
  generatedNamespacePath,
  hashEntity,
  objectClaimsFolder,
  objectPath,
  ownerOfFolder,
  ownersFoldersOf,
  recordPath,
  recordsFolder,
  targetPath,
} from "../../plan/paths.ts";
import { profileRecordPath } from "../../plan/profile-record.ts";
import { entityHashOf, splitProvenance } from "../../plan/provenance.ts";
import { parseRecord, writeIdentity } from "../../plan/record-file.ts";
import type { GitReader, ObjectId, TreeEntry } from "../../ports/git.ts";
import type { RenderSettings } from "../../render/render-spec.ts";
import { readFolder } from "../read-folder.ts";
import { renderAgain } from "../render-again.ts";
import type { FileReview } from "../review/review-overview.ts";
import { decodePart, ownerOfManifest, readPath } from "./object-path.ts";

/** Claims that are told at most: the first ones, and how many more there are is in the head. */
const claimsMax = 100;

export interface Claimant {
  /** Empty for Sluice itself. */
  readonly trigger: string;
  readonly entityId: string;
  /** The owner's. */
  readonly tier: number;
  /** The policyRef's, which counts among owners of one tier. */
  readonly referenceTier: number;
  /** The number of the input that made the claim. */
  readonly rank: number;
}

export interface Explanation {
  /** On the target, a chart's on the state branch; absent where an entity is explained and not an object. */
  readonly path?: string;
  readonly cluster?: string;
  /** Of an object on the hub: the cluster that it is put there for. */
  readonly renderedFor?: string;
  /** `<group>:<Kind> <namespace>/<name>`. */
  readonly object?: string;
  /** Whether the target has it as the state wants it. */
  readonly target?: "as desired" | "missing" | "different" | "not desired";
  /** Where it is reviewed and not on the target as desired: how that stands. */
  readonly review?: FileReview;
  /** Nobody claims it any more: this trigger left it there, as LeavePolicies says. */
  readonly leftBy?: string;
  /** Absent for what Sluice makes itself, and for what was left. */
  readonly trigger?: { readonly name: string; readonly at?: Place };
  readonly template?: Place;
  readonly entity?: Entity & { readonly id: string };
  readonly event?: {
    readonly stream: string;
    readonly sequence: number;
    readonly subject: string;
    readonly time: string;
    /** In structured form; the data masked unless it was asked for. */
    readonly document: JsonObject;
  };
  readonly record?: {
    /** On the state branch. */
    readonly path: string;
    readonly changedAt: string;
    readonly objects: number;
    readonly failures: readonly (Problem & { readonly cluster: string })[];
  };
  /** Where several want the object; the first by tier, then by order, has it. */
  readonly claims: readonly Claimant[];
}

export interface ExplainScope {
  readonly git: GitReader;
  /** Of the state branch. */
  readonly state: ObjectId;
  /** Of the target. */
  readonly target: ObjectId | undefined;
  /** The catalog as people wrote it, for places in their files. */
  readonly catalog: Catalog;
  readonly render: RenderSettings;
  readonly outputPath: string;
  /** Releases of charts are on the target. */
  readonly hasReleases?: boolean;
  readonly layout: Layout;
  readonly showsData: boolean;
  /** By path on the target, how files stand that are reviewed; nothing where nothing is. */
  readonly reviews: ReadonlyMap<string, FileReview>;
}

/** What is asked for: a manifest's path below `desired/`, an object, or an entity by its id. */
export type ExplainQuestion =
  | { readonly kind: "path"; readonly path: string }
  | { readonly kind: "object"; readonly candidates: readonly ObjectIdentity[]; readonly cluster: string | undefined }
  | { readonly kind: "entity"; readonly id: string };

/** One for each object that the question fits, or for each trigger that has the entity on record; none: there is none. */
export async function explain(question: ExplainQuestion, scope: ExplainScope): Promise<readonly Explanation[]> {
  switch (question.kind) {
    case "path":
      return explainPaths([question.path], scope);
    case "object":
      return explainPaths(await findPaths(question.candidates, question.cluster, scope), scope);
    case "entity":
      return explainEntity(question.id, scope);
  }
}

async function explainPaths(paths: readonly string[], scope: ExplainScope): Promise<readonly Explanation[]> {
  const { git, state, target, outputPath, hasReleases } = scope;
  const texts = await git.readFiles(state, paths);
  const ids = await git.findIds(state, paths);
  // What keeps its name is in no cluster's folder: charts, where nobody has helm install them.
  const places = paths.map((path) => [path, targetPath(path, outputPath, hasReleases)] as const);
  const onTarget = new Map(places.filter(([path, place]) => path !== place));
  const targetIds = target === undefined ? new Map() : await git.findIds(target, [...onTarget.values()]);
  const explanations: Explanation[] = [];
  for (const [path, text] of texts) {
    const shown = onTarget.get(path);
    if (shown === undefined) {
      explanations.push({ path, ...(await explainManifest(path, text, scope)) });
      continue;
    }
    const there = targetIds.get(shown);
    const state = there === undefined ? "missing" : there === ids.get(path) ? "as desired" : "different";
    const review = scope.reviews.get(shown);
    const stand = review === undefined ? {} : { review };
    explanations.push({ path: shown, target: state, ...stand, ...(await explainManifest(path, text, scope)) });
  }
  // What is on the target against what events ask for: a removal that waits, or was turned down.
  for (const [path, shown] of onTarget) {
    const review = scope.reviews.get(shown);
    if (texts.has(path) || review === undefined) continue;
    const { cluster, object } = readPath(path);
    explanations.push({ path: shown, target: "not desired", review, cluster, object, claims: [] });
  }
  return explanations;
}

async function explainManifest(path: string, text: string, scope: ExplainScope): Promise<Explanation> {
  const { cluster: site, trigger } = readPath(path);
  const owner = ownerOfManifest(path, text);
  const entityHash = entityHashOf(splitProvenance(text).texts);
  const record = owner === undefined ? undefined : await readRecord(recordPath(owner, entityHash), scope);
  const told = identityOf(path, text);
  const { cluster, key } = onRecord({ entityHash }, site, told);
  const identity = record?.clusters.get(cluster)?.objects.get(key)?.identity ?? told;
  return {
    cluster: site,
    ...(cluster === site ? {} : { renderedFor: cluster }),
    object: writeIdentity(onSite(cluster, identity).identity),
    ...(isMarkedLeft(text) ? { leftBy: trigger } : {}),
    ...(record === undefined ? {} : explainRecord(record, cluster, identity, scope)),
    claims: await readClaims(objectClaimsFolder(cluster, identity), scope),
  };
}

/** What the path and the text say. */
function identityOf(path: string, text: string): ObjectIdentity {
  const { names } = readPath(path);
  const [namespace, name] = names.includes(" ") ? names.split(" ") : ["", names];
  const group = /^apiVersion: (?:([^/\n]*)\/)?/.exec(text)?.[1] ?? "";
  return { group, kind: /^kind: (.*)$/m.exec(text)?.[1] ?? "", namespace: namespace ?? "", name: name ?? "" };
}

function explainRecord(
  record: EntityRecord,
  cluster: string | undefined,
  identity: ObjectIdentity | undefined,
  scope: ExplainScope,
): Omit<Explanation, "claims"> {
  const { owner, entity, clusters } = record;
  const isProfile = owner.kind !== "EventTrigger";
  const last = eventOf(record, cluster);
  const id = hashEntity(entity);
  const trigger = findOwner(scope.catalog, owner);
  const template = identity === undefined ? undefined : findTemplate(record, cluster, identity, scope);
  return {
    trigger: { name: shownOwner(owner), ...(trigger === undefined ? {} : { at: withoutExcerpt(trigger.at) }) },
    ...(template === undefined ? {} : { template }),
    // Of a profile there is none.
    ...(isProfile ? {} : { entity: { id, ...entity } }),
    ...(last === undefined
      ? {}
      : {
          event: {
            stream: last.message.stream,
            sequence: last.message.sequence,
            subject: last.message.subject,
            time: last.message.time,
            document: scope.showsData ? last.event.document : maskData(last.event.document),
          },
        }),
    record: {
      path: recordPath(owner, id),
      changedAt: (cluster === undefined ? undefined : clusters.get(cluster)?.renderedAt) ?? record.changedAt,
      objects: [...clusters.values()].reduce((sum, { objects }) => sum + objects.size, 0),
      failures: [...failuresOf(record)]
        .filter(([failed]) => cluster === undefined || failed === cluster)
        .map(([failed, problem]) => ({ ...problem, cluster: failed })),
    },
  };
}

/** Where the template stands that prints the object now: known by rendering the record once more. */
function findTemplate(
  record: EntityRecord,
  cluster: string | undefined,
  identity: ObjectIdentity,
  { catalog, render }: ExplainScope,
): Place | undefined {
  const wanted = cluster === undefined ? ("all" as const) : new Set([cluster]);
  const again = renderAgain(catalog, record, { clusters: wanted }, render).input?.clusters ?? [];
  const rendering = again.find((one) => one.cluster === cluster)?.rendering;
  if (rendering?.action !== "Create") return undefined;
  const key = identityKey(identity);
  const at = rendering.manifests.find((manifest) => identityKey(manifest.identity) === key)?.at;
  return at === undefined ? undefined : withoutExcerpt(at);
}

async function explainEntity(id: string, scope: ExplainScope): Promise<readonly Explanation[]> {
  const explanations: Explanation[] = [];
  for (const folder of await foldersIn(`${recordsFolder}/eventtrigger`, scope)) {
    const record = await readRecord(recordPath(triggerOwner(decodePart(folder)), id), scope);
    if (record !== undefined) explanations.push({ ...explainRecord(record, undefined, undefined, scope), claims: [] });
  }
  // Profiles have a record each, and since none has an event, one id.
  for (const { owner } of scope.catalog.profiles.values()) {
    const path = profileRecordPath(owner);
    const record = path === recordPath(owner, id) ? await readRecord(path, scope) : undefined;
    if (record !== undefined) explanations.push({ ...explainRecord(record, undefined, undefined, scope), claims: [] });
  }
  return explanations;
}

async function readRecord(path: string, { git, state }: ExplainScope): Promise<EntityRecord | undefined> {
  const text = (await git.readFiles(state, [path])).get(path);
  return text === undefined ? undefined : parseRecord(text, path);
}

/** In their order; where very many want one object, the first ones. */
async function readClaims(folder: string, { git, state }: ExplainScope): Promise<readonly Claimant[]> {
  const path = headPath(folder);
  const text = (await git.readFiles(state, [path])).get(path);
  if (text === undefined) return [];
  const head = parseHead(text, path);
  const claims: Claimant[] = [];
  for (const group of [...head.owners.values()].sort(compareTiers)) {
    const { owner, ownerTier: tier, tier: referenceTier } = group;
    for await (const [leaf, content] of readFolder(git, state, claimsFolderOfGroup(folder, group))) {
      for (const [entityId, { rank }] of parseLeaf(content, leaf)) {
        claims.push({ trigger: shownOwner(owner), entityId, tier, referenceTier, rank });
      }
      if (claims.length >= claimsMax) break;
    }
  }
  claims.sort((a, b) => a.tier - b.tier || a.referenceTier - b.referenceTier || a.rank - b.rank);
  const last = Number.MAX_SAFE_INTEGER;
  if (head.needs > 0) claims.push({ trigger: "", entityId: "", tier: last, referenceTier: last, rank: 0 });
  return claims.slice(0, claimsMax);
}

/** Paths below `desired/` of those objects, on one cluster or on all. */
async function findPaths(
  identities: readonly ObjectIdentity[],
  cluster: string | undefined,
  scope: ExplainScope,
): Promise<readonly string[]> {
  const paths: string[] = [];
  for (const namespace of await foldersIn(desiredFolder, scope)) {
    for (const name of await foldersIn(`${desiredFolder}/${namespace}`, scope)) {
      const key = `${decodePart(namespace)}/${decodePart(name)}`;
      if (cluster !== undefined && cluster !== key) continue;
      for (const identity of identities) {
        if (isCoreKind(identity, "Namespace")) paths.push(generatedNamespacePath(key, identity.name));
        const folders = ownersFoldersOf(key, identity, scope.layout);
        for (const kind of ownerKinds) {
          for (const folder of await foldersIn(folders[kind], scope)) {
            const owner = ownerOfFolder(kind, folder, key);
            if (owner !== undefined) paths.push(objectPath(key, owner, identity, scope.layout));
          }
        }
      }
    }
  }
  return [...(await scope.git.findIds(scope.state, paths)).keys()];
}

async function foldersIn(path: string, { git, state }: ExplainScope): Promise<readonly string[]> {
  const folder = await git.findEntry(state, path);
  if (folder?.mode !== folderMode) return [];
  const isFolder = ({ mode }: TreeEntry) => mode === folderMode;
  return (await git.readTree(folder.id)).filter(isFolder).map(({ name }) => name);
}

/** The data's shape, without what it says. */
function maskData(document: JsonObject): JsonObject {
  return new Map([...document].map(([key, value]) => [key, /^data(?:_base64)?$/.test(key) ? maskValue(value) : value]));
}

function maskValue(value: Json): Json {
  if (isJsonObject(value)) return new Map([...value].map(([key, member]) => [key, maskValue(member)]));
  if (Array.isArray(value)) return (value as readonly Json[]).map(maskValue);
  return "***";
}

function withoutExcerpt(at: Place): Place {
  if (!("excerpt" in at)) return at;
  const { excerpt: _, ...place } = at;
  return place;
}

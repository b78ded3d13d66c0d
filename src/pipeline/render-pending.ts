/**
 * Renders recorded entities again after their owner, its references or their clusters changed, or after a conflict that
 * they are part of did: in bounded chunks, each committed with the cursor behind it, so that a restart goes on where it
 * was.
 */
import type { Pass, PendingWork, Review } from "../model/change-set.ts";
import { isSameOwner, type Owner } from "../model/owner.ts";
import type { EntityRecord } from "../model/record.ts";
import { adoptRecord } from "../plan/adopt-record.ts";
import { onRecord } from "../plan/claims/claimant.ts";
import { claimsFolderOfGroup, headPath, parseHead, parseLeaf } from "../plan/claims-file.ts";
import { type OwnerRecord, parseOwner } from "../plan/owner-file.ts";
import {
  aggregatesFolder,
  behindRecords,
  clusterOfFolder,
  isAggregateEntity,
  ownerPath,
  recordFolder,
  recordPath,
} from "../plan/paths.ts";
import { isRunnable } from "../plan/pending-work.ts";
import { newProfileRecord, profileRecordPath } from "../plan/profile-record.ts";
import { parseIdentity, parseRecord } from "../plan/record-file.ts";
import type { PlanInput } from "../plan/state-fold.ts";
import type { GitReader, ObjectId } from "../ports/git.ts";
import type { AggregateScope } from "./aggregates/counted-entities.ts";
import { aggregateTrigger, renderOnCluster } from "./aggregates/render-aggregates.ts";
import { renderClusters } from "./aggregates/render-clusters.ts";
import { namesIn, readFolder } from "./read-folder.ts";
import { renderAgain } from "./render-again.ts";

export interface ChunkLimits {
  /** Pairs (entity, cluster) that are rendered. */
  readonly pairsMax: number;
  /** Of the manifests that come of it. */
  readonly bytesMax: number;
  /** Records that are looked at, rendered or not. */
  readonly recordsMax: number;
}

export const chunkLimits: ChunkLimits = { pairsMax: 1000, bytesMax: 16 * 1024 * 1024, recordsMax: 1000 };
/** Records that are read at a time. */
const recordsAtOnce = 200;
/** Clusters of a profile that are rendered before it is asked whether the chunk is full. */
const clustersAtOnce = 50;

export interface PendingChunk {
  readonly inputs: readonly PlanInput[];
  /** What is left once the chunk is committed. */
  readonly pending: PendingWork;
  /** Records that were read, and pairs that were rendered. */
  readonly records: number;
  readonly pairs: number;
}

export interface ChunkScope extends AggregateScope {
  /** Of the state branch. */
  readonly tree: ObjectId;
}

/** Reads what is to be rendered next from the state's tree and renders it. */
export async function renderPendingChunk(
  scope: ChunkScope,
  pending: PendingWork,
  limits: ChunkLimits,
): Promise<PendingChunk> {
  const [review, ...otherReviews] = pending.reviews;
  if (review !== undefined) {
    const { left, ...chunk } = await renderReview(scope, review, limits);
    return { ...chunk, pending: { ...pending, reviews: left === undefined ? otherReviews : [left, ...otherReviews] } };
  }
  const pass = pending.passes.find((one) => isRunnable(one, pending.backfill));
  if (pass === undefined) return { inputs: [], pending, records: 0, pairs: 0 };
  const isProfile = pass.owner.kind !== "EventTrigger" && pass.from === undefined;
  const { left, ...chunk } = await (isProfile ? renderProfilePass : renderPass)(scope, pass, limits);
  const others = pending.passes.filter((other) => other !== pass);
  return { ...chunk, pending: { ...pending, passes: left === undefined ? others : [left, ...others] } };
}

type Part<T> = Omit<PendingChunk, "pending"> & { readonly left: T | undefined };

async function renderPass(scope: ChunkScope, pass: Pass, limits: ChunkLimits): Promise<Part<Pass>> {
  const { git, tree, catalog, settings } = scope;
  const { owner, from, clusters } = pass;
  const stored = await readOwner(scope, pass);
  if (pass.after.record === behindRecords(owner)) {
    return { ...(await renderClusters(scope, pass, limits, stored?.stopMatchingBehavior)), records: 0 };
  }
  const inputs: PlanInput[] = [];
  let [pairs, bytes, records] = [0, 0, 0];
  let after = pass.after;
  while (records < limits.recordsMax) {
    const wanted = Math.min(recordsAtOnce, limits.recordsMax - records);
    const paths = await pathsFrom(git, tree, recordFolder(from ?? owner), after, wanted);
    const texts = await git.readFiles(tree, paths);
    for (const path of paths) {
      const text = texts.get(path);
      if (text === undefined) continue;
      records++;
      const range = {
        clusters: clusters === undefined ? ("all" as const) : new Set(clusters),
        after: path === after.record ? after.cluster : "",
        // What passes from an owner to another does so whole.
        max: from === undefined ? Math.max(1, limits.pairsMax - pairs) : Number.POSITIVE_INFINITY,
      };
      const record = parseRecord(text, path);
      if (from !== undefined) inputs.push({ kind: "adopt", owner, from, entity: record.entity });
      const own = from === undefined ? record : adoptRecord(record, owner);
      const rendered = renderAgain(catalog, own, range, settings, stored?.stopMatchingBehavior);
      if (rendered.input !== undefined) inputs.push(rendered.input);
      pairs += rendered.pairs;
      bytes += rendered.input === undefined ? 0 : manifestBytes(rendered.input);
      after = { record: path, cluster: rendered.last ?? "" };
      const isFull = pairs >= limits.pairsMax || bytes >= limits.bytesMax || rendered.last !== undefined;
      if (isFull) return { inputs, records, pairs, left: { ...pass, after } };
    }
    if (paths.length < wanted) {
      if (from !== undefined)
        inputs.push(...(await adoptAggregates(scope, owner, from)), { kind: "purge", owner: from });
      const left = (await hasAggregates(scope, pass)) ? behindRecordsOf(pass) : undefined;
      return { inputs, records, pairs, left };
    }
  }
  return { inputs, records, pairs, left: { ...pass, after } };
}

/** The rest of a pass: what the owner renders once for each cluster. */
function behindRecordsOf({ owner, from, clusters }: Pass): Pass {
  const after = { record: behindRecords(owner), cluster: "" };
  return { owner, ...(clusters === undefined || from !== undefined ? {} : { clusters }), after };
}

/** Whether the owner renders all its entities together, or did. */
async function hasAggregates(scope: ChunkScope, { owner, from }: Pass): Promise<boolean> {
  if (aggregateTrigger(scope, owner) !== undefined) return true;
  const folders = [owner, ...(from === undefined ? [] : [from])].map(aggregatesFolder);
  for (const folder of folders) if ((await scope.git.findEntry(scope.tree, folder)) !== undefined) return true;
  return false;
}

async function adoptAggregates({ git, tree }: ChunkScope, owner: Owner, from: Owner): Promise<readonly PlanInput[]> {
  const inputs: PlanInput[] = [];
  for await (const [path, text] of readFolder(git, tree, aggregatesFolder(from))) {
    inputs.push({ kind: "adopt", owner, from, entity: parseRecord(text, path).entity });
  }
  return inputs;
}

/** A profile has one record, which its first rendering makes. */
async function renderProfilePass(scope: ChunkScope, pass: Pass, limits: ChunkLimits): Promise<Part<Pass>> {
  const { git, tree, catalog, settings } = scope;
  const { owner } = pass;
  const path = profileRecordPath(owner);
  const text = (await git.readFiles(tree, [path])).get(path);
  const record = text === undefined ? newProfileRecord(owner) : parseRecord(text, path);
  const stored = await readOwner(scope, pass);
  const clusters = pass.clusters === undefined ? ("all" as const) : new Set(pass.clusters);
  const inputs: PlanInput[] = [];
  let [pairs, bytes] = [0, 0];
  for (let { cluster: after } = pass.after; ; ) {
    const range = { clusters, after, max: Math.min(clustersAtOnce, limits.pairsMax - pairs) };
    const rendered = renderAgain(catalog, record, range, settings, stored?.stopMatchingBehavior);
    if (rendered.input !== undefined) inputs.push(rendered.input);
    pairs += rendered.input?.clusters.length ?? 0;
    bytes += rendered.input === undefined ? 0 : manifestBytes(rendered.input);
    if (rendered.last === undefined) return { inputs, records: 1, pairs, left: undefined };
    after = rendered.last;
    if (pairs >= limits.pairsMax || bytes >= limits.bytesMax)
      return { inputs, records: 1, pairs, left: { ...pass, after: { record: path, cluster: after } } };
  }
}

async function readOwner({ git, tree }: ChunkScope, { owner }: Pass): Promise<OwnerRecord | undefined> {
  const path = ownerPath(owner);
  const text = (await git.readFiles(tree, [path])).get(path);
  return text === undefined ? undefined : parseOwner(text, path);
}

function manifestBytes(input: Extract<PlanInput, { kind: "replay" }>): number {
  let bytes = 0;
  for (const { rendering } of input.clusters) {
    if (rendering.action === "Create") for (const { text } of rendering.manifests) bytes += text.length;
  }
  return bytes;
}

/** Git lists in the order of names, and of record paths that is the order of the hashes. */
async function pathsFrom(
  git: GitReader,
  tree: ObjectId,
  folder: string,
  after: Pass["after"],
  max: number,
): Promise<string[]> {
  const paths: string[] = [];
  const isAhead = (path: string) => path > after.record || (path === after.record && after.cluster !== "");
  const [firstDigits, nextDigits] = after.record === "" ? ["", ""] : after.record.slice(folder.length + 1).split("/");
  for (const outer of await namesIn(git, tree, folder)) {
    if (outer < (firstDigits ?? "")) continue;
    for (const inner of await namesIn(git, tree, `${folder}/${outer}`)) {
      if (outer === firstDigits && inner < (nextDigits ?? "")) continue;
      for (const name of await namesIn(git, tree, `${folder}/${outer}/${inner}`)) {
        const path = `${folder}/${outer}/${inner}/${name}`;
        if (isAhead(path)) paths.push(path);
        if (paths.length === max) return paths;
      }
    }
  }
  return paths;
}

/** Claimants whose record says that they have what they have not (any more), or the other way round; some files of them. */
async function renderReview(scope: ChunkScope, review: Review, limits: ChunkLimits): Promise<Part<Review>> {
  const { git, tree, catalog, settings } = scope;
  const path = headPath(review.claims);
  const text = (await git.readFiles(tree, [path])).get(path);
  const none = { inputs: [], records: 0, pairs: 0, left: undefined };
  // One is left, or none: its record was written when the others went.
  if (text === undefined) return none;
  const head = parseHead(text, path);
  const identity = parseIdentity(objectOf(text));
  const site = clusterOf(review.claims);
  const owners = new Map(
    [...head.owners.values()].map((group) => [claimsFolderOfGroup(review.claims, group), group.owner]),
  );
  const inputs: PlanInput[] = [];
  let [pairs, records] = [0, 0];
  for await (const leaf of git.listFiles(tree, review.claims)) {
    if (leaf <= review.after) continue;
    const owner = owners.get(
      leaf
        .split("/")
        .slice(0, review.claims.split("/").length + 1)
        .join("/"),
    );
    if (owner === undefined) continue;
    if (records >= limits.recordsMax || pairs >= limits.pairsMax)
      return { inputs, records, pairs, left: { ...review, after: previous(leaf) } };
    const claims = parseLeaf((await git.readFiles(tree, [leaf])).get(leaf) ?? "", leaf);
    const paths = [...claims.keys()].map((entityHash) => recordPath(owner, entityHash));
    const texts = await git.readFiles(tree, paths);
    for (const [entityHash, claim] of claims) {
      const recordText = texts.get(recordPath(owner, entityHash));
      if (recordText === undefined) continue;
      records++;
      const record = parseRecord(recordText, recordPath(owner, entityHash));
      const isAlike = claim.manifest === head.first?.manifest;
      const { cluster, key } = onRecord({ entityHash }, site, identity);
      if (!isSameOwner(record.owner, owner) || saysSo(record, cluster, key, isAlike)) continue;
      if (isAggregateEntity(record.entity)) {
        const together = await renderOnCluster(scope, owner, cluster);
        pairs++;
        if (together !== undefined) inputs.push(together);
        continue;
      }
      const again = renderAgain(catalog, record, { clusters: new Set([cluster]) }, settings);
      pairs += again.pairs;
      if (again.input !== undefined) inputs.push(again.input);
    }
  }
  return { inputs, records, pairs, left: undefined };
}

function saysSo({ clusters }: EntityRecord, cluster: string, key: string, isAlike: boolean): boolean {
  const on = clusters.get(cluster);
  return isAlike ? on?.objects.has(key) === true : on?.waiting.has(key) === true;
}

/** A cursor that stands before this leaf and behind the one before it. */
function previous(leaf: string): string {
  return leaf.slice(0, -1);
}

function objectOf(head: string): string {
  return String((JSON.parse(head) as { object: unknown }).object);
}

function clusterOf(claims: string): string {
  const [, namespace = "", name = ""] = claims.split("/");
  return clusterOfFolder(namespace, name);
}

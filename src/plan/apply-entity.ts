/** What one event, or one record rendered anew, does to the state: its objects, its claims and its record. */

import type { StopMatchingBehavior, SyncMode } from "../model/catalog.ts";
import type { EventEffect } from "../model/change-set.ts";
import type { Entity } from "../model/cloud-event.ts";
import type { ClusterKey } from "../model/cluster.ts";
import type { ClusterRendering, Manifest, ObjectIdentity } from "../model/manifest.ts";
import type { Problem } from "../model/problem.ts";
import type { EntityRecord } from "../model/record.ts";
import {
  type Claimant,
  type ClaimOutcome,
  type ClaimRules,
  claimNamespace,
  claimObject,
  releaseObject,
  settleClaims,
} from "./claims.ts";
import { encodePathPart, hashEntity, recordPath } from "./paths.ts";
import { parseRecord, writeIdentity, writeRecord } from "./record-file.ts";
import type { StateView } from "./state-view.ts";

/** An entity's event under a trigger, rendered; in the order of the deliveries. */
export interface EntityInput {
  readonly kind: "entity";
  readonly trigger: string;
  readonly syncMode: SyncMode;
  readonly continueOnConflict: boolean;
  readonly entity: Entity;
  readonly last: NonNullable<EntityRecord["last"]>;
  /** Whether the event is new, or the record's own and rendered again. */
  readonly isReplay: boolean;
  /** One for each cluster that matches. */
  readonly renderings: readonly ClusterRendering[];
  /** What the event asks for where no cluster matches: after Delete the entity is gone, after Create it is remembered. */
  readonly elsewhere: "Create" | "Delete";
  /** What becomes of recorded clusters that do not match any more, unless the event asks for Delete. */
  readonly stopMatching: StopMatchingBehavior;
}

export interface EntityRules extends ClaimRules {
  readonly records: "full" | "identity";
}

/** Namespaces that every cluster has. */
const builtInNamespaces = new Set(["default", "kube-system", "kube-public", "kube-node-lease"]);

/** Applies the input to the view; returns what there is to say about it, or undefined where it concerned no cluster. */
export function applyEntity(view: StateView, rules: EntityRules, input: EntityInput): EventEffect | undefined {
  const entityHash = hashEntity(input.entity);
  const path = recordPath(input.trigger, entityHash);
  const stored = view.text(path);
  const record = stored === undefined ? undefined : parseRecord(stored, path);
  const claimant = { ownerFolder: encodePathPart(input.trigger), trigger: input.trigger, entityHash };

  const objects = new Map<ClusterKey, readonly ObjectIdentity[]>();
  const waiting = new Map<ClusterKey, readonly ObjectIdentity[]>();
  const failures = new Map<ClusterKey, Problem>();
  const rendered = new Set(input.renderings.map(({ cluster }) => cluster));
  for (const cluster of recordedClusters(record)) {
    if (rendered.has(cluster)) continue;
    const isWithdrawn = input.elsewhere === "Delete" || input.stopMatching === "WithdrawPolicies";
    if (isWithdrawn) releaseAll(view, rules, cluster, heldObjects(record, cluster), claimant);
    else keepCluster(record, cluster, objects, waiting);
  }
  for (const rendering of input.renderings) {
    const { cluster } = rendering;
    const held = heldObjects(record, cluster);
    if (rendering.action === "Delete") {
      releaseAll(view, rules, cluster, held, claimant);
    } else if (rendering.action === "fail") {
      keepCluster(record, cluster, objects, waiting);
      failures.set(cluster, rendering.problem);
    } else if (input.syncMode === "OneTime" && record?.objects.has(cluster) && !record.failures.has(cluster)) {
      keepCluster(record, cluster, objects, waiting);
    } else {
      // A dry run shows what would be rendered; it claims nothing.
      const manifests = input.syncMode === "DryRun" ? [] : rendering.manifests;
      const placed = placeObjects(view, rules, input, cluster, manifests, held, claimant);
      if (placed.conflict !== undefined) failures.set(cluster, placed.conflict);
      if (placed.objects !== undefined) objects.set(cluster, placed.objects);
      if (placed.waiting.length > 0) waiting.set(cluster, placed.waiting);
    }
  }

  // An entity without any cluster is remembered: it is rendered as soon as one matches.
  const isEmpty = objects.size === 0 && waiting.size === 0 && failures.size === 0;
  const isGone = isEmpty && input.elsewhere === "Delete";
  if (isGone && record === undefined) return undefined;
  if (isGone) view.delete(path);
  else {
    const { trigger, entity, last } = input;
    const kept = rules.records === "full" ? { last } : {};
    const changedAt = input.isReplay && record !== undefined ? record.changedAt : last.message.time;
    view.write(path, writeRecord({ trigger, entity, ...kept, objects, waiting, failures, changedAt }));
  }
  const clusters = Math.max(rendered.size, recordedClusters(record).size);
  if (clusters === 0) return undefined;
  const { type, id } = input.last.event;
  return {
    trigger: input.trigger,
    ...input.entity,
    type,
    id,
    action: failures.size > 0 ? "failed" : objects.size > 0 ? "Create" : "Delete",
    clusters,
    failed: failures.size,
  };
}

interface Placed {
  /** Undefined: nothing has been placed there yet. */
  readonly objects?: readonly ObjectIdentity[];
  readonly waiting: readonly ObjectIdentity[];
  readonly conflict?: Problem;
}

/** Brings a cluster to what was rendered for it, or, where a conflict stops that, leaves it and files the claim. */
function placeObjects(
  view: StateView,
  rules: EntityRules,
  input: EntityInput,
  cluster: ClusterKey,
  manifests: readonly Manifest[],
  held: HeldObjects,
  claimant: Claimant,
): Placed {
  const outcomes = manifests.map(({ identity, text }) => {
    const isHeld = held.objects.has(writeIdentity(identity));
    return claimObject(view, rules, cluster, identity, claimant, text, isHeld);
  });
  const conflicts = outcomes.filter(({ conflict }) => conflict !== undefined);
  const conflict = conflicts[0] === undefined ? {} : { conflict: describeConflict(conflicts[0], manifests) };
  if (conflicts.length > 0 && !input.continueOnConflict) {
    // All or nothing: what the entity had stays, and the claims that failed wait for their turn.
    const waiting = new Map(held.waiting);
    for (const outcome of conflicts) {
      settleClaims(view, outcome);
      waiting.set(writeIdentity(outcome.identity), outcome.identity);
    }
    const objects = [...held.objects].filter(([key]) => !waiting.has(key)).map(([, identity]) => identity);
    return { ...(held.isRecorded ? { objects } : {}), waiting: [...waiting.values()], ...conflict };
  }

  const objects: ObjectIdentity[] = [];
  const waiting: ObjectIdentity[] = [];
  const wanted = new Set<string>();
  const ownNamespaces = new Set<string>(builtInNamespaces);
  for (const { identity } of manifests) {
    if (identity.kind === "Namespace" && identity.group === "") ownNamespaces.add(identity.name);
  }
  for (const outcome of outcomes) {
    const { identity } = outcome;
    settleClaims(view, outcome);
    wanted.add(writeIdentity(identity));
    (outcome.conflict === undefined ? objects : waiting).push(identity);
    if (identity.namespace !== "" && !ownNamespaces.has(identity.namespace)) {
      claimNamespace(view, rules, cluster, identity.namespace);
    }
  }
  for (const [key, identity] of [...held.objects, ...held.waiting]) {
    if (!wanted.has(key)) releaseObject(view, rules, cluster, identity, claimant);
  }
  return { objects, waiting, ...conflict };
}

function describeConflict({ conflict, identity }: ClaimOutcome, manifests: readonly Manifest[]): Problem {
  const holder = conflict?.trigger === "" ? "Sluice itself" : `EventTrigger ${conflict?.trigger}`;
  const at = manifests.find((manifest) => writeIdentity(manifest.identity) === writeIdentity(identity))?.at;
  return {
    code: "OBJECT_CONFLICT",
    severity: "error",
    message: `${writeIdentity(identity)} is rendered differently by ${holder}, which comes first by tier and order (${conflict?.path})`,
    ...(at === undefined ? {} : { at }),
    hint: "Let only one of them render it, make both render the same, or give this one a lower tier.",
  };
}

/** What an entity has on a cluster, by the written form of the identity. */
interface HeldObjects {
  readonly isRecorded: boolean;
  readonly objects: ReadonlyMap<string, ObjectIdentity>;
  readonly waiting: ReadonlyMap<string, ObjectIdentity>;
}

function heldObjects(record: EntityRecord | undefined, cluster: ClusterKey): HeldObjects {
  const byKey = (identities: readonly ObjectIdentity[] = []) =>
    new Map(identities.map((identity) => [writeIdentity(identity), identity]));
  return {
    isRecorded: record?.objects.has(cluster) ?? false,
    objects: byKey(record?.objects.get(cluster)),
    waiting: byKey(record?.waiting.get(cluster)),
  };
}

function recordedClusters(record: EntityRecord | undefined): ReadonlySet<ClusterKey> {
  return new Set([...(record?.objects.keys() ?? []), ...(record?.waiting.keys() ?? [])]);
}

function keepCluster(
  record: EntityRecord | undefined,
  cluster: ClusterKey,
  objects: Map<ClusterKey, readonly ObjectIdentity[]>,
  waiting: Map<ClusterKey, readonly ObjectIdentity[]>,
): void {
  const kept = record?.objects.get(cluster);
  const claimed = record?.waiting.get(cluster);
  if (kept !== undefined) objects.set(cluster, kept);
  if (claimed !== undefined) waiting.set(cluster, claimed);
}

function releaseAll(
  view: StateView,
  rules: EntityRules,
  cluster: ClusterKey,
  held: HeldObjects,
  claimant: Claimant,
): void {
  for (const identity of [...held.objects.values(), ...held.waiting.values()]) {
    releaseObject(view, rules, cluster, identity, claimant);
  }
}

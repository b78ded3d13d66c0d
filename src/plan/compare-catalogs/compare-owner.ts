/**
 * What a change of the catalog may change for one owner: everything, or what it has on some clusters.
 *
 * A trigger depends on `.Cluster` by the fields that stand in its templates' text, and in those of what it refers to, and
 * by whether the cluster matches. On anything else it refers to it depends as a whole.
 */
import { type Catalog, type EventTrigger, type OwnerSpec, referencesOf } from "../../model/catalog.ts";
import type { Cluster, ClusterKey } from "../../model/cluster.ts";
import type { DocumentKey } from "../../model/document-key.ts";
import { constantKey, type DocumentRef, mayRefer, namingOf } from "../../model/document-ref.ts";
import { isJsonObject, type Json, writeJson } from "../../model/json.ts";
import { isSameFault } from "../../model/problem.ts";
import { clusterSelection, selectorMatches } from "../../model/select-clusters.ts";
import type { FieldChain } from "../../model/template.ts";
import type { ChangedDocument } from "./changed-documents.ts";
import { clusterChains, referredKey, renderForCluster } from "./owner-reads.ts";
import { significantText } from "./significant.ts";

/** What all owners are compared with. */
export interface Comparison {
  readonly inForce: Catalog;
  readonly wanted: Catalog;
  readonly changedDocuments: ReadonlyMap<string, ChangedDocument>;
  /** Keys of ConfigMaps and Secrets to deploy that changed, or turned bad or good. */
  readonly changedContents: ReadonlySet<string>;
  readonly changedClusters: ReadonlySet<ClusterKey>;
  /** Clusters that some connection serves now and did not, or the other way round. */
  readonly reconnected: ReadonlySet<ClusterKey>;
  readonly allClusters: readonly ClusterKey[];
  /** Whether what is known of custom kinds changed: any template may render one. */
  readonly haveKindsChanged: boolean;
}

export interface OwnerChange {
  readonly clusters: "all" | readonly ClusterKey[];
  /** For people: what of it changed. */
  readonly reason: string;
}

export const everywhere = (reason: string): OwnerChange => ({ clusters: "all", reason });

/** Undefined: nothing that the owner renders can be different. */
export function compareOwner(before: EventTrigger, after: EventTrigger, scope: Comparison): OwnerChange | undefined {
  if ((before.withdrawn === true) !== (after.withdrawn === true)) {
    return everywhere(after.withdrawn === true ? "its documents are gone" : "its documents are back");
  }
  // It renders nothing, whatever changes around it.
  if (after.withdrawn === true) return undefined;
  // Paused, it is as it was; what changes meanwhile is rendered when it goes on.
  if (after.isPaused === true) return undefined;
  if (before.isPaused === true) return everywhere("it is paused no more");
  const everything = compareSpecs(before, after, scope);
  if (everything !== undefined) return everything;
  const changedKey = findChangedReference(after, scope);
  if (changedKey !== undefined) return everywhere(`${changedKey} changed`);
  const clusters = changedClusters(before, after, scope);
  if (clusters === "all") return everywhere("clusters changed that its destination depends on");
  const named = findNamedByEvents(after, scope);
  if (named.length > 0) return everywhere(`${named[0]} changed, which events may name`);
  return clusters.length === 0 ? undefined : { clusters, reason: "clusters changed, or what they name" };
}

/** What changes everything that an owner renders, of whatever kind it is. */
export function compareSpecs(before: OwnerSpec, after: OwnerSpec, scope: Comparison): OwnerChange | undefined {
  if (scope.inForce.compatibility !== scope.wanted.compatibility) return everywhere("compatibility changed");
  if (scope.inForce.checks !== scope.wanted.checks) return everywhere("checks.kubernetes changed");
  if (scope.inForce.secrets !== scope.wanted.secrets) return everywhere("output.secrets changed");
  if (!isSamePolicy(scope.inForce.policy, scope.wanted.policy)) return everywhere("policy changed");
  if (scope.inForce.recipients !== scope.wanted.recipients) return everywhere("Secrets are encrypted for others");
  if (scope.haveKindsChanged) return everywhere("the kinds that CustomResourceDefinitions bring changed");
  if (isSameFault(before.broken, after.broken)) return undefined;
  if (after.broken === undefined) return everywhere("it was mended");
  return everywhere(
    before.broken === undefined ? "it can't be rendered any more" : "it can't be rendered for another reason",
  );
}

/** A changed document that the owner depends on for every cluster: its own, its EventSource, what it names outright. */
function findChangedReference(trigger: EventTrigger, changed: Comparison): DocumentKey | undefined {
  const { changedDocuments } = changed;
  const own = `EventTrigger//${trigger.name}`;
  const change = changedDocuments.get(own);
  if (change !== undefined && hasRenderedPartChanged(change, selectionFields)) return own;
  if (namingOf(trigger.eventSourceName) === "constant") {
    const source = `EventSource//${trigger.eventSourceName.source.text.trim()}`;
    if (changedDocuments.has(source)) return source;
  }
  return findChangedConstant(trigger, changed);
}

/** A changed document that the owner names outright, whatever the event and the cluster. */
export function findChangedConstant(spec: OwnerSpec, changed: Comparison): DocumentKey | undefined {
  return referencesOf(spec)
    .map(constantKey)
    .find((key) => key !== undefined && isChanged(key, changed));
}

function isChanged(key: DocumentKey, { changedDocuments, changedContents }: Comparison): boolean {
  return changedContents.has(key) || changedDocuments.has(key);
}

/** References that name another document for each cluster. */
function refsByCluster(spec: OwnerSpec): readonly DocumentRef[] {
  return referencesOf(spec).filter(
    (ref) => namingOf(ref.namespace, ref.name) !== "by event" && constantKey(ref) === undefined,
  );
}

/** Whether what one of these references names for the cluster has changed. */
export function isReferredChanged(spec: OwnerSpec, cluster: Cluster, changed: Comparison): boolean {
  return refsByCluster(spec).some((ref) => isChanged(referredKey(ref, cluster) ?? "", changed));
}

/** Fields of a trigger that only say which clusters it is for, or what becomes of objects where it is for none. */
const selectionFields = new Set([
  "sourceClusterSelector",
  "clusterSetRefs",
  "destinationClusterSelector",
  "stopMatchingBehavior",
  "dependsOn",
]);

/** Whether an owner's document changed in more than these fields of its spec. */
export function hasRenderedPartChanged({ before, after }: ChangedDocument, fields: ReadonlySet<string>): boolean {
  return renderedPart(before?.value, fields) !== renderedPart(after?.value, fields);
}

function renderedPart(document: Json | undefined, without: ReadonlySet<string>): string | undefined {
  if (!isJsonObject(document)) return undefined;
  const spec = document.get("spec");
  if (!isJsonObject(spec)) return writeJson(document);
  const rest = new Map([...spec].filter(([key]) => !without.has(key)));
  return significantText(new Map([...document, ["spec", rest]]));
}

/** Changed documents that only an event's data can name. */
function findNamedByEvents(trigger: EventTrigger, scope: Comparison): readonly DocumentKey[] {
  return findReferred(
    referencesOf(trigger).filter(({ namespace, name }) => namingOf(namespace, name) === "by event"),
    scope,
  );
}

/** Changed documents that one of the references may name. */
function findReferred(refs: readonly DocumentRef[], { changedDocuments, changedContents }: Comparison): DocumentKey[] {
  if (refs.length === 0) return [];
  const changed = new Set([...changedContents, ...changedDocuments.keys()]);
  return [...changed].filter((key) => refs.some((ref) => mayRefer(ref, key)));
}

/** Where what the owner renders may be different because of a cluster, or of what a cluster's fields name. */
function changedClusters(before: EventTrigger, after: EventTrigger, scope: Comparison): "all" | readonly ClusterKey[] {
  const sources = changedSources(before, after, scope);
  const { destinationCluster: to, destinationClusterSelector: selector } = after;
  if ((before.destinationClusterSelector === undefined) !== (selector === undefined)) return "all";
  if (to === undefined && selector === undefined) return sources;
  // Whatever it renders elsewhere may come of a source that changed, and an empty namespace is the destination's.
  if (sources.length > 0 || findReferred(referencesOf(after), scope).length > 0) return "all";
  if (to === undefined) return changedDestinations(before, after, scope);
  const moved = [...scope.changedClusters].filter(
    (key) => isResumed(key, scope) || scope.inForce.clusters.has(key) !== scope.wanted.clusters.has(key),
  );
  if (moved.length === 0) return [];
  const isConstant = namingOf(to.namespace, to.name) === "constant" && to.namespace.source.text.trim() !== "";
  if (!isConstant) return "all";
  const destination = `${to.namespace.source.text.trim()}/${to.name.source.text.trim()}`;
  // Where it is not there the failure is the source's.
  return moved.includes(destination) ? "all" : [];
}

/** A cluster that is paused no more. */
export function isResumed(key: ClusterKey, { inForce, wanted }: Comparison): boolean {
  const is = wanted.clusters.get(key);
  return is !== undefined && is.isPaused !== true && inForce.clusters.get(key)?.isPaused === true;
}

function changedDestinations(before: EventTrigger, after: EventTrigger, scope: Comparison): readonly ClusterKey[] {
  const takes = ({ destinationClusterSelector: selector }: EventTrigger, cluster: Cluster | undefined) =>
    cluster !== undefined && selector !== undefined && selectorMatches(selector, cluster.labels);
  return scope.allClusters.filter(
    (key) =>
      isResumed(key, scope) ||
      takes(before, scope.inForce.clusters.get(key)) !== takes(after, scope.wanted.clusters.get(key)),
  );
}

function changedSources(before: EventTrigger, after: EventTrigger, scope: Comparison): readonly ClusterKey[] {
  const hasChanged = clusterChange(before, after, scope);
  const refs = refsByCluster(after);
  return clustersToLookAt(after, refs, scope).filter((key) => {
    if (hasChanged(key)) return true;
    const is = scope.wanted.clusters.get(key);
    return is !== undefined && hasChanged.matches(is) && namesChanged(after, refs, is, scope);
  });
}

/** Where only clusters changed, and nothing that others depend on, the others are as they were. */
function clustersToLookAt(
  { name, clusterSetRefs }: EventTrigger,
  refs: readonly DocumentRef[],
  scope: Comparison,
): readonly ClusterKey[] {
  const { changedDocuments, changedContents, changedClusters, reconnected, allClusters, inForce, wanted } = scope;
  // A cluster that goes may make room for another in a set of so many.
  const chosen = ({ clusterSets }: Catalog) =>
    JSON.stringify(clusterSetRefs.map((set) => clusterSets.get(set)?.chosen));
  if (chosen(inForce) !== chosen(wanted)) return allClusters;
  if (reconnected.size > 0 || changedContents.size > 0 || changedDocuments.has(`EventTrigger//${name}`))
    return allClusters;
  for (const key of changedDocuments.keys()) {
    if (/^(?:ClusterSet|EventSource)\//.test(key) || refs.some((ref) => mayRefer(ref, key))) return allClusters;
  }
  return changedClusters.size === 0 ? [] : allClusters.filter((key) => changedClusters.has(key));
}

interface ClusterChange {
  /** Whether the cluster itself changed for the owner: one of the values that it reads, whether it matches. */
  (key: ClusterKey): boolean;
  readonly matches: (cluster: Cluster) => boolean;
}

export function clusterChange(before: EventTrigger, after: EventTrigger, scope: Comparison): ClusterChange {
  const { inForce, wanted } = scope;
  const matched = clusterSelection(before, inForce.clusterSets);
  const matches = clusterSelection(after, wanted.clusterSets);
  let chains: readonly FieldChain[] | undefined;
  const isChanged = (key: ClusterKey): boolean => {
    const [was, is] = [inForce.clusters.get(key), wanted.clusters.get(key)];
    if (is?.isPaused === true) return false;
    if (isResumed(key, scope)) return true;
    const isMatched = is !== undefined && matches(is);
    if ((was !== undefined && matched(was)) !== isMatched) return true;
    if (!isMatched || was === undefined || is === undefined) return false;
    if (scope.reconnected.has(key) || !scope.changedClusters.has(key)) return scope.reconnected.has(key);
    chains ??= clusterChains(after, wanted.contents);
    return isReadDifferently(chains, was, is);
  };
  return Object.assign(isChanged, { matches });
}

export function isReadDifferently(chains: readonly FieldChain[], was: Cluster, is: Cluster): boolean {
  return chains.some((chain) => significantText(was.document, chain) !== significantText(is.document, chain));
}

/** Whether what the cluster's fields name, EventSource or another document, has changed. */
function namesChanged(
  trigger: EventTrigger,
  refs: readonly DocumentRef[],
  cluster: Cluster,
  scope: Comparison,
): boolean {
  const { changedDocuments, changedContents } = scope;
  if (namingOf(trigger.eventSourceName) !== "constant" && changedDocuments.size > 0) {
    if (changedDocuments.has(`EventSource//${renderForCluster(trigger.eventSourceName, cluster)}`)) return true;
  }
  if (changedContents.size === 0 && changedDocuments.size === 0) return false;
  return refs.some((ref) => isChanged(referredKey(ref, cluster) ?? "", scope));
}

function isSamePolicy(before: Catalog["policy"], after: Catalog["policy"]): boolean {
  return before === after || JSON.stringify(before) === JSON.stringify(after);
}

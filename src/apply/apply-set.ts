/**
 * The set of objects that one Sluice has in a cluster, as kubectl's ApplySets are (KEP-3659): a label on each, with an id
 * that is a hash of its parent's name, and on the parent what kinds they are of, so that pruning need list no others.
 */
import { hash } from "node:crypto";
import type { JsonObject } from "../model/json.ts";
import type { LiveMetadata } from "../ports/cluster.ts";

export const partOfLabel = "applyset.kubernetes.io/part-of";
export const setIdLabel = "applyset.kubernetes.io/id";
export const toolingAnnotation = "applyset.kubernetes.io/tooling";
export const kindsAnnotation = "applyset.kubernetes.io/contains-group-kinds";
export const tooling = "sluice/v1";

/** The parent is a ConfigMap; this is the id that KEP-3659 prescribes for it. */
export function applySetId(parentName: string, parentNamespace: string): string {
  const digest = hash("sha256", `${parentName}.${parentNamespace}.ConfigMap.`, "base64url");
  return `applyset-${digest}-v1`;
}

export function partOfSelector(setId: string): string {
  return `${partOfLabel}=${setId}`;
}

/** Whose the members of a set are. */
export interface SetOwner {
  readonly setId: string;
  /** The field managers that have applied them: the one of today first, then what it was called before. */
  readonly managers: readonly string[];
}

/**
 * Whether the owner applied it as one of the set. Labels are copied: by controllers (a Service's to its Endpoints and
 * EndpointSlices), and by people who apply what they read, under another name. Of such a copy it was not the owner who
 * applied the label, as the server keeps account of it; one that keeps none has only the label.
 */
export function isMember(live: LiveMetadata, owner: SetOwner): boolean {
  if (live.labels.get(partOfLabel) !== owner.setId) return false;
  return live.managers.length === 0 || appliersOf(live, owner).length > 0;
}

/** By which names of its own the owner applied the label: its present one first. */
export function appliersOf({ managers }: LiveMetadata, owner: SetOwner): readonly string[] {
  const isApplier = (own: string) =>
    managers.some(
      ({ name, operation, subresource, fields }) =>
        name === own && operation === "Apply" && subresource === "" && fields.includes(`"f:${partOfLabel}"`),
    );
  return owner.managers.filter(isApplier);
}

/** The change that takes an object out of the set: it stays, and is nobody's. */
export const outOfSet: JsonObject = new Map([["metadata", new Map([["labels", new Map([[partOfLabel, null]])]])]]);

/** Everything that is not of the set. */
export function notPartOfSelector(setId: string): string {
  return `${partOfLabel}!=${setId}`;
}

/** A kind of the set: `Kind.group`, as the annotation lists them. */
export interface GroupKind {
  readonly group: string;
  readonly kind: string;
}

export function writeGroupKind({ group, kind }: GroupKind): string {
  return group === "" ? kind : `${kind}.${group}`;
}

export function readGroupKinds(annotation: string): readonly GroupKind[] {
  return annotation
    .split(",")
    .filter((item) => item !== "")
    .map((item) => {
      const dot = item.indexOf(".");
      return dot < 0 ? { group: "", kind: item } : { group: item.slice(dot + 1), kind: item.slice(0, dot) };
    });
}

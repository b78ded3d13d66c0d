/** Patches of what an owner renders, for the objects that a target names: RFC 6902, or merged strategically. */
import type { LabelSelector } from "./cluster.ts";
import type { DocumentRef } from "./document-ref.ts";
import type { ObjectIdentity } from "./manifest.ts";
import type { SourcePlace } from "./problem.ts";
import { selectorMatches } from "./select-clusters.ts";
import type { Template } from "./template.ts";

/** All that is given must match; nothing given matches every object. Patterns match the whole value, as in kustomize. */
export interface PatchTarget {
  readonly group?: TextPattern;
  readonly version?: TextPattern;
  readonly kind?: TextPattern;
  readonly namespace?: TextPattern;
  readonly name?: TextPattern;
  readonly labels?: LabelSelector;
  readonly annotations?: LabelSelector;
}

export interface TextPattern {
  matches(text: string): boolean;
}

export interface Patch {
  /** Renders to a list of operations, or to objects that are merged. */
  readonly content: Template;
  /** Absent: an object is merged into the one of its own kind, namespace and name. */
  readonly target?: PatchTarget;
  readonly at: SourcePlace;
}

/** A document whose entries each hold a patch and its target. */
export interface PatchesRef extends DocumentRef {
  readonly kind: "ConfigMap" | "Secret";
}

/** What a target is held against. */
export interface PatchSubject extends ObjectIdentity {
  readonly version: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly annotations: ReadonlyMap<string, string>;
}

export function targetMatches(target: PatchTarget, subject: PatchSubject): boolean {
  const fields = ["group", "version", "kind", "namespace", "name"] as const;
  return (
    fields.every((field) => target[field]?.matches(subject[field]) ?? true) &&
    (target.labels === undefined || selectorMatches(target.labels, subject.labels)) &&
    (target.annotations === undefined || selectorMatches(target.annotations, subject.annotations))
  );
}

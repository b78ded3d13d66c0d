/**
 * Texts of a hub's objects as a hand-over has them: marked as part of it, letting go of what they have, or stopped. Edited
 * by place in the canonical text, so that also what nothing describes any more can be told to let go.
 */
import { assert } from "../../model/assert.ts";
import { dropLeftAnnotations } from "../../plan/left-mark.ts";
import { putIn, takeOut } from "../../plan/metadata-lines.ts";

const annotations = "  annotations:";
/** Its value: the hand-over's id. */
export const handOverAnnotation = "sluice.dev/hand-over";

/** What a hub's object is, as its text says it. */
export interface HubIdentity {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

const kinds: readonly (string | undefined)[] = ["Kustomization", "Application", "HelmRelease"];

/** Undefined: it has nothing that it could delete. */
export function readHubIdentity(text: string): HubIdentity | undefined {
  const kind = lineOf(text, /^kind: (.*)$/m);
  const [namespace, name] = [lineOf(text, /^ {2}namespace: (.*)$/m), lineOf(text, /^ {2}name: (.*)$/m)];
  if (kind === undefined || !kinds.includes(kind) || namespace === undefined || name === undefined) return undefined;
  return { kind, namespace, name };
}

/** One text for one object of the hub. */
export function hubKey({ kind, namespace, name }: HubIdentity): string {
  return `${kind}/${namespace}/${name}`;
}

function lineOf(text: string, pattern: RegExp): string | undefined {
  const [, found] = pattern.exec(text) ?? [];
  return found?.startsWith('"') ? (JSON.parse(found) as string) : found;
}

/** The hand-over that a unit's text is part of. */
export function handOverOf(text: string): string | undefined {
  return takeOut(text, annotations, handOverAnnotation).value?.replaceAll('"', "");
}

export function markUnit(text: string, id: string): string {
  const { rest } = takeOut(text, annotations, handOverAnnotation);
  const hasSection = new RegExp(`^${annotations}$`, "m").test(rest);
  const with_ = hasSection ? rest : rest.replace(/^metadata:$/m, `metadata:\n${annotations}`);
  return putIn(with_, annotations, handOverAnnotation, JSON.stringify(id));
}

/** It deletes nothing: neither what leaves its folder, nor anything when it goes itself. */
export function releaseUnit(text: string, id: string): string {
  const marked = markUnit(text, id);
  const kind = readHubIdentity(text)?.kind;
  if (kind === "HelmRelease") return suspendRelease(marked);
  if (kind === "Kustomization") {
    const kept = marked.replace(/^ {2}prune: true$/m, "  prune: false");
    return /^ {2}deletionPolicy: /m.test(kept) ? kept : kept.replace(/^spec:$/m, "spec:\n  deletionPolicy: Orphan");
  }
  const held = marked
    .replace(/^ {2}finalizers:\n(?: {4}?- .*\n| {2}- .*\n)+/m, "")
    .replace(/^ {6}prune: true$/m, "      prune: false");
  return /- Prune=false$/m.test(held)
    ? held
    : held.replace(/^( *)- ServerSideApply=true$/m, "$1- Prune=false\n$1- ServerSideApply=true");
}

/** A release that is suspended is neither upgraded nor uninstalled, also where its HelmRelease goes (helm-controller v1.6). */
function suspendRelease(text: string): string {
  if (isSuspended(text)) return text;
  const at = /^ {2}t(?:argetNamespace|est|imeout): /m.exec(text.slice(text.indexOf("\nspec:\n")));
  assert(at !== null, "a HelmRelease has a targetNamespace");
  const start = text.indexOf("\nspec:\n") + at.index;
  return `${text.slice(0, start)}  suspend: true\n${text.slice(start)}`;
}

/**
 * What a hub has of a chart lets go of what it has in the cluster. Who brought it takes it from the hub when its file goes,
 * also where LeavePolicies had it left there.
 */
export function releaseChart(text: string, id: string): string {
  return readHubIdentity(text) === undefined ? text : releaseUnit(dropLeftAnnotations(text), id);
}

/** It does nothing at all any more. */
export function stopUnit(text: string, id: string): string {
  const released = releaseUnit(text, id);
  if (readHubIdentity(text)?.kind === "Kustomization") {
    return /^ {2}suspend: true$/m.test(released)
      ? released
      : released.replace(/^(?= {2}timeout: )/m, "  suspend: true\n");
  }
  return released.replace(/^ {4}automated:\n(?: {6}.*\n)+/m, "");
}

function isSuspended(text: string): boolean {
  return /^ {2}suspend: true$/m.test(text);
}

export function isReleased(text: string): boolean {
  const kind = readHubIdentity(text)?.kind;
  if (kind === "HelmRelease") return isSuspended(text);
  return kind === "Kustomization"
    ? /^ {2}deletionPolicy: Orphan$/m.test(text) && /^ {2}prune: false$/m.test(text)
    : !/^ {2}finalizers:$/m.test(text) && !/^ {6}prune: true$/m.test(text);
}

export function isStopped(text: string): boolean {
  return readHubIdentity(text)?.kind === "Application" ? !/^ {4}automated:$/m.test(text) : isSuspended(text);
}

/**
 * What is to be done with one object, by what the folder wants and what is there: pure. Whose an object is says the
 * ApplySet's label, and that we applied it: what is not ours by both is foreign, whatever it looks like.
 */
import type { LiveMetadata } from "../ports/cluster.ts";
import { appliersOf, isMember, partOfLabel, type SetOwner } from "./apply-set.ts";
import type { DesiredObject } from "./desired-object.ts";

/** What may be taken over: nothing, whatever is nobody's, or what one field manager has applied. */
export type Adoption =
  | { readonly kind: "none" }
  | { readonly kind: "all" }
  | { readonly kind: "manager"; readonly name: string };

export interface Ownership extends SetOwner {
  readonly adoption: Adoption;
}

export type ApplyDecision =
  /** `adoptFrom`: the field manager whose fields become ours before. */
  | { readonly kind: "apply"; readonly adoptFrom?: string }
  | { readonly kind: "skip"; readonly message: string }
  /** It is being deleted: what is applied to it would go with it. */
  | { readonly kind: "wait"; readonly message: string }
  | { readonly kind: "conflict"; readonly message: string; readonly hint: string };

export type RemovalDecision =
  | { readonly kind: "delete" }
  /** It is given up: it leaves the set, and stays in the cluster. */
  | { readonly kind: "release" }
  | { readonly kind: "skip"; readonly message: string };

/** On an object in the cluster: whose Sluice finds it may take it over. */
export const adoptAnnotation = "sluice.dev/adopt";
const fluxPrefix = "kustomize.toolkit.fluxcd.io/";
const argoOptions = "argocd.argoproj.io/sync-options";

export function decideApply(
  desired: DesiredObject,
  live: LiveMetadata | undefined,
  ownership: Ownership,
): ApplyDecision {
  if (live === undefined) return { kind: "apply" };
  const ours = isMember(live, ownership);
  if (live.isTerminating) {
    return { kind: "wait", message: "waits until the one that is being deleted is gone" };
  }
  if (!ours) return decideForeign(desired, live, ownership);
  const ssa = desired.annotations.get(`${fluxPrefix}ssa`)?.toLowerCase();
  if (ssa === "ifnotpresent") return { kind: "skip", message: "is there, and is to be made only where it is not" };
  if (isReconciliationOff(desired.annotations) || isReconciliationOff(live.annotations)) {
    return { kind: "skip", message: `${fluxPrefix}reconcile is disabled` };
  }
  // What we had applied by another name, and don't want any more, would stay for ever.
  const [applier] = appliersOf(live, ownership);
  const isFormer = applier !== undefined && applier !== ownership.managers[0];
  return { kind: "apply", ...(isFormer ? { adoptFrom: applier } : {}) };
}

function isReconciliationOff(annotations: ReadonlyMap<string, string>): boolean {
  return annotations.get(`${fluxPrefix}reconcile`)?.toLowerCase() === "disabled";
}

function decideForeign(desired: DesiredObject, live: LiveMetadata, ownership: Ownership): ApplyDecision {
  const { adoption, setId } = ownership;
  // A Namespace that Sluice adds because something needs it: that it is there is all that was wanted.
  if (desired.file.path.startsWith("base/namespaces/")) return { kind: "skip", message: "is there already" };
  const set = live.labels.get(partOfLabel);
  if (adoption.kind === "manager") {
    const { name } = adoption;
    const isManagers = live.managers.some((manager) => manager.name === name && manager.subresource === "");
    if (isManagers) return { kind: "apply", adoptFrom: name };
  }
  if (set !== undefined && set !== setId) {
    return {
      kind: "conflict",
      message: `belongs to another ApplySet, ${set}`,
      hint: "Have one of both give it up; --adopt=MANAGER takes over what that field manager applied.",
    };
  }
  if (adoption.kind === "all" || live.annotations.get(adoptAnnotation) === "true") return { kind: "apply" };
  const managers = [...new Set(live.managers.filter(({ subresource }) => subresource === "").map(({ name }) => name))];
  return {
    kind: "conflict",
    message: `is there and not Sluice's${managers.length === 0 ? "" : `: it was made by ${managers.join(", ")}`}`,
    hint: `It is left alone. To hand it over: kubectl annotate it ${adoptAnnotation}=true, or sluice apply --adopt.`,
  };
}

export function decideRemoval(live: LiveMetadata, ownership: Ownership): RemovalDecision {
  if (!isMember(live, ownership)) return { kind: "skip", message: "is not Sluice's any more" };
  if (live.isTerminating) return { kind: "skip", message: "is being deleted already" };
  const isKept = isPruneOff(live.annotations) || isReconciliationOff(live.annotations);
  return isKept ? { kind: "release" } : { kind: "delete" };
}

/** The object says, in Flux's or in Argo CD's words, that who prunes is to leave it. */
function isPruneOff(annotations: ReadonlyMap<string, string>): boolean {
  if (annotations.get(`${fluxPrefix}prune`)?.toLowerCase() === "disabled") return true;
  return argoOptionsOf(annotations).some((option) => option === "prune=false" || option === "delete=false");
}

/** The object says that it may be deleted and made anew where a change of it is refused. */
export function mayReplace(annotations: ReadonlyMap<string, string>): boolean {
  if (annotations.get(`${fluxPrefix}force`)?.toLowerCase() === "enabled") return true;
  return argoOptionsOf(annotations).includes("force=true");
}

function argoOptionsOf(annotations: ReadonlyMap<string, string>): readonly string[] {
  return (annotations.get(argoOptions) ?? "").split(",").map((option) => option.trim().toLowerCase());
}

/** The order in which objects are applied, and the stages in which they are deleted, in the reverse of it. */
import type { ObjectKey } from "./desired-object.ts";

/**
 * `definitions`: what others need to be there (CustomResourceDefinitions, Namespaces). `gates`: what can refuse others
 * (webhook configurations, APIServices), which come when what serves them is there.
 */
export type ObjectRank = "definitions" | "rest" | "gates";

export const applyOrder: readonly ObjectRank[] = ["definitions", "rest", "gates"];

const ranks: Readonly<Record<string, ObjectRank>> = {
  namespace: "definitions",
  "customresourcedefinition.apiextensions.k8s.io": "definitions",
  "apiservice.apiregistration.k8s.io": "gates",
  "validatingwebhookconfiguration.admissionregistration.k8s.io": "gates",
  "mutatingwebhookconfiguration.admissionregistration.k8s.io": "gates",
};

export function rankOf(key: ObjectKey): ObjectRank {
  return ranks[kindPartOf(key)] ?? "rest";
}

/** `<kind>[.<group>]` in lower case. */
export function kindPartOf(key: ObjectKey): string {
  return key.split("/")[1] ?? "";
}

export type RemovalStage = "gates" | "rest" | "crds" | "namespaces";

export function removalStageOf(key: ObjectKey): RemovalStage {
  const rank = rankOf(key);
  if (rank !== "definitions") return rank;
  return kindPartOf(key) === "namespace" ? "namespaces" : "crds";
}

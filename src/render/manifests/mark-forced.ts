/** `force: true` of a reference, in the words of those who bring the repository to clusters. */
import type { Json } from "../../model/json.ts";

const fluxKey = "kustomize.toolkit.fluxcd.io/force";
const argoKey = "argocd.argoproj.io/sync-options";

/** An object that can't be changed as it is is deleted and made anew. What else the template's author asks for stays. */
export function markForced(annotations: Map<string, Json>): void {
  annotations.set(fluxKey, "enabled");
  const options = String(annotations.get(argoKey) ?? "").split(",");
  const others = options.filter((option) => option.trim() !== "" && !/^\s*(?:Force|Replace)=/.test(option));
  annotations.set(argoKey, [...others, "Force=true", "Replace=true"].join(","));
}

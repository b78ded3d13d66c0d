/** For which objects a patch is, from what a document says: patterns, matched whole as kustomize does, and selectors. */
import { RE2JS, RE2JSException } from "re2js";
import type { LabelSelector } from "../../model/cluster.ts";
import { isJsonObject, type Json } from "../../model/json.ts";
import { parseSelector } from "../../model/parse-selector.ts";
import type { PatchTarget, TextPattern } from "../../model/patch.ts";

const patternFields = ["group", "version", "kind", "namespace", "name"] as const;
const selectorFields = { labelSelector: "labels", annotationSelector: "annotations" } as const;

/** A member that can't be read, and why: the end of a sentence. */
export interface TargetFault {
  readonly field: string;
  readonly message: string;
}

export function readTarget(target: Json): { readonly value: PatchTarget; readonly faults: readonly TargetFault[] } {
  const faults: TargetFault[] = [];
  const value: Record<string, TextPattern | LabelSelector> = {};
  const textOf = (field: string): string => {
    const text = isJsonObject(target) ? target.get(field) : undefined;
    return typeof text === "string" ? text : "";
  };
  for (const field of patternFields) {
    const text = textOf(field);
    if (text === "") continue;
    try {
      const pattern = RE2JS.compile(`^(?:${text})$`);
      value[field] = { matches: (candidate) => pattern.matches(candidate) };
    } catch (error) {
      if (!(error instanceof RE2JSException)) throw error;
      faults.push({ field, message: `is no pattern: ${error.message}` });
    }
  }
  for (const [field, name] of Object.entries(selectorFields)) {
    const text = textOf(field);
    if (text === "") continue;
    const selector = parseSelector(text);
    if (selector !== undefined) value[name] = selector;
    else faults.push({ field, message: "is no selector, such as app=web,tier in (front,back),!old" });
  }
  return { value, faults };
}

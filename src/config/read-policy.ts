/** `policy` of the settings: rules in their order, of a shape that was checked. */
import type { Json, JsonObject } from "../model/json.ts";
import type { PolicyRule } from "../model/policy.ts";
import type { Problem } from "../model/problem.ts";
import { readLabelSelector } from "./label-selector.ts";
import { memberList, memberText, type YamlDocument } from "./yaml-document.ts";

export function readPolicy(document: YamlDocument, problems: Problem[]): readonly PolicyRule[] {
  return memberList(document.value, "policy").map((written, index): PolicyRule => {
    const rule = written as JsonObject;
    const path = ["policy", index, "clusters"];
    const clusters = readLabelSelector(document, path, rule.get("clusters"), "SETTINGS_INVALID");
    problems.push(...clusters.problems);
    return {
      effect: memberText(rule, "effect") as PolicyRule["effect"],
      ...(clusters.value === undefined ? {} : { clusters: clusters.value }),
      ...textsOf(rule, "triggers"),
      ...textsOf(rule, "kinds"),
      ...textsOf(rule, "namespaces"),
      ...textsOf(rule, "names"),
    };
  });
}

function textsOf(rule: JsonObject, key: string): Record<string, readonly string[]> {
  const value: Json | undefined = rule.get(key);
  return value === undefined ? {} : { [key]: memberList(rule, key).map(String) };
}

/** Selectors as kustomize and kubectl write them: `app=web,tier in (front,back),!old`. */
import type { LabelRequirement, LabelSelector } from "./cluster.ts";

const key = "[A-Za-z0-9](?:[-A-Za-z0-9_./]*[A-Za-z0-9])?";
const requirement = new RegExp(
  `^(?:(!)\\s*(${key})|(${key})\\s*(?:(==|=|!=)\\s*([^,()=!\\s]*)|(in|notin)\\s*\\(([^()]*)\\))?)$`,
);

/** Kubernetes' text form of a selector. Undefined: it is none. */
export function parseSelector(text: string): LabelSelector | undefined {
  const requirements: LabelRequirement[] = [];
  for (const part of text.split(/,(?![^()]*\))/)) {
    const [, not, absent, label, compare, one, set, members = ""] = requirement.exec(part.trim()) ?? [];
    if (absent !== undefined && not === "!") requirements.push({ key: absent, operator: "DoesNotExist", values: [] });
    else if (label === undefined) return undefined;
    else if (set !== undefined) {
      const values = members.split(",").map((member) => member.trim());
      requirements.push({ key: label, operator: set === "in" ? "In" : "NotIn", values });
    } else if (compare === undefined) requirements.push({ key: label, operator: "Exists", values: [] });
    else requirements.push({ key: label, operator: compare === "!=" ? "NotIn" : "In", values: [one ?? ""] });
  }
  return { requirements };
}

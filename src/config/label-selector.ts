/** Label selectors as Kubernetes writes them, to the requirements that the matcher evaluates. */
import type { LabelRequirement, LabelSelector } from "../model/cluster.ts";
import { isJsonObject, type Json } from "../model/json.ts";
import type { Checked, ErrorCode, Problem } from "../model/problem.ts";
import { formatPath } from "./check-shape.ts";
import { memberList, memberObject, memberText, type Path, type YamlDocument } from "./yaml-document.ts";

/**
 * The selector at `path`, whose shape the schema has checked; undefined where there is none or an empty one, which in
 * Sveltos selects nothing.
 */
export function readLabelSelector(
  document: YamlDocument,
  path: Path,
  value: Json | undefined,
  code: ErrorCode,
): Checked<LabelSelector | undefined> {
  const problems: Problem[] = [];
  const requirements: LabelRequirement[] = [];
  for (const [key, label] of memberObject(value, "matchLabels") ?? []) {
    requirements.push({ key, operator: "In", values: [String(label)] });
  }
  for (const [index, expression] of memberList(value, "matchExpressions").entries()) {
    const at = [...path, "matchExpressions", index];
    const operator = memberText(expression, "operator") as LabelRequirement["operator"];
    const values = memberList(expression, "values").map(String);
    const wantsValues = operator === "In" || operator === "NotIn";
    if (wantsValues !== values.length > 0) {
      const message = `${formatPath(at)}: ${operator} takes ${wantsValues ? "at least one value" : "no values"}`;
      problems.push(document.problem(code, message, document.placeOf(at)));
    }
    requirements.push({ key: memberText(expression, "key") ?? "", operator, values });
  }
  const isEmpty = !isJsonObject(value) || requirements.length === 0;
  return { value: isEmpty ? undefined : { requirements }, problems };
}

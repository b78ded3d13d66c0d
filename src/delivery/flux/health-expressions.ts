/**
 * validateHealths as Flux' healthCheckExprs. Sveltos' rules are CEL over `resource`, Flux' over the object's own fields; of a
 * check any rule suffices, and of a kind all checks count. An object that Flux has not applied in that unit is not looked at.
 */
import { isJsonObject, type Json, type JsonObject } from "../../model/json.ts";
import { listOf, textOf } from "../../model/json-members.ts";
import { apiVersionOf } from "../../model/manifest.ts";
import { fields } from "../hub-object.ts";

export type HealthFeature = "Helm" | "Other";

/** One for each kind that is checked; those that {@link explainCheck} tells of are left out. */
export function healthExpressions(checks: readonly Json[], feature: HealthFeature): readonly JsonObject[] {
  const byKind = new Map<string, { apiVersion: string; kind: string; current: string[] }>();
  for (const check of checks) {
    if (!isJsonObject(check) || featureOf(check) !== feature || explainCheck(check) !== undefined) continue;
    const [group, version, kind] = ["group", "version", "kind"].map((key) => textOf(check, key));
    const apiVersion = apiVersionOf({ group: group!, version: version! });
    const known = byKind.get(`${apiVersion}/${kind}`) ?? { apiVersion, kind: kind!, current: [] };
    known.current.push(expressionOf(check));
    byKind.set(`${apiVersion}/${kind}`, known);
  }
  return [...byKind.values()].map(({ apiVersion, kind, current }) =>
    fields({ apiVersion, kind, current: current.map((one) => `(${one})`).join(" && ") }),
  );
}

/** What of a check can't be expressed: a field of it, or more; undefined: nothing. */
export function explainCheck(check: JsonObject): string | undefined {
  for (const field of ["script", "labelFilters", "metricSource", "metricQueries", "jobCheck"]) {
    const value = check.get(field);
    if (value !== undefined && value !== "" && !(Array.isArray(value) && value.length === 0)) return field;
  }
  const rules = rulesOf(check);
  if (rules.length === 0) return "anything but evaluateCEL";
  if (textOf(check, "kind") === "" || textOf(check, "version") === "") return "a check without a kind";
  return rules.some((rule) => translate(rule) === undefined) ? "a rule about the whole of resource" : undefined;
}

function featureOf(check: JsonObject): HealthFeature {
  return textOf(check, "featureID") === "Helm" ? "Helm" : "Other";
}

function rulesOf(check: JsonObject): readonly string[] {
  return listOf(check, "evaluateCEL").flatMap((rule) => (isJsonObject(rule) ? [textOf(rule, "rule")] : []));
}

function expressionOf(check: JsonObject): string {
  const any = rulesOf(check)
    .map((rule) => `(${translate(rule)})`)
    .join(" || ");
  const namespace = textOf(check, "namespace");
  return namespace === "" ? any : `metadata.namespace != ${JSON.stringify(namespace)} || ${any}`;
}

/** A text in any of CEL's quotes, a name with what it is a member of, or any other sign. */
const token =
  /[rRbB]*(?:"""[\s\S]*?"""|'''[\s\S]*?'''|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?:\.\s*)?[A-Za-z_][A-Za-z0-9_]*|[\s\S]/g;

/** Undefined: it says something of `resource` besides its fields. */
export function translate(rule: string): string | undefined {
  const tokens = rule.match(token) ?? [];
  const written: string[] = [];
  for (let at = 0; at < tokens.length; at++) {
    if (tokens[at] !== "resource") {
      written.push(tokens[at]!);
      continue;
    }
    const member = /^\.\s*([A-Za-z_]\w*)$/.exec(tokens[at + 1] ?? "");
    const isAsked = tokens.slice(0, at).join("").trimEnd().endsWith("has(");
    const goesOn = (tokens[at + 2] ?? "").startsWith(".");
    // has() wants a field of something: the object's own fields are nobody's there.
    if (member === null || (isAsked && !goesOn)) return undefined;
    written.push(member[1]!);
    at++;
  }
  return written.join("");
}

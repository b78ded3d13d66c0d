/**
 * An object against the schema of its kind: Kubernetes' own, or that of a CustomResourceDefinition in the config folder.
 *
 * What no version of Kubernetes takes is refused. What the version shipped does not take (an enum, a member or a kind that
 * is not known) is refused where an event printed it; else clusters may be newer or older, and it is a warning.
 */
import { customKindKey } from "../../../model/custom-kind.ts";
import { isJsonObject } from "../../../model/json.ts";
import { apiVersionOf } from "../../../model/manifest.ts";
import type { YamlMapping, YamlNode } from "../../yaml/node.ts";
import type { ReadObject } from "../check-object.ts";
import { memberOf, nodeAt } from "../find-objects.ts";
import type { ManifestOptions } from "../manifest-options.ts";
import type { ObjectReport } from "../object-report.ts";
import { builtInSchema, isBuiltInGroup, spellingOf } from "./built-in-kinds.ts";
import { checkValue } from "./check-value.ts";
import { customSchema } from "./custom-schema.ts";
import { type Finding, Findings } from "./findings.ts";
import { kubernetesVersion } from "./kubernetes-openapi.ts";
import type { SchemaNode } from "./schema-node.ts";

/** What becomes of what a check finds: as told above; warnings only; no checks at all. */
export type KubernetesChecks = "refuse" | "warn" | "off";

export function checkSchema(object: ReadObject, options: ManifestOptions, report: ObjectReport): void {
  const mode = options.checks ?? "refuse";
  if (mode === "off") return;
  const schema = schemaOf(object, options, report, mode);
  if (schema === undefined) return;
  const findings = new Findings();
  checkValue(object.value, schema, findings);
  const status = object.value.get("status") ?? null;
  if (status !== null && !(isJsonObject(status) && status.size === 0)) {
    findings.within("status", () => findings.doubt("is the cluster's to say"));
  }
  for (const finding of findings.list) tell(finding, object, report, mode);
}

function schemaOf(
  { node, group, version, kind }: ReadObject,
  { customKinds }: ManifestOptions,
  report: ObjectReport,
  mode: KubernetesChecks,
): SchemaNode | undefined {
  const builtIn = builtInSchema(group, version, kind);
  if (builtIn !== undefined) return builtIn;
  const custom = customKinds?.get(customKindKey(group, kind));
  const apiVersion = apiVersionOf({ group, version });
  if (custom !== undefined && custom.kind === kind) {
    const schema = customSchema(custom, version);
    if (schema !== undefined) return schema;
    const known = [...custom.versions.keys()].join(", ");
    const message = `${kind} has no version ${report.quote(version)}; its CustomResourceDefinition serves ${known}`;
    doubtAt(node, "apiVersion", message, report, mode);
    return undefined;
  }
  const spelling = custom?.kind ?? spellingOf(group, kind);
  if (spelling !== undefined && spelling !== kind) {
    doubtAt(
      node,
      "kind",
      `there is no kind ${report.quote(kind)} in ${apiVersion}: it is written ${spelling}`,
      report,
      mode,
    );
  } else if (isBuiltInGroup(group)) {
    const field = spelling === undefined ? "kind" : "apiVersion";
    const message = `Kubernetes ${kubernetesVersion} has no kind ${report.quote(kind)} in ${report.quote(apiVersion)}`;
    doubtAt(node, field, message, report, mode);
  }
  return undefined;
}

function doubtAt(
  node: YamlMapping,
  field: "kind" | "apiVersion",
  message: string,
  report: ObjectReport,
  mode: KubernetesChecks,
): void {
  const isPrinted = ["kind", "apiVersion"].some((key) => {
    const member = memberOf(node, key);
    return member !== undefined && report.printedIn(member) !== undefined;
  });
  if (isPrinted && mode === "refuse") report.addAtPath("MANIFEST_INVALID", node, [field], message);
  else report.warnAtPath("MANIFEST_INVALID", node, [field], message);
}

function tell(finding: Finding, { node, kind }: ReadObject, report: ObjectReport, mode: KubernetesChecks): void {
  const { path, fault, value } = finding;
  const shown = value === undefined || !report.quotes ? "" : `, not ${report.quote(value)}`;
  const where = report.quotes ? formatPath(path) : (path[0] ?? "");
  const message = `${where === "" ? `this ${kind}` : `${where} of this ${kind}`} ${fault}${shown}`;
  const isError = mode === "refuse" && (finding.isCertain || isPrinted(finding, node, report));
  if (isError) report.addAtPath("MANIFEST_INVALID", node, path, message);
  else report.warnAtPath("MANIFEST_INVALID", node, path, message);
}

/** Whether an event printed what a finding is about: the key that is not known, or the value. */
function isPrinted({ path, isKey }: Finding, node: YamlMapping, report: ObjectReport): boolean {
  const found: YamlNode | undefined =
    isKey === true ? keyNodeAt(nodeAt(node, path.slice(0, -1)), path.at(-1)!) : nodeAt(node, path);
  return found !== undefined && report.printedIn(found) !== undefined;
}

function keyNodeAt(node: YamlNode, key: string): YamlNode | undefined {
  return node.kind === "mapping" ? node.keys.find(({ text }) => text === key) : undefined;
}

function formatPath(path: readonly string[]): string {
  let text = "";
  for (const key of path) {
    if (/^[0-9]+$/.test(key)) text += `[${key}]`;
    else text += /^[\w-]+$/.test(key) ? `${text === "" ? "" : "."}${key}` : `[${JSON.stringify(key.slice(0, 60))}]`;
  }
  return text;
}

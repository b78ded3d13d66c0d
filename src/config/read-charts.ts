/** helmCharts, kustomizationRefs, and policyRefs to sources of Flux': charts, whose texts may all be templates. */
import type { ChartRef, TemplateMap, TemplateTree } from "../model/chart.ts";
import type { DocumentRef } from "../model/document-ref.ts";
import { isJsonObject, type Json, type JsonObject } from "../model/json.ts";
import type { Checked, Problem } from "../model/problem.ts";
import { formatPath } from "./check-shape.ts";
import { readDocumentRef } from "./read-document-refs.ts";
import type { TemplateReader } from "./template-reader.ts";
import { memberList, memberText, type Path, type YamlDocument } from "./yaml-document.ts";

/** Read apart: what comes of them is one mapping of values. */
const valueFields = ["values", "valuesFrom"];
/** Kinds of policyRefs and kustomizationRefs that only a Flux can fetch. */
export const sourceKinds: readonly string[] = ["GitRepository", "OCIRepository", "Bucket"];

/** Entries that ask for an uninstallation ask for nothing that is there. */
export function readCharts(
  document: YamlDocument,
  templates: TemplateReader,
  spec: JsonObject,
): Checked<readonly ChartRef[]> {
  const value: ChartRef[] = [];
  const problems: Problem[] = [];
  // What changes objects changes those of charts too, behind Helm.
  const list = memberList(spec, "patches").filter(isJsonObject);
  const patches: TemplateMap = readTree(
    templates,
    ["spec"],
    list.length === 0 ? new Map() : new Map([["patches", list]]),
    [],
  );
  for (const [index, chart] of memberList(spec, "helmCharts").entries()) {
    if (!isJsonObject(chart) || memberText(chart, "helmChartAction") === "Uninstall") continue;
    const path: Path = ["spec", "helmCharts", index];
    const url = memberText(chart, "repositoryURL") ?? "";
    if (/^(?:https?|oci):/.test(url) && (memberText(chart, "chartName") ?? "") === "") {
      problems.push(document.problem("DOCUMENT_INVALID", "a Helm chart needs chartName", document.placeOf(path)));
      continue;
    }
    const values = memberText(chart, "values") ?? "";
    value.push({
      kind: "HelmChart",
      field: "helmCharts",
      fields: new Map([...readTree(templates, path, chart, [...valueFields, "helmChartAction"]), ...patches]),
      ...(values === "" ? {} : { values: templates.compile([...path, "values"], values) }),
      valuesFrom: readValuesFrom(document, templates, path, chart),
      isLocal: false,
      at: document.placeOf(path),
    });
  }
  for (const field of ["kustomizationRefs", "policyRefs"] as const) {
    for (const [index, ref] of memberList(spec, field).entries()) {
      const path: Path = ["spec", field, index];
      const isSource = sourceKinds.includes(memberText(ref, "kind") ?? "");
      if (field === "kustomizationRefs" && !isSource) {
        const message = `${formatPath(path)} has no effect: only sources of Flux' are built (${sourceKinds.join(", ")})`;
        problems.push(document.warning("FIELD_WITHOUT_EFFECT", message, document.placeOf(path)));
      }
      if (!isJsonObject(ref) || !isSource) continue;
      value.push({
        kind: "Kustomization",
        field,
        fields: readTree(templates, path, ref, ["valuesFrom", "deploymentType"]),
        valuesFrom: readValuesFrom(document, templates, path, ref),
        isLocal: memberText(ref, "deploymentType") === "Local",
        at: document.placeOf(path),
      });
    }
  }
  return { value, problems };
}

function readValuesFrom(
  document: YamlDocument,
  templates: TemplateReader,
  path: Path,
  chart: JsonObject,
): readonly DocumentRef[] {
  return memberList(chart, "valuesFrom").map((ref, index) => ({
    kind: memberText(ref, "kind") ?? "",
    ...readDocumentRef(document, templates, [...path, "valuesFrom", index], ref),
  }));
}

function readTree(templates: TemplateReader, path: Path, object: JsonObject, without: readonly string[]): TemplateMap {
  const read = (value: Json, at: Path): TemplateTree => {
    if (typeof value === "string") return templates.compile(at, value);
    if (isJsonObject(value)) return readMembers(value, at);
    if (Array.isArray(value)) return (value as readonly Json[]).map((item, index) => read(item, [...at, index]));
    return value as boolean | bigint | number | null;
  };
  const readMembers = (from: JsonObject, at: Path): TemplateMap =>
    new Map([...from].map(([key, member]) => [key, read(member, [...at, key])]));
  return readMembers(new Map([...object].filter(([key]) => !without.includes(key))), path);
}

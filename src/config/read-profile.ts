/** ClusterProfiles and Profiles: what of them is understood, templates compiled, fields without effect reported. */
import type { Profile } from "../model/catalog.ts";
import type { ChartRef } from "../model/chart.ts";
import type { DocumentRef } from "../model/document-ref.ts";
import type { Owner } from "../model/owner.ts";
import type { Checked, Problem } from "../model/problem.ts";
import { checkAnnotations } from "./check-annotations.ts";
import { checkConstantTexts } from "./check-constants.ts";
import { checkRoots } from "./check-roots.ts";
import { warnOfFields } from "./fields-without-effect.ts";
import { readClusterSelection } from "./read-cluster-selection.ts";
import { readOwnerSpec, templatesOfSpec } from "./read-owner-spec.ts";
import { TemplateReader } from "./template-reader.ts";
import { memberList, memberObject, type YamlDocument } from "./yaml-document.ts";

/** Reads a document of checked shape. `namespace`: a Profile's; empty for a ClusterProfile. */
export function readProfile(document: YamlDocument, namespace: string, name: string): Checked<Profile> {
  const kind = namespace === "" ? "ClusterProfile" : "Profile";
  const owner: Owner = { kind, namespace, name };
  const title = namespace === "" ? `${kind} ${name}` : `${kind} ${namespace}/${name}`;
  const templates = new TemplateReader(document, title);
  const spec = memberObject(document.value, "spec") ?? new Map();
  const selection = readClusterSelection(document, namespace);
  const rendered = readOwnerSpec(document, templates, spec);
  const setRefs = memberList(spec, "setRefs").map(String);
  const value: Profile = {
    ...rendered.value,
    ...selection.value,
    owner,
    setRefs,
    policyRefs: rendered.value.policyRefs.map((ref) => inOwnNamespace(templates, ref, namespace)),
    charts: rendered.value.charts.map((chart) => ({
      ...chart,
      fields: inOwnNamespaceOf(templates, chart, namespace),
      valuesFrom: chart.valuesFrom.map((ref) => inOwnNamespace(templates, ref, namespace)),
    })),
    templateResourceRefs: rendered.value.templateResourceRefs.map((ref) => inOwnNamespace(templates, ref, namespace)),
  };
  const problems: Problem[] = [
    ...warnOfFields(document, kind),
    ...selection.problems,
    ...rendered.problems,
    ...checkAnnotations(document, kind),
    ...checkConstantTexts(document, value),
    ...templatesOfSpec(value).flatMap((template) => checkRoots(template, ["Cluster"])),
  ];
  return { value, problems: [...problems, ...templates.problems] };
}

/** Whatever a Profile says, its references are in its own namespace, as in Sveltos. */
function inOwnNamespace<Ref extends DocumentRef>(templates: TemplateReader, ref: Ref, namespace: string): Ref {
  if (namespace === "") return ref;
  return { ...ref, namespace: templates.quote(["metadata", "namespace"], namespace) };
}

function inOwnNamespaceOf(templates: TemplateReader, { kind, fields }: ChartRef, namespace: string) {
  if (namespace === "" || kind !== "Kustomization") return fields;
  return new Map([...fields, ["namespace", templates.quote(["metadata", "namespace"], namespace)]]);
}

/** What EventTriggers and profiles say alike: what they render, and how their objects are held. */
import {
  type OwnerSpec,
  type PolicyRef,
  referencesOf,
  type StopMatchingBehavior,
  type SyncMode,
  type TemplateField,
} from "../model/catalog.ts";
import { templatesOfChart } from "../model/chart.ts";
import { isJsonObject, type Json, type JsonObject } from "../model/json.ts";
import { pausedAnnotation } from "../model/pauses.ts";
import type { Checked } from "../model/problem.ts";
import { referenceTier } from "../model/record.ts";
import { warnOfPolicyRefFields } from "./fields-without-effect.ts";
import { readCharts, sourceKinds } from "./read-charts.ts";
import { readDocumentRef, readGenerators, readTemplateResourceRefs } from "./read-document-refs.ts";
import { readPatches, readPatchesFrom } from "./read-patches.ts";
import type { TemplateReader } from "./template-reader.ts";
import { memberList, memberObject, memberText, type Path, type YamlDocument } from "./yaml-document.ts";

/** Reads a `spec` as far as it goes; problems of its templates are the reader's. */
export function readOwnerSpec(document: YamlDocument, templates: TemplateReader, spec: JsonObject): Checked<OwnerSpec> {
  const policyRefs = memberList(spec, "policyRefs").map((ref, index) =>
    readPolicyRef(document, templates, ["spec", "policyRefs", index], ref),
  );
  const templateResourceRefs = readTemplateResourceRefs(document, templates, spec);
  const generators = readGenerators(document, templates, spec);
  const patches = readPatches(document, templates, spec);
  const charts = readCharts(document, templates, spec);
  const value: OwnerSpec = {
    charts: charts.value,
    upkeep: new Map([...spec].filter(([key]) => upkeepFields.has(key))),
    templateResourceRefs: templateResourceRefs.value,
    generators: generators.value,
    patches: patches.value,
    patchesFrom: readPatchesFrom(document, templates, spec),
    policyRefs: policyRefs.flatMap((ref) => (ref.value === undefined ? [] : [ref.value])),
    syncMode: (memberText(spec, "syncMode") ?? "Continuous") as SyncMode,
    tier: Number(spec.get("tier") ?? 100),
    continueOnConflict: spec.get("continueOnConflict") === true,
    stopMatchingBehavior: (memberText(spec, "stopMatchingBehavior") ?? "WithdrawPolicies") as StopMatchingBehavior,
    extraLabels: readTexts(templates, spec, "extraLabels"),
    extraAnnotations: readTexts(templates, spec, "extraAnnotations"),
    dependsOn: memberList(spec, "dependsOn").map(String),
    ...(isPaused(document) ? { isPaused: true } : {}),
    at: document.placeOf([]),
  };
  return {
    value,
    problems: [...policyRefs, templateResourceRefs, generators, patches, charts].flatMap(({ problems }) => problems),
  };
}

/** Of what delivery does with what is there. */
const upkeepFields = new Set(["driftExclusions", "maxConsecutiveFailures", "validateHealths"]);

function isPaused(document: YamlDocument): boolean {
  const annotations = memberObject(memberObject(document.value, "metadata"), "annotations");
  return annotations?.has(pausedAnnotation) === true;
}

/** What of a `spec` is rendered. */
export function templatesOfSpec(spec: OwnerSpec): readonly TemplateField[] {
  const { charts, generators, patches, extraLabels, extraAnnotations } = spec;
  return [
    ...referencesOf(spec).flatMap(({ namespace, name }) => [namespace, name]),
    ...generators.map(({ nameFormat }) => nameFormat),
    ...patches.map(({ content }) => content),
    ...charts.flatMap(templatesOfChart),
    ...extraLabels.values(),
    ...extraAnnotations.values(),
  ];
}

/** Undefined for a reference to something that can't be rendered yet; a warning says so. */
function readPolicyRef(
  document: YamlDocument,
  templates: TemplateReader,
  path: Path,
  ref: Json,
): Checked<PolicyRef | undefined> {
  const isSource = sourceKinds.includes(memberText(ref, "kind") ?? "");
  // A path is for what is in a source alone, which has no tier: warnings about delivery say so.
  const judged = isSource && isJsonObject(ref) ? new Map([...ref].filter(([key]) => key !== "path")) : ref;
  const problems = warnOfPolicyRefFields(document, path, judged);
  const kind = memberText(ref, "kind");
  const name = memberText(ref, "name") ?? "";
  const isRemote = isJsonObject(ref) && ref.has("remoteURL");
  if (isRemote === (kind !== undefined)) {
    problems.push(
      document.problem(
        "DOCUMENT_INVALID",
        "a policyRef has either kind and name, or remoteURL",
        document.placeOf(path),
      ),
    );
    return { value: undefined, problems };
  }
  if (kind !== "ConfigMap" && kind !== "Secret") {
    if (!isRemote && !isSource) {
      const at = document.placeOf([...path, "kind"]);
      problems.push(document.warning("FIELD_WITHOUT_EFFECT", `policyRefs to a ${kind} have no effect`, at));
    }
    return { value: undefined, problems };
  }
  if (name === "") {
    problems.push(
      document.problem("DOCUMENT_INVALID", `a policyRef to a ${kind} needs a name`, document.placeOf(path)),
    );
    return { value: undefined, problems };
  }
  const is = (field: string) => isJsonObject(ref) && ref.get(field) === true;
  const tier = Number((isJsonObject(ref) ? ref.get("tier") : undefined) ?? referenceTier);
  const value: PolicyRef = {
    kind,
    ...readDocumentRef(document, templates, path, ref),
    isLocal: memberText(ref, "deploymentType") === "Local",
    skipNamespaceCreation: is("skipNamespaceCreation"),
    force: is("force"),
    ...(tier === referenceTier ? {} : { tier }),
  };
  return { value, problems };
}

function readTexts(templates: TemplateReader, spec: JsonObject, key: string): Map<string, TemplateField> {
  const texts = memberObject(spec, key) ?? new Map<string, Json>();
  return new Map([...texts].map(([name, text]) => [name, templates.compile(["spec", key, name], String(text))]));
}

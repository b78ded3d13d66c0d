/** EventTriggers: what of them is understood, templates compiled, fields without effect reported. */
import type { EventTrigger, PolicyRef, StopMatchingBehavior, SyncMode, TemplateField } from "../model/catalog.ts";
import { isJsonObject, type Json, type JsonObject } from "../model/json.ts";
import type { Checked, Problem } from "../model/problem.ts";
import { checkAnnotations } from "./check-annotations.ts";
import { checkConstants } from "./check-constants.ts";
import { checkRoots } from "./check-roots.ts";
import { warnOfFields, warnOfPolicyRefFields } from "./fields-without-effect.ts";
import { readLabelSelector } from "./label-selector.ts";
import { TemplateReader } from "./template-reader.ts";
import { memberList, memberObject, memberText, type Path, type YamlDocument } from "./yaml-document.ts";

/** A trigger before its references are followed. */
export type TriggerDraft = Omit<EventTrigger, "fingerprint">;

/**
 * Reads a document as far as it goes: also one whose shape has faults, so that its events can be kept until it is
 * mended. Undefined where not even its EventSource is legible.
 */
export function readEventTrigger(document: YamlDocument, name: string): Checked<TriggerDraft | undefined> {
  const spec = memberObject(document.value, "spec");
  const eventSourceName = memberText(spec, "eventSourceName");
  if (spec === undefined || eventSourceName === undefined || eventSourceName === "")
    return { value: undefined, problems: [] };

  const templates = new TemplateReader(document, `EventTrigger ${name}`);
  const problems: Problem[] = warnOfFields(document, "EventTrigger");
  const readSelector = (key: string) => {
    const selector = readLabelSelector(document, ["spec", key], spec.get(key), "DOCUMENT_INVALID");
    problems.push(...selector.problems);
    return selector.value;
  };
  const sourceClusterSelector = readSelector("sourceClusterSelector");
  const destinationClusterSelector = readSelector("destinationClusterSelector");
  const destination = memberObject(spec, "destinationCluster");
  const clusterSetRefs = memberList(spec, "clusterSetRefs").map(String);
  if (sourceClusterSelector === undefined && clusterSetRefs.length === 0) {
    problems.push(
      document.warning(
        "SELECTOR_MISSING",
        `EventTrigger ${name} selects no clusters, so it means every cluster of the connection`,
        document.keyPlaceOf(spec.has("sourceClusterSelector") ? ["spec", "sourceClusterSelector"] : ["spec"]),
        "Give sourceClusterSelector or clusterSetRefs; Sveltos itself would select none.",
      ),
    );
  }
  if (destination !== undefined && destinationClusterSelector !== undefined) {
    const at = document.keyPlaceOf(["spec", "destinationCluster"]);
    problems.push(
      document.problem("DOCUMENT_INVALID", "destinationCluster and destinationClusterSelector exclude each other", at),
    );
  }
  const policyRefs = memberList(spec, "policyRefs").map((ref, index) =>
    readPolicyRef(document, templates, ["spec", "policyRefs", index], ref),
  );
  problems.push(...policyRefs.flatMap((ref) => ref.problems));
  const value: TriggerDraft = {
    name,
    eventSourceName: templates.compile(["spec", "eventSourceName"], eventSourceName),
    ...(sourceClusterSelector === undefined ? {} : { sourceClusterSelector }),
    clusterSetRefs,
    ...(destinationClusterSelector === undefined ? {} : { destinationClusterSelector }),
    ...(destination === undefined
      ? {}
      : {
          destinationCluster: {
            namespace: templates.compile(
              ["spec", "destinationCluster", "namespace"],
              memberText(destination, "namespace") ?? "",
            ),
            name: templates.compile(["spec", "destinationCluster", "name"], memberText(destination, "name") ?? ""),
          },
        }),
    oneForEvent: spec.get("oneForEvent") !== false,
    cloudEventAction: templates.compile(["spec", "cloudEventAction"], memberText(spec, "cloudEventAction") || "Create"),
    policyRefs: policyRefs.flatMap((ref) => (ref.value === undefined ? [] : [ref.value])),
    syncMode: (memberText(spec, "syncMode") ?? "Continuous") as SyncMode,
    tier: Number(spec.get("tier") ?? 100),
    continueOnConflict: spec.get("continueOnConflict") === true,
    stopMatchingBehavior: (memberText(spec, "stopMatchingBehavior") ?? "WithdrawPolicies") as StopMatchingBehavior,
    extraLabels: readTexts(templates, spec, "extraLabels"),
    extraAnnotations: readTexts(templates, spec, "extraAnnotations"),
    at: document.placeOf([]),
  };
  problems.push(...checkAnnotations(document, "EventTrigger"), ...checkConstants(document, value));
  problems.push(...checkRoots(value.eventSourceName, ["Cluster"]));
  for (const template of templatesOf(value)) problems.push(...checkRoots(template));
  return { value, problems: [...problems, ...templates.problems] };
}

/** What is rendered with an event's data. */
function templatesOf(trigger: TriggerDraft): readonly TemplateField[] {
  const { destinationCluster: to, cloudEventAction, policyRefs, extraLabels, extraAnnotations } = trigger;
  return [
    cloudEventAction,
    ...(to === undefined ? [] : [to.namespace, to.name]),
    ...policyRefs.flatMap(({ namespace, name }) => [namespace, name]),
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
  const problems = warnOfPolicyRefFields(document, path, ref);
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
    if (!isRemote) {
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
  const value: PolicyRef = {
    kind,
    namespace: templates.compile([...path, "namespace"], memberText(ref, "namespace") ?? ""),
    name: templates.compile([...path, "name"], name),
    optional: isJsonObject(ref) && ref.get("optional") === true,
    at: document.placeOf(path),
  };
  return { value, problems };
}

function readTexts(templates: TemplateReader, spec: JsonObject, key: string): Map<string, TemplateField> {
  const texts = memberObject(spec, key) ?? new Map<string, Json>();
  return new Map([...texts].map(([name, text]) => [name, templates.compile(["spec", key, name], String(text))]));
}

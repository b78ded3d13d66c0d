/** EventTriggers: what of them is understood, templates compiled, fields without effect reported. */
import type { EventTrigger, TemplateField } from "../model/catalog.ts";
import type { Checked, Problem } from "../model/problem.ts";
import { checkAnnotations } from "./check-annotations.ts";
import { checkConstants } from "./check-constants.ts";
import { checkRoots } from "./check-roots.ts";
import { warnOfFields } from "./fields-without-effect.ts";
import { readLabelSelector } from "./label-selector.ts";
import { readOwnerSpec, templatesOfSpec } from "./read-owner-spec.ts";
import { TemplateReader } from "./template-reader.ts";
import { memberList, memberObject, memberText, type YamlDocument } from "./yaml-document.ts";

/**
 * Reads a document as far as it goes: also one whose shape has faults, so that its events can be kept until it is
 * mended. Undefined where not even its EventSource is legible.
 */
export function readEventTrigger(document: YamlDocument, name: string): Checked<EventTrigger | undefined> {
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
  const rendered = readOwnerSpec(document, templates, spec);
  problems.push(...rendered.problems);
  const value: EventTrigger = {
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
    ...rendered.value,
  };
  problems.push(...checkAnnotations(document, "EventTrigger"), ...checkConstants(document, value));
  problems.push(...checkRoots(value.eventSourceName, ["Cluster"]));
  for (const template of templatesOfEvent(value)) problems.push(...checkRoots(template, ofEvent));
  const seen = value.oneForEvent ? ofEvent : ["CloudEvents", "Cluster"];
  for (const template of templatesOfSpec(value)) problems.push(...checkRoots(template, seen));
  return { value, problems: [...problems, ...templates.problems] };
}

const ofEvent = ["CloudEvent", "Cluster", "Message"];

/** What is always rendered with one event's data. */
function templatesOfEvent({ destinationCluster: to, cloudEventAction }: EventTrigger): readonly TemplateField[] {
  return [cloudEventAction, ...(to === undefined ? [] : [to.namespace, to.name])];
}

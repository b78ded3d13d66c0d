/** Annotations that mean something here: misspelt ones, those written as labels, and templates that lack theirs. */
import type { Json } from "../model/json.ts";
import { nearestWord } from "../model/nearest-word.ts";
import { pausedAnnotation } from "../model/pauses.ts";
import type { Problem } from "../model/problem.ts";
import { memberObject, type YamlDocument } from "./yaml-document.ts";

const ofContent = ["projectsveltos.io/instantiate", "projectsveltos.io/template", "sluice.dev/engine"];
const known: Readonly<Record<string, readonly string[]>> = {
  ConfigMap: ofContent,
  Secret: ofContent,
  EventTrigger: [pausedAnnotation, "sluice.dev/engine", "sluice.dev/formerly"],
  ClusterProfile: [pausedAnnotation, "sluice.dev/engine"],
  Profile: [pausedAnnotation, "sluice.dev/engine"],
};
const prefixes = /^(?:(?:profile\.)?projectsveltos\.io|sluice\.dev)\//;

/** Warnings of annotations that look like one of those that `kind` has, and have no effect. */
export function checkAnnotations(document: YamlDocument, kind: string): Problem[] {
  const names = known[kind];
  if (names === undefined) return [];
  const metadata = memberObject(document.value, "metadata");
  const warn = (member: string, key: string, what: string, hint: string): Problem =>
    document.warning(
      "FIELD_WITHOUT_EFFECT",
      `${what} ${key} has no effect`,
      document.keyPlaceOf(["metadata", member, key]),
      hint,
    );
  const annotations = memberObject(metadata, "annotations") ?? new Map<string, Json>();
  const misspelt = [...annotations.keys()].flatMap((key) => {
    const nearest = names.includes(key) ? undefined : nearestWord(key, names);
    if (nearest !== undefined) return [warn("annotations", key, "the annotation", `Did you mean ${nearest}?`)];
    return key.startsWith("sluice.dev/") && !names.includes(key)
      ? [warn("annotations", key, "the annotation", `A ${kind} may have: ${names.join(", ")}.`)]
      : [];
  });
  const labels = memberObject(metadata, "labels") ?? new Map<string, Json>();
  const asLabels = [...labels.keys()]
    .filter((key) => prefixes.test(key) && names.includes(key))
    .map((key) => warn("labels", key, "the label", "Write it as an annotation."));
  return [...misspelt, ...asLabels];
}

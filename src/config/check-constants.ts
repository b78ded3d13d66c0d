/** What of an owner is no template says the same for every event: it is checked at once, as events would have it. */
import type { EventTrigger, OwnerSpec, TemplateField } from "../model/catalog.ts";
import { nearestWord } from "../model/nearest-word.ts";
import type { Problem } from "../model/problem.ts";
import { isLiteral } from "../render/compile-template.ts";
import { faultOfAnnotationKey, faultOfLabelKey, faultOfLabelValue } from "../render/manifests/check-names.ts";
import { formatPath } from "./check-shape.ts";
import type { Path, YamlDocument } from "./yaml-document.ts";

export function checkConstants(document: YamlDocument, trigger: EventTrigger): Problem[] {
  return [...checkAction(document, trigger.cloudEventAction), ...checkConstantTexts(document, trigger)];
}

/** Labels and annotations for every object of an owner. */
export function checkConstantTexts(
  document: YamlDocument,
  { extraLabels, extraAnnotations }: Pick<OwnerSpec, "extraLabels" | "extraAnnotations">,
): Problem[] {
  return [
    ...checkTexts(document, "extraLabels", extraLabels, faultOfLabelKey, faultOfLabelValue),
    ...checkTexts(document, "extraAnnotations", extraAnnotations, faultOfAnnotationKey, () => undefined),
  ];
}

function checkAction(document: YamlDocument, { source: { text } }: TemplateField): Problem[] {
  const action = text.trim();
  if (!isLiteral(text) || action === "" || action === "Create" || action === "Delete") return [];
  const nearest = nearestWord(action, ["Create", "Delete"]);
  const hint = nearest === undefined ? "It is Create or Delete, or a template of one." : `Did you mean ${nearest}?`;
  const message = `cloudEventAction is ${JSON.stringify(action.slice(0, 100))}, which is neither Create nor Delete`;
  return [document.problem("ACTION_INVALID", message, document.placeOf(["spec", "cloudEventAction"]), hint)];
}

/** Keys are no templates; values that are one are checked when they are rendered. */
function checkTexts(
  document: YamlDocument,
  field: string,
  texts: ReadonlyMap<string, TemplateField>,
  faultOfKey: (key: string) => string | undefined,
  faultOfValue: (value: string) => string | undefined,
): Problem[] {
  return [...texts].flatMap(([key, { source }]) => {
    const path: Path = ["spec", field, key];
    const keyFault = faultOfKey(key);
    const valueFault = isLiteral(source.text) ? faultOfValue(source.text) : undefined;
    return [
      ...(keyFault === undefined
        ? []
        : [document.problem("LABEL_INVALID", `the key ${key} of ${field} ${keyFault}`, document.keyPlaceOf(path))]),
      ...(valueFault === undefined
        ? []
        : [document.problem("LABEL_INVALID", `${formatPath(path)} ${valueFault}`, document.placeOf(path))]),
    ];
  });
}

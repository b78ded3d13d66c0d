/**
 * Fields of Sveltos' documents that are valid and do nothing here, by kind. Using one is a warning that names it. A line
 * goes when its feature comes.
 */
import { isJsonObject, type Json } from "../model/json.ts";
import type { Problem } from "../model/problem.ts";
import { formatPath } from "./check-shape.ts";
import { memberList, memberObject, type Path, type YamlDocument } from "./yaml-document.ts";

/** The value that means what happens anyway, and so needs no warning. */
type Harmless = Json | undefined;

/** Of every owner. */
const specFields: Readonly<Record<string, Harmless>> = {
  driftExclusions: undefined,
  preDeployChecks: undefined,
  validateHealths: undefined,
  preDeleteChecks: undefined,
  postDeleteChecks: undefined,
  reloader: false,
  maxUpdate: "100%",
};

const triggerFields: Readonly<Record<string, Harmless>> = {
  ...specFields,
  profileNameFormat: "",
};

const profileFields: Readonly<Record<string, Harmless>> = {
  ...specFields,
  continueOnError: false,
  maxConsecutiveFailures: undefined,
};

const policyRefFields: Readonly<Record<string, Harmless>> = {
  path: "",
  remoteURL: undefined,
};

const fieldsWithoutEffect: Readonly<Record<string, Readonly<Record<string, Harmless>>>> = {
  EventSource: { resourceSelectors: undefined, aggregatedSelection: "", collectResources: false },
  EventTrigger: triggerFields,
  ClusterProfile: profileFields,
  Profile: profileFields,
};

/** Fields that who brings the repository to the cluster may heed. */
const onlyWith: Readonly<Record<string, string>> = {
  driftExclusions: " but on charts, unless Sluice's own applier brings it to the cluster (docs/applier.md)",
  maxConsecutiveFailures: " but on charts",
  validateHealths: ", unless Flux brings it to the cluster (docs/delivery.md)",
};

/** Warnings for the fields of `spec` without effect. */
export function warnOfFields(document: YamlDocument, kind: keyof typeof fieldsWithoutEffect): Problem[] {
  return warnOfMembers(document, ["spec"], memberObject(document.value, "spec"), fieldsWithoutEffect[kind] ?? {});
}

/** Warnings for the fields of a policyRef without effect. */
export function warnOfPolicyRefFields(document: YamlDocument, path: Path, policyRef: Json): Problem[] {
  return warnOfMembers(document, path, policyRef, policyRefFields);
}

/** Of a templateResourceRef's resource: which version of an object is meant counts in a cluster only. */
const resourceFields: Readonly<Record<string, Harmless>> = { fieldPath: "", resourceVersion: "", uid: "" };

export function warnOfResourceFields(document: YamlDocument, path: Path, resource: Json | undefined): Problem[] {
  return warnOfMembers(document, path, resource, resourceFields);
}

/** Warnings for top-level fields of a ConfigMap without effect. */
export function warnOfBinaryData(document: YamlDocument): Problem[] {
  return warnOfMembers(document, [], document.value, { binaryData: undefined });
}

function warnOfMembers(
  document: YamlDocument,
  path: Path,
  object: Json | undefined,
  fields: Readonly<Record<string, Harmless>>,
): Problem[] {
  if (!isJsonObject(object)) return [];
  return Object.entries(fields).flatMap(([field, harmless]) => {
    const value = object.get(field);
    const isEmpty = value === null || (Array.isArray(value) && memberList(object, field).length === 0);
    if (value === undefined || value === harmless || isEmpty) return [];
    const at = [...path, field];
    const unless = onlyWith[field] ?? "";
    return document.warning(
      "FIELD_WITHOUT_EFFECT",
      `${formatPath(at)} has no effect${unless}`,
      document.keyPlaceOf(at),
    );
  });
}

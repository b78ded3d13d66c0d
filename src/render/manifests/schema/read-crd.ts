/** CustomResourceDefinitions as the config folder has them: documents of their own, or in what is rolled out. */
import type { CustomKind } from "../../../model/custom-kind.ts";
import { isJsonObject, type Json, type JsonObject } from "../../../model/json.ts";
import { YamlSyntaxError } from "../../yaml/node.ts";
import { parseYaml } from "../../yaml/parse-yaml.ts";
import { findObjects } from "../find-objects.ts";
import { readValue, ValueError } from "../read-value.ts";
import { rootPosition } from "../string-positions.ts";

export const crdKind = "CustomResourceDefinition";
export const crdGroup = "apiextensions.k8s.io";

/** The kind that a CustomResourceDefinition (v1) brings; undefined where it is none, or lacks what says so. */
export function readCustomKind(value: Json): CustomKind | undefined {
  if (!isJsonObject(value) || value.get("kind") !== crdKind || value.get("apiVersion") !== `${crdGroup}/v1`) {
    return undefined;
  }
  const spec = value.get("spec");
  if (!isJsonObject(spec)) return undefined;
  const names = spec.get("names");
  const [group, kind, scope] = [
    spec.get("group"),
    isJsonObject(names) ? names.get("kind") : undefined,
    spec.get("scope"),
  ];
  const list = spec.get("versions");
  if (typeof group !== "string" || typeof kind !== "string" || !Array.isArray(list)) return undefined;
  if (scope !== "Namespaced" && scope !== "Cluster") return undefined;
  const versions = new Map<string, JsonObject | undefined>();
  for (const version of list as readonly Json[]) {
    if (!isJsonObject(version) || version.get("served") === false) continue;
    const [name, schema] = [version.get("name"), version.get("schema")];
    const structural = isJsonObject(schema) ? schema.get("openAPIV3Schema") : undefined;
    if (typeof name === "string") versions.set(name, isJsonObject(structural) ? structural : undefined);
  }
  return { group, kind, scope: scope === "Cluster" ? "cluster" : "namespace", versions };
}

/** Those of a text of YAML documents; one that can't be read has none. */
export function customKindsOfText(text: string): CustomKind[] {
  if (!text.includes(crdKind)) return [];
  const kinds: CustomKind[] = [];
  try {
    for (const node of findObjects(parseYaml(text), () => false)) {
      const kind = readCustomKind(readValue(node, rootPosition(crdGroup, crdKind)));
      if (kind !== undefined) kinds.push(kind);
    }
  } catch (error) {
    if (!(error instanceof YamlSyntaxError) && !(error instanceof ValueError)) throw error;
  }
  return kinds;
}

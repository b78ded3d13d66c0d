/** Objects that Sluice makes for a hub, and for what is delivered: canonical, and known as Sluice's by their labels. */
import { isJsonObject, type Json, type JsonObject, jsonOf, type PlainJson } from "../model/json.ts";
import { instanceLabel, managedByLabel, managedByValue } from "../render/manifests/provenance.ts";
import { writeCanonicalYaml } from "../render/yaml/write-canonical-yaml.ts";

export interface HubObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly finalizers?: readonly string[];
  };
  /** All that is beside the metadata: `spec`, or `data`. */
  readonly content: Readonly<Record<string, PlainJson>> | JsonObject;
}

/** `instance`: Settings' `name`. */
export function writeHubObject({ apiVersion, kind, metadata, content }: HubObject, instance: string): string {
  const labels = { [managedByLabel]: managedByValue, [instanceLabel]: instance };
  const head = jsonOf({ apiVersion, kind, metadata: { ...metadata, labels } }) as JsonObject;
  const rest =
    content instanceof Map ? content : (jsonOf(content as Readonly<Record<string, PlainJson>>) as JsonObject);
  return writeCanonicalYaml(new Map([...head, ...rest]));
}

/** What is not undefined, and not empty. */
export function fields(members: Readonly<Record<string, Json | undefined>>): JsonObject {
  const isSaid = ([, value]: readonly [string, Json | undefined]): boolean =>
    value !== undefined && value !== "" && !(isJsonObject(value) && value.size === 0);
  return new Map(Object.entries(members).filter(isSaid) as [string, Json][]);
}

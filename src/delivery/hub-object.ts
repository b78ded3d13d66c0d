/** Objects that Sluice makes for a hub, and for what is delivered: canonical, and known as Sluice's by their labels. */
import { jsonOf, type PlainJson } from "../model/json.ts";
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
  readonly content: Readonly<Record<string, PlainJson>>;
}

/** `instance`: Settings' `name`. */
export function writeHubObject({ apiVersion, kind, metadata, content }: HubObject, instance: string): string {
  const labels = { [managedByLabel]: managedByValue, [instanceLabel]: instance };
  return writeCanonicalYaml(jsonOf({ apiVersion, kind, metadata: { ...metadata, labels }, ...content }));
}

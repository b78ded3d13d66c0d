/**
 * Secrets that are to be encrypted: what they hold goes beside their manifest, where nothing that prints, compares or
 * commits manifests comes upon it.
 */
import { isJsonObject, type Json, type JsonObject } from "../model/json.ts";
import type { Manifest } from "../model/manifest.ts";
import { SluiceError } from "../model/problem.ts";
import { readValue } from "./manifests/read-value.ts";
import { rootPosition } from "./manifests/string-positions.ts";
import { parseYaml } from "./yaml/parse-yaml.ts";
import { writeCanonicalYaml } from "./yaml/write-canonical-yaml.ts";

/** The members whose values are encrypted. */
export const encryptedMembers = ["data", "stringData"] as const;

/** What stands in place of each value until it is encrypted, and wherever it is only shown. */
export const maskedValue = "***";

/** A Secret's canonical manifest as an object. */
export function parseSecret(text: string): JsonObject {
  const [node] = parseYaml(text);
  return node === undefined ? new Map() : (readValue(node, rootPosition("", "Secret")) as JsonObject);
}

/** `manifest`: a Secret's. One that holds nothing stays as it is. Throws a SluiceError (SECRET_REFUSED). */
export function unsealSecret(manifest: Manifest, isConstant: boolean): Manifest {
  const object = parseSecret(manifest.text);
  const held = encryptedMembers.flatMap((key): [string, JsonObject][] => {
    const member = object.get(key);
    return isJsonObject(member) && member.size > 0 ? [[key, member]] : [];
  });
  if (held.length === 0) return manifest;
  refuseMistakable(manifest, object);
  const masked = new Map<string, Json>(object);
  for (const [key, member] of held) masked.set(key, new Map([...member.keys()].map((name) => [name, maskedValue])));
  return { ...manifest, text: writeCanonicalYaml(masked), unsealed: { object, isConstant } };
}

/** sops tells what is encrypted by the names of members at any depth: a label of such a name would be taken for it. */
function refuseMistakable({ identity: { namespace, name }, at }: Manifest, object: JsonObject): void {
  const metadata = object.get("metadata");
  if (!isJsonObject(metadata)) return;
  for (const section of ["labels", "annotations"]) {
    const member = metadata.get(section);
    const found = encryptedMembers.find((key) => isJsonObject(member) && member.has(key));
    if (found === undefined) continue;
    const message = `Secret ${namespace}/${name} can't be encrypted: sops would take ${section}.${found} for a part that is`;
    throw new SluiceError({ code: "SECRET_REFUSED", message, at, hint: "Give it another name." });
  }
}

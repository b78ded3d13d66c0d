/**
 * Two versions of `sluice.yaml`, key by key. A key that one of them leaves out counts as what the schema has for it, so
 * that writing a default down is no difference. Pure; reads no secret.
 */
import schema from "../../schemas/sluice.schema.json" with { type: "json" };
import { isJsonObject, type Json, type JsonObject, writeJson } from "../model/json.ts";
import type { SettingChange } from "../model/setting-change.ts";
import { withoutNulls } from "./without-nulls.ts";
import { parseYaml } from "./yaml-document.ts";

/** What decides what stands where: with these the service has to bring manifests in line, and the guard counts it. */
const placing =
  /^(?:name|output|config|compatibility|policy|checks|delivery|guard|render)(?:$|[.[])|^repository\.(?:url|branch)$|^connections\[[^\]]*\](?:$|\.(?:name|clusters|file|fromSecrets)(?:$|[.[]))/;
/** Members that hold secrets, or say where they are. */
const hidden = /(?:^|[.[])(?:auth|token|password|secret|privateKey|key|seedKey|signing|hmacKey|credentials)(?:$|[.[])/i;
const valueCharactersMax = 200;

/** What differs, by key; both are the texts of whole files. Empty where one of them is no YAML mapping. */
export function compareSettings(before: string, after: string): readonly SettingChange[] {
  const [one, other] = [readLeaves(before), readLeaves(after)];
  if (one === undefined || other === undefined) return [];
  const changes: SettingChange[] = [];
  for (const key of [...new Set([...one.keys(), ...other.keys()])].sort()) {
    const [was, is] = [one.get(key) ?? defaultOf(key), other.get(key) ?? defaultOf(key)];
    if (was === is) continue;
    const shown = hidden.test(key) ? {} : { ...shownValue("before", was), ...shownValue("after", is) };
    changes.push({ key, ...shown, isPlacing: placing.test(key) });
  }
  return changes;
}

function shownValue(side: "before" | "after", value: string | undefined): Partial<SettingChange> {
  if (value === undefined) return {};
  return { [side]: value.length > valueCharactersMax ? `${value.slice(0, valueCharactersMax)}...` : value };
}

/** By key, each value that is no mapping, as JSON. Lists of what has a name are by name. */
function readLeaves(text: string): ReadonlyMap<string, string> | undefined {
  const [document] = parseYaml(text, { file: "sluice.yaml", confidential: true });
  if (document === undefined || document.syntaxErrors.length > 0) return undefined;
  const root = withoutNulls(document.value);
  if (!isJsonObject(root)) return undefined;
  const leaves = new Map<string, string>();
  addLeaves(leaves, "", root);
  return leaves;
}

function addLeaves(leaves: Map<string, string>, key: string, value: Json): void {
  if (isJsonObject(value) && value.size > 0) {
    for (const [name, member] of value) addLeaves(leaves, key === "" ? name : `${key}.${name}`, member);
  } else if (Array.isArray(value) && value.length > 0 && (value as readonly Json[]).every(isNamed)) {
    for (const item of value as readonly JsonObject[]) addLeaves(leaves, `${key}[${String(item.get("name"))}]`, item);
  } else leaves.set(key, typeof value === "string" ? value : writeJson(value));
}

function isNamed(item: Json): item is JsonObject {
  return isJsonObject(item) && typeof item.get("name") === "string";
}

interface SchemaNode {
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly default?: unknown;
}

function defaultOf(key: string): string | undefined {
  let node: SchemaNode | undefined = schema as SchemaNode;
  for (const part of key.split(".")) node = node?.properties?.[part];
  const value = node?.default;
  return value === undefined ? undefined : typeof value === "string" ? value : JSON.stringify(value);
}

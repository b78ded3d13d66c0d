/** Checks a value against a schema: types, what is required, syntax of scalars, duplicates, and what is not known. */
import { isJsonObject, type Json } from "../../../model/json.ts";
import { nearestWord } from "../../../model/nearest-word.ts";
import { faultOfBase64 } from "../check-names.ts";
import { definitionOf } from "./built-in-kinds.ts";
import type { Findings } from "./findings.ts";
import { readQuantity } from "./quantities.ts";
import { rulesOf } from "./rules.ts";
import type { Limits, ListNode, ObjectNode, ScalarNode, SchemaNode } from "./schema-node.ts";

const int32Max = 2 ** 31 - 1;
const int64Max = 2n ** 63n - 1n;
/** RFC 3339, as Go's time.RFC3339 reads it. */
const time =
  /^[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:[.,][0-9]+)?(?:Z|[+-](?:[01][0-9]|2[0-4]):[0-5][0-9])$/;

/** Goes through a value; what is null counts as absent, except where a custom resource's schema says otherwise. */
export function checkValue(value: Json, schema: SchemaNode, findings: Findings): void {
  const node = schema.kind === "reference" ? definitionOf(schema.name) : schema;
  if (value === null) {
    if ("isNullable" in node && node.isNullable === false) findings.refuse("must not be null");
    return;
  }
  switch (node.kind) {
    case "scalar":
      checkScalar(value, node, findings);
      break;
    case "object":
      checkMembers(value, node, findings);
      break;
    case "list":
      checkItems(value, node, findings);
      break;
    case "map":
      if (!isJsonObject(value)) findings.refuse("must be a mapping", value);
      else {
        for (const [key, member] of value) {
          findings.path.push(key);
          checkValue(member, node.values, findings);
          findings.path.pop();
        }
        if (node.limits !== undefined) checkCount(value.size, node.limits, "members", findings);
      }
      break;
    default:
      throw new Error("a reference leads to a reference");
  }
}

function checkMembers(value: Json, node: ObjectNode, findings: Findings): void {
  if (!isJsonObject(value)) {
    findings.refuse("must be a mapping", value);
    return;
  }
  for (const [key, member] of value) {
    const schema = node.members.get(key) ?? node.others;
    if (schema === undefined) {
      if (!node.isOpen && member !== null) findings.doubtKey(key, unknownFault(key, node));
      continue;
    }
    findings.path.push(key);
    checkValue(member, schema, findings);
    findings.path.pop();
  }
  for (const key of node.required) {
    const member = value.get(key);
    // Of Kubernetes' own kinds the empty text is as none.
    const isAbsent = member === undefined || member === null || (member === "" && node.name !== undefined);
    if (isAbsent) findings.refuse(`lacks ${key}, which is required`);
  }
  const rules = node.name === undefined ? undefined : rulesOf(node.name);
  if (rules === undefined) return;
  for (const [key, rule] of rules.members) {
    const member = value.get(key);
    if (member === undefined || member === null) continue;
    findings.path.push(key);
    rule(member, findings);
    findings.path.pop();
  }
  rules.whole?.(value, findings);
}

function unknownFault(key: string, node: ObjectNode): string {
  const nearest = nearestWord(key, [...node.members.keys()]);
  return `is not known here${nearest === undefined ? "" : `: did you mean ${nearest}?`}`;
}

function checkItems(value: Json, node: ListNode, findings: Findings): void {
  if (!Array.isArray(value)) {
    findings.refuse("must be a list", value);
    return;
  }
  const items = value as readonly Json[];
  items.forEach((item, index) => {
    findings.path.push(String(index));
    checkValue(item, node.items, findings);
    findings.path.pop();
  });
  if (node.limits !== undefined) checkCount(items.length, node.limits, "items", findings);
  if (items.length < 2) return;
  if (node.isSet) checkDistinct(items, (item) => JSON.stringify(keyOf(item)), "is there twice", findings);
  if (node.keys.length === 0) return;
  const names = node.keys.map(({ name }) => name).join(" and ");
  checkDistinct(
    items,
    (item) => {
      if (!isJsonObject(item)) return undefined;
      const values = node.keys.map(({ name, fallback }) => keyOf(item.get(name) ?? fallback ?? null));
      return values.includes(null) ? undefined : JSON.stringify(values);
    },
    `has the same ${names} as one before it`,
    findings,
  );
}

function keyOf(value: Json): unknown {
  return typeof value === "bigint" ? Number(value) : isJsonObject(value) ? [...value] : value;
}

function checkDistinct(
  items: readonly Json[],
  keyOfItem: (item: Json) => string | undefined,
  fault: string,
  findings: Findings,
): void {
  const seen = new Set<string>();
  items.forEach((item, index) => {
    const key = keyOfItem(item);
    if (key !== undefined && seen.has(key)) findings.within(String(index), () => findings.refuse(fault, item));
    if (key !== undefined) seen.add(key);
  });
}

function checkScalar(value: Json, { type, limits }: ScalarNode, findings: Findings): void {
  const fault = faultOfType(value, type);
  if (fault !== undefined) findings.refuse(fault, value);
  else if (limits !== undefined) checkLimits(value, limits, findings);
}

function faultOfType(value: Json, type: ScalarNode["type"]): string | undefined {
  switch (type) {
    case "any":
      return undefined;
    case "object":
      return isJsonObject(value) ? undefined : "must be a mapping";
    case "string":
      return typeof value === "string" ? undefined : "must be a string: put it in quotes";
    case "boolean":
      return typeof value === "boolean" ? undefined : "must be true or false, without quotes";
    case "number":
      return isNumber(value) ? undefined : "must be a number, without quotes";
    case "int32":
      if (!isInteger(value)) return "must be a whole number, without quotes";
      return Math.abs(Number(value)) > int32Max ? "is too large a number" : undefined;
    case "int64":
      if (!isInteger(value)) return "must be a whole number, without quotes";
      return BigInt(value) > int64Max || BigInt(value) < -int64Max - 1n ? "is too large a number" : undefined;
    case "intOrString":
      if (typeof value === "string") return undefined;
      if (!isInteger(value)) return "must be a whole number or a string";
      return Math.abs(Number(value)) > int32Max ? "is too large a number" : undefined;
    case "quantity":
      if (isNumber(value)) return undefined;
      if (typeof value !== "string") return "must be a quantity such as 500m or 1Gi";
      return readQuantity(value) === undefined ? "must be a quantity such as 500m or 1Gi" : undefined;
    case "time":
      return typeof value === "string" && time.test(value) ? undefined : "must be a time as 2006-01-02T15:04:05Z";
    case "bytes":
      return typeof value === "string" && faultOfBase64(value) === undefined ? undefined : "must be base64";
  }
}

function isNumber(value: Json): value is number | bigint {
  return typeof value === "number" || typeof value === "bigint";
}

function isInteger(value: Json): value is number | bigint {
  return typeof value === "bigint" || (typeof value === "number" && Number.isInteger(value));
}

function checkLimits(value: Json, limits: Limits, findings: Findings): void {
  const { enum: allowed, pattern, minimum, maximum, lengthMin, lengthMax } = limits;
  if (allowed !== undefined && !allowed.some((one) => one === keyOf(value))) {
    findings.doubt(`must be one of ${allowed.filter((one) => one !== "").join(", ")}`, value);
  }
  if (isNumber(value)) {
    if (minimum !== undefined && Number(value) < minimum) findings.doubt(`must be at least ${minimum}`, value);
    if (maximum !== undefined && Number(value) > maximum) findings.doubt(`must be at most ${maximum}`, value);
  }
  if (typeof value !== "string") return;
  if (pattern !== undefined && !pattern.matches(value)) findings.doubt(`must match ${pattern.source}`, value);
  const length = lengthMin === undefined && lengthMax === undefined ? 0 : [...value].length;
  if (lengthMin !== undefined && length < lengthMin)
    findings.doubt(`must have at least ${lengthMin} characters`, value);
  if (lengthMax !== undefined && length > lengthMax) findings.doubt(`must have at most ${lengthMax} characters`);
}

function checkCount(count: number, { lengthMin, lengthMax }: Limits, what: string, findings: Findings): void {
  if (lengthMin !== undefined && count < lengthMin) findings.doubt(`must have at least ${lengthMin} ${what}`);
  if (lengthMax !== undefined && count > lengthMax) findings.doubt(`must have at most ${lengthMax} ${what}`);
}

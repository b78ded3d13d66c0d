/** What rules for definitions are made of. */
import type { Json, JsonObject } from "../../../model/json.ts";
import type { Findings } from "./findings.ts";
import { readQuantity } from "./quantities.ts";
import { memberOfObject, type Rule } from "./text-rules.ts";

/** What the API server demands of a definition: of single members, and of the object that they make. */
export interface Rules {
  readonly members: ReadonlyMap<string, Rule>;
  readonly whole?: (value: JsonObject, findings: Findings) => void;
}

export function rules(members: Readonly<Record<string, Rule>>, whole?: Rules["whole"]): Rules {
  return { members: new Map(Object.entries(members)), ...(whole === undefined ? {} : { whole }) };
}

/** Of a number, or of a text that is a quantity. */
export function numberOf(amount: Json | undefined): number | undefined {
  if (typeof amount === "string") return readQuantity(amount);
  return typeof amount === "number" || typeof amount === "bigint" ? Number(amount) : undefined;
}

/** Empty where there is none. */
export function listOf(value: Json, key: string): readonly Json[] {
  const list = memberOfObject(value, key);
  return Array.isArray(list) ? (list as readonly Json[]) : [];
}

export function oneOf(value: string, allowed: readonly string[]): string | undefined {
  return allowed.includes(value) ? undefined : `must be ${allowed.join(" or ")}`;
}

/** Absent, null, or what is as good as absent. */
export function isNone(value: Json | undefined): boolean {
  return value === undefined || value === null || value === "" || (Array.isArray(value) && value.length === 0);
}

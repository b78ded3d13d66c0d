/** Sprig's functions for values that may not be there. */
import { isTrue } from "../compare.ts";
import type { GoValue } from "../value.ts";
import { define, defineVariadic, type FunctionTable } from "./registry.ts";

/** Sprig's empty: the zero of its type. A struct never is; of pointers only nil. */
export function isEmpty(value: GoValue): boolean {
  return !isTrue(value);
}

export const defaultFunctions: FunctionTable = {
  default: defineVariadic(["any", "any"], (_, fallback, ...given) => {
    const value = given[0];
    return value === undefined || isEmpty(value) ? fallback : value;
  }),
  empty: define(["any"], (_, value) => isEmpty(value)),
  coalesce: defineVariadic(["any"], (_, ...values) => values.find((value) => !isEmpty(value)) ?? null),
  all: defineVariadic(["any"], (_, ...values) => !values.some(isEmpty)),
  any: defineVariadic(["any"], (_, ...values) => values.some((value) => !isEmpty(value))),
  ternary: define(["any", "any", "bool"], (_, whenTrue, whenFalse, condition) => (condition ? whenTrue : whenFalse)),
};

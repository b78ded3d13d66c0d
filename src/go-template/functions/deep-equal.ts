/** reflect.DeepEqual, and sets that go by it. */
import { isNil, isSame } from "../compare.ts";
import {
  GoInteger,
  type GoList,
  type GoObject,
  type GoPointer,
  type GoStruct,
  type GoValue,
  listItems,
  mapEntries,
  typeOf,
} from "../value.ts";
import type { FunctionContext } from "./registry.ts";
import { areDeepEqualTimes, GoTime } from "./time/go-time.ts";

/** What comparing two lists, maps or structs is charged besides their contents. */
const comparisonBytes = 32;
/** What comparing two scalars is charged; of strings, what has to be read besides. */
const scalarBytes = 8;

/** Types must be identical at every level; a nil list differs from an empty one, and NaN from itself. */
export function areDeepEqual(context: FunctionContext, left: GoValue, right: GoValue): boolean {
  const type = typeOf(left);
  if (type?.name !== typeOf(right)?.name) return false;
  if (typeof left !== "object") {
    const isRead = typeof left === "string" && left.length === (right as string).length;
    context.chargeBytes(isRead ? scalarBytes + left.length : scalarBytes);
    return left === right;
  }
  context.chargeBytes(comparisonBytes);
  switch (type?.kind) {
    case undefined:
      return true;
    case "slice":
      return (
        isNil(left) === isNil(right) && (left === right || areEqualLists(context, listItems(left)!, listItems(right)!))
      );
    case "map":
      return (
        isNil(left) === isNil(right) && (left === right || areEqualMaps(context, mapEntries(left)!, mapEntries(right)!))
      );
    case "ptr":
      return left === right || areDeepEqual(context, (left as GoPointer).target, (right as GoPointer).target);
    case "struct":
      return areEqualStructs(context, left as GoStruct, right as GoStruct);
    default:
      return isSame(left, right) === true;
  }
}

function areEqualLists(context: FunctionContext, left: GoList, right: GoList): boolean {
  return left.length === right.length && left.every((item, index) => areDeepEqual(context, item, right[index]));
}

function areEqualMaps(context: FunctionContext, left: GoObject, right: GoObject): boolean {
  if (left.size !== right.size) return false;
  for (const [key, value] of left) {
    if (!right.has(key) || !areDeepEqual(context, value, right.get(key))) return false;
  }
  return true;
}

function areEqualStructs(context: FunctionContext, left: GoStruct, right: GoStruct): boolean {
  if (left instanceof GoTime && right instanceof GoTime) return areDeepEqualTimes(left, right);
  return left.fields.size === 0 ? isSame(left, right) === true : areEqualMaps(context, left.fields, right.fields);
}

/** A set of values by reflect.DeepEqual: scalars are looked up, only lists, maps and structs compared one by one. */
export class EqualSet {
  readonly #scalars = new Set<GoValue>();
  readonly #integers = new Set<string>();
  readonly #composites: GoValue[] = [];
  readonly #context: FunctionContext;

  constructor(context: FunctionContext) {
    this.#context = context;
  }

  has(value: GoValue): boolean {
    if (value instanceof GoInteger) return this.#integers.has(`${value.type.name} ${value.value}`);
    if (typeof value !== "object" || value === null) return this.#scalars.has(value) && !Number.isNaN(value);
    return this.#composites.some((other) => areDeepEqual(this.#context, value, other));
  }

  add(value: GoValue): void {
    if (value instanceof GoInteger) this.#integers.add(`${value.type.name} ${value.value}`);
    else if (typeof value !== "object" || value === null) this.#scalars.add(value);
    else this.#composites.push(value);
  }
}

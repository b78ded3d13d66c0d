/** The functions that text/template itself has, but for `and` and `or`, which are no ordinary calls. */
import { equal, less } from "./builtin-comparison.ts";
import { escapeHtml, escapeJs, escapeQuery, printableText } from "./builtin-escapes.ts";
import { byteAt, byteLength, byteSlice } from "./bytes.ts";
import { isTrue } from "./compare.ts";
import { sprint, sprintf, sprintln } from "./format.ts";
import { withReads } from "./functions/function-reads.ts";
import { define, defineVariadic, type FunctionTable, GoFunctionError } from "./functions/registry.ts";
import {
  GoInteger,
  GoPointer,
  GoSlice,
  type GoValue,
  goInt,
  integerOf,
  listItems,
  mapEntries,
  typeOf,
  uint8Type,
  zeroValue,
} from "./value.ts";

export const builtinFunctions: FunctionTable = withReads({
  call: defineVariadic(["value", "value"], (_, callee) => {
    if (callee === undefined || callee === null) throw new GoFunctionError("call of nil");
    throw new GoFunctionError(`non-function of type ${typeOf(callee)!.name}`);
  }),
  html: defineVariadic(["any"], (context, ...values) => {
    const text = printableText(values);
    context.chargeBytes(5 * text.length);
    return escapeHtml(text);
  }),
  js: defineVariadic(["any"], (context, ...values) => {
    const text = printableText(values);
    context.chargeBytes(6 * text.length);
    return escapeJs(text);
  }),
  urlquery: defineVariadic(["any"], (context, ...values) => {
    const text = printableText(values);
    context.chargeBytes(3 * byteLength(text));
    return escapeQuery(text);
  }),
  index: defineVariadic(["value", "value"], (_, item, ...indexes) => {
    if (item === undefined || item === null) throw new GoFunctionError("index of untyped nil");
    let found: GoValue = item;
    for (const index of indexes) found = elementOf(found, index);
    return found;
  }),
  slice: defineVariadic(["value", "value"], (_, item, ...indexes) => sliceOfValue(item, indexes)),
  len: define(["value"], (_, item) => lengthOf(item)),
  not: define(["value"], (_, value) => !isTrue(value)),
  print: defineVariadic(["any"], (_, ...values) => sprint(values)),
  println: defineVariadic(["any"], (_, ...values) => sprintln(values)),
  printf: defineVariadic(["string", "any"], (context, format, ...values) => {
    return sprintf(format, values, (bytes) => context.chargeBytes(bytes));
  }),
  eq: defineVariadic(["value", "value"], (_, first, ...others) => {
    if (others.length === 0) throw new GoFunctionError("missing argument for comparison");
    return others.some((other) => equal(first, other));
  }),
  ne: define(["value", "value"], (_, left, right) => !equal(left, right)),
  lt: define(["value", "value"], (_, left, right) => less(left, right)),
  le: define(["value", "value"], (_, left, right) => less(left, right) || equal(left, right)),
  gt: define(["value", "value"], (_, left, right) => !(less(left, right) || equal(left, right))),
  ge: define(["value", "value"], (_, left, right) => !less(left, right)),
});

function dereference(value: GoValue, what: string): GoValue {
  let target = value;
  while (target instanceof GoPointer) target = target.target;
  if (target === null || target === undefined) throw new GoFunctionError(`${what} of nil pointer`);
  return target;
}

/** `index` by one index: a byte of a string, an element, or an entry, the zero value where there is none. */
function elementOf(item: GoValue, index: GoValue): GoValue {
  const target = dereference(item, "index");
  const entries = mapEntries(target);
  if (entries !== undefined) {
    if (typeof index !== "string") {
      const reason = index === undefined || index === null ? "value is nil" : `value has type ${typeOf(index)!.name}`;
      throw new GoFunctionError(`${reason}; should be ${reason === "value is nil" ? "of type " : ""}string`);
    }
    const found = entries.get(index);
    return found === undefined ? zeroValue(typeOf(target)!.elem!) : found;
  }
  if (typeof target === "string") {
    const byte = byteAt(target, checkedIndex(index, byteLength(target) - 1));
    return new GoInteger(uint8Type, BigInt(byte!));
  }
  const items = listItems(target);
  if (items === undefined) throw new GoFunctionError(`can't index item of type ${typeOf(target)!.name}`);
  return items[checkedIndex(index, items.length - 1)];
}

function checkedIndex(index: GoValue, max: number): number {
  const position = integerOf(index);
  if (position === undefined) {
    const type = typeOf(index)?.name;
    throw new GoFunctionError(`cannot index slice/array with ${type === undefined ? "nil" : `type ${type}`}`);
  }
  if (position < 0n || position > BigInt(max)) throw new GoFunctionError(`index out of range: ${position}`);
  return Number(position);
}

/** The builtin slice, which Sprig hides where it is in force. */
function sliceOfValue(item: GoValue, indexes: readonly GoValue[]): GoValue {
  if (item === undefined || item === null) throw new GoFunctionError("slice of untyped nil");
  const target = dereference(item, "slice");
  if (indexes.length > 3) throw new GoFunctionError(`too many slice indexes: ${indexes.length}`);
  const items = listItems(target);
  if (typeof target !== "string" && items === undefined) {
    throw new GoFunctionError(`can't slice item of type ${typeOf(target)!.name}`);
  }
  if (typeof target === "string" && indexes.length === 3) throw new GoFunctionError("cannot 3-index slice a string");
  const length = items === undefined ? byteLength(target as string) : items.length;
  const [start = 0, end = length, cap = length] = indexes.map((index) => checkedIndex(index, length));
  if (start > end) throw new GoFunctionError(`invalid slice index: ${start} > ${end}`);
  if (end > cap) throw new GoFunctionError(`invalid slice index: ${end} > ${cap}`);
  if (items === undefined) return byteSlice(target as string, start, end);
  const part = items.slice(start, end);
  return target instanceof GoSlice ? new GoSlice(target.type, part) : part;
}

function lengthOf(item: GoValue): GoValue {
  const target = dereference(item, "len");
  if (typeof target === "string") return goInt(byteLength(target));
  const size = listItems(target)?.length ?? mapEntries(target)?.size;
  if (size === undefined) throw new GoFunctionError(`len of type ${typeOf(target)!.name}`);
  return goInt(size);
}

/** Sprig's functions for lists, which take a slice of any type and mostly give a []interface{}. */
import { type GoArgument, type GoList, GoSlice, type GoValue, kindOf, listItems, listType, sliceOf } from "../value.ts";
import { toInt64 } from "./cast.ts";
import { areDeepEqual, EqualSet } from "./deep-equal.ts";
import { isEmpty } from "./defaults.ts";
import {
  define,
  defineVariadic,
  type FunctionContext,
  type FunctionDeclaration,
  type FunctionTable,
  GoFunctionError,
} from "./registry.ts";

/** Go's panic where Sprig asks nil for its type. */
const nilDereference = "runtime error: invalid memory address or nil pointer dereference";

/** The elements of what must be a list; `verb` is what Sprig's message calls the function. */
function itemsFor(verb: string, value: GoArgument): GoList {
  const items = listItems(value);
  if (items !== undefined) return items;
  throw new GoFunctionError(value === null ? nilDereference : `Cannot ${verb} on type ${kindOf(value)}`);
}

/** A nil []interface{}. */
const nilList = new GoSlice(listType, null);
const nestedListType = sliceOf(listType);

/** A new list, accounted for. */
function newList(context: FunctionContext, items: GoList): GoList {
  context.chargeItems(items.length);
  return items;
}

/** What must-variants share with their plain ones: in templates a panic and an error are one. */
function both(name: string, declaration: FunctionDeclaration): FunctionTable {
  return { [name]: declaration, [`must${name[0]!.toUpperCase()}${name.slice(1)}`]: declaration };
}

/** A list of one list's elements, or nil of an empty one. */
function partOf(verb: string, part: (items: GoList) => GoList): FunctionDeclaration {
  return define(["any"], (context, list) => {
    const items = itemsFor(verb, list);
    return items.length === 0 ? nilList : newList(context, part(items));
  });
}

function elementOf(verb: string, index: number): FunctionDeclaration {
  return define(["any"], (_, list) => itemsFor(verb, list).at(index) ?? null);
}

function uniq(context: FunctionContext, list: GoArgument): GoList {
  const kept: GoValue[] = [];
  const seen = new EqualSet(context);
  for (const item of itemsFor("find uniq", list)) {
    if (seen.has(item)) continue;
    seen.add(item);
    kept.push(item);
  }
  return newList(context, kept);
}

function without(context: FunctionContext, list: GoArgument, ...omitted: GoArgument[]): GoList {
  const items = itemsFor("find without", list);
  const isOmitted = new EqualSet(context);
  for (const value of omitted) isOmitted.add(value);
  return newList(
    context,
    items.filter((item) => !isOmitted.has(item)),
  );
}

/** A list in pieces. Sizes that Go cannot allocate or index are its panics. */
function chunk(context: FunctionContext, size: number, list: GoArgument): GoSlice {
  const items = listItems(list);
  if (items === undefined) {
    throw new GoFunctionError(list === null ? nilDereference : `Cannot chunk type ${kindOf(list)}`);
  }
  const count = Math.floor((items.length - 1) / size) + 1;
  const checkLength = (length: number) => {
    if (!(length >= 0 && length < Infinity)) throw new GoFunctionError("runtime error: makeslice: len out of range");
  };
  checkLength(count);
  context.chargeItems(items.length);
  const chunks: GoList[] = [];
  for (let index = 0; index < count; index++) {
    const length = index === count - 1 ? items.length % size || size : size;
    checkLength(length);
    chunks.push(items.slice(index * size, index * size + length));
  }
  return new GoSlice(nestedListType, chunks);
}

/** Sprig's slice, which hides the builtin of that name: of lists only, keeping their type. */
function slice(context: FunctionContext, list: GoArgument, ...indices: GoArgument[]): GoValue {
  const items = listItems(list);
  if (items === undefined) {
    const message = `list should be type of slice or array but ${kindOf(list)}`;
    throw new GoFunctionError(list === null ? nilDereference : message);
  }
  if (items.length === 0) return null;
  const start = indices[0] === undefined ? 0 : Number(toInt64(indices[0]));
  const end = indices[1] === undefined ? items.length : Number(toInt64(indices[1]));
  if (start < 0 || start > end || end > items.length)
    throw new GoFunctionError("reflect.Value.Slice: slice index out of bounds");
  const part = newList(context, items.slice(start, end));
  return list instanceof GoSlice ? new GoSlice(list.type, part) : part;
}

function concat(context: FunctionContext, ...lists: GoArgument[]): GoValue {
  const joined: GoValue[] = [];
  for (const list of lists) {
    const items = listItems(list);
    if (items === undefined) {
      throw new GoFunctionError(list === null ? nilDereference : `Cannot concat type ${kindOf(list)} as list`);
    }
    context.chargeItems(items.length);
    for (const item of items) joined.push(item);
  }
  return joined.length === 0 ? nilList : joined;
}

/** What looking at one element in search of another is charged. */
const scanBytes = 8;

function has(context: FunctionContext, needle: GoArgument, haystack: GoArgument): boolean {
  if (haystack === null) return false;
  const items = itemsFor("find has", haystack);
  context.chargeBytes(items.length * scanBytes);
  return items.some((item) => areDeepEqual(context, needle, item));
}

const list = defineVariadic(["any"], (_, ...values) => values);
const push = define(["any", "any"], (context, items, value) => newList(context, [...itemsFor("push", items), value]));
const sliceFunction = defineVariadic(["any", "any"], slice);

export const listFunctions: FunctionTable = {
  list,
  tuple: list,
  append: push,
  mustAppend: push,
  push,
  mustPush: push,
  ...both(
    "prepend",
    define(["any", "any"], (context, items, value) => newList(context, [value, ...itemsFor("prepend", items)])),
  ),
  ...both("first", elementOf("find first", 0)),
  ...both("last", elementOf("find last", -1)),
  ...both(
    "rest",
    partOf("find rest", (items) => items.slice(1)),
  ),
  ...both(
    "initial",
    partOf("find initial", (items) => items.slice(0, -1)),
  ),
  ...both(
    "reverse",
    define(["any"], (context, items) => newList(context, [...itemsFor("find reverse", items)].reverse())),
  ),
  ...both(
    "compact",
    define(["any"], (context, items) =>
      newList(
        context,
        itemsFor("compact", items).filter((item) => !isEmpty(item)),
      ),
    ),
  ),
  ...both("uniq", define(["any"], uniq)),
  ...both("without", defineVariadic(["any", "any"], without)),
  ...both("has", define(["any", "any"], has)),
  ...both("chunk", define(["int", "any"], chunk)),
  slice: sliceFunction,
  mustSlice: sliceFunction,
  concat: defineVariadic(["any"], concat),
};

/** Sprig's functions for regular expressions (RE2). A pattern that is none fails them all but regexMatch. */
import { GoSlice, type GoValue, stringList, stringListType } from "../value.ts";
import {
  compilePattern,
  expandReplacement,
  findRanges,
  hasMatch,
  parseReplacement,
  replaceMatches,
  splitByPattern,
} from "./regex.ts";
import { define, type FunctionContext, type FunctionTable, GoFunctionError } from "./registry.ts";

function matches(context: FunctionContext, pattern: string, text: string): boolean {
  return hasMatch(context, compilePattern(context, pattern), text);
}

function regexMatch(context: FunctionContext, pattern: string, text: string): boolean {
  try {
    return matches(context, pattern, text);
  } catch (error) {
    if (error instanceof GoFunctionError) return false;
    throw error;
  }
}

function find(context: FunctionContext, pattern: string, text: string): string {
  const [range] = findRanges(context, compilePattern(context, pattern), text, 1);
  return range === undefined ? "" : text.slice(...range);
}

/** A []string, nil where nothing matches. */
function findAll(context: FunctionContext, pattern: string, text: string, limit: number): GoValue {
  const ranges = findRanges(context, compilePattern(context, pattern), text, limit);
  return newStringList(context, ranges.length === 0 ? undefined : ranges.map((range) => text.slice(...range)));
}

function newStringList(context: FunctionContext, items: string[] | undefined): GoValue {
  context.chargeItems(items?.length ?? 0);
  return items === undefined ? new GoSlice(stringListType, null) : stringList(items);
}

function replaceAll(context: FunctionContext, pattern: string, text: string, replacement: string): string {
  const compiled = compilePattern(context, pattern);
  const parts = parseReplacement(replacement);
  return replaceMatches(context, compiled, text, (matcher) => expandReplacement(parts, compiled, matcher));
}

function replaceAllLiteral(context: FunctionContext, pattern: string, text: string, replacement: string): string {
  return replaceMatches(context, compilePattern(context, pattern), text, () => replacement);
}

function split(context: FunctionContext, pattern: string, text: string, limit: number): GoValue {
  return newStringList(context, splitByPattern(context, compilePattern(context, pattern), text, limit));
}

const findFunction = define(["string", "string"], find);
const findAllFunction = define(["string", "string", "int"], findAll);
const replaceAllFunction = define(["string", "string", "string"], replaceAll);
const replaceAllLiteralFunction = define(["string", "string", "string"], replaceAllLiteral);
const splitFunction = define(["string", "string", "int"], split);

export const regexFunctions: FunctionTable = {
  regexMatch: define(["string", "string"], regexMatch),
  mustRegexMatch: define(["string", "string"], matches),
  regexFind: findFunction,
  mustRegexFind: findFunction,
  regexFindAll: findAllFunction,
  mustRegexFindAll: findAllFunction,
  regexReplaceAll: replaceAllFunction,
  mustRegexReplaceAll: replaceAllFunction,
  regexReplaceAllLiteral: replaceAllLiteralFunction,
  mustRegexReplaceAllLiteral: replaceAllLiteralFunction,
  regexSplit: splitFunction,
  mustRegexSplit: splitFunction,
  regexQuoteMeta: define(["string"], (_, text) => text.replace(/[\\.+*?()|[\]{}^$]/g, "\\$&")),
};

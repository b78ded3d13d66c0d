/**
 * The helpers that return a value. Those that Go templates have too take the same arguments in the same order:
 * `{{default "none" x}}`, `{{trunc 63 x}}`, `{{nindent 4 (toYaml x)}}`.
 */
import { GoFunctionError, MarkedText, quoteGo, templateFunctions } from "../../go-template/index.ts";
import { toDnsName } from "../dns-name.ts";
import { findResource } from "../resource-functions.ts";
import type { Run } from "./run.ts";
import { describeKind, type HandlebarsValue, isCollection, memberOf, printedText } from "./value.ts";

/** What a parameter takes: `any` value that is there, `maybe` also none, `text` a string, `count` a whole number. */
export type Parameter = "any" | "maybe" | "text" | "count";

export interface Helper {
  readonly params: readonly Parameter[];
  /** Gets one argument for each parameter, a `count` as a number. Nothing (`lookup`) is a missing key. Throws a GoFunctionError. */
  readonly call: (run: Run, ...args: never[]) => HandlebarsValue;
  /** Its result still serializes what its last argument did, only moved. */
  readonly keepsSerialized?: boolean;
  /** The blanks that it puts before its last argument, whose own lead is given, from its first one. */
  readonly leads?: (lead: string, spaces: number) => string;
}

type GoCall = (run: Run, ...args: unknown[]) => HandlebarsValue;

function goFunction(name: string): GoCall {
  return templateFunctions[name]!.call as unknown as GoCall;
}

function leadsOf(name: "indent" | "nindent"): (lead: string, spaces: number) => string {
  return templateFunctions[name]!.leads!;
}

const goIndent = goFunction("indent");
const goNindent = goFunction("nindent");
const goLower = goFunction("lower");
const goTrunc = goFunction("trunc");
const goDefault = goFunction("default");
const goToYaml = goFunction("toYaml");
const goToJson = goFunction("mustToJson");

export const helpers: ReadonlyMap<string, Helper> = new Map<string, Helper>([
  ["default", { params: ["any", "maybe"], call: (run, fallback, value = null) => goDefault(run, fallback, value) }],
  ["dnsName", { params: ["text"], call: (_, text) => toDnsName(text) }],
  ["eq", { params: ["any", "any"], call: (_, left, right) => isEqual(left, right) }],
  ["getResource", { params: ["text"], call: (run, identifier) => findResource(run, identifier) }],
  ["indent", { params: ["count", "text"], call: goIndent, keepsSerialized: true, leads: leadsOf("indent") }],
  ["lookup", { params: ["any", "any"], call: (_, collection, key) => lookup(collection, key) }],
  ["lower", { params: ["text"], call: goLower }],
  ["nindent", { params: ["count", "text"], call: goNindent, keepsSerialized: true, leads: leadsOf("nindent") }],
  ["quote", { params: ["any"], call: (_, value) => quote(value) }],
  ["toJson", { params: ["any"], call: goToJson }],
  ["toYaml", { params: ["any"], call: toYaml }],
  ["trunc", { params: ["count", "text"], call: trunc }],
]);

/** Scalars of one kind that are alike; 3 and 3.0 are. */
function isEqual(left: HandlebarsValue, right: HandlebarsValue): boolean {
  if (isCollection(left) || isCollection(right)) throw new GoFunctionError("lists and mappings do not compare");
  // Of a bigint and a float, === says that they differ, while the order is that of the numbers.
  return isNumber(left) && isNumber(right) ? left <= right && left >= right : left === right;
}

function isNumber(value: HandlebarsValue): value is bigint | number {
  return typeof value === "bigint" || typeof value === "number";
}

function lookup(collection: HandlebarsValue, key: HandlebarsValue): HandlebarsValue {
  if (!isCollection(collection)) throw new GoFunctionError(`${describeKind(collection)} has no keys`);
  const name = printedText(key);
  if (name === undefined) throw new GoFunctionError(`${describeKind(key)} is no key`);
  return memberOf(collection, name);
}

/** What a mustache would print, in double quotes as Go writes them, which are YAML's and JSON's for all but control characters. */
function quote(value: HandlebarsValue): string {
  const text = printedText(value);
  if (text === undefined) throw new GoFunctionError(`${describeKind(value)} can't be quoted: write it with toJson`);
  return quoteGo(text);
}

function toYaml(run: Run, value: HandlebarsValue): HandlebarsValue {
  const written = goToYaml(run, value);
  // Helm's function, as Go templates have it, prints nothing where it fails.
  if (!(written instanceof MarkedText) || written.text === "")
    throw new GoFunctionError("this value can't be written as YAML");
  return written;
}

/** Counts bytes as in Go templates, but never cuts a character apart. */
function trunc(run: Run, count: number, text: string): string {
  const cut = String(goTrunc(run, count, text));
  return cut.isWellFormed() ? cut : cut.replace(/[\ud800-\udfff]/gu, "");
}

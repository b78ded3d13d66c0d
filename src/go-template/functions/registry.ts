/**
 * How a template function is declared.
 *
 * Each family is one file with one table, `export const stringFunctions: FunctionTable = { ... }`; index.ts merges
 * them. A function says which Go types it takes, so that the engine does Go's checks before the call, as reflect does:
 * number of arguments, untyped constants adapting (`2.0` is an int), nil for parameters that can be nil, no
 * conversion of values (an int64 is no int). What the function then gets is:
 *
 * | parameter  | Go                     | argument                                             |
 * | ---------- | ---------------------- | ---------------------------------------------------- |
 * | `any`      | interface{}            | a {@link GoArgument}: nil and missing are both `null` |
 * | `string`   | string                 | `string`                                             |
 * | `bool`     | bool                   | `boolean`                                            |
 * | `int`      | int                    | `number` (not exact beyond 2^53)                     |
 * | `exactInt` | int                    | `bigint`                                             |
 * | `int64`    | int64                  | `bigint`                                             |
 * | `uint32`   | uint32                 | `number`                                             |
 * | `float64`  | float64                | `number`                                             |
 * | `list`     | []interface{}          | array; `null` for a nil slice                        |
 * | `map`      | map[string]interface{} | `Map`; `null` for a nil map                          |
 * | `value`    | reflect.Value          | a {@link GoValue}, a missing one `undefined`; for the builtins |
 * | a GoType   | that named type        | the boxed value: `timeType` gets a GoStruct          |
 *
 *     export const stringFunctions: FunctionTable = {
 *       upper: define(["string"], (_, text) => text.toUpperCase()),
 *       trunc: define(["int", "string"], (_, bytes, text) => byteSlice(text, 0, bytes)),
 *       until: define(["int"], (context, count) => { context.chargeItems(count); return new GoSlice(intListType, ...); }),
 *       cat: defineVariadic(["any"], (_, ...values) => ...),                 // the last parameter repeats
 *       set: define(["map", "string", "any"], (_, map, key, value) => ..., { mutates: true }),
 *       nindent: define(["int", "string"], ..., { keepsSerialized: true }),
 *     };
 *
 * Maps and lists are shared with the template's data and read-only; a function that changes one in place (set, merge,
 * sortAlpha on a []string) is declared with `mutates` and casts.
 *
 * It returns a GoValue of exactly the Go type of the result (an int is `goInt(n)`, an int64 a bigint, a []string
 * `stringList(items)`), `null` for a nil interface{}. Go's (value, error) and Go's panics are a thrown
 * {@link GoFunctionError}; any other exception counts as a bug of ours.
 *
 * toYaml and toJson return `new MarkedText(text, value)`: the value is what was serialized, and as long as the text
 * is printed, or moved by functions with `keepsSerialized` (indent, nindent, trim), the output tells. So it does of the blanks
 * that indent and nindent put before it (`leads`), if their number is the template's own. Others get and make
 * plain strings of it.
 *
 * Arguments are charged by the engine before the call, by what the function reads of them (`reads`), and results that are
 * strings after it. A function whose result can be much larger than
 * its arguments (repeat, until, indent, printf's widths), or that works much longer than they are long (a regular
 * expression), charges before: chargeBytes(bytes), chargeItems(count). Both throw, and the engine makes of it the
 * failure at the place in the template.
 *
 * Shared helpers: bytes.ts (strings as bytes), compare.ts (compareStrings, sortedKeys, isTrue, Go's ==) and format.ts
 * (formatValue = %v, sprint, sprintf, quoteGo = strconv.Quote, formatFloat = strconv.FormatFloat).
 */
import type { JsonObject } from "../json.ts";
import type { Reads } from "../reading-cost.ts";
import type { GoArgument, GoList, GoMethod, GoObject, GoType, GoValue } from "../value.ts";

/** What a function may use besides its arguments. */
export interface FunctionContext {
  /** What `now` means, in milliseconds since 1970. */
  readonly clock: number;
  /** Objects by identifier; null: one that need not be there, and is not. */
  readonly resources: ReadonlyMap<string, JsonObject | null>;
  /** Bytes for functions of chance, other ones at each call; a GoFunctionError without a seed key. */
  drawBytes(length: number): Uint8Array;
  /** Accounts for a string of that many bytes about to be made, or work in proportion to it. */
  chargeBytes(bytes: number): void;
  /** Accounts for a list or map of that many elements about to be made. */
  chargeItems(count: number): void;
}

interface ParameterArguments {
  any: GoArgument;
  string: string;
  bool: boolean;
  int: number;
  exactInt: bigint;
  int64: bigint;
  uint32: number;
  float64: number;
  list: GoList | null;
  map: GoObject | null;
  value: GoValue;
}

export type Parameter = keyof ParameterArguments | GoType;

type ArgumentFor<P> = P extends keyof ParameterArguments ? ParameterArguments[P] : GoArgument;
type ArgumentsFor<Ps extends readonly Parameter[]> = { [I in keyof Ps]: ArgumentFor<Ps[I]> };
type Init<T extends readonly unknown[]> = T extends readonly [...infer Head, unknown] ? Head : [];
type Last<T extends readonly unknown[]> = T extends readonly [...unknown[], infer Tail] ? Tail : never;

export interface FunctionOptions {
  /** It may change a map or list that it is given; templates that call it work on a copy of their data. */
  readonly mutates?: boolean;
  /** Its result still serializes what its argument did, only moved: indent, nindent, trim. */
  readonly keepsSerialized?: boolean;
  /**
   * The blanks and line breaks that it puts before its last argument's own lead (before the text itself, where that has none),
   * from its first argument.
   */
  readonly leads?: (lead: string, spaces: number) => string;
  /** What of its arguments it is charged for; of a function without it everything. */
  readonly reads?: Reads;
}

/** A function; a method is one whose first parameter is its receiver (a pointer receiver: the pointer's type). */
export interface FunctionDeclaration extends GoMethod, FunctionOptions {
  readonly params: readonly Parameter[];
  /** The last parameter repeats, also no times. */
  readonly variadic: boolean;
  readonly call: (context: FunctionContext, ...args: never[]) => GoValue;
}

export type FunctionTable = Readonly<Record<string, FunctionDeclaration>>;

/** A function with a fixed number of parameters. */
export function define<const Ps extends readonly Parameter[]>(
  params: Ps,
  call: (context: FunctionContext, ...args: ArgumentsFor<Ps>) => GoValue,
  options: FunctionOptions = {},
): FunctionDeclaration {
  return { params, variadic: false, call: call as FunctionDeclaration["call"], ...options };
}

/** A function whose last parameter repeats: `func(a, b string, rest ...string)`. */
export function defineVariadic<const Ps extends readonly [Parameter, ...Parameter[]]>(
  params: Ps,
  call: (context: FunctionContext, ...args: [...Init<ArgumentsFor<Ps>>, ...Last<ArgumentsFor<Ps>>[]]) => GoValue,
  options: FunctionOptions = {},
): FunctionDeclaration {
  return { params, variadic: true, call: call as unknown as FunctionDeclaration["call"], ...options };
}

/** What a function returns as Go's error, or panics with: the template fails with `error calling <name>: <message>`. */
export class GoFunctionError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "GoFunctionError";
  }
}

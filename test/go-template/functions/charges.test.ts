/**
 * Every function is charged by what it reads: a table of all, and for each that the charge grows with what it is given.
 *
 * `all`: everything in lists and maps; `items`: each member once; `keys`: the keys, in order; `sorted`: everything, in order; `itself`:
 * it charges while it works; `size`: nothing, for it looks at the size or at single members. Strings and large integers are
 * charged whole by all.
 */
import { describe, expect, it } from "vitest";
import { builtinFunctions } from "../../../src/go-template/builtins.ts";
import type { CompiledBody } from "../../../src/go-template/compile-scope.ts";
import { compileBody, invoke } from "../../../src/go-template/compile-statements.ts";
import { Execution, ExecutionFailure } from "../../../src/go-template/execution.ts";
import { templateFunctions } from "../../../src/go-template/functions/index.ts";
import { GoFunctionError, type Parameter } from "../../../src/go-template/functions/registry.ts";
import { parseTemplates } from "../../../src/go-template/parser.ts";
import type { GoValue } from "../../../src/go-template/value.ts";

const functions = { ...builtinFunctions, ...templateFunctions };

const table: Readonly<Record<string, string>> = {
  all: `cat genSelfSignedCert genSelfSignedCertWithKey genSignedCert genSignedCertWithKey html join js print printf println quote
    squote toDecimal toString toStrings urlJoin urlquery`,
  items: `append chunk compact concat has initial mustAppend mustChunk mustCompact mustHas mustInitial mustPrepend mustPush mustRest
    mustReverse mustSlice mustUniq mustWithout omit prepend push rest reverse slice uniq without`,
  keys: "keys values",
  sorted: "sortAlpha",
  itself: `copy chainSetField deepCopy deepEqual merge mergeOverwrite mustDeepCopy mustMerge mustMergeOverwrite mustToJson
    mustToPrettyJson mustToRawJson removeField setField toJson toPrettyJson toRawJson toToml toYaml`,
  size: `add add1 add1f addf ago all any biggest call ceil chainRemoveField coalesce date dateInZone date_in_zone default dict dig
    div divf duration durationRound empty eq first float64 floor ge get getResource gt hasKey getField htmlDate htmlDateInZone index int
    int64 kindIs kindOf last le len list lt max maxf min minf mod mul mulf mustFirst mustLast ne not pick pluck round set sub subf
    ternary tuple typeIs typeIsLike typeOf unset`,
};

const takesCollections = (parameter: Parameter): boolean =>
  parameter === "any" || parameter === "value" || parameter === "list" || parameter === "map";
const takesIntegers = (parameter: Parameter): boolean =>
  parameter === "any" || parameter === "value" || parameter === "int64";
const takesText = (parameter: Parameter): boolean =>
  parameter === "any" || parameter === "value" || parameter === "string";

function namesOf(kind: string): string[] {
  return table[kind]!.split(/\s+/).filter(Boolean);
}

it("the table has all functions that take lists or maps, each as it is declared", () => {
  const declared = Object.entries(functions).filter(([, { params }]) => params.some(takesCollections));
  const wanted = new Map(Object.keys(table).flatMap((kind) => namesOf(kind).map((name) => [name, kind] as const)));
  const actual = declared.map(([name, { reads }]) => {
    const kind = reads === "size" && wanted.get(name) === "itself" ? "itself" : reads;
    return [name, kind];
  });
  expect(Object.fromEntries(actual.sort())).toEqual(Object.fromEntries([...wanted].sort()));
});

/** What a call of a function on arguments costs; it may fail. */
function costOf(name: string, argumentTexts: readonly string[], data: ReadonlyMap<string, GoValue>): number {
  const text = `{{ $_ := ${name} ${argumentTexts.join(" ")} }}`;
  const { trees } = parseTemplates(text, { name: "t", hasFunction: () => true, singleQuotedStrings: false });
  const bodies = new Map<string, CompiledBody>();
  const findFunction = (word: string) => (Object.hasOwn(templateFunctions, word) ? templateFunctions[word] : undefined);
  bodies.set("t", compileBody(trees.get("t")!, { missingKey: "error", findFunction, bodies }));
  const run = new Execution({ clock: 0, drawBytes: (_, length) => new Uint8Array(length) }, false);
  try {
    invoke(bodies.get("t")!, run, data);
  } catch (error) {
    if (!(error instanceof ExecutionFailure || error instanceof GoFunctionError)) throw error;
    // What is refused before it is done is bounded too.
    if (error instanceof ExecutionFailure && error.isBound) return Number.POSITIVE_INFINITY;
  }
  return run.charged.bytes + 16 * run.charged.items;
}

/** A call with what grows at one place, and small arguments elsewhere. */
function argumentsWith(params: readonly Parameter[], at: number, variable: string): string[] {
  return params.map((parameter, index) => {
    if (index === at) return `.${variable}`;
    if (takesCollections(parameter))
      return parameter === "map" ? ".map" : parameter === "list" ? ".list" : `.${variable}2`;
    return parameter === "string" ? '"m1"' : parameter === "bool" ? "true" : "3";
  });
}

function listOf(size: number): GoValue[] {
  return Array.from({ length: size }, (_, index) => `item ${index}`);
}

function mapOf(size: number): Map<string, GoValue> {
  return new Map(Array.from({ length: size }, (_, index) => [`m${index}`, `item ${index}`]));
}

function dataOf(size: number): Map<string, GoValue> {
  return new Map<string, GoValue>([
    ["map", mapOf(1)],
    ["list", listOf(1)],
    ["grownlist", listOf(size)],
    ["grownlist2", listOf(size)],
    ["grownmap", mapOf(size)],
    ["grownmap2", mapOf(size)],
    ["text", "x".repeat(size)],
    ["text2", "x"],
    ["integer", 10n ** BigInt(size)],
    ["integer2", 3n],
  ]);
}

const small = dataOf(100);
const large = dataOf(10_000);

/** Whether ten thousand characters, digits or members cost at least about so many bytes. */
function grows(name: string, args: readonly string[]): boolean {
  const [before, after] = [costOf(name, args, small), costOf(name, args, large)];
  return after === Number.POSITIVE_INFINITY || after - before >= 9_000;
}

/** Slow by design, whatever they are given, and charged so. */
const slow = /^(?:bcrypt|htpasswd|derivePassword|gen.*|buildCustomCert|encryptAES|decryptAES)$/;

describe("the charge grows with what is read", () => {
  const cases = Object.entries(functions).filter(([name]) => !slow.test(name));

  it.each(cases)("%s", (name, { params, reads }) => {
    const readsMembers = reads !== "size" || namesOf("itself").includes(name);
    params.forEach((parameter, at) => {
      // What is merged into, or changed, is not read.
      if (/^(?:mustM|m)erge/.test(name) && at === 0) return;
      const grown = [
        ...(takesText(parameter) ? ["text"] : []),
        ...(takesIntegers(parameter) ? ["integer"] : []),
        ...(readsMembers && takesCollections(parameter) && parameter !== "map" ? ["grownlist"] : []),
        ...(readsMembers && takesCollections(parameter) && parameter !== "list" ? ["grownmap"] : []),
      ];
      for (const variable of grown) {
        const args = argumentsWith(params, at, variable);
        expect(grows(name, args), `${name} ${args.join(" ")}`).toBe(true);
      }
    });
  });
});

/** Functions that do much more with a text than read it, and how many times what it has they are charged at least. */
const laborious: readonly (readonly [call: string, times: number])[] = [
  ["regexReplaceAll `x` .text `y`", 16],
  ["regexReplaceAllLiteral `x` .text `y`", 16],
  ["mustRegexReplaceAll `` .text `y`", 16],
  ["snakecase .text", 8],
  ["kebabcase .text", 8],
  ["camelcase .text", 8],
  ["urlParse .text", 4],
];

it.each(laborious)("%s is charged %i times its text", (call, times) => {
  const [name, ...args] = call.split(" ");
  expect(costOf(name!, args, large)).toBeGreaterThanOrEqual(times * 10_000);
});

it("a loop of calls over a large list ends", () => {
  const data = new Map<string, GoValue>([["l", listOf(60_000)]]);
  for (const call of ["sortAlpha $.l", "join `,` $.l", "reverse $.l", "has `x` $.l", "printf `%v` $.l"]) {
    const args = call
      .split(" ")
      .slice(1)
      .map((arg) => arg.replace("$", ""));
    expect(costOf(call.split(" ")[0]!, args, data) * 60_000, call).toBeGreaterThan(10 * 128 * 1024 * 1024);
  }
});

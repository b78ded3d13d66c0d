/** eq and lt, from which text/template makes the other comparisons: strict about types, lenient about nil. */
import { compareStrings, isNil, isSame } from "./compare.ts";
import { formatValue } from "./format.ts";
import { GoFunctionError } from "./functions/registry.ts";
import { type GoComplex, type GoValue, integerOf, typeOf } from "./value.ts";

type Basic = "bool" | "complex" | "int" | "float" | "string" | "uint" | undefined;

/** The kinds within which values compare. */
function basicKind(value: GoValue): Basic {
  switch (typeof value) {
    case "string":
      return "string";
    case "boolean":
      return "bool";
    case "number":
      return "float";
    case "bigint":
      return "int";
  }
  const kind = typeOf(value)?.kind;
  if (kind === "complex128") return "complex";
  return kind?.startsWith("int") === true && kind !== "interface"
    ? "int"
    : kind?.startsWith("uint") === true
      ? "uint"
      : undefined;
}

export function equal(left: GoValue, right: GoValue): boolean {
  if (typeof left === "string" && typeof right === "string") return left === right;
  const kind = basicKind(left);
  const otherKind = basicKind(right);
  if (kind !== otherKind) {
    if (areIntegers(kind, otherKind)) return integerOf(left) === integerOf(right);
    const isNothing = left === undefined || left === null || right === undefined || right === null;
    if (isNothing) return false;
    throw new GoFunctionError(`incompatible types for comparison: ${typeOf(left)!.name} and ${typeOf(right)!.name}`);
  }
  switch (kind) {
    case "int":
    case "uint":
      return integerOf(left) === integerOf(right);
    case "complex": {
      const [a, b] = [left as GoComplex, right as GoComplex];
      return a.real === b.real && a.imaginary === b.imaginary;
    }
    case undefined:
      return equalOthers(left, right);
    default:
      return left === right;
  }
}

function areIntegers(left: Basic, right: Basic): boolean {
  return (left === "int" && right === "uint") || (left === "uint" && right === "int");
}

/** Lists, maps, structs, pointers and nil. */
function equalOthers(left: GoValue, right: GoValue): boolean {
  const [type, otherType] = [typeOf(left), typeOf(right)];
  const isAlike = type === undefined || otherType === undefined || type.kind === otherType.kind;
  if (!isAlike) {
    throw new GoFunctionError(
      `non-comparable types ${formatValue(left)}: ${type.name}, ${otherType.name}: ${formatValue(right)}`,
    );
  }
  if (isNil(left) || isNil(right)) return isNil(left) === isNil(right);
  if (otherType!.kind === "slice" || otherType!.kind === "map") {
    throw new GoFunctionError(`non-comparable type ${formatValue(right)}: ${otherType!.name}`);
  }
  const same = isSame(left, right);
  if (same !== undefined) return same;
  throw new GoFunctionError(`runtime error: comparing uncomparable type ${type!.name}`);
}

export function less(left: GoValue, right: GoValue): boolean {
  const kind = basicKind(left);
  const otherKind = basicKind(right);
  if (kind === undefined || otherKind === undefined) throw new GoFunctionError("invalid type for comparison");
  if (kind !== otherKind && !areIntegers(kind, otherKind)) {
    throw new GoFunctionError(`incompatible types for comparison: ${typeOf(left)!.name} and ${typeOf(right)!.name}`);
  }
  switch (kind) {
    case "int":
    case "uint":
      return integerOf(left)! < integerOf(right)!;
    case "float":
      return (left as number) < (right as number);
    case "string":
      return compareStrings(left as string, right as string) < 0;
    default:
      throw new GoFunctionError("invalid type for comparison");
  }
}

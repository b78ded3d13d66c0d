/**
 * What a function's parameter takes: reflect's assignability, and constants that adapt to the parameter's type.
 *
 * A Convert turns a value that was computed into the argument that a function gets (see functions/registry.ts), or
 * fails with Go's words.
 */
import { ExecutionFailure } from "./execution.ts";
import type { Parameter } from "./functions/registry.ts";
import type { BoolNode, NamedNode, NumberNode, StringNode } from "./nodes.ts";
import { nodeText } from "./nodes.ts";
import {
  anyType,
  boolType,
  float64Type,
  GoBoxed,
  GoComplex,
  GoInteger,
  GoMap,
  GoPointer,
  GoSlice,
  type GoType,
  type GoValue,
  goInt,
  int64Type,
  intType,
  listType,
  MarkedText,
  mapType,
  stringType,
  typeOf,
  uint32Type,
} from "./value.ts";

export type Convert = (value: GoValue) => unknown;
export type ConstantNode = BoolNode | StringNode | NumberNode;

const parameterTypes = {
  any: anyType,
  string: stringType,
  bool: boolType,
  int: intType,
  exactInt: intType,
  int64: int64Type,
  uint32: uint32Type,
  float64: float64Type,
  list: listType,
  map: mapType,
  value: { name: "reflect.Value", kind: "struct" },
} satisfies Record<string, GoType>;

export function parameterType(parameter: Parameter): GoType {
  return typeof parameter === "string" ? parameterTypes[parameter] : parameter;
}

/** The argument for a literal nil; `undefined` where the parameter cannot be nil. */
export function nilArgument(parameter: Parameter): { readonly value: unknown } | undefined {
  if (parameter === "value") return { value: undefined };
  const type = parameterType(parameter);
  if (type.kind === "ptr" && typeof parameter !== "string") return { value: new GoPointer(type, null) };
  return ["interface", "map", "slice", "ptr"].includes(type.kind) ? { value: null } : undefined;
}

/** How a computed value becomes the argument for a parameter; `node` is where it comes from. */
export function converterFor(parameter: Parameter, node: NamedNode): Convert {
  const type = parameterType(parameter);
  const refuse = (value: GoValue): never => refuseValue(value, type, node);
  switch (parameter) {
    case "any":
      return plainOrNull;
    case "value":
      return plainText;
    case "string":
      return (value) => {
        if (typeof value === "string") return value;
        return value instanceof MarkedText ? value.text : refuse(value);
      };
    case "bool":
      return (value) => (typeof value === "boolean" ? value : refuse(value));
    case "float64":
      return (value) => (typeof value === "number" ? value : refuse(value));
    case "int64":
      return (value) => (typeof value === "bigint" ? value : refuse(value));
    case "int":
    case "uint32":
      return (value) => {
        return value instanceof GoInteger && value.type.name === type.name ? Number(value.value) : refuse(value);
      };
    case "exactInt":
      return (value) => (value instanceof GoInteger && value.type.name === "int" ? value.value : refuse(value));
    case "list":
      return (value) => {
        if (Array.isArray(value)) return value;
        const isNilList = value === undefined || (value instanceof GoSlice && value.type.name === type.name);
        return isNilList ? null : refuse(value);
      };
    case "map":
      return (value) => {
        if (value instanceof Map) return value;
        const isNilMap = value === undefined || (value instanceof GoMap && value.type.name === type.name);
        return isNilMap ? null : refuse(value);
      };
    default:
      return (value) => namedArgument(value, type) ?? refuse(value);
  }
}

/** For interface{}: nothing is nil, and serialized text is text. */
function plainOrNull(value: GoValue): GoValue {
  if (typeof value !== "object" || value === null) return value ?? null;
  return value instanceof MarkedText ? value.text : value;
}

function plainText(value: GoValue): GoValue {
  return value instanceof MarkedText ? value.text : value;
}

/** A value of a named type, or what a pointer to one points to. */
function namedArgument(value: GoValue, type: GoType): GoBoxed | undefined {
  if (value === undefined && type.kind === "ptr") return new GoPointer(type, null);
  if (!(value instanceof GoBoxed)) return undefined;
  if (value.type.name === type.name) return value;
  if (!(value instanceof GoPointer) || value.type.elem?.name !== type.name) return undefined;
  return value.target instanceof GoBoxed ? value.target : undefined;
}

function refuseValue(value: GoValue, type: GoType, node: NamedNode): never {
  if (value === undefined) throw new ExecutionFailure(`invalid value; expected ${type.name}`, node);
  const got = typeOf(value) ?? anyType;
  throw new ExecutionFailure(`wrong type for value; expected ${type.name}; got ${got.name}`, node);
}

/** The argument for a constant; throws an ExecutionFailure where the parameter does not take it. */
export function constantArgument(parameter: Parameter, node: ConstantNode): unknown {
  const type = parameterType(parameter);
  switch (type.kind) {
    case "bool":
      if (node.type === "bool") return node.value;
      throw new ExecutionFailure(`expected bool; found ${nodeText(node)}`, node);
    case "string":
      if (node.type === "string") return node.text;
      throw new ExecutionFailure(`expected string; found ${nodeText(node)}`, node);
    case "float64":
      if (node.type === "number" && node.float !== undefined) return node.float;
      throw new ExecutionFailure(`expected float; found ${nodeText(node)}`, node);
    case "interface":
      return constantValue(node);
    case "uint":
    case "uint8":
    case "uint16":
    case "uint32":
    case "uint64":
      if (node.type === "number" && node.uint !== undefined) return integerArgument(parameter, type, node.uint);
      throw new ExecutionFailure(`expected unsigned integer; found ${nodeText(node)}`, node);
    case "int":
    case "int8":
    case "int16":
    case "int32":
    case "int64":
      if (node.type === "number" && node.int !== undefined) return integerArgument(parameter, type, node.int);
      throw new ExecutionFailure(`expected integer; found ${nodeText(node)}`, node);
  }
  if (parameter === "value") return constantValue(node);
  throw new ExecutionFailure(`can't handle ${nodeText(node)} for arg of type ${type.name}`, node);
}

function integerArgument(parameter: Parameter, type: GoType, value: bigint): unknown {
  if (parameter === "uint32") return Number(BigInt.asUintN(32, value));
  if (parameter === "int") return Number(value);
  return parameter === "int64" || parameter === "exactInt" ? value : new GoInteger(type, value);
}

/** A constant where its type is not known: its syntax tells, as in Go's idealConstant. */
export function constantValue(node: ConstantNode): GoValue {
  if (node.type === "bool") return node.value;
  if (node.type === "string") return node.text;
  const { text, complex, float, int, uint } = node;
  if (complex !== undefined) return new GoComplex(complex.real, complex.imaginary);
  const isHexInteger = /^0[xX]/.test(text) && text.length > 2 && !/[pP]/.test(text);
  if (float !== undefined && !isHexInteger && !text.startsWith("'") && /[.eEpP]/.test(text)) return float;
  if (int !== undefined) return goInt(int);
  if (uint !== undefined) throw new ExecutionFailure(`${text} overflows int`, node);
  return undefined;
}

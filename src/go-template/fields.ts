/** Fields of values: keys of maps, fields of structs, methods. What is missing is the template's missingkey option. */
import { ExecutionFailure } from "./execution.ts";
import type { FunctionDeclaration } from "./functions/registry.ts";
import type { NamedNode } from "./nodes.ts";
import { type GoBoxed, GoMap, GoPointer, GoStruct, type GoValue, indirect, typeOf, zeroValue } from "./value.ts";

/** What a key that a map does not have is: nothing, its type's zero value, or an error. */
export type MissingKey = "default" | "zero" | "error";

/** A method with the value it is called on, which is its first argument. */
export class BoundMethod {
  readonly declaration: FunctionDeclaration;
  readonly receiver: GoBoxed;

  constructor(declaration: FunctionDeclaration, receiver: GoBoxed) {
    this.declaration = declaration;
    this.receiver = receiver;
  }
}

/**
 * A field of a value, after a quick look into a plain map has not found it. `hasArguments`: only a method can take
 * them.
 */
export function fieldOf(
  receiver: GoValue,
  name: string,
  node: NamedNode,
  missingKey: MissingKey,
  hasArguments: boolean,
): GoValue | BoundMethod {
  if (receiver === undefined) {
    if (missingKey !== "error") return undefined;
    throw new ExecutionFailure(`nil data; no entry for key ${JSON.stringify(name)}`, node);
  }
  if (receiver === null) throw new ExecutionFailure(`nil pointer evaluating interface {}.${name}`, node);
  if (receiver instanceof Map) return entryOf(receiver, name, node, missingKey, hasArguments, null);

  const target = indirect(receiver);
  const method = methodOf(receiver, target, name);
  if (method !== undefined) return method;
  if (target instanceof Map) return entryOf(target, name, node, missingKey, hasArguments, null);
  if (target instanceof GoMap) {
    const zero = zeroValue(target.type.elem!);
    return entryOf(target.entries ?? new Map(), name, node, missingKey, hasArguments, zero);
  }
  const typeName = typeOf(receiver)!.name;
  if (target instanceof GoStruct && target.fields.has(name)) {
    if (!/^\p{Lu}/u.test(name)) {
      throw new ExecutionFailure(`${name} is an unexported field of struct type ${typeName}`, node);
    }
    if (!hasArguments) return target.fields.get(name);
    throw new ExecutionFailure(`${name} has arguments but cannot be invoked as function`, node);
  }
  if (target instanceof GoPointer) throw new ExecutionFailure(`nil pointer evaluating ${typeName}.${name}`, node);
  throw new ExecutionFailure(`can't evaluate field ${name} in type ${typeName}`, node);
}

function entryOf(
  entries: ReadonlyMap<string, GoValue>,
  name: string,
  node: NamedNode,
  missingKey: MissingKey,
  hasArguments: boolean,
  zero: GoValue,
): GoValue {
  if (hasArguments) throw new ExecutionFailure(`${name} is not a method but has arguments`, node);
  const value = entries.get(name);
  if (value !== undefined || missingKey === "default") return value;
  if (missingKey === "zero") return zero;
  throw new ExecutionFailure(`map has no entry for key ${JSON.stringify(name)}`, node);
}

function methodOf(receiver: GoValue, target: GoValue, name: string): BoundMethod | undefined {
  for (const value of [receiver, target]) {
    const type = typeOf(value);
    const declaration = type?.methods?.get(name);
    if (declaration === undefined) continue;
    // A method of T may be called on a *T, but not the other way round.
    const wanted = declaration.params[0];
    const wantedName = typeof wanted === "object" ? wanted.name : wanted;
    for (const candidate of [receiver, target]) {
      if (typeOf(candidate)?.name !== wantedName) continue;
      // Methods are declared by the registry's define, like all functions.
      return new BoundMethod(declaration as FunctionDeclaration, candidate as GoBoxed);
    }
  }
  return undefined;
}

/**
 * Sveltos' functions on objects, for documents that templateResourceRefs name: `getResource "config"`.
 *
 * Its addon-controller has them for identifiers, its event-manager by the same names for objects. Here the argument tells
 * which is meant: a text is an identifier.
 */
import {
  copyValue,
  type FunctionContext,
  type FunctionDeclaration,
  type FunctionTable,
  GoFunctionError,
  GoMap,
  type GoValue,
  type JsonObject,
  templateFunctions,
} from "../go-template/index.ts";
import { documentFunctions } from "../model/document-ref.ts";

/** Of one execution: what a function changes the next one sees, and nobody else. */
const copies = new WeakMap<FunctionContext, Map<string, JsonObject>>();

export const resourceFunctions: FunctionTable = Object.fromEntries(
  documentFunctions.map((name) => [name, byIdentifier(templateFunctions[name]!)]),
);

function byIdentifier(declaration: FunctionDeclaration): FunctionDeclaration {
  const onObject = declaration.call as (context: FunctionContext, object: unknown, ...rest: unknown[]) => GoValue;
  const call = (context: FunctionContext, given: GoValue, ...rest: unknown[]): GoValue =>
    onObject(context, typeof given === "string" ? findResource(context, given) : objectOf(given), ...rest);
  return {
    ...declaration,
    params: ["value", ...declaration.params.slice(1)],
    call: call as unknown as FunctionDeclaration["call"],
  };
}

/** Null: the reference is optional, and there is no such document. */
export function findResource(context: FunctionContext, identifier: string): JsonObject | null {
  const { resources } = context;
  const resource = resources.get(identifier);
  if (resource === undefined) {
    const known = [...resources.keys()].join(", ");
    const there = known === "" ? "there are none here" : `there are: ${known}`;
    throw new GoFunctionError(`no templateResourceRefs has the identifier ${JSON.stringify(identifier)}; ${there}`);
  }
  if (resource === null) return null;
  let own = copies.get(context);
  if (own === undefined) {
    own = new Map();
    copies.set(context, own);
  }
  let copy = own.get(identifier);
  if (copy === undefined) {
    copy = copyValue(resource) as JsonObject;
    own.set(identifier, copy);
  }
  return copy;
}

/** A literal nil, and what there is nothing of, are no object, as in Go; a nil that data holds is a value of another type. */
function objectOf(value: GoValue): unknown {
  if (value instanceof Map) return value;
  if (value === undefined) return null;
  if (value instanceof GoMap && value.entries === null) return null;
  throw new GoFunctionError("wants an object, or the identifier of one in templateResourceRefs");
}

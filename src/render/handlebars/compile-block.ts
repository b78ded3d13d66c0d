/** The blocks: if, unless, each, with, and sections (`{{#path}}`), compiled to closures. */
import { sortedKeys } from "../../go-template/index.ts";
import type { Json, JsonObject } from "../../model/json.ts";
import { compileExpression, compilePresent, missing, pathOf, type StaticScope } from "./compile-expression.ts";
import type { Run } from "./run.ts";
import { type Evaluate, type Execute, enterScope, type Loop, type Scope } from "./scope.ts";
import type { BlockNode, ExpressionNode, ProgramNode } from "./syntax.ts";
import { TemplateFault } from "./template-fault.ts";
import { describeKind, type HandlebarsValue, isCollection, isEmpty, isList, isZero } from "./value.ts";

/** Compiles a part of a block; with `names` it runs in a scope of its own, whose block parameters these are. */
type CompileWithin = (program: ProgramNode | undefined, names?: readonly string[]) => Execute | undefined;
type CompileBlock = (node: BlockNode, scope: StaticScope, within: CompileWithin) => Execute;

const nothing: Execute = () => {};

export const blocks: ReadonlyMap<string, CompileBlock> = new Map<string, CompileBlock>([
  ["if", (node, scope, within) => compileCondition("if", node, scope, within)],
  ["unless", (node, scope, within) => compileCondition("unless", node, scope, within)],
  ["each", compileEach],
  ["with", compileWith],
]);

function compileCondition(name: "if" | "unless", node: BlockNode, scope: StaticScope, within: CompileWithin): Execute {
  const condition = compileExpression(onlyArgument(name, node, scope), scope);
  const includesZero = compileIncludeZero(name, node, scope);
  parameterNames(node, scope, 0);
  const parts = [within(node.program) ?? nothing, within(node.inverse) ?? nothing] as const;
  const [whenTrue, whenFalse] = name === "if" ? parts : [parts[1], parts[0]];
  return (run, outer) => {
    const value = condition(run, outer);
    const isTrue = isZero(value) ? isTruthy(includesZero(run, outer)) : !isEmpty(value);
    (isTrue ? whenTrue : whenFalse)(run, outer);
  };
}

function isTruthy(value: HandlebarsValue): boolean {
  return isZero(value) ? false : !isEmpty(value) || isList(value);
}

/** Whether 0 counts as true: `includeZero=true`. */
function compileIncludeZero(name: string, { hash }: BlockNode, scope: StaticScope): Evaluate {
  let evaluate: Evaluate = () => false;
  for (const pair of hash?.pairs ?? []) {
    if (pair.key !== "includeZero") {
      throw new TemplateFault(`${name} has no argument ${pair.key}=`, scope.template.offsetOf(pair));
    }
    evaluate = compilePresent(pair.value, scope);
  }
  return evaluate;
}

function compileEach(node: BlockNode, scope: StaticScope, within: CompileWithin): Execute {
  refuseHash("each", node, scope);
  const argument = onlyArgument("each", node, scope);
  const evaluate = compileOptional(argument, node, scope);
  const body = within(node.program, parameterNames(node, scope, 2)) ?? nothing;
  const otherwise = within(node.inverse) ?? nothing;
  const at = scope.template.offsetOf(argument);
  const shown = scope.template.textOf(argument);
  return (run, outer) => {
    const value = evaluate(run, outer);
    if (isCollection(value)) return loopOver(value, run, outer, at, body, otherwise);
    if (value !== undefined && value !== null) {
      throw new TemplateFault(`<${shown}>: each takes a list or a mapping, not ${describeKind(value)}`, at);
    }
    otherwise(run, outer);
  };
}

/** Mappings in the order of their keys, so that the order in which a sender writes them changes nothing. */
function loopOver(
  collection: readonly Json[] | JsonObject,
  run: Run,
  outer: Scope,
  at: number,
  body: Execute,
  otherwise: Execute,
): void {
  if (!isList(collection)) run.chargeItems(collection.size); // for sorting them
  const keys = isList(collection) ? undefined : sortedKeys(collection);
  const count = keys === undefined ? (collection as readonly Json[]).length : keys.length;
  if (count === 0) otherwise(run, outer);
  for (let position = 0; position < count; position++) {
    run.step(at);
    const index = BigInt(position);
    const key = keys?.[position] ?? index;
    const value = isList(collection) ? collection[position]! : collection.get(key as string)!;
    const loop: Loop = { key, index, first: position === 0, last: position === count - 1, outer: outer.loop };
    body(run, enterScope(outer, value, [value, key], loop));
  }
}

function compileWith(node: BlockNode, scope: StaticScope, within: CompileWithin): Execute {
  refuseHash("with", node, scope);
  const evaluate = compileOptional(onlyArgument("with", node, scope), node, scope);
  const body = within(node.program, parameterNames(node, scope, 1)) ?? nothing;
  const otherwise = within(node.inverse) ?? nothing;
  return (run, outer) => {
    const value = evaluate(run, outer);
    if (isEmpty(value)) otherwise(run, outer);
    else body(run, enterScope(outer, value as Json, [value as Json]));
  };
}

/** `{{#path}}`: for true what stands in it, for a list each of its items, for any other value with that as the context. */
export function compileSection(node: BlockNode, scope: StaticScope, within: CompileWithin): Execute {
  const evaluate = compilePresent(pathOf(node.path), scope);
  const names = parameterNames(node, scope, 2);
  const body = within(node.program, names) ?? nothing;
  const otherwise = within(node.inverse) ?? nothing;
  const at = scope.template.offsetOf(node);
  return (run, outer) => {
    const value = evaluate(run, outer);
    if (value === false || value === null) otherwise(run, outer);
    else if (value === true) body(run, { ...outer, bindings: { values: [value], outer: outer.bindings } });
    else if (isList(value)) loopOver(value, run, outer, at, body, otherwise);
    else body(run, enterScope(outer, value as Json, [value as Json]));
  };
}

/** The value of each and with: it may be missing where an else says what then. */
function compileOptional(argument: ExpressionNode, { inverse }: BlockNode, scope: StaticScope): Evaluate {
  const evaluate = compileExpression(argument, scope);
  if (inverse !== undefined) return evaluate;
  const fail = missing(argument, scope);
  return (run, outer) => {
    const value = evaluate(run, outer);
    return value === undefined ? fail() : value;
  };
}

function onlyArgument(name: string, { path, params }: BlockNode, { template }: StaticScope): ExpressionNode {
  const [argument] = params;
  if (argument !== undefined && params.length === 1) return argument;
  throw new TemplateFault(`${name} takes 1 argument, not ${params.length}`, template.offsetOf(path));
}

function refuseHash(name: string, { hash }: BlockNode, { template }: StaticScope): void {
  const pair = hash?.pairs[0];
  if (pair !== undefined) throw new TemplateFault(`${name} has no argument ${pair.key}=`, template.offsetOf(pair));
}

function parameterNames({ program, path }: BlockNode, { template }: StaticScope, max: number): readonly string[] {
  const names = program?.blockParams ?? [];
  if (names.length <= max) return names;
  throw new TemplateFault(`this block has ${max} parameters at most, not ${names.length}`, template.offsetOf(path));
}

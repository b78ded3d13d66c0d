/**
 * From pipelines to closures: commands, operands and fields. What Go would find out while executing but is known
 * beforehand (a variable that is not in force, a constant of the wrong type) compiles to a closure that fails, because
 * the template may never get there.
 */
import {
  type ConstantNode,
  constantArgument,
  constantValue,
  converterFor,
  nilArgument,
  parameterType,
} from "./arguments.ts";
import { builtinFunctions } from "./builtins.ts";
import { type ArgumentCompiler, compileCall, compileShortCircuit, failing, read } from "./compile-call.ts";
import { type Evaluate, type EvaluateArgument, type Scope, undeclared, type Variables } from "./compile-scope.ts";
import { type Execution, ExecutionFailure } from "./execution.ts";
import { BoundMethod, fieldOf } from "./fields.ts";
import type { Parameter } from "./functions/registry.ts";
import {
  type ArgumentNode,
  type CommandNode,
  type IdentifierNode,
  type NamedNode,
  type NilNode,
  nodeText,
  type PipeNode,
  type VariableNode,
} from "./nodes.ts";
import type { GoValue } from "./value.ts";

/** A pipeline with its declarations: in its value, a nil interface is no value. */
export function compilePipe(pipe: PipeNode, scope: Scope): Evaluate {
  const evaluate = compileCommands(pipe, scope);
  const stores = pipe.declarations.map((variable) => compileStore(variable, pipe.isAssign, scope));
  if (stores.length === 0) return (run, dot, variables) => evaluate(run, dot, variables) ?? undefined;
  return (run, dot, variables) => {
    const value = evaluate(run, dot, variables) ?? undefined;
    for (const store of stores) store(variables, value);
    return value;
  };
}

/** A pipeline for printing or testing, where nil and no value are the same; it must not declare. */
export function compileCommands(pipe: PipeNode, scope: Scope): Evaluate {
  const [first, ...others] = pipe.commands;
  const start = compileCommand(first!, false, scope);
  if (others.length === 0) return start;
  const stages = others.map((command) => compileCommand(command, true, scope));
  const [second] = stages;
  if (stages.length === 1) {
    return (run, dot, variables) => second!(run, dot, variables, start(run, dot, variables) ?? undefined);
  }
  return (run, dot, variables) => {
    let value = start(run, dot, variables);
    for (const stage of stages) value = stage(run, dot, variables, value ?? undefined);
    return value;
  };
}

/** Sets a variable: a new one, or with `=` the one in force by that name. */
function compileStore(variable: VariableNode, isAssign: boolean, scope: Scope): Store {
  if (isAssign) return compileAssign(variable, scope);
  const slot = scope.declare(variable.name);
  return (variables, value) => {
    variables[slot] = value;
  };
}

export type Store = (variables: Variables, value: GoValue) => void;

/** Sets the variable in force by that name. */
export function compileAssign(variable: VariableNode, scope: Scope): Store {
  const slotOf = compileSlot(variable, scope);
  return (variables, value) => {
    variables[slotOf(variables)] = value;
  };
}

/** Finds the slot of the variable in force by that name: known beforehand, unless `and` or `or` decides. */
function compileSlot(variable: VariableNode, scope: Scope): (variables: Variables) => number {
  const { slots, isCertain } = scope.find(variable.name);
  const fail = failing(`undefined variable: ${variable.name}`, variable);
  const [slot] = slots;
  if (slot === undefined) return fail;
  if (slots.length === 1 && isCertain) return () => slot;
  return (variables) => slots.find((candidate) => variables[candidate] !== undeclared) ?? fail();
}

function compileCommand(command: CommandNode, hasFinal: boolean, scope: Scope): Evaluate {
  const [first, ...rest] = command.args as [ArgumentNode, ...ArgumentNode[]];
  if (first.type === "identifier") return compileFunction(first, command, rest, hasFinal, scope);
  const hasArguments = rest.length > 0 || hasFinal;
  if (hasArguments && !takesArguments(first)) {
    return failing(`can't give argument to non-function ${nodeText(first)}`, first);
  }
  switch (first.type) {
    case "field":
      return compileFields(undefined, first.names, first, { args: rest, hasFinal }, scope);
    case "chain":
      return compileFields(compileOperand(first.node, scope), first.fields, first, { args: rest, hasFinal }, scope);
    case "variable":
      return compileFields(compileVariable(first, scope), first.fields, first, { args: rest, hasFinal }, scope);
    case "nil":
      return failing("nil is not a command", first);
    default:
      return compileOperand(first, scope);
  }
}

/** Fields may be methods; everything else but functions takes no arguments. */
function takesArguments(node: ArgumentNode): boolean {
  return node.type === "field" || node.type === "chain" || (node.type === "variable" && node.fields.length > 0);
}

/** An operand without arguments, as Go's evalArg evaluates it before it looks at the type that is wanted. */
function compileOperand(node: ArgumentNode, scope: Scope): Evaluate {
  const none = { args: [], hasFinal: false };
  switch (node.type) {
    case "dot":
      return (_run, dot) => dot;
    case "nil":
      return () => undefined;
    case "pipe":
      return compilePipe(node, scope);
    case "identifier":
      return compileFunction(node, node, [], false, scope);
    case "field":
      return compileFields(undefined, node.names, node, none, scope);
    case "variable":
      return compileFields(compileVariable(node, scope), node.fields, node, none, scope);
    case "chain":
      if (node.node.type === "nil") return failing(`indirection through explicit nil in ${nodeText(node)}`, node);
      return compileFields(compileOperand(node.node, scope), node.fields, node, none, scope);
    default:
      return compileConstant(node, "any") as Evaluate;
  }
}

function compileConstant(node: ConstantNode, parameter: Parameter): EvaluateArgument {
  try {
    const value = parameter === "any" ? constantValue(node) : constantArgument(parameter, node);
    return () => value;
  } catch (failure) {
    if (!(failure instanceof ExecutionFailure)) throw failure;
    return failing(failure.message, node);
  }
}

function compileVariable(node: VariableNode, scope: Scope): Evaluate {
  const { slots, isCertain } = scope.find(node.name);
  const [slot] = slots;
  if (slot !== undefined && slots.length === 1 && isCertain) return (_run, _dot, variables) => variables[slot];
  const slotOf = compileSlot(node, scope);
  return (_run, _dot, variables) => variables[slotOf(variables)];
}

function compileFunction(
  identifier: IdentifierNode,
  node: NamedNode,
  args: readonly ArgumentNode[],
  hasFinal: boolean,
  scope: Scope,
): Evaluate {
  const { name } = identifier;
  const declaration = scope.options.findFunction(name);
  if (declaration === undefined && (name === "and" || name === "or")) {
    const compilers: ArgumentCompiler[] = [];
    const slots = scope.compileSkippable(() => {
      for (const arg of args) compilers.push(argumentCompiler(arg, scope));
    });
    return compileShortCircuit(name, { name, node, args: compilers, hasFinal }, slots);
  }
  const request = { name, node, args: args.map((arg) => argumentCompiler(arg, scope)), hasFinal };
  if (declaration !== undefined) return compileCall(declaration, request);
  const builtin = Object.hasOwn(builtinFunctions, name) ? builtinFunctions[name] : undefined;
  if (builtin === undefined) return failing(`${JSON.stringify(name)} is not a defined function`, identifier);
  return compileCall(builtin, request);
}

/** Compiles what needs the variables in force now; methods are not known before the template is executed. */
function argumentCompiler(node: ArgumentNode, scope: Scope): ArgumentCompiler {
  if (node.type === "bool" || node.type === "string" || node.type === "number") {
    const raw = compileConstant(node, "any") as Evaluate;
    return { node, as: (parameter) => compileConstant(node, parameter), raw: () => raw };
  }
  if (node.type === "nil") return { node, as: (parameter) => compileNil(node, parameter), raw: () => () => undefined };
  const evaluate = compileOperand(node, scope);
  return {
    node,
    as: (parameter, reads) => {
      const convert = converterFor(parameter, node);
      return (run, dot, variables) => read(run, convert(evaluate(run, dot, variables)), reads);
    },
    raw: () => evaluate,
  };
}

function compileNil(node: NilNode, parameter: Parameter): EvaluateArgument {
  const nil = nilArgument(parameter);
  return nil === undefined ? failing(`cannot assign nil to ${parameterType(parameter).name}`, node) : () => nil.value;
}

/** What follows a chain of fields: only a method as its last one can take it. */
interface FieldArguments {
  readonly args: readonly ArgumentNode[];
  readonly hasFinal: boolean;
}

/** A chain of fields behind a receiver; without one, behind the dot. */
function compileFields(
  receiver: Evaluate | undefined,
  names: readonly string[],
  node: NamedNode,
  { args, hasFinal }: FieldArguments,
  scope: Scope,
): Evaluate {
  if (names.length === 0) return receiver!;
  const { missingKey } = scope.options;
  const compilers = args.map((arg) => argumentCompiler(arg, scope));
  const hasArguments = args.length > 0 || hasFinal;
  const last = names.length - 1;

  /** What is no key of a plain map: other types' fields, missing keys, and methods, which are called. */
  const slowField: SlowField = (run, value, index, dot, variables, final) => {
    const name = names[index]!;
    const takesArguments = hasArguments && index === last;
    const field = fieldOf(value, name, node, missingKey, takesArguments);
    if (!(field instanceof BoundMethod)) return field;
    const bound: ArgumentCompiler = { node, as: () => () => field.receiver, raw: () => () => field.receiver };
    const request = takesArguments ? { args: [bound, ...compilers], hasFinal } : { args: [bound], hasFinal: false };
    return compileCall(field.declaration, { name, node, ...request, hasReceiver: true })(run, dot, variables, final);
  };

  if (last === 0 && !hasArguments) {
    const name = names[0]!;
    return (run, dot, variables) => {
      const value = receiver === undefined ? dot : receiver(run, dot, variables);
      if (value instanceof Map) {
        const found = value.get(name);
        if (found !== undefined) return found;
      }
      return slowField(run, value, 0, dot, variables, undefined);
    };
  }
  return (run, dot, variables, final) => {
    let value = receiver === undefined ? dot : receiver(run, dot, variables);
    for (let index = 0; index <= last; index++) {
      if (value instanceof Map && !(hasArguments && index === last)) {
        const found = value.get(names[index]!);
        if (found !== undefined) {
          value = found;
          continue;
        }
      }
      value = slowField(run, value, index, dot, variables, final);
    }
    return value;
  };
}

type SlowField = (
  run: Execution,
  value: GoValue,
  index: number,
  dot: GoValue,
  variables: Variables,
  final: GoValue,
) => GoValue;

/** Calls of functions and methods: Go's checks first, then a closure for the number of arguments. */
import { type Convert, converterFor } from "./arguments.ts";
import { isTrue } from "./compare.ts";
import { type Evaluate, type EvaluateArgument, undeclared } from "./compile-scope.ts";
import { type CallSite, type Execution, ExecutionFailure } from "./execution.ts";
import type { FunctionDeclaration, Parameter } from "./functions/registry.ts";
import type { NamedNode } from "./nodes.ts";
import { chargeArgument, type Reads } from "./reading-cost.ts";
import { type GoValue, MarkedText } from "./value.ts";

/** An argument that can be compiled for a parameter, or as what it is. */
export interface ArgumentCompiler {
  readonly node: NamedNode;
  as(parameter: Parameter, reads: Reads): EvaluateArgument;
  raw(): Evaluate;
}

export interface CallRequest {
  readonly name: string;
  /** Whom an error names: the command, or the field for a method. */
  readonly node: NamedNode;
  readonly args: readonly ArgumentCompiler[];
  /** One more argument comes from the pipeline. */
  readonly hasFinal: boolean;
  /** The first argument is a method's receiver, which Go does not count. */
  readonly hasReceiver?: boolean;
}

type Call = (context: Execution, ...args: unknown[]) => GoValue;

/** An expression that always fails; a template may never get there. */
export function failing(message: string, node: NamedNode): () => never {
  return () => {
    throw new ExecutionFailure(message, node);
  };
}

export function compileCall(declaration: FunctionDeclaration, request: CallRequest): Evaluate {
  const { name, node, args, hasFinal, hasReceiver } = request;
  const { params, variadic, reads = "all" } = declaration;
  const count = args.length + (hasFinal ? 1 : 0);
  const fixed = variadic ? params.length - 1 : params.length;
  if (variadic ? count < fixed : count !== fixed) {
    const uncounted = hasReceiver === true ? 1 : 0;
    const wanted = `${variadic ? "at least " : ""}${fixed - uncounted}`;
    const got = (variadic ? args.length : count) - uncounted;
    return failing(`wrong number of args for ${name}: want ${wanted} got ${got}`, node);
  }
  const parameterAt = (index: number): Parameter => params[Math.min(index, params.length - 1)]!;
  if (declaration.keepsSerialized === true) return compileKeepingCall(declaration, request, parameterAt);
  const evaluates = args.map((arg, index) => arg.as(parameterAt(index), reads));
  if (hasFinal) evaluates.push(finalArgument(parameterAt(args.length), reads, node));
  return applyTo(declaration.call as unknown as Call, evaluates, { name, node });
}

function finalArgument(parameter: Parameter, reads: Reads, node: NamedNode): EvaluateArgument {
  const convert = converterFor(parameter, node);
  return (run, _dot, _variables, final) => read(run, convert(final), reads);
}

/** An argument on its way into a function. */
export function read(run: Execution, argument: unknown, reads: Reads): unknown {
  chargeArgument(run, argument, reads);
  return argument;
}

function applyTo(call: Call, evaluates: readonly EvaluateArgument[], site: CallSite): Evaluate {
  const [first, second, third] = evaluates as [EvaluateArgument, EvaluateArgument, EvaluateArgument];
  switch (evaluates.length) {
    case 0:
      return (run) => {
        run.call = site;
        return run.chargeResult(call(run));
      };
    case 1:
      return (run, dot, variables, final) => {
        const argument = first(run, dot, variables, final);
        run.call = site;
        return run.chargeResult(call(run, argument));
      };
    case 2:
      return (run, dot, variables, final) => {
        const left = first(run, dot, variables, final);
        const right = second(run, dot, variables, final);
        run.call = site;
        return run.chargeResult(call(run, left, right));
      };
    case 3:
      return (run, dot, variables, final) => {
        const one = first(run, dot, variables, final);
        const two = second(run, dot, variables, final);
        const three = third(run, dot, variables, final);
        run.call = site;
        return run.chargeResult(call(run, one, two, three));
      };
    default:
      return (run, dot, variables, final) => {
        const args: unknown[] = [];
        for (const evaluate of evaluates) args.push(evaluate(run, dot, variables, final));
        run.call = site;
        return run.chargeResult(call(run, ...args));
      };
  }
}

/** An argument that may be serialized text, and is made plain text behind the look at it. */
interface KeptArgument {
  readonly evaluate: EvaluateArgument;
  readonly toText?: Convert;
}

/** A call whose result serializes what its string argument did: that one's value goes with the result. */
function compileKeepingCall(
  declaration: FunctionDeclaration,
  { name, node, args, hasFinal }: CallRequest,
  parameterAt: (index: number) => Parameter,
): Evaluate {
  const call = declaration.call as unknown as Call;
  const site: CallSite = { name, node };
  // How deep a text is indented must be the template's word, not its data's.
  const leads = args[0]?.node.type === "number" ? declaration.leads : undefined;
  const keptArgs = args.map((arg, index): KeptArgument => {
    const parameter = parameterAt(index);
    if (parameter !== "string") return { evaluate: arg.as(parameter, "all") };
    return { evaluate: arg.raw(), toText: converterFor(parameter, arg.node) };
  });
  if (hasFinal) keptArgs.push(keptFinal(parameterAt(args.length), node));
  return (run, dot, variables, final) => {
    let marked: MarkedText | undefined;
    const values = keptArgs.map(({ evaluate, toText }) => {
      const value = evaluate(run, dot, variables, final);
      if (value instanceof MarkedText) marked = value;
      return toText === undefined ? value : read(run, toText(value as GoValue), "all");
    });
    run.call = site;
    const result = run.chargeResult(call(run, ...values));
    if (typeof result !== "string") return result;
    const lead = leads === undefined ? "" : leads(marked?.lead ?? "", values[0] as number);
    return marked?.value === undefined && lead === "" ? result : new MarkedText(result, marked?.value, lead);
  };
}

function keptFinal(parameter: Parameter, node: NamedNode): KeptArgument {
  if (parameter !== "string") return { evaluate: finalArgument(parameter, "all", node) };
  return { evaluate: (_run, _dot, _variables, final) => final, toText: converterFor(parameter, node) };
}

/**
 * The builtins `and` and `or`, which stop at the first argument that decides; `slots` are those of variables that the
 * arguments declare.
 */
export function compileShortCircuit(
  name: "and" | "or",
  { node, args, hasFinal }: CallRequest,
  slots: readonly number[],
): Evaluate {
  if (args.length === 0 && !hasFinal) return failing(`wrong number of args for ${name}: want at least 1 got 0`, node);
  const evaluates = args.map((arg) => arg.raw());
  const decides = name === "or";
  return (run, dot, variables, final) => {
    for (const slot of slots) variables[slot] = undeclared;
    let value: GoValue;
    for (const evaluate of evaluates) {
      value = evaluate(run, dot, variables);
      if (isTrue(value) === decides) return value;
    }
    return hasFinal ? final : value;
  };
}

/** From statements to closures: text, actions, if, with, range, template. */
import { isTrue, sortedKeys } from "./compare.ts";
import { compileAssign, compileCommands, compilePipe } from "./compile-pipeline.ts";
import {
  breaks,
  type CompiledBody,
  type CompileOptions,
  continues,
  type Evaluate,
  type Outcome,
  Scope,
  type Variables,
  type Walk,
  wentThrough,
} from "./compile-scope.ts";
import { type Execution, ExecutionFailure } from "./execution.ts";
import { formatValue } from "./format.ts";
import type { ActionNode, BranchNode, ListNode, RangeNode, StatementNode, TemplateCallNode } from "./nodes.ts";
import { GoInteger, type GoValue, goInt, indirect, integerOf, listItems, mapEntries } from "./value.ts";

/** Compiles the body of a template. */
export function compileBody(list: ListNode, options: CompileOptions): CompiledBody {
  const scope = new Scope(options);
  const walk = compileList(list, scope);
  return { walk, variableCount: scope.variableCount };
}

/** Invokes a template: its dot is also its `$`, and it sees no other variables. */
export function invoke({ walk, variableCount }: CompiledBody, run: Execution, dot: GoValue): void {
  const variables: Variables = new Array(variableCount);
  variables[0] = dot;
  walk(run, dot, variables);
}

function compileList({ nodes }: ListNode, scope: Scope): Walk {
  const walks = nodes.map((node) => compileStatement(node, scope));
  const [first, second, third] = walks;
  if (first === undefined) return () => wentThrough;
  if (second === undefined) return first;
  if (third === undefined) return (run, dot, variables) => first(run, dot, variables) || second(run, dot, variables);
  return (run, dot, variables) => {
    for (const walk of walks) {
      const outcome = walk(run, dot, variables);
      if (outcome !== wentThrough) return outcome;
    }
    return wentThrough;
  };
}

function compileStatement(node: StatementNode, scope: Scope): Walk {
  switch (node.type) {
    case "text":
      return compileText(node.text);
    case "action":
      return compileAction(node, scope);
    case "if":
    case "with":
      return compileBranch(node, scope);
    case "range":
      return compileRange(node, scope);
    case "template":
      return compileTemplateCall(node, scope);
    case "break":
      return () => breaks;
    case "continue":
      return () => continues;
  }
}

function compileText(text: string): Walk {
  return (run) => {
    run.text += text;
    return wentThrough;
  };
}

function compileAction({ pipe }: ActionNode, scope: Scope): Walk {
  const { at } = pipe;
  if (pipe.declarations.length > 0) {
    const evaluate = compilePipe(pipe, scope);
    return (run, dot, variables) => {
      evaluate(run, dot, variables);
      return wentThrough;
    };
  }
  const evaluate = compileCommands(pipe, scope);
  return (run, dot, variables) => {
    run.print(evaluate(run, dot, variables), at);
    return wentThrough;
  };
}

/** What the branches declare is gone behind them; what the pipeline declares holds in both. */
function compileBranch(node: BranchNode, scope: Scope): Walk {
  const start = scope.mark();
  const evaluate = compilePipe(node.pipe, scope);
  const inside = scope.mark();
  const walk = compileList(node.list, scope);
  scope.release(inside);
  const walkElse = node.elseList === undefined ? undefined : compileList(node.elseList, scope);
  scope.release(start);
  const isWith = node.type === "with";
  return (run, dot, variables) => {
    const value = evaluate(run, dot, variables);
    if (isTrue(value)) return walk(run, isWith ? value : dot, variables);
    return walkElse === undefined ? wentThrough : walkElse(run, dot, variables);
  };
}

function compileTemplateCall(node: TemplateCallNode, scope: Scope): Walk {
  const { bodies } = scope.options;
  const evaluate: Evaluate = node.pipe === undefined ? () => undefined : compilePipe(node.pipe, scope);
  return (run, dot, variables) => {
    const body = bodies.get(node.name);
    if (body === undefined) throw new ExecutionFailure(`template ${JSON.stringify(node.name)} not defined`, node);
    const value = evaluate(run, dot, variables);
    run.enter(node);
    invoke(body, run, value);
    run.leave();
    return wentThrough;
  };
}

/** One turn of a loop; `index` counts only for loops with two variables. */
type Turn = (run: Execution, variables: Variables, index: GoValue, item: GoValue) => Outcome;

function compileRange(node: RangeNode, scope: Scope): Walk {
  const start = scope.mark();
  const evaluate = compilePipe(node.pipe, scope);
  const stores = node.pipe.declarations.map((variable) => compileAssign(variable, scope));
  const inside = scope.mark();
  const walk = compileList(node.list, scope);
  scope.release(inside);
  const walkElse = node.elseList === undefined ? undefined : compileList(node.elseList, scope);
  scope.release(start);

  const storeItem = stores.at(-1);
  const storeIndex = stores.length > 1 ? stores[0] : undefined;
  const turn: Turn = (run, variables, index, item) => {
    run.step(node);
    storeIndex?.(variables, index);
    storeItem?.(variables, item);
    return walk(run, item, variables);
  };
  const loop = compileLoop(node, turn, storeIndex !== undefined);
  return (run, dot, variables) => {
    const hasTurned = loop(run, indirect(evaluate(run, dot, variables)), variables);
    if (hasTurned || walkElse === undefined) return wentThrough;
    // A break in the else ends this range, which is over; a continue goes on with the one around it. So does Go.
    return walkElse(run, dot, variables) === continues ? continues : wentThrough;
  };
}

/** Goes through a value; false if there was nothing to go through. */
type Loop = (run: Execution, value: GoValue, variables: Variables) => boolean;

function compileLoop(node: RangeNode, turn: Turn, hasIndex: boolean): Loop {
  const loopOverInteger = (run: Execution, value: GoValue, count: bigint, variables: Variables): boolean => {
    if (hasIndex) throw new ExecutionFailure(`can't use ${count} to iterate over more than one variable`, node);
    for (let index = 0n; index < count; index++) {
      if (turn(run, variables, undefined, countOf(value, index)) === breaks) break;
    }
    return count > 0n;
  };
  return (run, value, variables) => {
    if (value === undefined) return false;
    const items = listItems(value);
    if (items !== undefined) {
      for (let index = 0; index < items.length; index++) {
        if (turn(run, variables, hasIndex ? goInt(index) : undefined, items[index]) === breaks) break;
      }
      return items.length > 0;
    }
    const entries = mapEntries(value);
    if (entries !== undefined) {
      run.chargeItems(entries.size); // for sorting them
      for (const key of sortedKeys(entries)) {
        if (turn(run, variables, key, entries.get(key)) === breaks) break;
      }
      return entries.size > 0;
    }
    const count = integerOf(value);
    if (count !== undefined) return loopOverInteger(run, value, count, variables);
    throw new ExecutionFailure(`range can't iterate over ${formatValue(value)}`, node);
  };
}

/** A number of the same type as the integer that is counted up to. */
function countOf(value: GoValue, index: bigint): GoValue {
  if (!(value instanceof GoInteger)) return index;
  return value.type.name === "int" ? goInt(index) : new GoInteger(value.type, index);
}

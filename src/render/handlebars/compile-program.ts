/** Statements: text, mustaches and blocks, compiled to closures. */
import { blocks, compileSection } from "./compile-block.ts";
import {
  compileCall,
  compilePresent,
  deepen,
  missing,
  pathOf,
  type StaticScope,
  simpleName,
} from "./compile-expression.ts";
import { helpers } from "./helper-table.ts";
import type { BindingNames, Execute } from "./scope.ts";
import type { BlockNode, MustacheNode, ProgramNode, RefusedNode, StatementNode } from "./syntax.ts";
import { TemplateFault } from "./template-fault.ts";

/** Throws a {@link TemplateFault}. */
export function compileProgram({ body }: ProgramNode, scope: StaticScope): Execute {
  const steps = body.flatMap((statement) => compileStatement(statement, scope) ?? []);
  const [only] = steps;
  if (steps.length === 1 && only !== undefined) return only;
  return (run, outer) => {
    for (const step of steps) step(run, outer);
  };
}

function compileStatement(node: StatementNode, scope: StaticScope): Execute | undefined {
  switch (node.type) {
    case "ContentStatement": {
      const { value } = node;
      return value === "" ? undefined : (run) => run.write(value);
    }
    case "CommentStatement":
      return undefined;
    case "MustacheStatement":
      return compileMustache(node, scope);
    case "BlockStatement":
      return compileBlock(node, scope);
    default:
      return refuse(node, scope);
  }
}

function compileMustache(node: MustacheNode, scope: StaticScope): Execute {
  const at = scope.template.offsetOf(node);
  const name = simpleName(node.path, scope);
  if (name !== undefined && blocks.has(name) && hasArguments(node)) {
    throw new TemplateFault(`${name} is a block: {{#${name} …}}`, at);
  }
  const isCall = hasArguments(node) || (name !== undefined && helpers.has(name));
  if (!isCall) {
    const evaluate = compilePresent(pathOf(node.path), scope);
    return (run, outer) => run.print(evaluate(run, outer), at);
  }
  const evaluate = compileCall(node, scope);
  const fail = missing({ ...node, type: "SubExpression" }, scope);
  return (run, outer) => {
    const value = evaluate(run, outer);
    run.print(value === undefined ? fail() : value, at);
  };
}

function compileBlock(node: BlockNode, scope: StaticScope): Execute {
  const { template } = scope;
  const at = template.offsetOf(node);
  if (node.openStrip.open === undefined) {
    const hint = "Write a backslash before {{ to print it.";
    throw new TemplateFault("raw blocks are not supported", at, { hint });
  }
  const name = simpleName(node.path, scope);
  const compile = name === undefined ? undefined : blocks.get(name);
  if (compile === undefined && (hasArguments(node) || (name !== undefined && helpers.has(name)))) {
    const hint = `There are ${[...blocks.keys()].join(", ")}, and sections that begin with a path.`;
    throw new TemplateFault(`there is no block ${template.textOf(node.path)}`, template.offsetOf(node.path), { hint });
  }
  const within = (program: ProgramNode | undefined, names?: readonly string[]): Execute | undefined => {
    if (program === undefined) return undefined;
    const bindings: BindingNames | undefined = names === undefined ? scope.names : { names, outer: scope.names };
    return compileProgram(program, { ...deepen(scope, at), names: bindings });
  };
  return (compile ?? compileSection)(node, scope, within);
}

function hasArguments({ params, hash }: MustacheNode | BlockNode): boolean {
  return params.length > 0 || hash !== undefined;
}

function refuse(node: RefusedNode, { template }: StaticScope): never {
  const isPartial = node.type === "PartialStatement" || node.type === "PartialBlockStatement";
  const what = isPartial ? "partials are not supported" : "decorators and inline partials are not supported";
  throw new TemplateFault(what, template.offsetOf(node));
}

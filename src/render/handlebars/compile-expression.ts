/** Expressions: paths, literals and calls of helpers, compiled to closures. */
import { chargeArgument, MarkedText } from "../../go-template/index.ts";
import { type Helper, helpers, type Parameter } from "./helper-table.ts";
import type { ParsedTemplate } from "./parse-template.ts";
import type { Run } from "./run.ts";
import type { BindingNames, Evaluate, Loop, Scope } from "./scope.ts";
import type { CallNode, ExpressionNode, LiteralNode, NumberNode, PathNode } from "./syntax.ts";
import { TemplateFault } from "./template-fault.ts";
import { describeKind, type HandlebarsValue, isCollection, memberOf } from "./value.ts";

/** What the text around an expression says of it. */
export interface StaticScope {
  readonly template: ParsedTemplate;
  readonly names: BindingNames | undefined;
  /** Blocks and calls around it; each `else if` is one more. */
  readonly depth: number;
}

const depthMax = 200;

/** The scope within one more block or call. */
export function deepen(scope: StaticScope, at: number): StaticScope {
  if (scope.depth >= depthMax) throw new TemplateFault(`nested more than ${depthMax} deep`, at);
  return { ...scope, depth: scope.depth + 1 };
}

/** Evaluates to `undefined` where the last key of a path is missing; of all others missing ones are errors. */
export function compileExpression(node: ExpressionNode, scope: StaticScope): Evaluate {
  if (node.type === "PathExpression") return compilePath(node, scope);
  if (node.type === "SubExpression") return compileCall(node, scope);
  const value = literalValue(node, scope.template);
  return () => value;
}

/** The same, but that what is missing is an error. */
export function compilePresent(node: ExpressionNode, scope: StaticScope): Evaluate {
  const evaluate = compileExpression(node, scope);
  const fail = missing(node, scope);
  return (run, outer) => {
    const value = evaluate(run, outer);
    return value === undefined ? fail() : value;
  };
}

/** How to say that an expression has no value. */
export function missing(node: ExpressionNode, { template }: StaticScope): () => never {
  const at = template.offsetOf(node);
  const shown = template.textOf(node);
  const key = node.type === "PathExpression" ? node.parts.at(-1) : undefined;
  const what = key === undefined ? "there is no such key" : `there is no key ${JSON.stringify(key)}`;
  return () => {
    throw new TemplateFault(`<${shown}>: ${what}`, at);
  };
}

/** `{{name}}` and `{{#name}}`: a helper's name or a key's; anything else is a path. */
export function simpleName(path: CallNode["path"], { names }: StaticScope): string | undefined {
  if (path.type === "SubExpression") return undefined;
  if (path.type !== "PathExpression") return String(path.original);
  const isSimple = path.parts.length === 1 && path.depth === 0 && !path.data && !isScoped(path);
  return isSimple && findBinding(names, path.parts[0]!) === undefined ? path.parts[0] : undefined;
}

/** A literal in a path's place is the key of that name, as in Handlebars. */
export function pathOf(node: CallNode["path"]): ExpressionNode {
  if (node.type === "PathExpression" || node.type === "SubExpression") return node;
  const original = String(node.original);
  return { type: "PathExpression", data: false, depth: 0, parts: [original], original, loc: node.loc };
}

function literalValue(node: LiteralNode, template: ParsedTemplate): HandlebarsValue {
  if (node.type === "UndefinedLiteral") return undefined;
  return node.type === "NumberLiteral" ? numberValue(node, template) : node.value;
}

/** Integers are exact, however long. */
function numberValue(node: NumberNode, template: ParsedTemplate): bigint | number {
  if (Number.isSafeInteger(node.value)) return BigInt(node.value);
  const digits = template.textOf(node);
  return /^-?[0-9]+$/.test(digits) ? BigInt(digits) : node.value;
}

function isScoped({ original }: PathNode): boolean {
  return /^(?:\.|this(?:$|[./]))/.test(original);
}

interface FoundBinding {
  /** How many blocks further out. */
  readonly hops: number;
  readonly index: number;
}

function findBinding(names: BindingNames | undefined, name: string): FoundBinding | undefined {
  let hops = 0;
  for (let level = names; level !== undefined; level = level.outer) {
    const index = level.names.indexOf(name);
    if (index >= 0) return { hops, index };
    hops++;
  }
  return undefined;
}

function compilePath(path: PathNode, scope: StaticScope): Evaluate {
  const at = scope.template.offsetOf(path);
  const shown = scope.template.textOf(path);
  const { start, keys } = compileStart(path, scope);
  if (keys.length === 0) return start;
  const last = keys.length - 1;
  return (run, outer) => {
    let value = start(run, outer);
    for (let index = 0; index <= last; index++) {
      const key = keys[index]!;
      if (!isCollection(value)) {
        const what = value === undefined ? "there is nothing" : `${describeKind(value)} has no keys`;
        throw new TemplateFault(`<${shown}>: ${what} where ${JSON.stringify(key)} is looked for`, at);
      }
      value = memberOf(value, key);
      if (value === undefined && index < last) {
        throw new TemplateFault(`<${shown}>: there is no key ${JSON.stringify(key)}`, at);
      }
    }
    return value;
  };
}

/** Where a path begins, and the keys that it follows from there. */
function compileStart(path: PathNode, { template, names }: StaticScope): { start: Evaluate; keys: readonly string[] } {
  const { parts, depth } = path;
  const at = template.offsetOf(path);
  if (path.data) return { start: compileData(path, at), keys: parts.slice(1) };
  const binding = depth === 0 && !isScoped(path) && parts.length > 0 ? findBinding(names, parts[0]!) : undefined;
  if (binding !== undefined) {
    const { hops, index } = binding;
    const start: Evaluate = (_, { bindings }) => {
      let level = bindings;
      for (let hop = 0; hop < hops; hop++) level = level?.outer;
      return level?.values[index];
    };
    return { start, keys: parts.slice(1) };
  }
  const shown = template.textOf(path);
  const start: Evaluate = (_, scope) => {
    let context: Scope | undefined = scope;
    for (let level = 0; level < depth; level++) context = context?.outer;
    if (context === undefined) throw new TemplateFault(`<${shown}>: there is no context that far out`, at);
    return context.value;
  };
  return { start, keys: parts };
}

const loopNames = new Map<string, (loop: Loop) => HandlebarsValue>([
  ["key", (loop) => loop.key],
  ["index", (loop) => loop.index],
  ["first", (loop) => loop.first],
  ["last", (loop) => loop.last],
]);

function compileData({ parts: [name = ""], depth }: PathNode, at: number): Evaluate {
  if (name === "root") return (run) => run.root;
  const read = loopNames.get(name);
  if (read === undefined) {
    const hint = "There are @root, and in loops @key, @index, @first and @last.";
    throw new TemplateFault(`there is no @${name}`, at, { hint });
  }
  return (_, scope) => {
    let { loop } = scope;
    for (let level = 0; level < depth; level++) loop = loop?.outer;
    if (loop === undefined)
      throw new TemplateFault(`@${name} stands in no loop${depth > 0 ? " that far out" : ""}`, at);
    return read(loop);
  };
}

/** A call of a helper, which may turn out to be none. */
export function compileCall(node: CallNode, scope: StaticScope): Evaluate {
  const at = scope.template.offsetOf(node);
  const name = simpleName(node.path, scope);
  const helper = name === undefined ? undefined : helpers.get(name);
  if (name === undefined || helper === undefined) {
    const shown = scope.template.textOf(node.path);
    const hint =
      shown === "."
        ? "Paths begin without a dot: CloudEvent.subject."
        : `There are ${[...helpers.keys()].join(", ")}, and the blocks if, unless, each and with.`;
    throw new TemplateFault(`there is no helper ${shown}`, scope.template.offsetOf(node.path), { hint });
  }
  checkArguments(name, helper, node, scope);
  const inner = deepen(scope, at);
  const evaluates = helper.params.map((parameter, index) =>
    compileArgument(name, parameter, node.params[index]!, inner),
  );
  const call = helper.call as unknown as (run: Run, ...args: HandlebarsValue[]) => HandlebarsValue;
  const site = { name, at };
  // How deep a text is indented must be the template's word, not its data's.
  const leads = node.params[0]?.type === "NumberLiteral" ? helper.leads : undefined;
  return (run, outer) => {
    let marked: MarkedText | undefined;
    const args: HandlebarsValue[] = [];
    for (const evaluate of evaluates) {
      const value = evaluate(run, outer);
      if (value instanceof MarkedText) marked = value;
      args.push(readArgument(run, value));
    }
    run.call = site;
    const result = call(run, ...args);
    if (typeof result === "string") run.chargeBytes(result.length);
    if (result instanceof MarkedText) run.chargeBytes(result.text.length);
    if (helper.keepsSerialized !== true || typeof result !== "string") return result;
    const lead = leads === undefined ? "" : leads(marked?.lead ?? "", args[0] as unknown as number);
    return marked?.value === undefined && lead === "" ? result : new MarkedText(result, marked?.value, lead);
  };
}

function readArgument(run: Run, value: HandlebarsValue): HandlebarsValue {
  const plain = value instanceof MarkedText ? value.text : value;
  chargeArgument(run, plain, "size");
  return plain;
}

function checkArguments(name: string, { params }: Helper, node: CallNode, { template }: StaticScope): void {
  const at = template.offsetOf(node.path);
  const pair = node.hash?.pairs[0];
  if (pair !== undefined) throw new TemplateFault(`${name} has no argument ${pair.key}=`, template.offsetOf(pair));
  if (node.params.length !== params.length) {
    const hint = `A key of that name is this.${name}.`;
    throw new TemplateFault(`${name} takes ${params.length} arguments, not ${node.params.length}`, at, { hint });
  }
  const value = node.params[1];
  if (name === "default" && value !== undefined && value.type.endsWith("Literal")) {
    throw new TemplateFault("default takes the fallback first, then the value", template.offsetOf(value));
  }
}

function compileArgument(name: string, parameter: Parameter, node: ExpressionNode, scope: StaticScope): Evaluate {
  if (parameter === "maybe") return compileExpression(node, scope);
  const evaluate = compilePresent(node, scope);
  if (parameter === "any") return evaluate;
  const at = scope.template.offsetOf(node);
  const shown = scope.template.textOf(node);
  const [convert, wanted] =
    parameter === "text" ? ([asText, "a string"] as const) : ([asCount, "a whole number"] as const);
  return (run, outer) => {
    const value = evaluate(run, outer);
    const converted = convert(value);
    if (converted !== undefined) return converted;
    throw new TemplateFault(`<${shown}>: ${name} takes ${wanted} here, not ${describeKind(value)}`, at);
  };
}

function asText(value: HandlebarsValue): HandlebarsValue {
  return typeof value === "string" || value instanceof MarkedText ? value : undefined;
}

function asCount(value: HandlebarsValue): number | undefined {
  if (typeof value !== "bigint" && typeof value !== "number") return undefined;
  const count = Number(value);
  return Number.isSafeInteger(count) ? count : undefined;
}

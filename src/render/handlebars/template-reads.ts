/**
 * What of its data a Handlebars template's text refers to, found without executing it: the chains of keys behind the root.
 *
 * `each`, `with` and sections give another context; what that holds came out of a path that has been looked at, and counts
 * as read whole.
 */
import type { FieldChain, TemplateReads } from "../../model/template.ts";
import type { BlockNode, CallNode, ExpressionNode, PathNode, ProgramNode, StatementNode } from "./syntax.ts";

/** A context around a place. Within a section it can be the one outside, or a new one: its value decides. */
interface Context {
  readonly mayBeRoot: boolean;
  readonly isRoot: boolean;
}

/** What surrounds a place: contexts, the innermost first, and the names of block parameters. */
interface Place {
  readonly contexts: readonly Context[];
  readonly names: ReadonlySet<string>;
}

const root: Context = { mayBeRoot: true, isRoot: true };
const other: Context = { mayBeRoot: false, isRoot: false };
const conditions = new Set(["if", "unless"]);
const loops = new Set(["each", "with"]);
/** Keys that lists have, too: what they name depends on the whole list. */
const listKey = /^(?:[0-9]+|length)$/;

export function findReads(program: ProgramNode): TemplateReads {
  const finder = new ReadsFinder();
  finder.walkProgram(program, { contexts: [root], names: new Set() });
  return { chains: [...finder.chains.values()], roots: finder.roots };
}

class ReadsFinder {
  readonly chains = new Map<string, FieldChain>();
  readonly roots = new Set<string>();

  walkProgram({ body, blockParams = [] }: ProgramNode, { contexts, names }: Place): void {
    const inner = { contexts, names: blockParams.length === 0 ? names : new Set([...names, ...blockParams]) };
    for (const statement of body) this.#walkStatement(statement, inner);
  }

  #walkStatement(node: StatementNode, place: Place): void {
    if (node.type === "MustacheStatement") this.#walkCall(node, place);
    else if (node.type === "BlockStatement") this.#walkBlock(node, place);
  }

  #walkBlock(node: BlockNode, place: Place): void {
    this.#walkCall(node, place);
    if (node.program !== undefined) this.walkProgram(node.program, withinBlock(node, place));
    if (node.inverse !== undefined) this.walkProgram(node.inverse, place);
  }

  /** Names of helpers and blocks are looked at only where they could be keys. */
  #walkCall({ path, params, hash }: CallNode, place: Place): void {
    if (params.length === 0 && hash === undefined) {
      if (path.type === "PathExpression" || path.type === "SubExpression") this.#walkExpression(path, place);
      else this.#note([String(path.original)], place.contexts[0]!);
    }
    for (const param of params) this.#walkExpression(param, place);
    for (const { value } of hash?.pairs ?? []) this.#walkExpression(value, place);
  }

  #walkExpression(node: ExpressionNode, place: Place): void {
    if (node.type === "SubExpression") this.#walkCall(node, place);
    else if (node.type === "PathExpression") this.#walkPath(node, place);
  }

  #walkPath({ data, depth, parts, original }: PathNode, { contexts, names }: Place): void {
    if (data) {
      if (parts[0] === "root") this.#note(parts.slice(1), root);
      return;
    }
    const isParameter = depth === 0 && !/^(?:\.|this(?:$|[./]))/.test(original) && names.has(parts[0] ?? "");
    if (!isParameter) this.#note(parts, contexts[depth] ?? other);
  }

  #note(parts: readonly string[], { mayBeRoot, isRoot }: Context): void {
    if (!mayBeRoot) return;
    const end = parts.findIndex((part) => listKey.test(part));
    const chain = end < 0 ? parts : parts.slice(0, end);
    this.chains.set(JSON.stringify(chain), chain);
    if (isRoot && chain.length > 0) this.roots.add(chain[0]!);
  }
}

function withinBlock({ path, params }: BlockNode, place: Place): Place {
  const name = path.type === "PathExpression" && params.length > 0 ? path.original : "";
  if (conditions.has(name)) return place;
  const { contexts, names } = place;
  const entered = [other, ...contexts];
  if (loops.has(name)) return { contexts: entered, names };
  // A section over `true` has the context around it, over anything else one of its own.
  const either = contexts.map(({ mayBeRoot, isRoot }, depth) => ({
    mayBeRoot: mayBeRoot || entered[depth]!.mayBeRoot,
    isRoot: isRoot && entered[depth]!.isRoot,
  }));
  return { contexts: [...either, { mayBeRoot: entered.at(-1)!.mayBeRoot, isRoot: false }], names };
}

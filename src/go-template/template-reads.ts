/**
 * What of its data a template's text refers to, found without executing it: the chains of fields behind the root.
 *
 * The dot is the root until `with` or `range` gives another, `$` is the root of the template that is invoked. What these and
 * variables hold came out of an expression that has been looked at, and counts as read whole.
 */
import type { ArgumentNode, CommandNode, ListNode, PipeNode, StatementNode, TemplateCallNode } from "./nodes.ts";

/** The names of fields behind a template's root: `.a.b` is ["a", "b"]; empty for the root itself. */
export type FieldChain = readonly string[];

export interface TemplateReads {
  /** Whatever an execution reads is at one of these, or within. */
  readonly chains: readonly FieldChain[];
  /** The names that are looked for at the root. */
  readonly roots: ReadonlySet<string>;
}

/** Whether the dot and `$` are the root of the data. */
interface Place {
  readonly isDotRoot: boolean;
  readonly isDollarRoot: boolean;
}

/** Of the template `name`; templates that are defined but never invoked read nothing. */
export function findReads(name: string, trees: ReadonlyMap<string, ListNode>): TemplateReads {
  const finder = new ReadsFinder(trees);
  finder.walkTemplate(name, true);
  const chains = [...finder.chains.values()];
  return { chains, roots: new Set(chains.flatMap(([root]) => root ?? [])) };
}

class ReadsFinder {
  readonly chains = new Map<string, FieldChain>();
  private readonly trees: ReadonlyMap<string, ListNode>;
  private readonly walked = new Set<string>();

  constructor(trees: ReadonlyMap<string, ListNode>) {
    this.trees = trees;
  }

  walkTemplate(name: string, hasRoot: boolean): void {
    const tree = this.trees.get(name);
    const key = `${hasRoot} ${name}`;
    if (tree === undefined || this.walked.has(key)) return;
    this.walked.add(key);
    this.walkList(tree, { isDotRoot: hasRoot, isDollarRoot: hasRoot });
  }

  private walkList({ nodes }: ListNode, place: Place): void {
    for (const node of nodes) this.walkStatement(node, place);
  }

  private walkStatement(node: StatementNode, place: Place): void {
    switch (node.type) {
      case "action":
        this.walkPipe(node.pipe, place);
        return;
      case "if":
      case "with":
      case "range":
        this.walkPipe(node.pipe, place);
        this.walkList(node.list, node.type === "if" ? place : { ...place, isDotRoot: false });
        if (node.elseList !== undefined) this.walkList(node.elseList, place);
        return;
      case "template":
        this.walkCall(node, place);
    }
  }

  private walkCall({ name, pipe }: TemplateCallNode, place: Place): void {
    const isRoot = pipe !== undefined && chainOf(pipe, place)?.length === 0;
    if (pipe !== undefined && !isRoot) this.walkPipe(pipe, place);
    this.walkTemplate(name, isRoot);
  }

  private walkPipe({ commands }: PipeNode, place: Place): void {
    for (const command of commands) this.walkCommand(command, place);
  }

  private walkCommand({ args }: CommandNode, place: Place): void {
    for (const arg of args) this.walkArgument(arg, place);
  }

  private walkArgument(node: ArgumentNode, place: Place): void {
    const chain = chainOf(node, place);
    if (chain !== undefined) this.chains.set(JSON.stringify(chain), chain);
    else if (node.type === "pipe") this.walkPipe(node, place);
    else if (node.type === "chain") this.walkArgument(node.node, place);
  }
}

/** The chain behind the root that an expression is, where it is nothing but that. */
function chainOf(node: ArgumentNode, place: Place): FieldChain | undefined {
  switch (node.type) {
    case "dot":
      return place.isDotRoot ? [] : undefined;
    case "field":
      return place.isDotRoot ? node.names : undefined;
    case "variable":
      return place.isDollarRoot && node.name === "$" ? node.fields : undefined;
    case "chain": {
      const inner = chainOf(node.node, place);
      return inner === undefined ? undefined : [...inner, ...node.fields];
    }
    case "pipe": {
      const [command, ...further] = node.commands;
      const isOnlyOperand = further.length === 0 && command?.args.length === 1 && node.declarations.length === 0;
      return isOnlyOperand ? chainOf(command.args[0]!, place) : undefined;
    }
  }
  return undefined;
}

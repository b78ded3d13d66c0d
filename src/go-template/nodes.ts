/** The parse tree of a template: what Go's text/template/parse builds, and the text of a node for error messages. */

export interface TextNode {
  readonly type: "text";
  readonly at: number;
  readonly text: string;
}

export interface ActionNode {
  readonly type: "action";
  readonly at: number;
  readonly pipe: PipeNode;
}

/** if and with: the same but for the dot. */
export interface BranchNode {
  readonly type: "if" | "with";
  readonly at: number;
  readonly pipe: PipeNode;
  readonly list: ListNode;
  readonly elseList?: ListNode;
}

export interface RangeNode {
  readonly type: "range";
  readonly at: number;
  readonly pipe: PipeNode;
  readonly list: ListNode;
  readonly elseList?: ListNode;
}

export interface JumpNode {
  readonly type: "break" | "continue";
  readonly at: number;
}

export interface TemplateCallNode {
  readonly type: "template";
  readonly at: number;
  readonly name: string;
  readonly pipe?: PipeNode;
}

export interface ListNode {
  readonly type: "list";
  readonly at: number;
  readonly nodes: StatementNode[];
}

export type StatementNode = TextNode | ActionNode | BranchNode | RangeNode | JumpNode | TemplateCallNode;

/** `$a, $b := command | command`. */
export interface PipeNode {
  readonly type: "pipe";
  readonly at: number;
  isAssign: boolean;
  readonly declarations: VariableNode[];
  readonly commands: CommandNode[];
}

export interface CommandNode {
  readonly type: "command";
  readonly at: number;
  readonly args: ArgumentNode[];
}

export interface IdentifierNode {
  readonly type: "identifier";
  readonly at: number;
  readonly name: string;
}

/** `.a.b` */
export interface FieldNode {
  readonly type: "field";
  readonly at: number;
  readonly names: readonly string[];
}

/** `$x.a.b`: the variable with its dollar sign, and the fields behind it. */
export interface VariableNode {
  readonly type: "variable";
  readonly at: number;
  readonly name: string;
  readonly fields: readonly string[];
}

/** `(pipe).a.b` or `function.a.b` */
export interface ChainNode {
  readonly type: "chain";
  readonly at: number;
  readonly node: ArgumentNode;
  readonly fields: readonly string[];
}

export interface DotNode {
  readonly type: "dot";
  readonly at: number;
}

export interface NilNode {
  readonly type: "nil";
  readonly at: number;
}

export interface BoolNode {
  readonly type: "bool";
  readonly at: number;
  readonly value: boolean;
}

export interface StringNode {
  readonly type: "string";
  readonly at: number;
  readonly quoted: string;
  readonly text: string;
}

/** A constant with its value under every type that can hold it, as Go's untyped constants have. */
export interface NumberNode {
  readonly type: "number";
  readonly at: number;
  readonly text: string;
  readonly int?: bigint;
  readonly uint?: bigint;
  readonly float?: number;
  readonly complex?: { readonly real: number; readonly imaginary: number };
}

export type ArgumentNode =
  | PipeNode
  | IdentifierNode
  | FieldNode
  | VariableNode
  | ChainNode
  | DotNode
  | NilNode
  | BoolNode
  | StringNode
  | NumberNode;

/** A node that an error message can name. */
export type NamedNode = ArgumentNode | CommandNode | StatementNode;

/** A node as Go writes it in `at <...>`. */
export function nodeText(node: NamedNode): string {
  switch (node.type) {
    case "pipe":
      return pipeText(node);
    case "command":
      return node.args.map(argumentText).join(" ");
    case "identifier":
      return node.name;
    case "field":
      return node.names.map((name) => `.${name}`).join("");
    case "variable":
      return [node.name, ...node.fields].join(".");
    case "chain":
      return [argumentText(node.node), ...node.fields].join(".");
    case "dot":
      return ".";
    case "nil":
      return "nil";
    case "bool":
      return String(node.value);
    case "string":
      return node.quoted;
    case "number":
      return node.text;
    case "text":
      return node.text;
    case "action":
      return `{{${pipeText(node.pipe)}}}`;
    case "template":
      return `{{template ${JSON.stringify(node.name)}${node.pipe === undefined ? "" : ` ${pipeText(node.pipe)}`}}}`;
    case "break":
    case "continue":
      return `{{${node.type}}}`;
    default:
      return `{{${node.type} ${pipeText(node.pipe)}}}`;
  }
}

function argumentText(node: ArgumentNode): string {
  return node.type === "pipe" ? `(${pipeText(node)})` : nodeText(node);
}

function pipeText({ declarations, isAssign, commands }: PipeNode): string {
  const names = declarations.map(nodeText).join(", ");
  const text = commands.map(nodeText).join(" | ");
  return names === "" ? text : `${names} ${isAssign ? "=" : ":="} ${text}`;
}

/**
 * From tokens to parse trees, accepting exactly what Go's text/template/parse accepts.
 *
 * The structure is Go's: one token of look-ahead mostly, three where a variable may turn out to be a declaration. The
 * first error ends it.
 */
import { type NumberOrFailure, parseCharConstant, parseComplexConstant, parseNumberConstant } from "./constants.ts";
import { Lexer, type Token, type TokenType } from "./lexer.ts";
import type {
  ArgumentNode,
  CommandNode,
  ListNode,
  NumberNode,
  PipeNode,
  StatementNode,
  StringNode,
  VariableNode,
} from "./nodes.ts";
import { nodeText } from "./nodes.ts";
import { resolveEscapes, unquote } from "./quote.ts";

export interface ParseOptions {
  /** The name of the main template. */
  readonly name: string;
  readonly hasFunction: (name: string) => boolean;
  /** Takes a literal of several characters in single quotes as a string, which Go refuses. */
  readonly singleQuotedStrings: boolean;
}

export interface ParsedTemplates {
  /** All templates by name, the main one among them. */
  readonly trees: ReadonlyMap<string, ListNode>;
  /** Offsets of string literals in single quotes. */
  readonly singleQuoted: readonly number[];
}

/** What is wrong with a template's text, and at which offset. */
export class TemplateSyntaxError extends Error {
  readonly at: number;

  constructor(message: string, at: number) {
    super(message);
    this.name = "TemplateSyntaxError";
    this.at = at;
  }
}

/** Parenthesis in parenthesis, and block in block: deeper ones would exhaust the stack. */
const nestingMax = 500;

/** Parses a template and those that it defines, throwing {@link TemplateSyntaxError}. */
export function parseTemplates(text: string, options: ParseOptions): ParsedTemplates {
  return new Parser(text, options).parseAll();
}

/** A list ends at {{end}} or {{else}}; of the latter, `token` is the one behind the word. */
interface ListEnd {
  readonly word: "end" | "else";
  readonly token: Token;
}

/** What is known of a template while it is parsed: a definition has variables and loops of its own. */
interface Scope {
  variables: string[];
  loops: number;
}

type Control = "if" | "with" | "range";

class Parser {
  private readonly lexer: Lexer;
  private readonly options: ParseOptions;
  private readonly trees = new Map<string, ListNode>();
  private readonly singleQuoted: number[] = [];
  /** Tokens that were read and put back; the last one is the next. */
  private readonly pending: Token[] = [];
  private last: Token = { type: "end of text", at: 0, value: "" };
  private scope: Scope = { variables: ["$"], loops: 0 };
  private nesting = 0;

  constructor(text: string, options: ParseOptions) {
    this.lexer = new Lexer(text);
    this.options = options;
  }

  parseAll(): ParsedTemplates {
    const root: ListNode = { type: "list", at: 0, nodes: [] };
    while (this.peek().type !== "end of text") {
      if (this.peek().type === "left delimiter") {
        const delimiter = this.next();
        const word = this.nextNonSpace();
        if (word.type === "define") {
          this.parseDefinition();
          continue;
        }
        this.putBack(word);
        this.putBack(delimiter);
      }
      const node = this.parseStatement();
      if ("word" in node) this.fail(`unexpected {{${node.word}}}`);
      root.nodes.push(node);
    }
    this.add(this.options.name, root);
    return { trees: this.trees, singleQuoted: this.singleQuoted };
  }

  private next(): Token {
    this.last = this.pending.pop() ?? this.lexer.next();
    return this.last;
  }

  private putBack(token: Token): void {
    this.pending.push(token);
  }

  private peek(): Token {
    const token = this.next();
    this.putBack(token);
    return token;
  }

  private nextNonSpace(): Token {
    for (;;) {
      const token = this.next();
      if (token.type !== "space") return token;
    }
  }

  private peekNonSpace(): Token {
    const token = this.nextNonSpace();
    this.putBack(token);
    return token;
  }

  private fail(message: string, at = this.last.at): never {
    throw new TemplateSyntaxError(message, at);
  }

  private unexpected(token: Token, context: string): never {
    if (token.type === "error") this.fail(token.value, token.at);
    const text = token.type === "end of text" ? "EOF" : shownToken(token);
    this.fail(`unexpected ${text} in ${context}`, token.at);
  }

  private expect(type: TokenType, context: string): Token {
    const token = this.nextNonSpace();
    if (token.type !== type) this.unexpected(token, context);
    return token;
  }

  /** A blank body does not replace another, and any other body may replace only a blank one. */
  private add(name: string, list: ListNode): void {
    const known = this.trees.get(name);
    if (known === undefined || isBlankList(known)) this.trees.set(name, list);
    else if (!isBlankList(list)) this.fail(`template: multiple definition of template ${JSON.stringify(name)}`);
  }

  private parseDefinition(): void {
    const context = "define clause";
    const name = this.nextNonSpace();
    if (name.type !== "string" && name.type !== "raw string") this.unexpected(name, context);
    const text = this.unquote(name);
    this.expect("right delimiter", context);
    this.parseBody(text, context);
  }

  /** The list of a definition or block up to its {{end}}. */
  private parseBody(name: string, context: string): void {
    const outer = this.scope;
    this.scope = { variables: ["$"], loops: 0 };
    const [list, end] = this.parseList();
    if (end.word !== "end") this.fail(`unexpected {{else}} in ${context}`);
    this.add(name, list);
    this.scope = outer;
  }

  private parseList(): [list: ListNode, end: ListEnd] {
    if (++this.nesting > nestingMax) this.fail(`nested more than ${nestingMax} levels deep`);
    const list: ListNode = { type: "list", at: this.peekNonSpace().at, nodes: [] };
    while (this.peekNonSpace().type !== "end of text") {
      const node = this.parseStatement();
      if ("word" in node) {
        this.nesting--;
        return [list, node];
      }
      list.nodes.push(node);
    }
    return this.fail("unexpected EOF");
  }

  private parseStatement(): StatementNode | ListEnd {
    const token = this.nextNonSpace();
    if (token.type === "text") return { type: "text", at: token.at, text: token.value };
    if (token.type === "left delimiter") return this.parseAction();
    return this.unexpected(token, "input");
  }

  private parseAction(): StatementNode | ListEnd {
    const token = this.nextNonSpace();
    switch (token.type) {
      case "block":
        return this.parseBlock();
      case "break":
      case "continue":
        return this.parseJump(token.type, token.at);
      case "else":
        return this.parseElse();
      case "end":
        return { word: "end", token: this.expect("right delimiter", "end") };
      case "if":
      case "with":
      case "range":
        return this.parseControl(token.type);
      case "template":
        return this.parseTemplateCall();
    }
    this.putBack(token);
    const { at } = token;
    return { type: "action", at, pipe: this.parsePipeline("command", "right delimiter") };
  }

  private parseJump(type: "break" | "continue", at: number): StatementNode {
    const token = this.nextNonSpace();
    if (token.type !== "right delimiter") this.unexpected(token, `{{${type}}}`);
    if (this.scope.loops === 0) this.fail(`{{${type}}} outside {{range}}`);
    return { type, at };
  }

  /** {{else if}} and {{else with}} leave the second word for the control that they belong to. */
  private parseElse(): ListEnd {
    const token = this.peekNonSpace();
    if (token.type === "if" || token.type === "with") return { word: "else", token };
    return { word: "else", token: this.expect("right delimiter", "else") };
  }

  private parseControl(type: Control): StatementNode {
    const variables = this.scope.variables.length;
    const pipe = this.parsePipeline(type, "right delimiter");
    if (type === "range") this.scope.loops++;
    const [list, end] = this.parseList();
    if (type === "range") this.scope.loops--;
    const elseList = end.word === "else" ? this.parseElseList(type, end.token) : undefined;
    this.scope.variables.length = variables;
    return { type, at: pipe.at, pipe, list, ...(elseList !== undefined && { elseList }) };
  }

  private parseElseList(type: Control, token: Token): ListNode {
    if (type !== "range" && this.peek().type === type) {
      this.next();
      // The {{end}} of the inner control ends the outer one too.
      if (++this.nesting > nestingMax) this.fail(`nested more than ${nestingMax} levels deep`);
      const inner = this.parseControl(type);
      this.nesting--;
      return { type: "list", at: token.at, nodes: [inner] };
    }
    const [list, end] = this.parseList();
    if (end.word !== "end") this.fail("expected end; found {{else}}");
    return list;
  }

  private parseBlock(): StatementNode {
    const context = "block clause";
    const token = this.nextNonSpace();
    const name = this.parseTemplateName(token, context);
    const pipe = this.parsePipeline(context, "right delimiter");
    this.parseBody(name, context);
    return { type: "template", at: token.at, name, pipe };
  }

  private parseTemplateCall(): StatementNode {
    const context = "template clause";
    const token = this.nextNonSpace();
    const name = this.parseTemplateName(token, context);
    const next = this.nextNonSpace();
    if (next.type === "right delimiter") return { type: "template", at: token.at, name };
    this.putBack(next);
    return { type: "template", at: token.at, name, pipe: this.parsePipeline(context, "right delimiter") };
  }

  private parseTemplateName(token: Token, context: string): string {
    if (token.type !== "string" && token.type !== "raw string") this.unexpected(token, context);
    return this.unquote(token);
  }

  private parsePipeline(context: string, end: TokenType): PipeNode {
    const pipe: PipeNode = {
      type: "pipe",
      at: this.peekNonSpace().at,
      isAssign: false,
      declarations: [],
      commands: [],
    };
    this.parseDeclarations(pipe, context);
    for (;;) {
      const token = this.nextNonSpace();
      if (token.type === end) break;
      if (!operandStarts.has(token.type)) this.unexpected(token, context);
      this.putBack(token);
      pipe.commands.push(this.parseCommand());
    }
    if (pipe.commands.length === 0) this.fail(`missing value for ${context}`);
    for (const [index, { args }] of pipe.commands.entries()) {
      if (index > 0 && constants.has(args[0]!.type)) {
        this.fail(`non executable command in pipeline stage ${index + 1}`, args[0]!.at);
      }
    }
    return pipe;
  }

  /** `$x :=`, `$x =` or, in a range, `$i, $x :=`. */
  private parseDeclarations(pipe: PipeNode, context: string): void {
    for (;;) {
      const variable = this.peekNonSpace();
      if (variable.type !== "variable") return;
      this.next();
      // A blank is a token, so three must be put back where `$x foo` turns out to be an argument.
      const behind = this.peek();
      const next = this.peekNonSpace();
      const isComma = next.type === "char" && next.value === ",";
      if (next.type !== "assign" && next.type !== "declare" && !isComma) {
        if (behind.type === "space") this.putBack(behind);
        this.putBack(variable);
        return;
      }
      this.nextNonSpace();
      if (!isComma) pipe.isAssign = next.type === "assign";
      pipe.declarations.push(variableNode(variable.at, variable.value));
      this.scope.variables.push(variable.value);
      if (!isComma) return;
      if (context !== "range" || pipe.declarations.length >= 2) this.fail(`too many declarations in ${context}`);
      const { type } = this.peekNonSpace();
      if (type !== "variable" && type !== "right delimiter" && type !== "right paren") {
        this.fail("range can only initialize variables");
      }
    }
  }

  private parseCommand(): CommandNode {
    const command: CommandNode = { type: "command", at: this.peekNonSpace().at, args: [] };
    for (;;) {
      this.peekNonSpace(); // skips blanks
      const operand = this.parseOperand();
      if (operand !== undefined) command.args.push(operand);
      const token = this.next();
      if (token.type === "space") continue;
      if (token.type === "right delimiter" || token.type === "right paren") this.putBack(token);
      else if (token.type !== "pipe") this.unexpected(token, "operand");
      break;
    }
    if (command.args.length === 0) this.fail("empty command");
    return command;
  }

  /** A term and the fields behind it. */
  private parseOperand(): ArgumentNode | undefined {
    const node = this.parseTerm();
    if (node === undefined || this.peek().type !== "field") return node;
    const { at } = this.peek();
    const fields: string[] = [];
    while (this.peek().type === "field") fields.push(this.next().value.slice(1));
    if (node.type === "field") return { type: "field", at, names: [...node.names, ...fields] };
    if (node.type === "variable") return { ...node, at, fields: [...node.fields, ...fields] };
    if (constants.has(node.type)) this.fail(`unexpected . after term ${JSON.stringify(nodeText(node))}`, at);
    return { type: "chain", at, node, fields };
  }

  private parseTerm(): ArgumentNode | undefined {
    const token = this.nextNonSpace();
    const { at, value } = token;
    switch (token.type) {
      case "identifier":
        if (!this.options.hasFunction(value)) this.fail(`function ${JSON.stringify(value)} not defined`, at);
        return { type: "identifier", at, name: value };
      case "dot":
        return { type: "dot", at };
      case "nil":
        return { type: "nil", at };
      case "variable":
        if (!this.scope.variables.includes(value)) this.fail(`undefined variable ${JSON.stringify(value)}`, at);
        return variableNode(at, value);
      case "field":
        return { type: "field", at, names: [value.slice(1)] };
      case "bool":
        return { type: "bool", at, value: value === "true" };
      case "char constant":
        return this.parseSingleQuoted(token);
      case "complex":
        return this.checked(parseComplexConstant(value, at));
      case "number":
        return this.checked(parseNumberConstant(value, at));
      case "left paren":
        return this.parseParenthesis();
      case "string":
      case "raw string":
        return { type: "string", at, quoted: value, text: this.unquote(token) };
    }
    this.putBack(token);
    return undefined;
  }

  private parseParenthesis(): PipeNode {
    if (++this.nesting > nestingMax) this.fail("max expression depth exceeded");
    const pipe = this.parsePipeline("parenthesized pipeline", "right paren");
    this.nesting--;
    return pipe;
  }

  private parseSingleQuoted({ at, value }: Token): NumberNode | StringNode {
    const number = parseCharConstant(value, at);
    if (typeof number !== "string" || !this.options.singleQuotedStrings) return this.checked(number);
    const text = resolveEscapes(value.slice(1, -1), "'");
    if (text === undefined) this.fail("invalid syntax", at);
    this.singleQuoted.push(at);
    return { type: "string", at, quoted: value, text };
  }

  private checked(number: NumberOrFailure): NumberNode {
    return typeof number === "string" ? this.fail(number) : number;
  }

  private unquote({ at, value }: Token): string {
    return unquote(value) ?? this.fail("invalid syntax", at);
  }
}

const operandStarts: ReadonlySet<TokenType> = new Set([
  "bool",
  "char constant",
  "complex",
  "dot",
  "field",
  "identifier",
  "number",
  "nil",
  "raw string",
  "string",
  "variable",
  "left paren",
]);

const constants: ReadonlySet<ArgumentNode["type"]> = new Set(["bool", "dot", "nil", "number", "string"]);

function variableNode(at: number, name: string): VariableNode {
  return { type: "variable", at, name, fields: [] };
}

function isBlankList(list: ListNode): boolean {
  return list.nodes.every((node) => node.type === "text" && /^\p{White_Space}*$/u.test(node.text));
}

const shownMax = 10;

function shownToken({ type, value }: Token): string {
  if (/^(?:block|break|continue|define|else|end|if|range|nil|template|with|dot)$/.test(type)) return `<${value}>`;
  return value.length > shownMax ? `${JSON.stringify(value.slice(0, shownMax))}...` : JSON.stringify(value);
}

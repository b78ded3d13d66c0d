/**
 * Parses Handlebars with the library's parser, and nothing else of the library: its compiler makes JavaScript of a
 * template, where here the tree is compiled to closures that reach only what was given to them.
 */
import Handlebars from "handlebars";
import { checkNesting } from "./check-nesting.ts";
import type { Position, ProgramNode } from "./syntax.ts";
import { TemplateFault } from "./template-fault.ts";

/** A template's tree, with its places as offsets (UTF-16 units) in the text. */
export interface ParsedTemplate {
  readonly program: ProgramNode;
  /** Offset of a node's first character. */
  offsetOf(node: Placed): number;
  /** A node as it was written. */
  textOf(node: Placed): string;
}

interface Placed {
  readonly loc: { readonly start: Position; readonly end: Position };
}

/** What the library's generated parser leaves behind when it fails; its types do not tell of it. */
interface LexerState {
  /** The token that does not fit, or the last one before what is no token. */
  readonly yylloc: {
    readonly first_line: number;
    readonly first_column: number;
    readonly last_line: number;
    readonly last_column: number;
  };
  readonly match: string;
}

/** Throws a {@link TemplateFault}. */
export function parseTemplate(text: string): ParsedTemplate {
  checkNesting(text);
  const toOffset = offsetsOf(text);
  const program = parse(text, toOffset);
  return {
    program,
    offsetOf: ({ loc }) => toOffset(loc.start),
    textOf: ({ loc }) => text.slice(toOffset(loc.start), toOffset(loc.end)),
  };
}

function parse(text: string, toOffset: (position: Position) => number): ProgramNode {
  try {
    return Handlebars.parse(text) as unknown as ProgramNode;
  } catch (error) {
    if (error instanceof Handlebars.Exception) {
      const at = toOffset({ line: Number(error.lineNumber ?? 1), column: Number(error.column ?? 0) });
      throw new TemplateFault(error.message.replace(/ - \d+:\d+$/, ""), at);
    }
    throw explainSyntax(error as Error, toOffset);
  }
}

/** The parser says where only in a drawing, and what it expected as the names of its tokens. */
function explainSyntax({ message }: Error, toOffset: (position: Position) => number): TemplateFault {
  const { lexer } = (Handlebars as unknown as { readonly Parser: { readonly lexer: LexerState } }).Parser;
  const { first_line, first_column, last_line, last_column } = lexer.yylloc;
  if (message.startsWith("Lexical error")) {
    return new TemplateFault("this is not closed", toOffset({ line: last_line, column: last_column }));
  }
  const at = toOffset({ line: first_line, column: first_column });
  if (message.endsWith("got 'EOF'")) return new TemplateFault("the template ends within a block or a mustache", at);
  const details = message.endsWith("Expecting 'ID', got 'NUMBER'")
    ? { hint: "An index stands in brackets: list.[0]." }
    : {};
  return new TemplateFault(`unexpected ${JSON.stringify(lexer.match)}`, at, details);
}

/** From the parser's positions to offsets; its lines end in a line feed, a carriage return, or both. */
function offsetsOf(text: string): (position: Position) => number {
  const starts = [0];
  for (const { index, 0: newline } of text.matchAll(/\r\n?|\n/g)) starts.push(index + newline.length);
  return ({ line, column }) => Math.min((starts[line - 1] ?? text.length) + column, text.length);
}

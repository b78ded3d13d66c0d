/** The parse tree of a Handlebars template, as the library's parser makes it: the parts that Sluice looks at. */

export interface Position {
  /** From 1. */
  readonly line: number;
  /** From 0, in UTF-16 units. */
  readonly column: number;
}

interface Located {
  readonly loc: { readonly start: Position; readonly end: Position };
}

/** `a.b`, `../a`, `this`, `@root.a`; `parts` are without `this`, `.`, `..` and the `@`. */
export interface PathNode extends Located {
  readonly type: "PathExpression";
  readonly data: boolean;
  readonly depth: number;
  readonly parts: readonly string[];
  readonly original: string;
}

export interface NumberNode extends Located {
  readonly type: "NumberLiteral";
  readonly value: number;
  readonly original: number;
}

export interface WordNode extends Located {
  readonly type: "StringLiteral" | "BooleanLiteral" | "NullLiteral";
  readonly value: string | boolean | null;
  readonly original: string | boolean | null;
}

export interface UndefinedNode extends Located {
  readonly type: "UndefinedLiteral";
  readonly original?: undefined;
}

export type LiteralNode = NumberNode | WordNode | UndefinedNode;

export interface HashPairNode extends Located {
  readonly key: string;
  readonly value: ExpressionNode;
}

/** What all calls have: a name or a path, arguments in order, arguments by name. */
export interface CallNode extends Located {
  readonly path: PathNode | LiteralNode | SubExpressionNode;
  readonly params: readonly ExpressionNode[];
  readonly hash?: { readonly pairs: readonly HashPairNode[] };
}

export interface SubExpressionNode extends CallNode {
  readonly type: "SubExpression";
}

export type ExpressionNode = PathNode | LiteralNode | SubExpressionNode;

export interface MustacheNode extends CallNode {
  readonly type: "MustacheStatement";
}

export interface BlockNode extends CallNode {
  readonly type: "BlockStatement";
  /** Absent of `{{^x}}` without an else. */
  readonly program?: ProgramNode;
  readonly inverse?: ProgramNode;
  /** Without `open`: a raw block, in four braces. */
  readonly openStrip: { readonly open?: boolean };
}

export interface ContentNode extends Located {
  readonly type: "ContentStatement";
  /** With the blanks that `~` and lines of their own take away already taken. */
  readonly value: string;
}

export interface CommentNode extends Located {
  readonly type: "CommentStatement";
}

/** What Sluice does not take. */
export interface RefusedNode extends Located {
  readonly type: "PartialStatement" | "PartialBlockStatement" | "Decorator" | "DecoratorBlock";
}

export type StatementNode = ContentNode | CommentNode | MustacheNode | BlockNode | RefusedNode;

export interface ProgramNode {
  readonly body: readonly StatementNode[];
  readonly blockParams?: readonly string[];
}

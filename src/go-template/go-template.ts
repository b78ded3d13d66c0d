/**
 * Go templates: compiled once to closures, executed as often as there is data.
 *
 * Behaves as Go 1.26's text/template with the functions of Sprig and of Helm (toYaml and kin). Errors name the offset in
 * the template's text; there is no file, no place and no caller that this library knows of.
 */
import { builtinFunctions } from "./builtins.ts";
import type { CompiledBody } from "./compile-scope.ts";
import { compileBody, invoke } from "./compile-statements.ts";
import { copyValue } from "./copy-value.ts";
import { Execution, ExecutionFailure } from "./execution.ts";
import type { MissingKey } from "./fields.ts";
import { TextBoundError } from "./format.ts";
import { templateFunctions } from "./functions/index.ts";
import { type FunctionTable, GoFunctionError } from "./functions/registry.ts";
import { nodeText } from "./nodes.ts";
import type { ExecutionContext, RenderedText } from "./output.ts";
import { parseTemplates } from "./parser.ts";
import { findReads, type TemplateReads } from "./template-reads.ts";
import type { GoValue } from "./value.ts";

export interface GoTemplateOptions {
  /** What a key is that a map does not have: Go's option missingkey. Here it is an error unless another is asked for. */
  readonly missingKey?: MissingKey;
  /** Takes 'several characters' as a string, where Go refuses the template. */
  readonly singleQuotedStrings?: boolean;
  /** The functions besides the builtins. */
  readonly functions?: FunctionTable;
  /** The name of the main template, by which it could invoke itself. */
  readonly name?: string;
}

export interface GoTemplate {
  /** Offsets of strings in single quotes, which Go would refuse. */
  readonly singleQuoted: readonly number[];
  /** What of its data the text refers to. */
  readonly reads: TemplateReads;
  /** Executes with any root: a plain Map of JSON, or values of Go's other types. Throws an {@link ExecutionError}. */
  execute(root: GoValue, context: ExecutionContext): RenderedText;
}

/** Why an execution ended before its time. */
export class ExecutionError extends Error {
  /** Offset in the template's text of the node that failed. */
  readonly at: number;
  /** It would use more than an execution may. */
  readonly isBound: boolean;

  constructor(message: string, at: number, isBound: boolean, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "ExecutionError";
    this.at = at;
    this.isBound = isBound;
  }
}

/** Compiles a template's text, throwing a TemplateSyntaxError with the words and the offset of Go's parser. */
export function compileTemplate(text: string, options: GoTemplateOptions = {}): GoTemplate {
  const {
    functions = templateFunctions,
    name = "template",
    singleQuotedStrings = false,
    missingKey = "error",
  } = options;
  const hasFunction = (word: string): boolean =>
    Object.hasOwn(functions, word) || Object.hasOwn(builtinFunctions, word) || word === "and" || word === "or";
  const { trees, singleQuoted } = parseTemplates(text, { name, hasFunction, singleQuotedStrings });
  const used = new Set<string>();
  const bodies = new Map<string, CompiledBody>();
  const findFunction = (word: string) => {
    used.add(word);
    return Object.hasOwn(functions, word) ? functions[word] : undefined;
  };
  for (const [treeName, tree] of trees) bodies.set(treeName, compileBody(tree, { missingKey, findFunction, bodies }));
  const mutates = [...used].some((word) => Object.hasOwn(functions, word) && functions[word]!.mutates === true);
  return new CompiledTemplate(bodies.get(name)!, mutates, findReads(name, trees), singleQuoted);
}

class CompiledTemplate implements GoTemplate {
  readonly reads: TemplateReads;
  readonly singleQuoted: readonly number[];
  private readonly body: CompiledBody;
  private readonly mutates: boolean;

  constructor(body: CompiledBody, mutates: boolean, reads: TemplateReads, singleQuoted: readonly number[]) {
    this.body = body;
    this.mutates = mutates;
    this.reads = reads;
    this.singleQuoted = singleQuoted;
  }

  execute(root: GoValue, context: ExecutionContext): RenderedText {
    const run = new Execution(context, this.mutates);
    try {
      // Data is shared between templates; one that changes maps in place gets its own.
      invoke(this.body, run, this.mutates ? copyValue(root) : root);
      return { text: run.finish(), printed: run.printed };
    } catch (error) {
      throw explain(error, run);
    }
  }
}

/** Any other error is a bug here, and goes up as it is. */
function explain(error: unknown, run: Execution): unknown {
  if (error instanceof GoFunctionError && run.call !== undefined) {
    const { name, node } = run.call;
    return toError(new ExecutionFailure(`error calling ${name}: ${error.message}`, node), error);
  }
  if (error instanceof ExecutionFailure) return toError(error);
  if (error instanceof TextBoundError) {
    return toError(new ExecutionFailure(`the template makes ${error.message}`, run.call?.node, true), error);
  }
  if (error instanceof RangeError && /call stack/.test(error.message)) {
    return toError(new ExecutionFailure("the template nests values too deep", run.call?.node, true), error);
  }
  return error;
}

function toError({ message, node, isBound }: ExecutionFailure, cause?: unknown): ExecutionError {
  const shown = node === undefined ? "" : `<${shorten(nodeText(node))}>: `;
  return new ExecutionError(shown + message, node?.at ?? 0, isBound, cause);
}

const shownMax = 80;

function shorten(text: string): string {
  return text.length <= shownMax ? text : `${text.slice(0, shownMax)}...`;
}

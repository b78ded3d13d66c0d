/**
 * Go templates: compiled once to closures, executed for each event.
 *
 * Behaves as Go 1.26's text/template with Sveltos' functions. An error, in the text or in an execution, is a problem at
 * the place in the user's file.
 */
import type { JsonObject } from "../model/json.ts";
import { type Problem, SluiceError } from "../model/problem.ts";
import type { RenderContext, RenderedText, Template, TemplateSource } from "../model/template.ts";
import { placeInSource } from "../render/template-place.ts";
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
import { parseTemplates, TemplateSyntaxError } from "./parser.ts";
import { findReads, type TemplateReads } from "./template-reads.ts";
import type { GoValue } from "./value.ts";

export interface GoTemplateOptions {
  /** What a key is that a map does not have; Sveltos' is always an error. */
  readonly missingKey?: MissingKey;
  /** Takes 'several characters' as a string, with a warning, where Go refuses the template. */
  readonly singleQuotedStrings?: boolean;
  /** The functions besides the builtins. */
  readonly functions?: FunctionTable;
  /** The name of the main template, by which it could invoke itself. */
  readonly name?: string;
}

export interface GoTemplate extends Template {
  /** Executes with any root, where {@link Template.render} takes a plain object. */
  execute(root: GoValue, context: RenderContext): RenderedText;
}

/** A template, or why there is none; warnings come with a template. */
export interface CompiledGoTemplate {
  readonly template?: GoTemplate;
  readonly problems: readonly Problem[];
}

export function compileGoTemplate(source: TemplateSource, options: GoTemplateOptions = {}): CompiledGoTemplate {
  const { functions = templateFunctions, name = source.part, singleQuotedStrings = true } = options;
  const hasFunction = (word: string): boolean =>
    Object.hasOwn(functions, word) || Object.hasOwn(builtinFunctions, word) || word === "and" || word === "or";
  try {
    const { trees, singleQuoted } = parseTemplates(source.text, { name, hasFunction, singleQuotedStrings });
    const used = new Set<string>();
    const bodies = new Map<string, CompiledBody>();
    const findFunction = (word: string) => {
      used.add(word);
      return Object.hasOwn(functions, word) ? functions[word] : undefined;
    };
    const { missingKey = "error" } = options;
    for (const [treeName, tree] of trees) bodies.set(treeName, compileBody(tree, { missingKey, findFunction, bodies }));
    const mutates = [...used].some((word) => Object.hasOwn(functions, word) && functions[word]!.mutates === true);
    const template = new CompiledTemplate(source, findReads(name, trees), bodies.get(name)!, mutates);
    return { template, problems: singleQuoted.map((at) => singleQuotesWarning(source, at)) };
  } catch (error) {
    if (!(error instanceof TemplateSyntaxError)) throw error;
    const at = placeInSource(source, error.at);
    return { problems: [{ code: "TEMPLATE_SYNTAX", severity: "error", message: error.message, at }] };
  }
}

function singleQuotesWarning(source: TemplateSource, at: number): Problem {
  return {
    code: "TEMPLATE_SINGLE_QUOTES",
    severity: "warning",
    message: "a string in single quotes, which Go templates do not have",
    at: placeInSource(source, at),
    hint: "Sveltos itself refuses this template; write the string in double quotes.",
  };
}

class CompiledTemplate implements GoTemplate {
  readonly source: TemplateSource;
  readonly reads: TemplateReads;
  private readonly body: CompiledBody;
  private readonly mutates: boolean;

  constructor(source: TemplateSource, reads: TemplateReads, body: CompiledBody, mutates: boolean) {
    this.source = source;
    this.reads = reads;
    this.body = body;
    this.mutates = mutates;
  }

  render(data: JsonObject, context: RenderContext): RenderedText {
    return this.execute(data, context);
  }

  execute(root: GoValue, context: RenderContext): RenderedText {
    const run = new Execution(context, this.mutates);
    try {
      // Events are shared between templates; one that changes maps in place gets its own.
      invoke(this.body, run, this.mutates ? copyValue(root) : root);
      return { text: run.finish(), printed: run.printed };
    } catch (error) {
      throw this.explain(error, run);
    }
  }

  private explain(error: unknown, run: Execution): unknown {
    if (error instanceof GoFunctionError && run.call !== undefined) {
      const { name, node } = run.call;
      return this.failure(new ExecutionFailure(`error calling ${name}: ${error.message}`, node), error);
    }
    if (error instanceof ExecutionFailure) return this.failure(error);
    if (error instanceof TextBoundError) {
      return this.failure(new ExecutionFailure(`the template makes ${error.message}`, run.call?.node, true), error);
    }
    if (error instanceof RangeError && /call stack/.test(error.message)) {
      return this.failure(new ExecutionFailure("the template nests values too deep", run.call?.node, true), error);
    }
    return error;
  }

  private failure({ message, node, isBound }: ExecutionFailure, cause?: unknown): SluiceError {
    const shown = node === undefined ? "" : `<${shorten(nodeText(node))}>: `;
    return new SluiceError(
      {
        code: isBound ? "TEMPLATE_BOUND" : "TEMPLATE_FAILED",
        message: shown + message,
        at: placeInSource(this.source, node?.at ?? 0),
      },
      cause,
    );
  }
}

const shownMax = 80;

function shorten(text: string): string {
  return text.length <= shownMax ? text : `${text.slice(0, shownMax)}...`;
}

/** The one door to the template engines: which of them compiles a text, and text that needs none. */
import { isSourcePlace, type Problem, SluiceError } from "../model/problem.ts";
import type { RenderedText, Template, TemplateReads, TemplateSource } from "../model/template.ts";
import { compileGoTemplate } from "./compile-go-template.ts";
import { compileHandlebarsTemplate } from "./handlebars/handlebars-template.ts";

export interface CompiledTemplate {
  /** Absent if any problem is an error. */
  readonly template?: Template;
  readonly problems: readonly Problem[];
}

/** Whether the text prints itself in every engine. */
export function isLiteral(text: string): boolean {
  return !text.includes("{{");
}

const nothing: TemplateReads = { chains: [], roots: new Set() };

/** A template that prints its text as it is. */
export function literalTemplate(source: TemplateSource): Template {
  const rendered: RenderedText = { text: source.text, printed: [] };
  return { source, reads: nothing, render: () => rendered };
}

/** Compiles a text with the engine that its source names. */
export function compileTemplate(source: TemplateSource): CompiledTemplate {
  if (isLiteral(source.text)) return { template: literalTemplate(source), problems: [] };
  const compiled = source.engine === "go" ? compileGoTemplate(source) : compileHandlebarsTemplate(source);
  return source.confidential === true ? keepConfidential(compiled) : compiled;
}

/** Nothing that an engine says of a Secret's template may quote it. */
function keepConfidential({ template, problems }: CompiledTemplate): CompiledTemplate {
  const silenced = problems.map(silence);
  if (template === undefined) return { problems: silenced };
  const render: Template["render"] = (data, context) => {
    try {
      return template.render(data, context);
    } catch (error) {
      // Without the cause, whose text says the same.
      throw error instanceof SluiceError ? new SluiceError(silence(error.problem)) : error;
    }
  };
  const { source, reads } = template;
  return { template: { source, reads, render }, problems: silenced };
}

function silence(problem: Problem): Problem {
  const message = "the template of a Secret, which is not quoted, has a fault here";
  if (problem.at === undefined || !isSourcePlace(problem.at)) return { ...problem, message };
  const { excerpt: _, ...at } = problem.at;
  return { ...problem, message, at };
}

/**
 * Handlebars templates: compiled once to closures, executed for each event.
 *
 * The language is Handlebars' own, strict, without partials and decorators; docs/templates.md says where it differs.
 * Nothing is escaped for HTML, so `{{x}}` and `{{{x}}}` print the same. No code is generated, and templates reach
 * nothing but the event's data and the helpers of helper-table.ts.
 */
import { GoFunctionError } from "../../go-template/index.ts";
import type { JsonObject } from "../../model/json.ts";
import { type Problem, SluiceError } from "../../model/problem.ts";
import type { RenderContext, RenderedText, Template, TemplateReads, TemplateSource } from "../../model/template.ts";
import { placeInSource } from "../template-place.ts";
import { compileProgram } from "./compile-program.ts";
import { parseTemplate } from "./parse-template.ts";
import { Run } from "./run.ts";
import { type Execute, rootScope } from "./scope.ts";
import { TemplateFault } from "./template-fault.ts";
import { findReads } from "./template-reads.ts";

/** A template, or why there is none. */
export interface CompiledHandlebarsTemplate {
  readonly template?: Template;
  readonly problems: readonly Problem[];
}

export function compileHandlebarsTemplate(source: TemplateSource): CompiledHandlebarsTemplate {
  try {
    const template = parseTemplate(source.text);
    const body = compileProgram(template.program, { template, names: undefined, depth: 0 });
    return { template: new CompiledTemplate(source, findReads(template.program), body), problems: [] };
  } catch (error) {
    const fault = asFault(error, undefined);
    if (fault === undefined) throw error;
    return { problems: [{ ...problemOf(fault, source), code: "TEMPLATE_SYNTAX", severity: "error" }] };
  }
}

class CompiledTemplate implements Template {
  readonly source: TemplateSource;
  readonly reads: TemplateReads;
  private readonly body: Execute;

  constructor(source: TemplateSource, reads: TemplateReads, body: Execute) {
    this.source = source;
    this.reads = reads;
    this.body = body;
  }

  render(data: JsonObject, context: RenderContext): RenderedText {
    const run = new Run(data, context);
    try {
      this.body(run, rootScope(data));
      return { text: run.finish(), printed: run.printed };
    } catch (error) {
      const fault = asFault(error, run);
      if (fault === undefined) throw error;
      const code = fault.isBound ? "TEMPLATE_BOUND" : "TEMPLATE_FAILED";
      throw new SluiceError({ ...problemOf(fault, this.source), code }, error);
    }
  }
}

/** What an error says of the template; `undefined` for one that is a fault of ours. */
function asFault(error: unknown, run: Run | undefined): TemplateFault | undefined {
  if (error instanceof TemplateFault) return error;
  const call = run?.call;
  if (error instanceof GoFunctionError && call !== undefined) {
    return new TemplateFault(`error calling ${call.name}: ${error.message}`, call.at);
  }
  if (error instanceof RangeError && /call stack/.test(error.message)) {
    return new TemplateFault("the template nests too deep", call?.at ?? 0, { isBound: true });
  }
  return undefined;
}

function problemOf(
  { message, at, hint }: TemplateFault,
  source: TemplateSource,
): Pick<Problem, "message" | "at" | "hint"> {
  return { message, at: placeInSource(source, at), ...(hint === undefined ? {} : { hint }) };
}

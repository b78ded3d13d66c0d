/** Go templates from the files that people edit: the library's errors become problems with a place in them. */
import {
  compileTemplate,
  ExecutionError,
  type GoTemplate,
  type GoTemplateOptions,
  type GoValue,
  noSourceOfChance,
  TemplateSyntaxError,
  templateFunctions,
} from "../go-template/index.ts";
import type { JsonObject } from "../model/json.ts";
import { type Problem, SluiceError } from "../model/problem.ts";
import type { RenderContext, RenderedText, Template, TemplateReads, TemplateSource } from "../model/template.ts";
import { dnsNameFunctions } from "./dns-name.ts";
import { resourceFunctions } from "./resource-functions.ts";
import { placeInSource } from "./template-place.ts";

/** A template, or why there is none; warnings come with a template. */
export interface CompiledGoTemplate {
  readonly template?: PlacedTemplate;
  readonly problems: readonly Problem[];
}

const functions = { ...templateFunctions, ...dnsNameFunctions, ...resourceFunctions };

export function compileGoTemplate(source: TemplateSource, options: GoTemplateOptions = {}): CompiledGoTemplate {
  try {
    const template = compileTemplate(source.text, {
      functions,
      name: source.part,
      singleQuotedStrings: true,
      ...options,
    });
    const problems = template.singleQuoted.map((at) => singleQuotesWarning(source, at));
    return { template: new PlacedTemplate(source, template), problems };
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

class PlacedTemplate implements Template {
  readonly source: TemplateSource;
  readonly reads: TemplateReads;
  readonly #template: GoTemplate;

  constructor(source: TemplateSource, template: GoTemplate) {
    this.source = source;
    this.reads = template.reads;
    this.#template = template;
  }

  render(data: JsonObject, context: RenderContext): RenderedText {
    return this.execute(data, context);
  }

  /** Executes with any root, where {@link Template.render} takes a plain object. */
  execute(root: GoValue, context: RenderContext): RenderedText {
    try {
      return this.#template.execute(root, context);
    } catch (error) {
      if (!(error instanceof ExecutionError)) throw error;
      const code = error.isBound ? "TEMPLATE_BOUND" : "TEMPLATE_FAILED";
      const message = error.message.replace(
        noSourceOfChance,
        "functions of chance need render.seedKey in the settings",
      );
      throw new SluiceError({ code, message, at: placeInSource(this.source, error.at) }, error);
    }
  }
}

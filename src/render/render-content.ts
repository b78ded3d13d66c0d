/** The content of a ConfigMap or Secret, rendered. */
import type { JsonObject } from "../model/json.ts";
import { SluiceError } from "../model/problem.ts";
import type { RenderContext, RenderedText, Template } from "../model/template.ts";
import { mayHoldSecret, withoutQuotes } from "./without-quotes.ts";

/** What an engine says of a template that may print a Secret quotes nothing. */
export function renderContent(content: Template, data: JsonObject, context: RenderContext): RenderedText {
  try {
    return content.render(data, context);
  } catch (error) {
    if (!(error instanceof SluiceError) || !mayHoldSecret(content.source.text)) throw error;
    throw new SluiceError(withoutQuotes(error.problem, true));
  }
}

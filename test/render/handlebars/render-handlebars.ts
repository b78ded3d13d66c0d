/** Compiles and renders a Handlebars template that stands at line 3, column 5 of a file. */
import { type JsonObject, parseJson } from "../../../src/model/json.ts";
import { type Problem, SluiceError } from "../../../src/model/problem.ts";
import type { RenderedText, TemplateSource } from "../../../src/model/template.ts";
import { compileHandlebarsTemplate } from "../../../src/render/handlebars/handlebars-template.ts";

export function sourceOf(text: string): TemplateSource {
  return { text, engine: "handlebars", file: "f.yaml", part: "p", line: 3, column: 5, continuationColumn: 5 };
}

export function renderHandlebars(text: string, data: string | JsonObject = "{}"): RenderedText {
  const { template, problems } = compileHandlebarsTemplate(sourceOf(text));
  if (template === undefined) throw new SluiceError(problems[0]!);
  return template.render(typeof data === "string" ? (parseJson(data) as JsonObject) : data, { clock: 0 });
}

/** Why a template can't be compiled or rendered. */
export function failureOf(text: string, data: string | JsonObject = "{}"): Problem {
  try {
    renderHandlebars(text, data);
  } catch (error) {
    if (error instanceof SluiceError) return error.problem;
    throw error;
  }
  throw new Error(`${text} did not fail`);
}

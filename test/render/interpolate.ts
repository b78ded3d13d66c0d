/** Templates without an engine: `{{ name }}` prints the value of that name, and nothing else is understood. */
import type { Json } from "../../src/model/json.ts";
import type { PrintedRange, RenderedText, TemplateSource } from "../../src/model/template.ts";

/** A text to be printed, or a value with the text that toYaml or toJson made of it. */
export type Printable = string | { readonly text: string; readonly serialized: Json };

export function sourceOf(text: string): TemplateSource {
  return {
    text,
    engine: "go",
    file: "config.yaml",
    part: "ConfigMap default/x",
    line: 1,
    column: 1,
    continuationColumn: 1,
  };
}

/** Prints a template; a name without a value is an error. */
export function interpolate(template: string, values: Readonly<Record<string, Printable>>): RenderedText {
  const printed: PrintedRange[] = [];
  let text = "";
  let from = 0;
  for (const action of template.matchAll(/\{\{\s*(\w+)\s*\}\}/g)) {
    const value = values[action[1]!];
    if (value === undefined) throw new Error(`no value for ${action[1]}`);
    text += template.slice(from, action.index);
    from = action.index + action[0].length;
    const start = text.length;
    text += typeof value === "string" ? value : value.text;
    const range = { start, end: text.length, at: action.index };
    printed.push(typeof value === "string" ? range : { ...range, serialized: value.serialized });
  }
  return { text: text + template.slice(from), printed };
}

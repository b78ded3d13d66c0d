/** Templates without an engine: `{{ name }}` prints the value of that name, and nothing else is understood. */
import type { Json } from "../../src/model/json.ts";
import type { PrintedRange, RenderedText, TemplateSource } from "../../src/model/template.ts";

/** A text to be printed; with the value that toYaml or toJson made it of, and the blanks that indent and nindent put before it. */
export type Printable = string | { readonly text: string; readonly serialized?: Json; readonly lead?: number };

/** A text as indent prints it, or with a line break in front nindent. */
export function indented(text: string, spaces: number, lineBreak = ""): Printable {
  const lead = `${lineBreak}${" ".repeat(spaces)}`;
  return { text: lineBreak + text.replace(/^/gm, " ".repeat(spaces)), lead: lead.length };
}

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
    const { text: added, ...marks } = typeof value === "string" ? { text: value } : value;
    text += added;
    printed.push({ start, end: text.length, at: action.index, ...marks });
  }
  return { text: text + template.slice(from), printed };
}

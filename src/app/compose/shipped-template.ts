/** Templates that ship with the program, compiled. */
import { SluiceError } from "../../model/problem.ts";
import type { TemplateSource } from "../../model/template.ts";
import { compileTemplate } from "../../render/compile-template.ts";
import { readTemplateFile } from "../project-files.ts";

export function compileShipped(name: string) {
  return compileShippedText(`templates/${name}`, readTemplateFile(name));
}

/** `file`: relative to the package's root. */
export function compileShippedText(file: string, text: string) {
  const source: TemplateSource = {
    text,
    engine: "go",
    file,
    part: "",
    line: 1,
    column: 1,
    continuationColumn: 1,
  };
  const { template, problems } = compileTemplate(source);
  if (template === undefined)
    throw new SluiceError(problems[0] ?? { code: "TEMPLATE_SYNTAX", message: `${file} can't be compiled` });
  return template;
}

/** Templates that ship with the program, compiled. */
import { SluiceError } from "../../model/problem.ts";
import type { TemplateSource } from "../../model/template.ts";
import { compileTemplate } from "../../render/compile-template.ts";
import { readTemplateFile } from "../project-files.ts";

export function compileShipped(name: string) {
  const source: TemplateSource = {
    text: readTemplateFile(name),
    engine: "go",
    file: `templates/${name}`,
    part: "",
    line: 1,
    column: 1,
    continuationColumn: 1,
  };
  const { template, problems } = compileTemplate(source);
  if (template === undefined)
    throw new SluiceError(problems[0] ?? { code: "TEMPLATE_SYNTAX", message: `${name} can't be compiled` });
  return template;
}

/** Strings of a document that may be templates: compiled at once, with their places, problems collected. */
import type { Problem } from "../model/problem.ts";
import type { Template, TemplateSource } from "../model/template.ts";
import { compileTemplate, literalTemplate } from "../render/compile-template.ts";
import { formatPath } from "./check-shape.ts";
import { memberObject, memberText, type Path, type YamlDocument } from "./yaml-document.ts";

const engineAnnotation = "sluice.dev/engine";

export class TemplateReader {
  readonly problems: Problem[] = [];
  readonly #document: YamlDocument;
  /** `EventTrigger create-namespace`. */
  readonly #title: string;
  readonly #engine: TemplateSource["engine"];

  constructor(document: YamlDocument, title: string) {
    this.#document = document;
    this.#title = title;
    this.#engine = this.#readEngine();
  }

  /** The template of the string at `path`; one that can't be compiled prints itself, and its error is in `problems`. */
  compile(path: Path, text: string): Template {
    const source = this.#source(path, text);
    const { template, problems } = compileTemplate(source);
    this.problems.push(...problems.map((problem) => this.#document.quoteLine(problem)));
    return template ?? literalTemplate(source);
  }

  /** The string at `path` as text that is no template, whatever it looks like. */
  quote(path: Path, text: string): Template {
    return literalTemplate(this.#source(path, text));
  }

  #source(path: Path, text: string): TemplateSource {
    return this.#document.templateSource(path, text, `${this.#title} ${formatPath(path)}`, this.#engine);
  }

  #readEngine(): TemplateSource["engine"] {
    const annotations = memberObject(memberObject(this.#document.value, "metadata"), "annotations");
    const engine = memberText(annotations, engineAnnotation) ?? "go";
    if (engine === "go" || engine === "handlebars") return engine;
    const at = this.#document.placeOf(["metadata", "annotations", engineAnnotation]);
    this.problems.push(this.#document.problem("DOCUMENT_INVALID", `${engineAnnotation} must be go or handlebars`, at));
    return "go";
  }
}

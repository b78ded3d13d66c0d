/** Templates without Sluice's helpers and deliberate differences print what the library itself prints. */
import fc from "fast-check";
import Handlebars from "handlebars";
import { expect, it } from "vitest";
import { type JsonObject, parseJson } from "../../../src/model/json.ts";
import { compileHandlebarsTemplate } from "../../../src/render/handlebars/handlebars-template.ts";
import { casesOf } from "../../tools/cases-of.ts";
import { sourceOf } from "./render-handlebars.ts";

/**
 * What the library prints; `undefined` where it fails. It loops over mappings in the order of JavaScript, Sluice in that
 * of the keys: the data below has them sorted. And what is not escaped it adds up before it is text, `{{{true}}}{{{7}}}` to 8:
 * so escaping is on, and the data have nothing to escape.
 * Nor is a context entered twice in a row, which the library takes for one.
 */
function printReference(template: string, json: string): string | undefined {
  try {
    return Handlebars.compile(template, { strict: true })(JSON.parse(json));
  } catch {
    return undefined;
  }
}

/** Refusals that are Sluice's own; to the library what a block parameter does not have is nothing. */
const stricter =
  /each takes a list or a mapping|can't be printed as it is|has no keys|stands in no loop|no context that far|<item\.name>: there is no/;

/** What Sluice prints, or why it refuses. */
function print(template: string, json: string): { readonly text: string } | { readonly refusal: string } {
  const { template: compiled, problems } = compileHandlebarsTemplate(sourceOf(template));
  if (compiled === undefined) return { refusal: problems[0]!.message };
  try {
    return { text: compiled.render(parseJson(json) as JsonObject, { clock: 0 }).text };
  } catch (error) {
    return { refusal: (error as Error).message };
  }
}

const data = {
  a: { b: { c: "deep", d: 1.5 }, list: [1, 2], s: "text" },
  empty: [],
  flag: true,
  items: [
    { name: "one", tags: ["x", "y"] },
    { name: "two", tags: [] },
    { name: "three", tags: ["z"] },
  ],
  n: 7,
  nil: null,
  off: false,
  s: "some text",
  zero: 0,
};

const paths =
  "a.b.c a.b.d a/b/c this.s ./n s n nil off zero flag @root.s @root.a.b.c [s] a.[s] items.length items.[0].name".split(
    " ",
  );
const scopedPaths =
  "@index @key @first @last name this.name ../s ../n ../../s @../index item key item.name a nope".split(" ");
const path = fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...paths) }, fc.constantFrom(...scopedPaths));
const condition = fc.constantFrom(
  ..."a flag off zero nil empty items s n a.nope ../flag @root.off @first @last".split(" "),
);
const collection = fc.constantFrom(..."items a a.list empty tags @root.items ../items a.b this.tags".split(" "));
const context = fc.constantFrom(..."a a.b nil empty zero s flag off n".split(" "));
const tilde = fc.constantFrom("", "", "", "~");
const text = fc.constantFrom("", " ", "\n", "x", " y\n", "\n  ", "a: ", "\r\n", "{ ", " }", "- z\n");

const { template: arbitraryTemplate } = fc.letrec<{ template: string; node: string }>((tie) => {
  const within = tie("template");
  const open = (
    word: string,
    argument: fc.Arbitrary<string>,
    parameters: fc.Arbitrary<string>,
    otherwise: fc.Arbitrary<string>,
  ) =>
    fc
      .tuple(argument, parameters, within, otherwise, within, tilde, tilde)
      .map(([value, names, body, inverse, rest, left, right]) => {
        const separator = inverse === "" ? "" : `${inverse}${rest}`;
        return `{{${left}#${word} ${value}${names}${right}}}${body}${separator}{{/${word}}}`;
      });
  const none = fc.constant("");
  const inverse = fc.constantFrom("", "{{else}}", "{{^}}", "{{~else~}}");
  const chained = fc.constantFrom("", "{{else}}", "{{else if flag}}", "{{else unless n}}");
  return {
    template: fc.array(tie("node"), { maxLength: 4 }).map((nodes) => nodes.join("")),
    node: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      text,
      fc.tuple(path, tilde, tilde).map(([name, left, right]) => `{{${left}${name}${right}}}`),
      fc.constantFrom("{{{s}}}", "{{&@root.s}}", "{{{@root.a.b.c}}}"),
      fc.constantFrom(
        "{{! c }}",
        "{{!-- {{x}} --}}",
        "\\{{n}}",
        "\\\\{{n}}",
        "{{lookup @root.a 's'}}",
        "{{lookup @root.items.[0] 'name'}}",
      ),
      open("if", condition, fc.constantFrom("", " includeZero=true"), chained),
      open("unless", condition, none, inverse),
      open("each", collection, fc.constantFrom("", " as |item|", " as |item key|"), fc.constant("{{else}}")),
      open("with", context, fc.constantFrom("", " as |item|"), fc.constant("{{else}}")),
      fc.tuple(condition, within).map(([name, body]) => `{{#${name}}}${body}{{/${name}}}`),
      fc.tuple(condition, within).map(([name, body]) => `{{^${name}}}${body}{{/${name}}}`),
    ),
  };
});

it("prints what the library prints, or refuses", () => {
  const json = JSON.stringify(data);
  let printedByBoth = 0;
  fc.assert(
    fc.property(arbitraryTemplate, (template) => {
      const reference = printReference(template, json);
      const printed = print(template, json);
      if ("refusal" in printed) {
        if (reference !== undefined) expect(printed.refusal).toMatch(stricter);
        return;
      }
      expect(printed.text).toBe(reference);
      if (printed.text !== "") printedByBoth++;
    }),
    { numRuns: casesOf(2000), seed: 5 },
  );
  expect(printedByBoth).toBeGreaterThan(casesOf(250));
});

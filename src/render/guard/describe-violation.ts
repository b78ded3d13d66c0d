/** Says what a value would do where it stands, and what to write instead. */
import { isYamlBreak } from "../../go-template/index.ts";
import type { PrintedRange, TemplateSource } from "../../model/template.ts";
import type { YamlNode, YamlScalar } from "../yaml/node.ts";
import type { Reading } from "./compare-structures.ts";
import { contentStart, isBlockScalar, type Span, trimSpan, valueSpan } from "./placeholders.ts";

type Engine = TemplateSource["engine"];

export interface ViolationText {
  readonly message: string;
  readonly hint: string;
}

const hints = {
  go: "Put it in quotes with `quote`, or print whole values with `toYaml … | nindent`.",
  handlebars: "Put it in quotes with `quote`, or print whole values with `nindent 4 (toYaml …)`.",
} as const satisfies Record<Engine, string>;

const indented = {
  go: "Print text of several lines with `{{ … | nindent 4 }}`, which indents them all, a heredoc's too.",
  handlebars: "Print text of several lines with `{{nindent 4 …}}`, which indents them all, a heredoc's too.",
} as const satisfies Record<Engine, string>;

/** What to do in most places. */
export function hintFor(engine: Engine): string {
  return hints[engine];
}

/**
 * `shown` is the value as messages quote it; `word` where it stands in the reference, the template's text with words in place
 * of values.
 */
export function describeViolation(
  shown: string,
  text: string,
  range: PrintedRange,
  word: Span | undefined,
  reference: Reading,
  engine: Engine,
): ViolationText {
  const general = { message: `the value ${shown} would change the structure of the document`, hint: hints[engine] };
  if (word === undefined) return general;
  const holder = findHolder(word, reference);
  const hasBreak = hasInnerBreak(text, range);
  if (holder === undefined) {
    if (!hasBreak) return general;
    return {
      message: `the value ${shown} has a line break and stands in a comment, which would end there`,
      hint: "Take it out of the comment, or print it on one line with `quote`.",
    };
  }
  if (isBlockScalar(holder)) {
    const what = hasBreak ? "has lines that leave" : "changes how the lines are read of";
    return { message: `the value ${shown} ${what} the block (|) that it stands in`, hint: indented[engine] };
  }
  if (holder.style === "plain") return general;
  return {
    message: `the value ${shown} ends the quotes that it stands in, or changes the text beside it`,
    hint: "Leave the quotes to `quote`, and put the text around the value into its argument.",
  };
}

/** The scalar of the template that holds a word; none does where it stands in a comment. */
function findHolder(word: Span, { text, documents }: Reading): YamlScalar | undefined {
  const within = (node: YamlNode | undefined): YamlScalar | undefined => {
    if (node === undefined || node.start > word.start || node.end < word.end || node.kind === "alias") return undefined;
    if (node.kind === "scalar") return contentStart(text, node) <= word.start ? node : undefined;
    const children = node.kind === "sequence" ? node.items : [...node.keys, ...node.values];
    for (const child of children) {
      const found = within(child);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  for (const document of documents) {
    const found = within(document);
    if (found !== undefined) return found;
  }
  return undefined;
}

function hasInnerBreak(text: string, range: PrintedRange): boolean {
  const { start, end } = trimSpan(text, valueSpan(range));
  for (let at = start; at < end; at++) if (isYamlBreak(text.charCodeAt(at))) return true;
  return false;
}

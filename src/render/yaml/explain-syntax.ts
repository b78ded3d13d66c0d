/** What libyaml says of a text that it can't read, in words that tell what to do. */
import type { YamlError } from "../../go-template/index.ts";

const explanations: Readonly<Record<string, string>> = {
  "mapping values are not allowed in this context": "a mapping can't begin here: a value with ': ' needs quotes",
  "mapping keys are not allowed in this context": "a mapping can't begin here",
  "block sequence entries are not allowed in this context": "a list can't begin here: a value with '- ' needs quotes",
  "could not find expected ':'":
    "expected a key with ':' behind it, on one line; a line of the block (|) above needs its indentation",
  "did not find expected key": "this line fits no mapping above: look at its indentation",
  "did not find expected '-' indicator": "this line fits no list above: look at its indentation",
  "did not find expected ',' or ']'": "expected ',' or ']': is the list closed?",
  "did not find expected ',' or '}'": "expected ',' or '}': is the mapping closed?",
  "did not find expected node content": "expected a value",
  "did not find expected <document start>": "expected the end of the document, or '---'",
  "found character that cannot start any token": "this character can't begin a value without quotes",
  "found a tab character that violates indentation": "a tab can't indent",
  "found a tab character where an indentation space is expected": "a tab can't indent",
  "found unexpected document indicator": "a document can't end within quotes",
  "found unexpected end of stream": "this quote is never closed",
  "found unknown escape character": "there is no such escape in double quotes",
  "did not find expected hexdecimal number": "this escape needs more hexadecimal digits",
  "found invalid Unicode character escape code": "this escape is no character",
  "did not find expected comment or line break": "expected the end of the line",
  "found an indentation indicator equal to 0": "the indentation of a block can't be 0",
  "did not find expected alphabetic or numeric character": "expected the name of an anchor, and then a blank",
  "found unknown directive name": "this directive is not supported",
  "found incompatible YAML document": "only %YAML 1.1 is read",
};

/** The problem in plain words; what has none of its own is told in libyaml's. */
export function explainSyntax({ problem }: YamlError): string {
  const unknownAnchor = /^unknown anchor '(.*)' referenced$/.exec(problem);
  if (unknownAnchor !== null) return `there is no anchor &${unknownAnchor[1]} before this alias`;
  return Object.hasOwn(explanations, problem) ? explanations[problem]! : problem;
}

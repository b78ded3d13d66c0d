/**
 * A quick look at how deep a text nests blocks and calls, before it is parsed: the time that the library's parser takes
 * grows with the square of the depth.
 */
import { TemplateFault } from "./template-fault.ts";

/** More than what can be compiled, so that what this look takes for nested and is not does not matter. */
const depthMax = 500;

/** A mustache's beginning (behind a single backslash it is text) and end, and parentheses. */
const token = /((?<!\\)\\)?\{\{\{?~?(!--|!|[#/]|\^(?!\s*~?\}\})|else\s+[^\s}~])?|[()]|\}\}/g;

/** Throws a {@link TemplateFault}. */
export function checkNesting(text: string): void {
  /** For each open block itself and its `else if`s. */
  const blocks: number[] = [];
  let depth = 0;
  let calls = 0;
  let isWithin = false;
  token.lastIndex = 0;
  for (let match = token.exec(text); match !== null; match = token.exec(text)) {
    const [shown, backslash, sign] = match;
    if (shown === "(" || shown === ")") {
      if (isWithin) calls += shown === "(" ? 1 : -1;
    } else {
      calls = 0;
      isWithin = shown !== "}}" && backslash === undefined;
    }
    if (isWithin && sign !== undefined) {
      if (sign.startsWith("!")) {
        const end = text.indexOf(sign === "!" ? "}}" : "--", token.lastIndex);
        if (end < 0) return;
        token.lastIndex = end;
      } else if (sign === "/") depth -= blocks.pop() ?? 0;
      else {
        if (sign === "#" || sign === "^") blocks.push(1);
        else if (blocks.length > 0) blocks[blocks.length - 1]!++;
        depth++;
      }
    }
    if (depth + calls > depthMax) throw new TemplateFault(`nested more than ${depthMax} deep`, match.index);
  }
}

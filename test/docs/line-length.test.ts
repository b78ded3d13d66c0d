import { describe, expect, it } from "vitest";
import { readPages } from "./pages.ts";

const charactersMax = 120;

/** Lines of prose that are too long, by number: not of code, not of tables, not those that can't be broken. */
function tooLong(text: string): readonly number[] {
  let isCode = false;
  return text.split("\n").flatMap((line, index) => {
    if (/^\s*(?:```|~~~)/.test(line)) isCode = !isCode;
    const isProse =
      !isCode && !/^\s*[|<]/.test(line) && /\S\s+\S/.test(line.replace(/`[^`]*`|\[[^\]]*\]\([^)]*\)/g, "x"));
    return isProse && line.length > charactersMax ? [index + 1] : [];
  });
}

describe(`prose has lines of at most ${charactersMax} characters`, () => {
  for (const { path, text } of readPages()) {
    it(path, () => expect(tooLong(text)).toEqual([]));
  }
});

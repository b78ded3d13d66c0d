/** Problems in the order in which people read their files. */
import { isSourcePlace, type Problem } from "../model/problem.ts";

/** By file, line and column; stable, and those without a place in a file come first. */
export function sortProblems(problems: readonly Problem[]): Problem[] {
  return [...problems].sort((a, b) => {
    const [x, y] = [placeOf(a), placeOf(b)];
    if (x.file !== y.file) return x.file < y.file ? -1 : 1;
    return x.line - y.line || x.column - y.column;
  });
}

const nowhere = { file: "", line: 0, column: 0 };

function placeOf({ at }: Problem): { readonly file: string; readonly line: number; readonly column: number } {
  return at !== undefined && isSourcePlace(at) ? at : nowhere;
}

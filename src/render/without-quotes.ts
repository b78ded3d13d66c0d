/**
 * What failed, without a word of what an event said.
 *
 * Messages quote what they are about. What fails within a Secret, and under `records: identity` whatever fails, would so
 * stand in clear in the log and in the record on the state branch: it keeps its code and its place, and no more.
 */
import { type ErrorCode, isSourcePlace, type Place, type Problem } from "../model/problem.ts";

const messages: Partial<Record<ErrorCode, string>> = {
  ACTION_INVALID: "cloudEventAction renders to something that is neither Create nor Delete",
  GUARD_VIOLATION: "a value that an event printed here would change the document, or tell its consumers what to do",
  MANIFEST_SYNTAX: "what was rendered is no valid YAML",
  MANIFEST_INVALID: "what was rendered is no object that an API server takes",
  NAME_INVALID: "what was rendered has a name or namespace that no API server takes",
  LABEL_INVALID: "what was rendered has a label or annotation that no API server takes",
  REFERENCE_MISSING: "the document that a reference names is not there",
  REFERENCE_FORBIDDEN: "a reference names a document that is not annotated for it",
  SECRET_REFUSED: "a Secret would be committed in plain text",
  TEMPLATE_FAILED: "the template fails here",
};

/**
 * The problem with a message that quotes nothing of what was rendered. The template's own line stays, unless it may be a
 * Secret's (`hidesTemplate`).
 */
export function withoutQuotes(problem: Problem, hidesTemplate = false): Problem {
  const message = messages[problem.code] ?? "the rendering failed";
  const silent = { ...problem, message: `${message}; it is not quoted` };
  const { at } = problem;
  return !hidesTemplate || at === undefined ? silent : { ...silent, at: withoutExcerpt(at) };
}

/** A place without the line that stands there. */
export function withoutExcerpt(at: Place): Place {
  if (!isSourcePlace(at)) return at;
  const { excerpt: _, ...place } = at;
  return place;
}

/** Whether a text may be, or print, a Secret, also where its kind is misspelt or written with escapes. */
export function mayHoldSecret(text: string): boolean {
  return /secret|\\[uUx]/i.test(text);
}

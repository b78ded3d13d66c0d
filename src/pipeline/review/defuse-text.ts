/**
 * Text from events on its way into a request's body: forges, their bots and people's CI read meaning into characters.
 *
 * It stands in a fence that it cannot close. But squashing makes the body a commit's message, and mail shows it as plain
 * text; so what is a signal to somebody gets an invisible break, and what deceives the eye is made visible.
 */

const invisibleBreak = "\u200b";
/** Control characters but tab and newline, and those that hide or turn around what is next to them. */
const deceptive = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;
const replacement = "\ufffd";

/** Breaks mentions, references to issues, workflow commands, directives like `[skip ci]`, and links. */
export function defuseText(text: string): string {
  return text
    .replace(deceptive, replacement)
    .replace(/[@[*]/g, `$&${invisibleBreak}`)
    .replace(/([#!]|\bGH-)(?=\d)/gi, `$1${invisibleBreak}`)
    .replace(/:(?=:|\/\/)/g, `:${invisibleBreak}`);
}

/** Backticks enough to fence the text in, whatever is in it. */
export function fenceFor(text: string): string {
  const longest = Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  return "`".repeat(Math.max(3, longest + 1));
}

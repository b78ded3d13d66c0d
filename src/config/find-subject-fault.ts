/** What people write as a NATS subject to subscribe to. */

/** Why the text is no subject to subscribe to; undefined if it is one. */
export function findSubjectFault(subject: string): string | undefined {
  if (subject === "") return "is empty";
  if (/[\s\u0000-\u001f\u007f]/.test(subject)) return "has blanks or control characters";
  const tokens = subject.split(".");
  for (const [index, token] of tokens.entries()) {
    if (token === "") return "has an empty token";
    if (token !== "*" && token.includes("*")) return "has '*' within a token";
    if (token.includes(">") && (token !== ">" || index < tokens.length - 1))
      return "has '>' elsewhere than as its last token";
  }
  return undefined;
}

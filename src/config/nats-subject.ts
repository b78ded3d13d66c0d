/** NATS subjects: tokens between dots; in filters `*` stands for one token and a last `>` for one or more. */

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

/** Whether a filter takes the subject. */
export function filterTakes(filter: string, subject: string): boolean {
  const wanted = filter.split(".");
  const tokens = subject.split(".");
  for (const [index, token] of wanted.entries()) {
    if (token === ">") return tokens.length > index;
    if (index >= tokens.length || (token !== "*" && token !== tokens[index])) return false;
  }
  return wanted.length === tokens.length;
}

export function hasWildcard(subject: string): boolean {
  return subject.split(".").some((token) => token === "*" || token === ">");
}

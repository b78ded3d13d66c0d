/** NATS subjects and their wildcards: `*` stands for one token, `>` for one or more at the end. */

export function hasWildcard(subject: string): boolean {
  return /(^|\.)[*>](\.|$)/.test(subject);
}

/** Whether everything that `inner` matches is matched by `outer` too. Both may have wildcards. */
export function coversSubject(outer: string, inner: string): boolean {
  const outerTokens = outer.split(".");
  const innerTokens = inner.split(".");
  for (const [index, token] of outerTokens.entries()) {
    const other = innerTokens[index];
    if (other === undefined) return false;
    if (token === ">") return true;
    if (other === ">" || (token !== "*" && token !== other)) return false;
  }
  return outerTokens.length === innerTokens.length;
}

/** Whether some subject is matched by both. */
export function overlapSubjects(a: string, b: string): boolean {
  const aTokens = a.split(".");
  const bTokens = b.split(".");
  for (const [index, token] of aTokens.entries()) {
    const other = bTokens[index];
    if (other === undefined) return false;
    if (token === ">" || other === ">") return true;
    if (token !== "*" && other !== "*" && token !== other) return false;
  }
  return aTokens.length === bTokens.length;
}

/** The subjects without those that another one covers; of equal ones the first. */
export function reduceSubjects(subjects: readonly string[]): readonly string[] {
  const distinct = [...new Set(subjects)];
  return distinct.filter((subject) => !distinct.some((other) => other !== subject && coversSubject(other, subject)));
}

/** A test for messages: whether any of the subjects, wildcards included, matches a message's subject. */
export function compileSubjects(subjects: readonly string[]): (subject: string) => boolean {
  const literal = new Set(subjects.filter((subject) => !hasWildcard(subject)));
  const wild = subjects.filter(hasWildcard);
  return (subject) => literal.has(subject) || wild.some((pattern) => coversSubject(pattern, subject));
}

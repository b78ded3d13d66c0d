/** Shell text as the pages have it: its logical lines, and the words of each simple command in them. */

/** Quoted text, comments, substitutions, redirections, what ends a command, spaces, and single characters. */
const tokens = /'[^']*'|"[^"]*"|\s+#.*|[<$]\(|\d?>>?\s*\S+|&&|\|\||[|;&)]|\s+|\\?./g;

/** Lines as a person types them: without the prompt of `console` blocks, continued lines joined, comments left out. */
export function commandLines(language: string, text: string): readonly string[] {
  const joined = text.replace(/\\\n\s*/g, "").split("\n");
  const typed = language === "console" ? joined.flatMap((line) => /^\$ (.*)$/.exec(line)?.[1] ?? []) : joined;
  const withoutComments = typed.map((line) => {
    const kept = [...` ${line}`.matchAll(tokens)].filter(([token]) => !/^\s+#/.test(token));
    return kept.join("").trim();
  });
  return withoutComments.filter((line) => line !== "");
}

/**
 * The words of each command of a line: quotes taken off, comments and redirections left out; what stands between `<(` and
 * `)` or `$(` and `)` is a command of its own.
 */
export function simpleCommands(line: string): readonly (readonly string[])[] {
  const commands: string[][] = [[]];
  let word: string | undefined;
  const endWord = () => {
    if (word !== undefined) commands.at(-1)!.push(word);
    word = undefined;
  };
  const endCommand = () => {
    endWord();
    commands.push([]);
  };
  for (const [token] of line.matchAll(tokens)) {
    if (/^\s/.test(token)) endWord();
    else if (/^(?:[<$]\(|&&|\|\||[|;&)])$/.test(token)) endCommand();
    else if (!/^\d?>/.test(token)) word = (word ?? "") + token.replace(/^(['"])(.*)\1$/, "$2").replace(/^\\/, "");
  }
  endWord();
  return commands.filter((words) => words.length > 0);
}

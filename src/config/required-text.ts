/**
 * Text that whatever a pattern matches must have in it: what is written out in it, longest run first. With it most
 * patterns of thousands need not be tried at all.
 */

/** Letters and digits behind a backslash have meanings of their own, of which none is a letter. */
const isQuotedLiteral = (character: string) => /^[^A-Za-z0-9]$/.test(character);

/** Empty where nothing can be told, as with alternatives and flags. */
export function requiredText(source: string): string {
  // Alternatives, flags and quoted stretches change what a letter stands for; within a group they would as well.
  if (/[|]|\(\?|\\Q/.test(source)) return "";
  let longest = "";
  let run = "";
  const end = (): void => {
    if (run.length > longest.length) longest = run;
    run = "";
  };
  const characters = [...source];
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at]!;
    switch (character) {
      case "\\": {
        const quoted = characters[++at];
        if (quoted !== undefined && isQuotedLiteral(quoted)) run += quoted;
        else end();
        // What `\x{41}` and `\pN` name is not looked into.
        if (quoted !== undefined && /^[xpPC0-7]$/.test(quoted)) return longest;
        break;
      }
      case "*":
      case "?":
      case "{":
        run = [...run].slice(0, -1).join("");
        end();
        if (character === "{") at = Math.max(at, characters.indexOf("}", at));
        break;
      case "[":
        end();
        at = endOfClass(characters, at);
        break;
      case "(":
        end();
        at = endOfGroup(characters, at);
        break;
      case ".":
      case "+":
      case "^":
      case "$":
      case ")":
        end();
        break;
      default:
        run += character;
    }
  }
  end();
  return longest;
}

/** A bracket that comes first, or first behind `^`, is one of the class. */
function endOfClass(characters: readonly string[], start: number): number {
  let at = start + 1;
  if (characters[at] === "^") at++;
  if (characters[at] === "]") at++;
  for (; at < characters.length; at++) {
    if (characters[at] === "\\") at++;
    else if (characters[at] === "[" && characters[at + 1] === ":") {
      while (at < characters.length && !(characters[at] === ":" && characters[at + 1] === "]" && at > start)) at++;
      at++;
    } else if (characters[at] === "]") return at;
  }
  return at;
}

function endOfGroup(characters: readonly string[], start: number): number {
  let depth = 0;
  for (let at = start; at < characters.length; at++) {
    const character = characters[at];
    if (character === "\\") at++;
    else if (character === "[") at = endOfClass(characters, at);
    else if (character === "(") depth++;
    else if (character === ")" && --depth === 0) return at;
  }
  return characters.length;
}

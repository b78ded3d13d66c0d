/** 2,000 texts that readers and writers of YAML stumble over, the same in every run. */

const atoms: readonly string[] = [
  ...["\t", " ", "\n", "\r", "a", "b c", ":", ": ", "#", " #", "-", "- ", "---", "...", "\u0000", "\u0007", "\u001b"],
  ...["\u007f", "\u0085", "\u0091", "\u00a0", "\u2028", "\u2029", "\ufeff", "\ufffe", "\uffff", "\u{1f600}", "é", '"'],
  ...["'", "\\", "`", "|", ">", "%", "@", "&", "*", "!", "{", "}", "[", "]", ",", "?", "? ", "~", "null", "true"],
  ...["0x1F", "1e3", "1_000", "2001-01-01", "<<", "=", `$\{x}`, `$$\{x}`, "$$", "x".repeat(90), "word ".repeat(30)],
  ...["\n\n", "  ", "\t\n", "\n\t", "\n ", " \n", "{{", "+argocd:skip-file-rendering"],
];

/** A generator of numbers that needs no seed to be told. */
function createRandom(): (below: number) => number {
  let state = 7;
  return (below) => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return Math.floor(state / 65536) % below;
  };
}

function makeTexts(count: number): readonly string[] {
  const random = createRandom();
  const texts = new Set<string>();
  for (const atom of atoms) {
    texts.add(atom);
    for (const other of ["a", "\n", "\t", "x\ny"]) for (const text of [atom + other, other + atom]) texts.add(text);
  }
  while (texts.size < count) {
    let text = "";
    for (let parts = 1 + random(7); parts > 0; parts--) text += atoms[random(atoms.length)]!;
    texts.add(text);
  }
  return [...texts];
}

export const nastyTexts = makeTexts(2000);

/** The difference of two texts by lines (Myers' algorithm), as hunks with some lines around. */

export interface LineEdit {
  readonly sign: " " | "-" | "+";
  /** Index of the line in the text it comes from: the second one for `+`, else the first. */
  readonly index: number;
}

export interface LineHunk {
  /** First line, from 1, and number of lines; a side without lines has the line before it, as in Git. */
  readonly before: readonly [start: number, lines: number];
  readonly after: readonly [start: number, lines: number];
  readonly edits: readonly LineEdit[];
}

const contextLines = 3;
/** Texts that differ in more lines are shown as one replaced by the other. */
const editsMax = 500;

export function splitLines(text: string): readonly string[] {
  if (text === "") return [];
  return (text.endsWith("\n") ? text.slice(0, -1) : text).split("\n");
}

/** All lines of both texts, those they share once. */
export function diffLines(before: readonly string[], after: readonly string[]): readonly LineEdit[] {
  let head = 0;
  while (head < before.length && head < after.length && before[head] === after[head]) head++;
  let tail = 0;
  const common = Math.min(before.length, after.length) - head;
  while (tail < common && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail++;

  const edits: LineEdit[] = [];
  for (let index = 0; index < head; index++) edits.push({ sign: " ", index });
  const middle = diffMiddle(before.slice(head, before.length - tail), after.slice(head, after.length - tail));
  for (const { sign, index } of middle) edits.push({ sign, index: index + head });
  for (let index = before.length - tail; index < before.length; index++) edits.push({ sign: " ", index });
  return edits;
}

/** Finds the furthest reaching paths of ever more edits, then walks them back. */
function diffMiddle(before: readonly string[], after: readonly string[]): readonly LineEdit[] {
  const traces: Int32Array[] = [];
  const max = Math.min(before.length + after.length, editsMax);
  const offset = max + 1;
  const furthest = new Int32Array(2 * offset + 1);
  for (let edits = 0; edits <= max; edits++) {
    traces.push(furthest.slice(offset - edits - 1, offset + edits + 2));
    for (let k = -edits; k <= edits; k += 2) {
      const isDown = k === -edits || (k !== edits && furthest[offset + k - 1]! < furthest[offset + k + 1]!);
      let x = isDown ? furthest[offset + k + 1]! : furthest[offset + k - 1]! + 1;
      let y = x - k;
      while (x < before.length && y < after.length && before[x] === after[y]) {
        x++;
        y++;
      }
      furthest[offset + k] = x;
      if (x >= before.length && y >= after.length) return walkBack(traces, before.length, after.length);
    }
  }
  return [
    ...before.map((_, index) => ({ sign: "-" as const, index })),
    ...after.map((_, index) => ({ sign: "+" as const, index })),
  ];
}

function walkBack(traces: readonly Int32Array[], beforeLength: number, afterLength: number): readonly LineEdit[] {
  const reversed: LineEdit[] = [];
  let x = beforeLength;
  let y = afterLength;
  for (let edits = traces.length - 1; edits >= 0; edits--) {
    const trace = traces[edits]!;
    const at = (k: number) => trace[k + edits + 1]!;
    const k = x - y;
    const isDown = k === -edits || (k !== edits && at(k - 1) < at(k + 1));
    const fromK = isDown ? k + 1 : k - 1;
    const fromX = edits === 0 ? 0 : at(fromK);
    const fromY = edits === 0 ? 0 : fromX - fromK;
    while (x > fromX && y > fromY) {
      x--;
      y--;
      reversed.push({ sign: " ", index: x });
    }
    if (edits === 0) break;
    if (isDown) reversed.push({ sign: "+", index: --y });
    else reversed.push({ sign: "-", index: --x });
  }
  // Within one change the lines that go come before those that come.
  return sortRuns(reversed.reverse());
}

function sortRuns(edits: readonly LineEdit[]): readonly LineEdit[] {
  const sorted: LineEdit[] = [];
  let added: LineEdit[] = [];
  for (const edit of edits) {
    if (edit.sign === "+") {
      added.push(edit);
      continue;
    }
    if (edit.sign === " ") {
      sorted.push(...added);
      added = [];
    }
    sorted.push(edit);
  }
  return [...sorted, ...added];
}

export function makeHunks(edits: readonly LineEdit[]): readonly LineHunk[] {
  const hunks: LineHunk[] = [];
  let lineBefore = 0;
  let lineAfter = 0;
  const starts = edits.map(({ sign }) => {
    const start = [lineBefore, lineAfter] as const;
    if (sign !== "+") lineBefore++;
    if (sign !== "-") lineAfter++;
    return start;
  });
  for (let at = 0; at < edits.length; at++) {
    if (edits[at]!.sign === " ") continue;
    let end = at;
    for (let next = at; next < edits.length && next <= end + 2 * contextLines + 1; next++) {
      if (edits[next]!.sign !== " ") end = next;
    }
    const from = Math.max(0, at - contextLines);
    const shown = edits.slice(from, end + 1 + contextLines);
    const [startBefore, startAfter] = starts[from]!;
    const range = (start: number, sign: "-" | "+"): readonly [number, number] => {
      const lines = shown.filter((edit) => edit.sign === " " || edit.sign === sign).length;
      return [lines === 0 ? start : start + 1, lines];
    };
    hunks.push({ before: range(startBefore, "-"), after: range(startAfter, "+"), edits: shown });
    at = end + contextLines;
  }
  return hunks;
}

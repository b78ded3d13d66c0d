/** Plain scalars, on one line or folded over several, with the rules of libyaml (which Go's readers follow). */
import {
  afterBreak,
  type Cursor,
  dash,
  fail,
  hash,
  isBlank,
  isBlankOrEnd,
  isBreak,
  isDocumentMarker,
  space,
  tab,
} from "./cursor.ts";
import { YamlScalar } from "./node.ts";

const colon = 0x3a;
const question = 0x3f;

/** Signs with a meaning of their own, which can't begin a plain scalar. */
const indicators = new Set([...",[]{}#&*!|>'\"%@`"].map((sign) => sign.charCodeAt(0)));
/** What ends a plain scalar within a flow collection. */
const flowIndicators = new Set([...",?[]{}"].map((sign) => sign.charCodeAt(0)));

/** Reads the plain scalar at the cursor; its further lines stand deeper than column `indent`. */
export function scanPlain(cursor: Cursor, indent: number): YamlScalar {
  const { text } = cursor;
  const inFlow = cursor.flowLevel > 0;
  const start = cursor.pos;
  checkFirst(cursor, inFlow);

  let end = scanLine(text, start, inFlow);
  let content = text.slice(start, end);
  // A comment or an indicator ends the scalar; only the end of the line leaves it open.
  for (let next = end; ; ) {
    while (isBlank(text.charCodeAt(next))) next++;
    if (!isBreak(text.charCodeAt(next))) break;

    let breaks = 0;
    let lineStart = next;
    for (;;) {
      lineStart = afterBreak(text, next);
      breaks++;
      next = lineStart;
      while (isBlank(text.charCodeAt(next))) {
        if (text.charCodeAt(next) === tab && !inFlow && next - lineStart <= indent) fail("a tab can't indent", next);
        next++;
      }
      if (!isBreak(text.charCodeAt(next))) break;
    }
    const isOver =
      next >= text.length ||
      text.charCodeAt(next) === hash ||
      (!inFlow && next - lineStart <= indent) ||
      (next === lineStart && isDocumentMarker(text, next));
    if (isOver) break;
    const lineEnd = scanLine(text, next, inFlow);
    if (lineEnd === next) break;

    content += (breaks === 1 ? " " : "\n".repeat(breaks - 1)) + text.slice(next, lineEnd);
    cursor.lineStart = lineStart;
    end = lineEnd;
    next = lineEnd;
  }
  cursor.pos = end;
  cursor.fresh = false;
  return new YamlScalar(start, end, "plain", content);
}

function checkFirst({ text, pos }: Cursor, inFlow: boolean): void {
  const unit = text.charCodeAt(pos);
  if (isLetterOrDigit(unit)) return;
  const isIndicator =
    indicators.has(unit) ||
    ((unit === question || unit === colon) && (inFlow || isBlankOrEnd(text.charCodeAt(pos + 1)))) ||
    (unit === dash && isBlankOrEnd(text.charCodeAt(pos + 1)));
  if (isIndicator) fail(`'${text[pos]}' can't begin a value without quotes`, pos);
}

function isLetterOrDigit(unit: number): boolean {
  return (unit >= 0x61 && unit <= 0x7a) || (unit >= 0x41 && unit <= 0x5a) || (unit >= 0x30 && unit <= 0x39);
}

/** The offset behind the last character that belongs to the scalar on this line. */
function scanLine(text: string, start: number, inFlow: boolean): number {
  let end = start;
  for (let pos = start; ; ) {
    const unit = text.charCodeAt(pos);
    if (unit > space) {
      if (unit === colon ? isBlankOrEnd(text.charCodeAt(pos + 1)) : inFlow && flowIndicators.has(unit)) return end;
      end = ++pos;
    } else {
      if (!isBlank(unit)) return end;
      do pos++;
      while (isBlank(text.charCodeAt(pos)));
      if (text.charCodeAt(pos) === hash) return end;
    }
  }
}

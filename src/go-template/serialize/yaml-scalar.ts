/** Which styles a scalar can be written in: libyaml's analysis, as both go-yaml libraries carry it. */

/** What a scalar's text allows. Only the block context counts: flow collections are written empty or not at all. */
export interface ScalarAnalysis {
  /** It holds a line break (also U+2028 and U+2029), so it can't be a key on one line. */
  readonly multiline: boolean;
  readonly plainAllowed: boolean;
  readonly singleQuotedAllowed: boolean;
  readonly literalAllowed: boolean;
}

const simple: ScalarAnalysis = {
  multiline: false,
  plainAllowed: true,
  singleQuotedAllowed: true,
  literalAllowed: true,
};
const empty: ScalarAnalysis = { ...simple, literalAllowed: false };

/** Texts that need no analysis: letters, digits and harmless signs, where a colon is followed by one of them. */
const harmless = /^[A-Za-z0-9_./](?:[A-Za-z0-9_./@+=-]|:(?=[A-Za-z0-9_./]))*$/;
const alwaysIndicators = "#,[]{}&*!|>'\"%@`";

const space = 0x20;
const tab = 0x09;

/**
 * Analyzes a scalar of valid Unicode. `tabsAreSpecial` is go-yaml v2, where a tab rules out the literal style; in v3 it
 * only rules out the plain and the single-quoted one.
 */
export function analyzeScalar(text: string, tabsAreSpecial: boolean): ScalarAnalysis {
  if (harmless.test(text) && !text.startsWith("...")) return simple;
  if (text === "") return empty;

  let indicators = text.startsWith("---") || text.startsWith("...");
  let lineBreaks = false;
  let special = false;
  let tabs = false;
  let breakSpace = false;
  let spaceBreak = false;
  let previousSpace = false;
  let previousBreak = false;
  let afterBlank = true;

  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    const next = at + 1 < text.length ? text.charCodeAt(at + 1) : space;
    const beforeBlank = next === space || next === tab;
    if (at === 0) {
      if (alwaysIndicators.includes(text[0]!)) indicators = true;
      else if ((unit === 0x3f || unit === 0x3a || unit === 0x2d) && beforeBlank) indicators = true;
    } else if ((unit === 0x3a && beforeBlank) || (unit === 0x23 && afterBlank)) {
      indicators = true;
    }

    if (unit === tab && !tabsAreSpecial) tabs = true;
    else if (!isPrintable(unit)) special = true;

    if (unit === space) {
      if (previousBreak) breakSpace = true;
      previousSpace = true;
      previousBreak = false;
    } else if (isBreak(unit)) {
      lineBreaks = true;
      if (previousSpace) spaceBreak = true;
      previousSpace = false;
      previousBreak = true;
    } else {
      previousSpace = false;
      previousBreak = false;
    }
    afterBlank = unit === space || unit === tab || unit === 0 || isBreak(unit);
  }

  const first = text.charCodeAt(0);
  const last = text.charCodeAt(text.length - 1);
  const edgesBlank = first === space || last === space || isBreak(first) || isBreak(last);
  const unquotable = special || spaceBreak || breakSpace || tabs;
  return {
    multiline: lineBreaks,
    plainAllowed: !(unquotable || lineBreaks || edgesBlank || indicators),
    singleQuotedAllowed: !unquotable,
    literalAllowed: !(special || spaceBreak || last === space),
  };
}

/** What libyaml prints unescaped; surrogates stand for what is beyond the basic plane, which it escapes. */
export function isPrintable(unit: number): boolean {
  return (
    unit === 0x0a ||
    (unit >= 0x20 && unit <= 0x7e) ||
    (unit >= 0xa0 && unit <= 0xd7ff) ||
    (unit >= 0xe000 && unit <= 0xfffd && unit !== 0xfeff)
  );
}

/** The line breaks of YAML 1.1. */
export function isBreak(unit: number): boolean {
  return unit === 0x0a || unit === 0x0d || unit === 0x85 || unit === 0x2028 || unit === 0x2029;
}

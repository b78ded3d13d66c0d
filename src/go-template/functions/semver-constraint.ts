/** Masterminds/semver v3.5.0: constraints such as `>=1.19-0 <2 || ~3.1`. */
import { RE2JS } from "re2js";
import { byteLength } from "../bytes.ts";
import { quoteGo } from "../quote.ts";
import { GoFunctionError } from "./registry.ts";
import { comparePrereleases, compareVersions, parseVersion, type Version } from "./semver-version.ts";

const constraintBytesMax = 512;
const groupsMax = 32;

/** One comparison; `dirty` where parts of its version are left out or wildcards. */
interface Comparison {
  readonly operator: string;
  readonly version: Version;
  readonly dirty: boolean;
  readonly minorDirty: boolean;
  readonly patchDirty: boolean;
}

/** Alternatives (`||`) of comparisons that must all hold. */
export type Constraint = readonly (readonly Comparison[])[];

// Matched in linear time, and by RE2's own rules for \s.
const operators = String.raw`=||!=|>|<|>=|=>|<=|=<|~|~>|\^`;
const versionPart =
  String.raw`v?([0-9|x|X|\*]+)(\.[0-9|x|X|\*]+)?(\.[0-9|x|X|\*]+)?` +
  String.raw`(-([0-9A-Za-z\-]+(\.[0-9A-Za-z\-]+)*))?(\+([0-9A-Za-z\-]+(\.[0-9A-Za-z\-]+)*))?`;
const comparisonPattern = RE2JS.compile(String.raw`^\s*(${operators})\s*(${versionPart})\s*$`);
const rangePattern = RE2JS.compile(String.raw`\s*(${versionPart})\s+-\s+(${versionPart})\s*`);
const findPattern = RE2JS.compile(String.raw`(${operators})\s*(${versionPart})`);
const validPattern = RE2JS.compile(
  String.raw`^(\s*(${operators})\s*(${versionPart})\s*)((?:\s+|,\s*)(${operators})\s*(${versionPart})\s*)*$`,
);
/** The group of the second version of a range. */
const rangeEndGroup = 11;

/** semver.NewConstraint. */
export function parseConstraint(text: string): Constraint {
  if (byteLength(text) > constraintBytesMax) {
    throw new GoFunctionError(`constraint string is too long (max ${constraintBytesMax} bytes)`);
  }
  const alternatives = rewriteRanges(text).split("||");
  if (alternatives.length > groupsMax) {
    throw new GoFunctionError(`too many constraint groups (max ${groupsMax})`);
  }
  return alternatives.map((alternative) => {
    if (!validPattern.test(alternative)) throw improperConstraint(alternative);
    return allMatches(findPattern, alternative).map(parseComparison);
  });
}

function improperConstraint(text: string): GoFunctionError {
  return new GoFunctionError(`improper constraint: ${quoteGo(text)}`);
}

function allMatches(pattern: RE2JS, text: string): string[] {
  return Array.from(pattern.matchAll(text), (match) => match[0]);
}

/** `1.2 - 2.3` as `>= 1.2, <= 2.3 `. */
function rewriteRanges(text: string): string {
  let rewritten = text;
  for (const match of rangePattern.matchAll(text)) {
    const comparisons = `>= ${match[1]}, <= ${match[rangeEndGroup]} `;
    rewritten = rewritten.replace(match[0], () => comparisons);
  }
  return rewritten;
}

const isWildcard = (part: string | undefined) => part === undefined || /^\.?[xX*]$/.test(part);

function parseComparison(text: string): Comparison {
  const found = comparisonPattern.exec(text) as (string | undefined)[] | null;
  if (found === null) throw improperConstraint(text);
  const [, operator = "", written = "", major, minor, patch, prerelease = ""] = found;
  const dirty = { dirty: true, minorDirty: false, patchDirty: false };
  if (isWildcard(major)) return { operator, version: parsePart(`0.0.0${prerelease}`), ...dirty };
  if (isWildcard(minor)) {
    return { operator, version: parsePart(`${major}.0.0${prerelease}`), ...dirty, minorDirty: true };
  }
  if (isWildcard(patch)) {
    return { operator, version: parsePart(`${major}${minor}.0${prerelease}`), ...dirty, patchDirty: true };
  }
  return { operator, version: parsePart(written), ...dirty, dirty: false };
}

function parsePart(text: string): Version {
  try {
    return parseVersion(text);
  } catch (error) {
    if (error instanceof GoFunctionError) throw new GoFunctionError("constraint parser error");
    throw error;
  }
}

/** Constraints.Check. A prerelease satisfies only alternatives in which a prerelease is written. */
export function satisfies(version: Version, constraint: Constraint): boolean {
  return constraint.some((comparisons) => {
    const includesPrereleases = comparisons.some((comparison) => comparison.version.prerelease !== "");
    if (version.prerelease !== "" && !includesPrereleases) return false;
    return comparisons.every((comparison) => holds(version, comparison));
  });
}

function holds(version: Version, comparison: Comparison): boolean {
  const order = compareVersions(version, comparison.version);
  switch (comparison.operator) {
    case "":
    case "=":
      return comparison.dirty ? isTildeMatch(version, comparison) : order === 0;
    case "!=":
      return isDifferent(version, comparison);
    case ">":
      return isGreater(version, comparison);
    case "<":
      return order < 0;
    case ">=":
    case "=>":
      return order >= 0;
    case "<=":
    case "=<":
      return isLessOrEqual(version, comparison);
    case "~":
    case "~>":
      return isTildeMatch(version, comparison);
    default:
      return isCaretMatch(version, comparison);
  }
}

function isDifferent(version: Version, { version: other, dirty, minorDirty, patchDirty }: Comparison): boolean {
  if (dirty) {
    if (other.major !== version.major) return true;
    if (other.minor !== version.minor && !minorDirty) return true;
    if (minorDirty) return false;
    if (other.patch !== version.patch && !patchDirty) return true;
    if (patchDirty) {
      const arePrereleases = version.prerelease !== "" || other.prerelease !== "";
      return arePrereleases && comparePrereleases(version.prerelease, other.prerelease) !== 0;
    }
  }
  return compareVersions(version, other) !== 0;
}

/** Greater than 11 begins with 12, greater than 11.1 with 11.2. */
function isGreater(version: Version, { version: other, dirty, minorDirty, patchDirty }: Comparison): boolean {
  if (!dirty) return compareVersions(version, other) > 0;
  if (version.major !== other.major) return version.major > other.major;
  if (minorDirty) return false;
  return patchDirty ? version.minor > other.minor : compareVersions(version, other) > 0;
}

function isLessOrEqual(version: Version, { version: other, dirty, minorDirty }: Comparison): boolean {
  if (!dirty) return compareVersions(version, other) <= 0;
  if (version.major !== other.major) return version.major < other.major;
  return version.minor <= other.minor || minorDirty;
}

/** `~1.2.3` allows patches, `~1` minors, `~0.0.0` and `~*` everything. */
function isTildeMatch(version: Version, { version: other, minorDirty, patchDirty }: Comparison): boolean {
  if (compareVersions(version, other) < 0) return false;
  const isZero = other.major === 0n && other.minor === 0n && other.patch === 0n;
  if (isZero && !minorDirty && !patchDirty) return true;
  return version.major === other.major && (version.minor === other.minor || minorDirty);
}

/** `^` allows what leaves the first part that is not zero as it is. */
function isCaretMatch(version: Version, { version: other, minorDirty, patchDirty }: Comparison): boolean {
  if (compareVersions(version, other) < 0) return false;
  if (other.major > 0n || minorDirty) return version.major === other.major;
  if (version.major > 0n) return false;
  if (other.minor > 0n || patchDirty) return version.minor === other.minor;
  return version.minor === 0n && version.patch === other.patch;
}

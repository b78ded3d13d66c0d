/** Masterminds/semver v3.5.0: versions and their order. */
import { byteLength } from "../bytes.ts";
import { decimalInteger } from "../numbers.ts";
import { quoteGo } from "../quote.ts";
import { GoFunctionError } from "./registry.ts";

export interface Version {
  readonly major: bigint;
  readonly minor: bigint;
  readonly patch: bigint;
  readonly prerelease: string;
  readonly metadata: string;
  /** As it was written. */
  readonly original: string;
}

const versionBytesMax = 256;
const uint64Max = (1n << 64n) - 1n;
const versionPattern =
  /^v?([0-9]+)(?:\.([0-9]+))?(?:\.([0-9]+))?(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?$/;

/** semver.NewVersion: lenient, `v1` and `1.2` are versions. */
export function parseVersion(text: string): Version {
  if (byteLength(text) > versionBytesMax) {
    throw new GoFunctionError(`version string is too long (max ${versionBytesMax} bytes)`);
  }
  const found = versionPattern.exec(text);
  if (found === null) throw new GoFunctionError("invalid semantic version");
  const [, major, minor = "0", patch = "0", prerelease = "", metadata = ""] = found;
  const version = {
    major: parseSegment(major!),
    minor: parseSegment(minor),
    patch: parseSegment(patch),
    prerelease,
    metadata,
    original: text,
  };
  checkPrerelease(prerelease);
  return version;
}

function parseSegment(digits: string): bigint {
  const value = decimalInteger(digits);
  if (value <= uint64Max) return value;
  throw new GoFunctionError(
    `error parsing version segment: strconv.ParseUint: parsing ${quoteGo(digits)}: value out of range`,
  );
}

/** A numeric part of a prerelease must not begin with a zero. */
export function checkPrerelease(prerelease: string): void {
  const hasLeadingZero = prerelease.split(".").some((part) => /^0[0-9]+$/.test(part));
  if (hasLeadingZero) throw new GoFunctionError("version segment starts with 0");
}

export function versionToString({ major, minor, patch, prerelease, metadata }: Version): string {
  const suffix = (prerelease === "" ? "" : `-${prerelease}`) + (metadata === "" ? "" : `+${metadata}`);
  return `${major}.${minor}.${patch}${suffix}`;
}

/** -1, 0 or 1; metadata does not count. */
export function compareVersions(left: Version, right: Version): number {
  for (const segment of ["major", "minor", "patch"] as const) {
    if (left[segment] !== right[segment]) return left[segment] < right[segment] ? -1 : 1;
  }
  if (left.prerelease === right.prerelease) return 0;
  if (left.prerelease === "") return 1;
  return right.prerelease === "" ? -1 : comparePrereleases(left.prerelease, right.prerelease);
}

/** Part by part; what has fewer parts comes first. */
export function comparePrereleases(left: string, right: string): number {
  const leftParts = left.split(".");
  const rightParts = right.split(".");
  for (let index = 0; index < Math.max(leftParts.length, rightParts.length); index++) {
    const order = compareParts(leftParts[index] ?? "", rightParts[index] ?? "");
    if (order !== 0) return order;
  }
  return 0;
}

const isNumeric = /^[0-9]+$/;

/** Numbers by value and before words; words by their characters. What is too large for a uint64 is a word. */
function compareParts(left: string, right: string): number {
  if (left === right) return 0;
  if (left === "" || right === "") return left === "" ? -1 : 1;
  const leftNumber = isNumeric.test(left) && decimalInteger(left) <= uint64Max ? decimalInteger(left) : undefined;
  const rightNumber = isNumeric.test(right) && decimalInteger(right) <= uint64Max ? decimalInteger(right) : undefined;
  if (leftNumber === undefined && rightNumber === undefined) return left > right ? 1 : -1;
  if (leftNumber === undefined) return 1;
  return rightNumber === undefined || leftNumber < rightNumber ? -1 : 1;
}

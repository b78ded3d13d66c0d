/** Sprig's functions for versions, and a version as the *semver.Version that templates can call methods on. */
import {
  GoInteger,
  GoPointer,
  GoStruct,
  type GoType,
  type GoValue,
  goInt,
  integerOf,
  pointerTo,
  uint64Type,
} from "../value.ts";
import { define, type FunctionDeclaration, type FunctionTable, GoFunctionError } from "./registry.ts";
import { type Constraint, parseConstraint, satisfies } from "./semver-constraint.ts";
import { checkPrerelease, compareVersions, parseVersion, type Version, versionToString } from "./semver-version.ts";

const valueMethods = new Map<string, FunctionDeclaration>();
const pointerMethods = new Map<string, FunctionDeclaration>();

const versionType: GoType = {
  name: "semver.Version",
  kind: "struct",
  text: (value: GoStruct) => versionToString(versionOf(value)),
  methods: valueMethods,
};
const versionPointerType: GoType = {
  ...pointerTo(versionType),
  text: (pointer: GoPointer) => versionToString(versionOf(pointer)),
  methods: pointerMethods,
};

/** A semver.Version, with the fields that Go's has. */
function goVersion({ major, minor, patch, prerelease, metadata, original }: Version): GoStruct {
  const fields = new Map<string, GoValue>([
    ["major", uint64(major)],
    ["minor", uint64(minor)],
    ["patch", uint64(patch)],
    ["pre", prerelease],
    ["metadata", metadata],
    ["original", original],
  ]);
  return new GoStruct(versionType, fields);
}

function versionOf(value: GoValue): Version {
  const target = value instanceof GoPointer ? value.target : value;
  if (!(target instanceof GoStruct)) {
    throw new GoFunctionError("runtime error: invalid memory address or nil pointer dereference");
  }
  const integer = (name: string) => integerOf(target.fields.get(name))!;
  const text = (name: string) => target.fields.get(name) as string;
  return {
    major: integer("major"),
    minor: integer("minor"),
    patch: integer("patch"),
    prerelease: text("pre"),
    metadata: text("metadata"),
    original: text("original"),
  };
}

/** A method of values is one of pointers too. */
function addMethod(name: string, call: (version: Version) => GoValue): void {
  valueMethods.set(
    name,
    define([versionType], (_, value) => call(versionOf(value))),
  );
  pointerMethods.set(
    name,
    define([versionPointerType], (_, value) => call(versionOf(value))),
  );
}

function addTextMethod(name: string, call: (version: Version, text: string) => GoValue): void {
  valueMethods.set(
    name,
    define([versionType, "string"], (_, value, text) => call(versionOf(value), text)),
  );
  pointerMethods.set(
    name,
    define([versionPointerType, "string"], (_, value, text) => call(versionOf(value), text)),
  );
}

function addComparison(name: string, holds: (order: number) => GoValue): void {
  const declaration = define([versionPointerType, versionPointerType], (_, left, right) =>
    holds(compareVersions(versionOf(left), versionOf(right))),
  );
  pointerMethods.set(name, declaration);
}

/** A changed version; like Go's, it keeps a leading v in what counts as written. */
function changed(version: Version, changes: Partial<Version>): GoStruct {
  const next = { ...version, ...changes };
  return goVersion({ ...next, original: (version.original.startsWith("v") ? "v" : "") + versionToString(next) });
}

function uint64(value: bigint): GoInteger {
  return new GoInteger(uint64Type, value);
}

const uint64Max = (1n << 64n) - 1n;

function increment(segment: "major" | "minor" | "patch", value: bigint): bigint {
  if (value === uint64Max) throw new GoFunctionError(`${segment} version increment would overflow uint64`);
  return value + 1n;
}

const identifiers = /^[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*$/;
const released = { prerelease: "", metadata: "" };

addMethod("Major", ({ major }) => uint64(major));
addMethod("Minor", ({ minor }) => uint64(minor));
addMethod("Patch", ({ patch }) => uint64(patch));
addMethod("Prerelease", ({ prerelease }) => prerelease);
addMethod("Metadata", ({ metadata }) => metadata);
addMethod("String", versionToString);
addMethod("IncMajor", (version) =>
  changed(version, { major: increment("major", version.major), minor: 0n, patch: 0n, ...released }),
);
addMethod("IncMinor", (version) =>
  changed(version, { minor: increment("minor", version.minor), patch: 0n, ...released }),
);
addMethod("IncPatch", (version) => {
  // The next patch after a prerelease is its release.
  const patch = version.prerelease === "" ? increment("patch", version.patch) : version.patch;
  return changed(version, { patch, ...released });
});
addTextMethod("SetPrerelease", (version, prerelease) => {
  if (prerelease !== "") {
    if (!identifiers.test(prerelease)) throw new GoFunctionError("invalid prerelease string");
    checkPrerelease(prerelease);
  }
  return changed(version, { prerelease });
});
addTextMethod("SetMetadata", (version, metadata) => {
  if (metadata !== "" && !identifiers.test(metadata)) throw new GoFunctionError("invalid metadata string");
  return changed(version, { metadata });
});
pointerMethods.set(
  "Original",
  define([versionPointerType], (_, value) => versionOf(value).original),
);
addComparison("Compare", (order) => goInt(order));
addComparison("Equal", (order) => order === 0);
addComparison("LessThan", (order) => order < 0);
addComparison("LessThanEqual", (order) => order <= 0);
addComparison("GreaterThan", (order) => order > 0);
addComparison("GreaterThanEqual", (order) => order >= 0);

const constraintsMax = 256;
const constraints = new Map<string, Constraint>();

/** Constraints are mostly literals of templates: those in use are kept. */
function constraintOf(text: string): Constraint {
  const known = constraints.get(text);
  if (known !== undefined) return known;
  const constraint = parseConstraint(text);
  if (constraints.size >= constraintsMax) constraints.clear();
  constraints.set(text, constraint);
  return constraint;
}

export const semverFunctions: FunctionTable = {
  semver: define(["string"], (_, text) => new GoPointer(versionPointerType, goVersion(parseVersion(text)))),
  semverCompare: define(["string", "string"], (_, constraint, version) => {
    const parsed = constraintOf(constraint);
    return satisfies(parseVersion(version), parsed);
  }),
};

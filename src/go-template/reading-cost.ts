/**
 * What reading arguments costs: a function is charged for what it reads before it is called, so that a loop of calls over one
 * large list ends in time.
 */
import { GoPointer, type GoValue, listItems, mapEntries } from "./value.ts";

/**
 * How much of the lists and maps among its arguments a function reads: nothing but their size and single members, or it
 * charges for more itself (`size`); each member once (`items`); their keys, in order (`keys`); everything in them (`all`), and
 * that in order (`sorted`). Strings and large integers are always charged whole.
 */
export type Reads = "size" | "items" | "keys" | "all" | "sorted";

export interface ReadingBudget {
  /** Accounts for that many bytes read, or work in proportion. */
  chargeReading(bytes: number): void;
}

/** What looking at one member is charged. */
const itemBytes = 16;
/** Arithmetic and decimal digits of large integers are more work than their bytes. */
const bytesPerHexDigit = 32;
const minInt64 = -(2n ** 63n);
const maxUint64 = 2n ** 64n - 1n;

/** Charges for an argument on its way into a function. */
export function chargeArgument(budget: ReadingBudget, argument: unknown, reads: Reads): void {
  if (typeof argument === "string") budget.chargeReading(argument.length);
  else if (typeof argument === "bigint") chargeInteger(budget, argument);
  else if (reads !== "size" && typeof argument === "object" && argument !== null) {
    chargeMembers(budget, argument as GoValue, reads);
  }
}

/** Charges for an integer that no 64 bits hold. */
export function chargeInteger(budget: ReadingBudget, value: bigint): void {
  if (value > maxUint64 || value < minInt64) budget.chargeReading(value.toString(16).length * bytesPerHexDigit);
}

function chargeMembers(budget: ReadingBudget, value: GoValue, reads: Reads): void {
  if (value instanceof GoPointer) {
    chargeMembers(budget, value.target, reads);
    return;
  }
  const items = listItems(value);
  const entries = items === undefined ? mapEntries(value) : undefined;
  const size = items?.length ?? entries?.size ?? 0;
  const turns = reads === "keys" || reads === "sorted" ? Math.ceil(Math.log2(size + 2)) : 1;
  budget.chargeReading(size * turns * itemBytes);
  if (reads === "items") return;
  if (items !== undefined) {
    if (reads !== "keys") for (const item of items) chargeArgument(budget, item, "all");
    return;
  }
  for (const [key, member] of entries ?? []) {
    budget.chargeReading(key.length);
    if (reads !== "keys") chargeArgument(budget, member, "all");
  }
}

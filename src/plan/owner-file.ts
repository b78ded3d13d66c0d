/** What each owner last asked for, and since when it is withdrawn: enough to follow it when its documents are gone. */
import type { StopMatchingBehavior } from "../model/catalog.ts";
import { type Json, writeJson } from "../model/json.ts";
import { type Owner, ownerKey, parseOwnerKey, triggerOwner } from "../model/owner.ts";
import { SluiceError } from "../model/problem.ts";
import { parseStateFile } from "./record-file.ts";

export interface OwnerRecord {
  readonly owner: Owner;
  readonly stopMatchingBehavior: StopMatchingBehavior;
  /** The checkpoint's minutes when its documents were found gone; absent: it is in the catalog. */
  readonly withdrawnAt?: number;
}

export function writeOwner({ owner, stopMatchingBehavior, withdrawnAt }: OwnerRecord): string {
  const file = new Map<string, Json>([
    ["version", 2n],
    ["owner", ownerKey(owner)],
    ["stopMatchingBehavior", stopMatchingBehavior],
  ]);
  if (withdrawnAt !== undefined) file.set("withdrawnAt", BigInt(withdrawnAt));
  return `${writeJson(file, 1)}\n`;
}

/** Of format 1 too. Throws a SluiceError (STATE_INVALID). */
export function parseOwner(text: string, path: string): OwnerRecord {
  const file = parseStateFile(text, path);
  const isFirst = file.get("version") === 1n;
  const owner = isFirst ? triggerOwner(String(file.get("trigger"))) : parseOwnerKey(String(file.get("owner")));
  if (owner === undefined) throw new SluiceError({ code: "STATE_INVALID", message: `${path} names no owner` });
  const withdrawnAt = file.get("withdrawnAt");
  return {
    owner,
    stopMatchingBehavior: file.get("stopMatchingBehavior") === "LeavePolicies" ? "LeavePolicies" : "WithdrawPolicies",
    ...(withdrawnAt === undefined ? {} : { withdrawnAt: Number(withdrawnAt) }),
  };
}

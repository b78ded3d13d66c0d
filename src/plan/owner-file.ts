/**
 * What each owner last asked for: enough to see that its entities have to be rendered again, and what is to become of
 * them when the trigger itself is gone.
 */
import type { StopMatchingBehavior } from "../model/catalog.ts";
import { type Json, writeJson } from "../model/json.ts";
import { parseStateFile } from "./record-file.ts";

export interface OwnerRecord {
  readonly trigger: string;
  /** Over the trigger, all it refers to, and the clusters it may render for. */
  readonly fingerprint: string;
  readonly stopMatchingBehavior: StopMatchingBehavior;
}

export function writeOwner({ trigger, fingerprint, stopMatchingBehavior }: OwnerRecord): string {
  const file = new Map<string, Json>([
    ["version", 1n],
    ["trigger", trigger],
    ["fingerprint", fingerprint],
    ["stopMatchingBehavior", stopMatchingBehavior],
  ]);
  return `${writeJson(file, 1)}\n`;
}

/** Throws a SluiceError (STATE_INVALID). */
export function parseOwner(text: string, path: string): OwnerRecord {
  const file = parseStateFile(text, path);
  return {
    trigger: String(file.get("trigger")),
    fingerprint: String(file.get("fingerprint")),
    stopMatchingBehavior: file.get("stopMatchingBehavior") === "LeavePolicies" ? "LeavePolicies" : "WithdrawPolicies",
  };
}

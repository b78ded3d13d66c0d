/** How a held change is named: by what its documents were and become, so that a dry run names it alike beforehand. */
import { createHash } from "node:crypto";
import type { DocumentChange } from "../../model/mass-change.ts";

/** Twelve hex digits; another change of the same documents has another id. */
export function changeId(documents: readonly DocumentChange[]): string {
  const sorted = [...documents].sort((a, b) => (a.key < b.key ? -1 : 1));
  const text = JSON.stringify(sorted.map(({ key, before, after }) => [key, before ?? null, after ?? null]));
  return createHash("sha256").update(text).digest("hex").slice(0, 12);
}

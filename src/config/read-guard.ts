/** `guard` of `sluice.yaml`: how much one change may take away or bring before somebody has to approve it. */
import type { JsonObject } from "../model/json.ts";
import { defaultGuard, type GuardSettings } from "../model/mass-change.ts";
import { parseDuration } from "../model/parse-duration.ts";
import { memberText } from "./yaml-document.ts";

const minuteMs = 60_000;

export function readGuard(guard: JsonObject | undefined): GuardSettings {
  const number = (key: "removals" | "share" | "additions" | "eventRemovals") =>
    Number(guard?.get(key) ?? defaultGuard[key]);
  const keepWithdrawn = memberText(guard, "keepWithdrawn");
  return {
    removals: number("removals"),
    share: number("share"),
    additions: number("additions"),
    eventRemovals: number("eventRemovals"),
    keepWithdrawnMinutes:
      keepWithdrawn === undefined
        ? defaultGuard.keepWithdrawnMinutes
        : Math.ceil(parseDuration(keepWithdrawn) / minuteMs),
  };
}

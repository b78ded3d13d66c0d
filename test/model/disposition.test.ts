/** What becomes of an error, by code and place: the rows that people rely on. */
import { expect, it } from "vitest";
import { type Disposition, dispositionOf, type Where } from "../../src/model/disposition.ts";
import { type ErrorCode, SluiceError } from "../../src/model/problem.ts";

const failure = (code: ErrorCode) => new SluiceError({ code, message: "something is wrong" });

const rows: readonly [ErrorCode, Partial<Record<Where, Disposition>>][] = [
  // A server that is away, or does not let us in, never ends the service; a change that needs it is refused.
  ["GIT_UNAVAILABLE", { start: "wait", run: "wait", change: "refuse" }],
  ["GIT_AUTH", { start: "wait", run: "wait", change: "refuse" }],
  ["GIT_REFUSED", { start: "wait", run: "wait" }],
  ["FORGE_AUTH", { start: "wait", run: "wait" }],
  ["NATS_AUTH", { start: "wait", run: "wait", change: "wait" }],
  // Absence is a problem that somebody has to look at, never a reason to go on without.
  ["CONFIG_MISSING", { start: "wait", run: "wait", change: "refuse" }],
  ["TARGET_MISSING", { start: "wait", run: "wait", change: "refuse" }],
  ["STATE_MISSING", { start: "wait", run: "wait", change: "refuse" }],
  ["STATE_BEHIND", { start: "wait", run: "wait", change: "refuse" }],
  ["SECRET_UNREADABLE", { start: "refuse", change: "refuse", run: "wait" }],
  ["STATE_INVALID", { start: "refuse", change: "refuse", run: "wait" }],
  ["SETTINGS_INVALID", { start: "refuse", change: "refuse" }],
  ["JOURNAL_LOCKED", { start: "refuse", change: "refuse" }],
  ["LEADER_LOST", { start: "stand-by", run: "stand-by" }],
  ["DISK_UNAVAILABLE", { start: "wait", run: "wait" }],
  // Of one delivery nothing but that delivery is affected.
  ["EVENT_NOT_JSON", { delivery: "dead-letter" }],
  ["TEMPLATE_FAILED", { delivery: "fail-record", run: "fail-record" }],
  ["PROGRAM_FAILED", { delivery: "fail-record" }],
  ["INTERNAL", { start: "crash", run: "crash", change: "crash" }],
];

for (const [code, places] of rows) {
  it(code, () => {
    const wanted = Object.keys(places) as Where[];
    expect(Object.fromEntries(wanted.map((where) => [where, dispositionOf(failure(code), where)]))).toEqual(places);
  });
}

it("what has no code is a bug, wherever it is met", () => {
  for (const where of ["start", "change", "run", "delivery"] as const) {
    expect(dispositionOf(new Error("ENOSPC"), where)).toBe("crash");
    expect(dispositionOf(undefined, where)).toBe("crash");
  }
});

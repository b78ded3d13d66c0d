/** What was found of one thing that the settings name: what holds, and what is wrong with it. */
import type { Problem } from "./problem.ts";

export interface Examination {
  /** `settings`, `connection bus`, `repository`. */
  readonly subject: string;
  /** Sentences of what is as it should be. */
  readonly facts: readonly string[];
  readonly problems: readonly Problem[];
}

/** A clock that is further off than this dates things wrong that people compare. */
const skewMsMax = 5_000;

/** How this machine's clock stands to another's; undefined: well. */
export function judgeClock(whose: string, theirs: number, ours: number): Problem | undefined {
  const seconds = Math.round((ours - theirs) / 1000);
  if (Math.abs(ours - theirs) <= skewMsMax) return undefined;
  const how = seconds > 0 ? `${seconds} s ahead of` : `${-seconds} s behind`;
  return {
    code: "CLOCK_OFF",
    severity: "warning",
    message: `this machine's clock is ${how} ${whose}`,
    hint: "Sluice orders nothing by it; certificates, tokens and what people compare go by it. Run a time service.",
  };
}

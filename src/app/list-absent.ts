/** What is absent, without what is held: that is told with its own command. */
import type { Problem } from "../model/problem.ts";
import type { LeadingSnapshot } from "../pipeline/loop/snapshot.ts";

/** By part. */
export function listAbsent({ absent, held }: LeadingSnapshot): readonly (readonly [string, Problem])[] {
  const isHeld = ({ code, message }: Problem) =>
    code === "CHANGE_HELD" && held.some(({ id }) => message.includes(`change ${id} `));
  return Object.entries(absent).filter(([, problem]) => !isHeld(problem));
}

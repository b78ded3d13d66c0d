/** What reviews come to: forges keep every one that was given, and each person's last counts. */

const approval = "APPROVED";
/** The two names of the same thing. */
const refusals: ReadonlySet<string> = new Set(["CHANGES_REQUESTED", "REQUEST_CHANGES"]);
const withdrawal = "DISMISSED";

/** `reviews`: who and what, the oldest first. Comments change no verdict. */
export function isApproval(reviews: readonly (readonly [reviewer: string, state: string])[]): boolean {
  const verdicts = new Map<string, string>();
  for (const [reviewer, state] of reviews) {
    if (state === approval || refusals.has(state)) verdicts.set(reviewer, state);
    else if (state === withdrawal) verdicts.delete(reviewer);
  }
  const given = [...verdicts.values()];
  return given.includes(approval) && !given.some((state) => refusals.has(state));
}

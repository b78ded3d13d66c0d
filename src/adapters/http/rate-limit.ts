/** Whether a server that refuses only wants to be asked later: forges say so with 429, and with 403 as well. */

export interface HttpRefusal {
  readonly status: number;
  /** What the answer says, where it is text. */
  readonly said: string;
  /** A header of the answer, by its name in lower case. */
  readonly header: (name: string) => string | null | undefined;
}

/** GitHub answers 403 for its limits: without requests left, with a time to wait, or in words alone. */
export function isRateLimit({ status, said, header }: HttpRefusal): boolean {
  if (status === 429) return true;
  if (status !== 403) return false;
  return isLimitInWords(said) || header("x-ratelimit-remaining") === "0" || Boolean(header("retry-after"));
}

/** What programs print of such an answer. */
export function isLimitInWords(said: string): boolean {
  return /rate.?limit|too many requests|abuse detection/i.test(said);
}

/** What errors of the client library, of TLS and of the system say, through all that caused them. */

/** The error and what caused it, outermost first. */
export function causes(error: unknown): Error[] {
  const found: Error[] = [];
  for (let cause = error; cause instanceof Error && found.length < 8; cause = cause.cause) found.push(cause);
  return found;
}

export function messages(error: unknown): string[] {
  return error instanceof Error ? causes(error).map((cause) => cause.message) : [String(error)];
}

export function firstMessage(error: unknown): string {
  return messages(error).find((message) => message !== "") ?? "no reason given";
}

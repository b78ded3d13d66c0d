/** How Sluice shows the Git server who it is. Secrets are asked for at each use, so that they can change. */
import { validateHeaderValue } from "node:http";
import { SluiceError } from "../../model/problem.ts";

export type GitAuth =
  | { readonly kind: "none" }
  | { readonly kind: "basic"; username(): Promise<string>; password(): Promise<string> }
  | { readonly kind: "bearer"; token(): Promise<string> }
  /** The private key's text, and that of a known_hosts file; without it, the user's own is used. */
  | { readonly kind: "ssh"; key(): Promise<string>; knownHosts?(): Promise<string> };

/** The value of http's Authorization header; undefined: none. Throws a SluiceError (GIT_AUTH) for a token that can't be one. */
export async function authorizationOf(auth: GitAuth): Promise<string | undefined> {
  switch (auth.kind) {
    case "basic": {
      const pair = `${await auth.username()}:${await auth.password()}`;
      return `Basic ${Buffer.from(pair).toString("base64")}`;
    }
    case "bearer":
      return sendable(`Bearer ${(await auth.token()).trim()}`);
    case "none":
    case "ssh":
      return undefined;
  }
}

/** A file that holds more than the token, or another text, is told by what Node refuses in a header. */
function sendable(value: string): string {
  try {
    validateHeaderValue("authorization", value);
    return value;
  } catch {
    throw new SluiceError({
      code: "GIT_AUTH",
      message:
        "the token for the Git server can't be sent: it has a line break, or a character that no header may have",
      hint: "Let what repository.auth names hold the token alone, on one line.",
    });
  }
}

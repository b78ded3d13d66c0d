/** How Sluice shows the Git server who it is. Secrets are asked for at each use, so that they can change. */

export type GitAuth =
  | { readonly kind: "none" }
  | { readonly kind: "basic"; username(): Promise<string>; password(): Promise<string> }
  | { readonly kind: "bearer"; token(): Promise<string> }
  /** The private key's text, and that of a known_hosts file; without it, the user's own is used. */
  | { readonly kind: "ssh"; key(): Promise<string>; knownHosts?(): Promise<string> };

/** The value of http's Authorization header; undefined: none. */
export async function authorizationOf(auth: GitAuth): Promise<string | undefined> {
  switch (auth.kind) {
    case "basic": {
      const pair = `${await auth.username()}:${await auth.password()}`;
      return `Basic ${Buffer.from(pair).toString("base64")}`;
    }
    case "bearer":
      return `Bearer ${(await auth.token()).trim()}`;
    case "none":
    case "ssh":
      return undefined;
  }
}

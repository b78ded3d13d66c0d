/** What a repository's address says of how it is reached. Pure. */

export interface Address {
  /** How one gets in: with a token, with keys, or as whoever reads the disk. */
  readonly access: "https" | "ssh" | "path";
  /** Undefined for a path. */
  readonly host?: string;
  /** The first part of the path on that host: who owns the repository there. */
  readonly owner?: string;
  /** As Flux and Argo CD take it; undefined where they can't reach it. */
  readonly hubUrl?: string;
}

const scpPattern = /^((?:[^@/:]+@)?)([^@/:[\]]{2,}):(?!\/\/)\/?(.+)$/;

/** Takes what `repository.url` takes. */
export function readAddress(url: string): Address {
  const scp = scpPattern.exec(url);
  if (scp !== null) {
    const [, user = "", host = "", path = ""] = scp;
    return { access: "ssh", host, ...ownerOf(path), hubUrl: `ssh://${user}${host}/${path}` };
  }
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed?.protocol === "ssh:")
    return { access: "ssh", host: parsed.hostname, ...ownerOf(parsed.pathname), hubUrl: url };
  if (parsed?.protocol === "https:" || parsed?.protocol === "http:")
    return { access: "https", host: parsed.hostname, ...ownerOf(parsed.pathname), hubUrl: url };
  return { access: "path" };
}

/** On a path of one part there is none: that part is the repository. */
function ownerOf(path: string): { owner?: string } {
  const parts = path.split("/").filter((part) => part !== "");
  return parts.length > 1 ? { owner: parts[0]! } : {};
}

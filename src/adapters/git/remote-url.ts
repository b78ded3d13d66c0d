/** Where the repository is, and which way leads there. */
import { fileURLToPath } from "node:url";
import { SluiceError } from "../../model/problem.ts";

export type RemoteUrl =
  | { readonly kind: "path"; readonly url: string; readonly path: string }
  | { readonly kind: "http"; readonly url: string }
  | {
      readonly kind: "ssh";
      readonly url: string;
      readonly host: string;
      readonly user?: string;
      readonly port?: number;
      readonly path: string;
    };

/** Takes https, http, ssh, scp-like and file URLs and absolute paths; throws a SluiceError (GIT_INVALID) for others. */
export function parseRemoteUrl(url: string): RemoteUrl {
  if (url.startsWith("/")) return { kind: "path", url, path: url };
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(url)?.[1]?.toLowerCase();
  if (scheme === undefined) return parseScpLike(url);
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined) throw invalid("it is malformed");
  switch (scheme) {
    case "file":
      return { kind: "path", url, path: decoded(() => fileURLToPath(parsed)) };
    case "http":
    case "https":
      if (parsed.username !== "" || parsed.password !== "")
        throw invalid("credentials don't belong in it", "Put them under `auth`.");
      if (parsed.search !== "" || parsed.hash !== "") throw invalid("it has a query or fragment");
      return { kind: "http", url: url.replace(/\/+$/, "") };
    case "ssh":
      if (parsed.password !== "") throw invalid("a password doesn't belong in it", "Use a key: `auth.sshKey`.");
      return checkSsh(
        url,
        parsed.hostname,
        decoded(() => decodeURIComponent(parsed.username)),
        parsed.port,
        decoded(() => decodeURIComponent(parsed.pathname)),
      );
    default:
      throw invalid(`nothing here speaks ${scheme}`);
  }
}

/** What a URL encodes may be nothing, and a file's may name another host. */
function decoded(decode: () => string): string {
  try {
    return decode();
  } catch {
    throw invalid("what it has percent-encoded is no text, or it names a file of another host");
  }
}

/** `[user@]host:path`, as git and scp write it; two colons would name a helper program to git. */
function parseScpLike(url: string): RemoteUrl {
  const [, user, host, path] = /^(?:([^@/:]+)@)?(\[[0-9a-fA-F:]+\]|[^@/:[\]]+):(?!:)(.+)$/.exec(url) ?? [];
  if (host === undefined || path === undefined) throw invalid("it is neither a URL nor an absolute path");
  return checkSsh(url, host, user ?? "", "", path);
}

function checkSsh(url: string, host: string, user: string, port: string, path: string): RemoteUrl {
  // What starts with a dash would be an option to ssh.
  if ([host, user, path].some((part) => part.startsWith("-")) || host === "" || /[\s\0]/.test(host + user)) {
    throw invalid("host, user and path must be plain names");
  }
  return {
    kind: "ssh",
    url,
    host: host.replace(/^\[(.*)\]$/, "$1"),
    ...(user === "" ? {} : { user }),
    ...(port === "" ? {} : { port: Number(port) }),
    // As in git: `/~user/…` is below that user's home.
    path: path.startsWith("/~") ? path.slice(1) : path,
  };
}

function invalid(
  why: string,
  hint = "Give https, http, ssh, user@host:path, file, or the absolute path of a bare repository.",
): SluiceError {
  return new SluiceError({ code: "GIT_INVALID", message: `the repository's URL can't be used: ${why}`, hint });
}

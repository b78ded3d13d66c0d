/** What a repository is called however it is reached: a state remembers it, to tell a copy from itself. */

/** `host/path` of a URL, `https`, `ssh` and scp-like ones alike; of a path the path itself, which should be a real one. */
export function repositoryName(url: string): string {
  const scp = /^(?:[^@/:]+@)?(\[[0-9a-fA-F:]+\]|[^@/:[\]]+):(?!\/\/)(.+)$/.exec(url);
  if (url.startsWith("/")) return withoutEnding(url);
  if (scp !== null) return `${scp[1]!.toLowerCase()}/${withoutEnding(scp[2]!.replace(/^\/+/, ""))}`;
  const parsed = new URL(url);
  const path = decodePercent(parsed.pathname);
  if (parsed.protocol === "file:") return withoutEnding(path);
  // A port says how to get there, not what is there.
  return `${parsed.hostname.toLowerCase()}/${withoutEnding(path.replace(/^\/+/, ""))}`;
}

/** A server may have a path with a percent sign in it that is no escape. */
function decodePercent(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function withoutEnding(path: string): string {
  return path.replace(/\/+$/, "").replace(/\.git$/, "");
}

/** What a repository is called however it is reached: a state remembers it, to tell a copy from itself. */

/** `host/path` of a URL, `https`, `ssh` and scp-like ones alike; of a path the path itself, which should be a real one. */
export function repositoryName(url: string): string {
  const scp = /^(?:[^@/:]+@)?(\[[0-9a-fA-F:]+\]|[^@/:[\]]+):(?!\/\/)(.+)$/.exec(url);
  if (url.startsWith("/")) return withoutEnding(url);
  if (scp !== null) return `${scp[1]!.toLowerCase()}/${withoutEnding(scp[2]!.replace(/^\/+/, ""))}`;
  const parsed = new URL(url);
  if (parsed.protocol === "file:") return withoutEnding(decodeURIComponent(parsed.pathname));
  // A port says how to get there, not what is there.
  return `${parsed.hostname.toLowerCase()}/${withoutEnding(decodeURIComponent(parsed.pathname).replace(/^\/+/, ""))}`;
}

function withoutEnding(path: string): string {
  return path.replace(/\/+$/, "").replace(/\.git$/, "");
}

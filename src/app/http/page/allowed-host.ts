/**
 * Which names the page may be asked by. A web site can point a name of its own at an address of somebody's network and
 * have a browser there read what answers (DNS rebinding); it can't do that with `localhost` or an address.
 */
import { isIP } from "node:net";

/** `host`: the request's Host header. `allowed`: further names, in lower case. */
export function isAllowedHost(host: string | undefined, allowed: readonly string[]): boolean {
  const name = /^(\[[0-9a-f:.%]+\]|[a-z0-9.-]+)(?::[0-9]{1,5})?$/.exec(host?.toLowerCase() ?? "")?.[1];
  if (name === undefined) return false;
  const bare = name.startsWith("[") ? name.slice(1, -1) : name;
  return bare === "localhost" || isIP(bare) !== 0 || allowed.includes(bare.replace(/\.$/, ""));
}

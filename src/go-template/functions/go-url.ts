/**
 * net/url: parsing and writing URLs as Go does, which differs from WHATWG's URL.
 *
 * Everything here is in byte texts (byte-text.ts), because escapes stand for bytes.
 */
import { quoteGo } from "../quote.ts";
import { GoFunctionError } from "./registry.ts";

export interface GoUrl {
  scheme: string;
  opaque: string;
  user: Userinfo | undefined;
  host: string;
  /** Unescaped, as the fragment is; the raw forms are kept only where escaping would not give them back. */
  path: string;
  rawPath: string;
  query: string;
  forceQuery: boolean;
  fragment: string;
  rawFragment: string;
  omitHost: boolean;
}

interface Userinfo {
  readonly name: string;
  readonly password: string | undefined;
}

type Mode = "path" | "host" | "zone" | "userPassword" | "fragment";

/** What stands unescaped in each part. */
const plain: Readonly<Record<Mode, RegExp>> = {
  path: /[$&+,\-./:;=@_~0-9A-Za-z]/,
  host: /[!"$&'()*+,\-.:;<=>[\]_~0-9A-Za-z]/,
  zone: /[!"$&'()*+,\-.:;<=>[\]_~0-9A-Za-z]/,
  userPassword: /[$&+,\-.;=_~0-9A-Za-z]/,
  fragment: /[!$&()*+,\-./:;=?@_~0-9A-Za-z]/,
};

function percentEncode(text: string, mode: Mode): string {
  return text.replace(/./gs, (byte) => (plain[mode].test(byte) ? byte : encodedByte(byte)));
}

function encodedByte(byte: string): string {
  return `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`;
}

function percentDecode(text: string, mode: Mode): string {
  const isHost = mode === "host" || mode === "zone";
  return text.replace(/%(?:[0-9a-fA-F]{2})?|[^%]/g, (found, at: number) => {
    if (found === "%") throw new GoFunctionError(`invalid URL escape ${quoteGo(text.slice(at, at + 3))}`);
    if (found.length === 1) {
      const isAllowed = !isHost || found >= "\u0080" || plain[mode].test(found);
      if (!isAllowed) throw new GoFunctionError(`invalid character ${quoteGo(found)} in host name`);
      return found;
    }
    const byte = String.fromCharCode(Number.parseInt(found.slice(1), 16));
    // In a host only bytes beyond ASCII are escaped, in a zone what a host may hold, and in both the percent sign.
    const isRefused =
      found !== "%25" &&
      ((mode === "host" && byte < "\u0080") || (mode === "zone" && byte !== " " && !plain.host.test(byte)));
    if (isRefused) throw new GoFunctionError(`invalid URL escape ${quoteGo(found)}`);
    return byte;
  });
}

/** url.Parse. */
export function parseUrl(text: string): GoUrl {
  const [base, fragment] = cut(text, "#");
  const url = failingWith(base, () => parseWithoutFragment(base));
  if (fragment === "") return url;
  return failingWith(text, () => {
    url.fragment = percentDecode(fragment, "fragment");
    url.rawFragment = percentEncode(url.fragment, "fragment") === fragment ? "" : fragment;
    return url;
  });
}

function failingWith<T>(url: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof GoFunctionError) throw new GoFunctionError(`parse ${quoteGo(url)}: ${error.message}`);
    throw error;
  }
}

function cut(text: string, at: string): [before: string, after: string] {
  const index = text.indexOf(at);
  return index < 0 ? [text, ""] : [text.slice(0, index), text.slice(index + 1)];
}

export function emptyUrl(): GoUrl {
  return {
    scheme: "",
    opaque: "",
    user: undefined,
    host: "",
    path: "",
    rawPath: "",
    query: "",
    forceQuery: false,
    fragment: "",
    rawFragment: "",
    omitHost: false,
  };
}

function parseWithoutFragment(text: string): GoUrl {
  if (/[\u0000-\u001f\u007f]/.test(text)) throw new GoFunctionError("net/url: invalid control character in URL");
  const url = emptyUrl();
  if (text === "*") {
    url.path = "*";
    return url;
  }
  if (text.startsWith(":")) throw new GoFunctionError("missing protocol scheme");
  const scheme = /^([a-zA-Z][a-zA-Z0-9+.-]*):/.exec(text);
  let rest = scheme === null ? text : text.slice(scheme[0].length);
  url.scheme = scheme?.[1]?.toLowerCase() ?? "";
  if (/^[^?]*\?$/.test(rest)) {
    url.forceQuery = true;
    rest = rest.slice(0, -1);
  } else {
    [rest, url.query] = cut(rest, "?");
  }
  if (!rest.startsWith("/")) {
    if (url.scheme !== "") {
      url.opaque = rest;
      return url;
    }
    if (cut(rest, "/")[0].includes(":")) {
      throw new GoFunctionError("first path segment in URL cannot contain colon");
    }
  }
  if (rest.startsWith("//") && (url.scheme !== "" || !rest.startsWith("///"))) {
    const slash = rest.indexOf("/", 2);
    parseAuthority(url, rest.slice(2, slash < 0 ? undefined : slash));
    rest = slash < 0 ? "" : rest.slice(slash);
  } else if (url.scheme !== "" && rest.startsWith("/")) {
    url.omitHost = true;
  }
  url.path = percentDecode(rest, "path");
  url.rawPath = percentEncode(url.path, "path") === rest ? "" : rest;
  return url;
}

function parseAuthority(url: GoUrl, authority: string): void {
  const at = authority.lastIndexOf("@");
  url.host = parseHost(url.scheme, authority.slice(at + 1));
  if (at < 0) return;
  const userinfo = authority.slice(0, at);
  if (!/^[A-Za-z0-9\-._:~!$&'()*+,;=%@]*$/.test(userinfo)) throw new GoFunctionError("net/url: invalid userinfo");
  const [name, password] = cut(userinfo, ":");
  url.user = {
    name: percentDecode(name, "userPassword"),
    password: userinfo.includes(":") ? percentDecode(password, "userPassword") : undefined,
  };
}

function parseHost(scheme: string, host: string): string {
  const open = host.lastIndexOf("[");
  if (open > 0) throw new GoFunctionError("invalid IP-literal");
  if (open === 0) return parseIpLiteral(host);
  const first = host.indexOf(":");
  if (first >= 0) {
    // Of http and https hosts the first colon must be the port's; elsewhere database drivers want several.
    const isStrict = scheme === "http" || scheme === "https";
    checkPort(host.slice(isStrict ? first : host.lastIndexOf(":")));
  }
  return percentDecode(host, "host");
}

function checkPort(colonPort: string): void {
  if (!/^(?::[0-9]*)?$/.test(colonPort)) throw new GoFunctionError(`invalid port ${quoteGo(colonPort)} after host`);
}

function parseIpLiteral(host: string): string {
  const close = host.lastIndexOf("]");
  if (close < 0) throw new GoFunctionError("missing ']' in host");
  const colonPort = host.slice(close + 1);
  checkPort(colonPort);
  const literal = host.slice(1, close);
  const zone = literal.indexOf("%25");
  const address =
    zone < 0
      ? percentDecode(literal, "host")
      : percentDecode(literal.slice(0, zone), "host") + percentDecode(literal.slice(zone), "zone");
  if (/^[^.:%]*\./.test(address)) throw new GoFunctionError("invalid IP-literal");
  if (!isIpv6(address)) throw new GoFunctionError(`invalid host: ParseAddr(${quoteGo(address)}): unable to parse IP`);
  return `[${address}]${colonPort}`;
}

/** Whether netip.ParseAddr takes it as an IPv6 address, with or without a zone. */
function isIpv6(text: string): boolean {
  const percent = text.indexOf("%");
  if (percent === text.length - 1) return false;
  const address = percent < 0 ? text : text.slice(0, percent);
  const halves = address.split("::");
  if (halves.length > 2) return false;
  const groups = halves.map((half) => (half === "" ? [] : half.split(":")));
  const last = groups.at(-1)!;
  let count = groups.reduce((sum, half) => sum + half.length, 0);
  if (last.at(-1)?.includes(".")) {
    if (!isIpv4(last.pop()!)) return false;
    count++;
  }
  const areGroups = groups.every((half) => half.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group)));
  return areGroups && (halves.length === 2 ? count < 8 : count === 8);
}

function isIpv4(text: string): boolean {
  const octets = text.split(".");
  return octets.length === 4 && octets.every((octet) => /^(?:0|[1-9][0-9]{0,2})$/.test(octet) && Number(octet) <= 255);
}

/** The host without port and brackets. */
export function hostnameOf({ host }: GoUrl): string {
  const colon = host.lastIndexOf(":");
  const name = colon >= 0 && /^:[0-9]*$/.test(host.slice(colon)) ? host.slice(0, colon) : host;
  return name.startsWith("[") && name.endsWith("]") ? name.slice(1, -1) : name;
}

export function userinfoText({ name, password }: Userinfo): string {
  return (
    percentEncode(name, "userPassword") + (password === undefined ? "" : `:${percentEncode(password, "userPassword")}`)
  );
}

/** The raw form where it is a valid escape of the value, else the value escaped. */
function escapedPart(value: string, raw: string, mode: "path" | "fragment"): string {
  if (raw === "") return percentEncode(value, mode);
  const isValid = [...raw].every((byte) => /[!$&'()*+,;=:@[\]%]/.test(byte) || plain[mode].test(byte));
  return isValid && percentDecode(raw, mode) === value ? raw : percentEncode(value, mode);
}

/** URL.String. */
export function urlToString(url: GoUrl): string {
  let text = url.scheme === "" ? "" : `${url.scheme}:`;
  if (url.opaque !== "") {
    text += url.opaque;
  } else {
    const hasAuthority = url.host !== "" || url.user !== undefined;
    if (hasAuthority || (url.scheme !== "" && !url.omitHost && url.path !== "")) text += "//";
    if (url.user !== undefined) text += `${userinfoText(url.user)}@`;
    text += percentEncode(url.host, "host");
    const path = url.path === "*" && url.rawPath === "" ? "*" : escapedPart(url.path, url.rawPath, "path");
    if (path !== "" && !path.startsWith("/") && url.host !== "") text += "/";
    // Without it, a first segment with a colon would read as a scheme.
    if (text === "" && cut(path, "/")[0].includes(":")) text += "./";
    text += path;
  }
  if (url.forceQuery || url.query !== "") text += `?${url.query}`;
  if (url.fragment !== "") text += `#${escapedPart(url.fragment, url.rawFragment, "fragment")}`;
  return text;
}

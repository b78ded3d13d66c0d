/** Connections for http(s): kept alive, through the proxy that the environment names, trusting further authorities. */
import { Agent as HttpAgent, request as httpRequest } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { BlockList, isIP, type Socket } from "node:net";
import { rootCertificates, connect as tlsConnect } from "node:tls";
import { SluiceError } from "../../model/problem.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** The proxy for a URL as `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy` have it, in either case. */
export function findProxy(url: URL, env: Environment): URL | undefined {
  const value = (name: string) => env[name] ?? env[name.toUpperCase()];
  if (isExempt(url, value("no_proxy") ?? "")) return undefined;
  const text = value(`${url.protocol.slice(0, -1)}_proxy`) || value("all_proxy");
  if (!text) return undefined;
  const withScheme = text.includes("://") ? text : `http://${text}`;
  const proxy = URL.canParse(withScheme) ? new URL(withScheme) : undefined;
  if (proxy?.protocol === "http:" || proxy?.protocol === "https:") return proxy;
  throw new SluiceError({
    code: "GIT_UNAVAILABLE",
    message: "the proxy that the environment names is neither an http nor an https URL",
    hint: "Look at http_proxy, https_proxy and all_proxy.",
  });
}

/** `*`, host names with the domains below them, addresses and networks (`10.0.0.0/8`), each perhaps with a port. */
function isExempt(url: URL, list: string): boolean {
  const host = hostOf(url);
  return list.split(/[\s,]+/).some((item) => {
    if (item === "*") return true;
    const { named, port } = readExempt(item.toLowerCase());
    if (named === "" || (port !== undefined && port !== portOf(url))) return false;
    return isIP(host) === 0 ? host === named || host.endsWith(`.${named}`) : isWithin(host, named);
  });
}

/** An IPv6 address that has a port behind it stands in brackets. */
function readExempt(item: string): { readonly named: string; readonly port?: string } {
  if (isIP(item.split("/")[0]!) === 6) return { named: item };
  const [, bracketed, name = "", port] = /^(?:\[(.*)\]|\*?\.?(.*?))(?::(\d+))?$/.exec(item) ?? [];
  return { named: bracketed ?? name, ...(port === undefined ? {} : { port }) };
}

/** `network`: one address, or `<address>/<bits>`; what is neither has no address in it. */
function isWithin(address: string, network: string): boolean {
  const [base = "", bits, ...more] = network.split("/");
  const version = isIP(base);
  if (version === 0 || version !== isIP(address) || more.length > 0) return false;
  const [family, bitsMax] = version === 6 ? (["ipv6", 128] as const) : (["ipv4", 32] as const);
  if (bits !== undefined && (!/^\d{1,3}$/.test(bits) || Number(bits) > bitsMax)) return false;
  const block = new BlockList();
  block.addSubnet(base, bits === undefined ? bitsMax : Number(bits), family);
  return block.check(address, family);
}

/** Without the brackets that an IPv6 address has in a URL: what is dialled has none. */
function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, "");
}

function portOf(url: URL): string {
  return url.port || (url.protocol === "https:" ? "443" : "80");
}

/** An agent for requests to `url`'s host. `ca` is the PEM text of further authorities. */
export function createAgent(url: URL, proxy: URL | undefined, ca: string | undefined): HttpAgent {
  const common = { keepAlive: true, keepAliveMsecs: 15_000, maxFreeSockets: 2, scheduling: "lifo" } as const;
  const trust = ca === undefined ? {} : { ca: [...rootCertificates, ca] };
  if (url.protocol === "http:") {
    return proxy?.protocol === "https:" ? new HttpsAgent({ ...common, ...trust }) : new HttpAgent(common);
  }
  const agent = new HttpsAgent({ ...common, ...trust });
  if (proxy !== undefined) {
    agent.createConnection = ((_options: unknown, done: (error: Error | null, socket?: Socket) => void) => {
      openTunnel(url, proxy, trust).then(
        (socket) => done(null, tlsConnect({ socket, ...peerOf(url), ...trust })),
        done,
      );
    }) as unknown as typeof agent.createConnection;
  }
  return agent;
}

export interface Route {
  readonly protocol: string;
  readonly host: string;
  readonly port: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** What to hand to `request`: a proxy of plain http gets the whole URL; https goes through the agent's tunnel. */
export function routeThrough(url: URL, proxy: URL | undefined, headers: Readonly<Record<string, string>>): Route {
  if (proxy === undefined || url.protocol !== "http:") {
    return { protocol: url.protocol, host: hostOf(url), port: url.port, path: url.pathname + url.search, headers };
  }
  return {
    protocol: proxy.protocol,
    host: hostOf(proxy),
    port: proxy.port,
    path: url.href,
    headers: { ...headers, host: url.host, ...proxyAuthorization(proxy) },
  };
}

/** The header that a proxy wants where its URL has credentials. */
function proxyAuthorization(proxy: URL): Record<string, string> {
  if (proxy.username === "") return {};
  const pair = `${decodePercent(proxy.username)}:${decodePercent(proxy.password)}`;
  return { "proxy-authorization": `Basic ${Buffer.from(pair).toString("base64")}` };
}

/** Many write a password with a percent sign as it is: what is no escape stands for itself. */
function decodePercent(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Whose certificate a server has to show through a tunnel: an address is in no server's greeting (RFC 6066), and has no brackets. */
export function peerOf(url: URL): { readonly host: string; readonly servername?: string } {
  const host = hostOf(url);
  return isIP(host) === 0 ? { host, servername: host } : { host };
}

/** Asks the proxy for a connection to the host, by CONNECT. */
export function openTunnel(url: URL, proxy: URL, trust: { readonly ca?: string[] }): Promise<Socket> {
  const target = `${url.hostname}:${portOf(url)}`;
  return new Promise((resolve, reject) => {
    const request = (proxy.protocol === "https:" ? httpsRequest : httpRequest)({
      host: hostOf(proxy),
      port: portOf(proxy),
      method: "CONNECT",
      path: target,
      headers: { host: target, ...proxyAuthorization(proxy) },
      ...trust,
    });
    request.setTimeout(30_000, () => request.destroy(new Error("the proxy does not answer")));
    request.once("connect", (response, socket) => {
      if (response.statusCode === 200) {
        socket.setTimeout(0);
        resolve(socket);
        return;
      }
      socket.destroy();
      reject(
        new SluiceError({
          code: "GIT_UNAVAILABLE",
          message: `the proxy ${proxy.hostname} refuses a connection to ${target}: ${response.statusCode} ${response.statusMessage}`,
          hint: "Look at https_proxy and no_proxy, and at the proxy's own rules.",
        }),
      );
    });
    request.once("error", reject);
    request.end();
  });
}

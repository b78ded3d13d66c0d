/** Addresses to listen at, as settings write them. */

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** `host:port`, an IPv6 host in brackets; undefined: it is none. */
export function parseListenAddress(text: string): ListenAddress | undefined {
  const [, host = "", port = ""] = /^(\[[0-9a-fA-F:.]+\]|[^:]+):(\d{1,5})$/.exec(text) ?? [];
  if (port === "" || Number(port) > 65535) return undefined;
  return { host: host.replace(/^\[|\]$/g, ""), port: Number(port) };
}

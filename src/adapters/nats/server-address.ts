/** Where an endpoint's servers are: the URL of a connection taken apart, and `connectTo` applied. */
import type { Connection, NatsEndpoint } from "../../model/connection.ts";
import { SluiceError } from "../../model/problem.ts";

export interface ServerAddress {
  /** `host:port` as configured: what the server's certificate must be for, and what messages name. */
  readonly configured: string;
  /** The configured host without the brackets of IPv6. */
  readonly host: string;
  /** `host:port` to dial. */
  readonly dial: string;
  /** The scheme asks for TLS. */
  readonly tls: boolean;
  /** From the URL, where it has some: `user:password@` or `token@`. */
  readonly userInfo?: { readonly user: string; readonly password?: string };
}

const serverPattern = /^(?:([a-z]+):\/\/)?(?:([^@/]*)@)?(\[[^\]]+\]|[^:/@\s]+)(?::(\d{1,5}))?\/?$/i;
const portDefault = "4222";

/** The servers of an endpoint in the order given. Throws a SluiceError (CONNECTION_INVALID) for what is no server. */
export function parseServers(
  endpoint: Pick<NatsEndpoint, "url">,
  connectTo: Connection["connectTo"],
): readonly ServerAddress[] {
  return endpoint.url.split(",").map((text) => parseServer(text.trim(), connectTo));
}

/** `host:port` to dial in place of what is configured or announced. */
export function mapAddress(address: string, connectTo: Connection["connectTo"]): string {
  return connectTo.get(address) ?? address;
}

function parseServer(text: string, connectTo: Connection["connectTo"]): ServerAddress {
  const match = serverPattern.exec(text);
  const scheme = match?.[1]?.toLowerCase() ?? "nats";
  if (match === null || (scheme !== "nats" && scheme !== "tls")) {
    throw new SluiceError({
      code: "CONNECTION_INVALID",
      message: `${JSON.stringify(text.replace(/\/\/[^@/]*@/, "//***@"))} is not the URL of a NATS server`,
      hint: "Write nats://host:port, or tls://host:port where TLS is required; several are separated by commas.",
    });
  }
  const host = match[3] ?? "";
  const configured = `${host}:${match[4] ?? portDefault}`;
  const [user, password] = (match[2] ?? "").split(":", 2).map((part) => decodeURIComponent(part));
  return {
    configured,
    host: host.replace(/^\[|\]$/g, ""),
    dial: mapAddress(configured, connectTo),
    tls: scheme === "tls",
    ...(user ? { userInfo: password === undefined ? { user } : { user, password } } : {}),
  };
}

/** From an endpoint's credentials to what the client library wants for one server. */
import { isIP } from "node:net";
import { checkServerIdentity, type PeerCertificate } from "node:tls";
import {
  type Authenticator,
  type ConnectionOptions,
  credsAuthenticator,
  nkeyAuthenticator,
  type TlsOptions,
  tokenAuthenticator,
  usernamePasswordAuthenticator,
} from "@nats-io/transport-node";
import type { Connection, NatsAuthorization } from "../../model/connection.ts";
import type { ServerAddress } from "./server-address.ts";

/**
 * Options to dial one server once. Reconnecting is not the library's: it gives up after repeated authentication errors,
 * and credentials have to be read anew each time.
 */
export function connectOptions(
  server: ServerAddress,
  authorization: NatsAuthorization,
  name: string,
  { handshakeFirst = false, inboxPrefix }: Pick<Connection, "handshakeFirst" | "inboxPrefix">,
): ConnectionOptions {
  const tls = tlsOptions(server, authorization, handshakeFirst);
  return {
    servers: [server.dial],
    name,
    reconnect: false,
    ignoreClusterUpdates: true,
    timeout: 5_000,
    pingInterval: 5_000,
    maxPingOut: 2,
    authenticator: authenticators(server, authorization),
    ...(tls === undefined ? {} : { tls }),
    ...(inboxPrefix === undefined ? {} : { inboxPrefix }),
  };
}

function authenticators(server: ServerAddress, authorization: NatsAuthorization): Authenticator[] {
  const { user, token, credentials, nkeySeed } = authorization;
  const methods: Authenticator[] = [];
  if (credentials !== undefined) methods.push(credsAuthenticator(new TextEncoder().encode(credentials)));
  if (nkeySeed !== undefined) methods.push(nkeyAuthenticator(new TextEncoder().encode(nkeySeed.trim())));
  if (token !== undefined) methods.push(tokenAuthenticator(token));
  if (user !== undefined) methods.push(usernamePasswordAuthenticator(user.user, user.password));
  const inUrl = server.userInfo;
  if (methods.length === 0 && inUrl !== undefined) {
    methods.push(
      inUrl.password === undefined
        ? tokenAuthenticator(inUrl.user)
        : usernamePasswordAuthenticator(inUrl.user, inUrl.password),
    );
  }
  return methods;
}

function tlsOptions(
  server: ServerAddress,
  { clientCert, rootCA }: NatsAuthorization,
  handshakeFirst: boolean,
): TlsOptions | undefined {
  if (!server.tls && !handshakeFirst && clientCert === undefined && rootCA === undefined) return undefined;
  return {
    ...identityOptions(server, handshakeFirst),
    ...(handshakeFirst ? { handshakeFirst } : {}),
    ...(clientCert === undefined ? {} : { cert: clientCert.certPem, key: clientCert.keyPem }),
    ...(rootCA === undefined ? {} : { ca: rootCA }),
  };
}

/**
 * The certificate is checked for the host as configured, also where connectTo leads elsewhere. The library hands unknown
 * options on to node:tls, which takes a name for the check as `servername`, and an address as `host`; but a socket that
 * begins with TLS would be dialled at that `host`.
 */
function identityOptions({ host }: ServerAddress, handshakeFirst: boolean): object {
  if (isIP(host) === 0) return { servername: host };
  if (!handshakeFirst) return { host };
  return { checkServerIdentity: (_: string, certificate: PeerCertificate) => checkServerIdentity(host, certificate) };
}

/** From an endpoint's credentials to what the client library wants for one server. */
import { isIP } from "node:net";
import {
  type Authenticator,
  type ConnectionOptions,
  credsAuthenticator,
  nkeyAuthenticator,
  type TlsOptions,
  tokenAuthenticator,
  usernamePasswordAuthenticator,
} from "@nats-io/transport-node";
import type { NatsAuthorization } from "../../model/connection.ts";
import type { ServerAddress } from "./server-address.ts";

/**
 * Options to dial one server once. Reconnecting is not the library's: it gives up after repeated authentication errors,
 * and credentials have to be read anew each time.
 */
export function connectOptions(
  server: ServerAddress,
  authorization: NatsAuthorization,
  name: string,
): ConnectionOptions {
  const tls = tlsOptions(server, authorization);
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

function tlsOptions(server: ServerAddress, { clientCert, rootCA }: NatsAuthorization): TlsOptions | undefined {
  if (!server.tls && clientCert === undefined && rootCA === undefined) return undefined;
  // The certificate is checked for the host as configured, also where connectTo leads elsewhere. The library hands
  // unknown options on to node:tls, which takes an address for the check as `host` and a name as `servername`.
  const identity = isIP(server.host) === 0 ? { servername: server.host } : { host: server.host };
  return {
    ...identity,
    ...(clientCert === undefined ? {} : { cert: clientCert.certPem, key: clientCert.keyPem }),
    ...(rootCA === undefined ? {} : { ca: rootCA }),
  };
}

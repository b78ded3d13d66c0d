/** Why a server can not be connected to, and what to do: of credentials, certificates and the network. */
import { X509Certificate } from "node:crypto";
import type { NatsAuthorization } from "../../model/connection.ts";
import { SluiceError } from "../../model/problem.ts";
import { causes, firstMessage, messages } from "./error-causes.ts";
import type { ServerAddress } from "./server-address.ts";

/**
 * Finds what can be known to fail before the server is asked: a client certificate that can't be read or is out of
 * date. Throws a SluiceError (NATS_AUTH).
 */
export function checkCredentials(authorization: NatsAuthorization, server: ServerAddress): void {
  const { clientCert, credentials } = authorization;
  if (clientCert !== undefined) checkClientCertificate(clientCert.certPem, server);
  const expired = credentials === undefined ? undefined : credentialsExpiry(credentials);
  if (expired !== undefined && expired < Date.now()) {
    throw authError(
      server,
      `the NATS credentials expired at ${new Date(expired).toISOString()}`,
      "Issue new credentials for the user (nsc generate creds) and put them in the connection.",
    );
  }
}

function checkClientCertificate(certPem: string, server: ServerAddress): void {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(certPem);
  } catch (error) {
    throw authError(
      server,
      "authorization.clientCert.certPem is not a certificate",
      "Give the certificate as PEM, or as base64 of PEM.",
      error,
    );
  }
  if (Date.parse(certificate.validTo) < Date.now()) {
    throw authError(
      server,
      `the client certificate expired at ${new Date(certificate.validTo).toISOString()}`,
      "Issue a new client certificate and put it and its key in authorization.clientCert.",
    );
  }
}

/** Milliseconds since 1970 from the claims of a credentials file's JWT; undefined: it does not expire. */
function credentialsExpiry(credentials: string): number | undefined {
  const claims = /-+BEGIN NATS USER JWT-+\s+[\w-]+\.([\w-]+)\.[\w-]+/.exec(credentials)?.[1];
  if (claims === undefined) return undefined;
  try {
    const { exp } = JSON.parse(Buffer.from(claims, "base64url").toString()) as { exp?: unknown };
    return typeof exp === "number" && exp > 0 ? exp * 1000 : undefined;
  } catch {
    return undefined; // Not for us to judge: the server will say.
  }
}

/** Why a server could not be connected to. */
export function explainDialError(
  error: unknown,
  server: ServerAddress,
  authorization: NatsAuthorization,
  handshakeFirst = false,
): SluiceError {
  if (error instanceof SluiceError) return error;
  return (
    explainOrderOfHandshake(error, server, handshakeFirst) ??
    explainRefusal(error, server, authorization) ??
    explainTls(error, server) ??
    explainBrokenHandshake(error, server, authorization) ??
    new SluiceError(
      {
        code: "NATS_UNAVAILABLE",
        message: `${describe(server)} can't be reached: ${firstMessage(error)}`,
        hint: "Check the url, that the server runs, and that its port is open from here; connectTo can name another address to dial.",
      },
      error,
    )
  );
}

/** What the server itself says of credentials, before or after it had let us in; undefined: it is about something else. */
function explainRefusal(
  error: unknown,
  server: ServerAddress,
  authorization: NatsAuthorization,
): SluiceError | undefined {
  const text = messages(error).join("; ").toLowerCase();
  if (text.includes("authentication revoked")) {
    return authError(
      server,
      "the server says that these credentials are revoked",
      "Issue new credentials for the user and put them in the connection.",
      error,
    );
  }
  if (text.includes("authentication expired")) {
    return authError(
      server,
      "the server says that these credentials have expired",
      "Issue new credentials for the user and put them in the connection.",
      error,
    );
  }
  if (text.includes("unable to parse credentials") || text.includes("bad user") || text.includes("nkeys")) {
    return authError(
      server,
      `the ${describeMethods(authorization, server)} can't be read`,
      "Give the whole credentials file with both of its blocks, or an nkey seed, which begins with SU.",
      error,
    );
  }
  if (text.includes("authorization violation") || text.includes("authentication timeout")) {
    const methods = describeMethods(authorization, server);
    return authError(
      server,
      methods === "" ? "the server wants credentials and the connection has none" : `the server refuses the ${methods}`,
      methods === ""
        ? "Put a user and password, a token, a client certificate, NATS credentials or an nkey in the connection's authorization."
        : `Check the ${methods} in the connection's authorization against the server's configuration.`,
      error,
    );
  }
  return undefined;
}

function describeMethods({ user, token, clientCert, credentials, nkeySeed }: NatsAuthorization, server: ServerAddress) {
  const inUrl = user === undefined && token === undefined && credentials === undefined && nkeySeed === undefined;
  const methods = [
    ...(credentials === undefined ? [] : ["NATS credentials"]),
    ...(nkeySeed === undefined ? [] : ["nkey"]),
    ...(token === undefined ? [] : ["token"]),
    ...(user === undefined ? [] : [`user ${JSON.stringify(user.user)} and password`]),
    ...(inUrl && server.userInfo !== undefined ? ["user or token of the url"] : []),
    ...(clientCert === undefined ? [] : ["client certificate"]),
  ];
  return methods.join(" and ");
}

const unknownAuthority = new Set([
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
]);

function explainTls(error: unknown, server: ServerAddress): SluiceError | undefined {
  const codes = causes(error).map((cause) => String((cause as NodeJS.ErrnoException).code ?? ""));
  const text = messages(error).join("; ");
  if (codes.some((code) => unknownAuthority.has(code))) {
    return authError(
      server,
      "the server's certificate is from an unknown certificate authority",
      "Put that authority's certificate in authorization.rootCA, as PEM or base64 of PEM.",
      error,
    );
  }
  if (codes.includes("CERT_HAS_EXPIRED")) {
    return authError(server, "the server's certificate has expired", "Renew the server's certificate.", error);
  }
  if (codes.includes("ERR_TLS_CERT_ALTNAME_INVALID")) {
    return authError(
      server,
      `the server's certificate is for another host: ${text}`,
      "Use a host in the url that the certificate names; connectTo can dial another address for it.",
      error,
    );
  }
  if (/alert certificate required|certificate required/i.test(text)) {
    return authError(
      server,
      "the server wants a client certificate and the connection has none",
      "Put certPem and keyPem in authorization.clientCert.",
      error,
    );
  }
  if (/alert (certificate expired|.*expired)/i.test(text)) {
    return authError(server, "the server says that the client certificate has expired", "Issue a new one.", error);
  }
  if (/alert (bad certificate|unknown ca|certificate unknown|unsupported certificate|access denied)/i.test(text)) {
    return authError(
      server,
      "the server does not accept the client certificate",
      "Have it signed by an authority that the server trusts (its tls.ca_file), for client authentication.",
      error,
    );
  }
  if (/key values mismatch/i.test(text)) {
    return authError(
      server,
      "authorization.clientCert.keyPem is not the key of certPem",
      "Put the certificate and the key that belong together in authorization.clientCert.",
      error,
    );
  }
  if (codes.some((code) => code.startsWith("ERR_OSSL") || code.startsWith("ERR_SSL"))) {
    return authError(server, `TLS failed: ${text}`, "Check certPem, keyPem and rootCA, and the server's tls.", error);
  }
  if (/does not support 'tls'/.test(text)) {
    return authError(
      server,
      "the connection asks for TLS and the server does not offer it",
      "Configure tls on the server, or take clientCert and tls:// out of the connection.",
      error,
    );
  }
  return undefined;
}

/** With TLS 1.3 the server refuses a certificate after the handshake, and its reason may be overtaken by the end. */
function explainBrokenHandshake(
  error: unknown,
  server: ServerAddress,
  { clientCert, rootCA }: NatsAuthorization,
): SluiceError | undefined {
  const codes = causes(error).map((cause) => (cause as NodeJS.ErrnoException).code);
  if (!codes.includes("ECONNRESET") && !codes.includes("EPIPE")) return undefined;
  if (clientCert === undefined && rootCA === undefined && !server.tls) return undefined;
  const why = clientCert === undefined ? "it wants a client certificate" : "it does not accept the client certificate";
  return authError(
    server,
    `the server broke off behind the TLS handshake, which mostly means that ${why}`,
    "See the server's log. A client certificate must be signed by an authority of its tls.ca_file, for client authentication.",
    error,
  );
}

/** Which side begins TLS has to be agreed on beforehand: neither says anything that the other understands. */
function explainOrderOfHandshake(error: unknown, server: ServerAddress, isFirst: boolean): SluiceError | undefined {
  const codes = causes(error).map((cause) => (cause as NodeJS.ErrnoException).code);
  if (isFirst && codes.includes("ERR_SSL_WRONG_VERSION_NUMBER")) {
    return authError(
      server,
      "the server does not begin with the TLS handshake, as connections.*.handshakeFirst says",
      "Take handshakeFirst out of the connection, or configure tls {handshake_first: true} on the server.",
      error,
    );
  }
  // The client library has no error of its own for a server that closes before its greeting.
  if (isFirst || !messages(error).some((text) => text.includes("provided an undefined error"))) return undefined;
  return new SluiceError(
    {
      code: "NATS_UNAVAILABLE",
      message: `${describe(server)} ended the connection before it had said anything`,
      hint: "If the server wants the TLS handshake first (tls {handshake_first: true}), set connections.*.handshakeFirst; else see its log, and whether it is a NATS server.",
    },
    error,
  );
}

function authError(server: ServerAddress, what: string, hint: string, cause?: unknown): SluiceError {
  return new SluiceError({ code: "NATS_AUTH", message: `${describe(server)}: ${what}`, hint }, cause);
}

function describe({ configured, dial }: ServerAddress): string {
  return configured === dial ? `NATS server ${configured}` : `NATS server ${configured} (at ${dial})`;
}

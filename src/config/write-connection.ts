/**
 * A connection as a file that may be committed: the seed's JSON, with a variable in place of whatever is secret.
 *
 * The user's name, certificates and addresses are no secrets. What was a variable or a file already stays one.
 */
import type { Connection, NatsAuthorization, NatsEndpoint } from "../model/connection.ts";
import type { SecretRef } from "../model/settings.ts";

export interface WrittenConnection {
  /** JSON, with a line break at its end. */
  readonly text: string;
  /** Variables that took the place of a secret: they have to be set where Sluice runs. */
  readonly variables: readonly string[];
}

type SecretName = "PASSWORD" | "TOKEN" | "KEY" | "CREDENTIALS" | "NKEY_SEED";

/** `refs`: by the value that stands for it, what the connection's text refers to already. */
export function writeConnection(
  { core, jetstream }: Connection,
  refs: ReadonlyMap<string, SecretRef> = new Map(),
): WrittenConnection {
  const variables: string[] = [];
  const writer = (prefix: string) => (value: string, name: SecretName) => {
    const known = refs.get(value);
    if (known?.kind === "env") return { env: known.name };
    if (known?.kind === "file") return { file: known.path };
    const variable = `${prefix}_${name}`;
    variables.push(variable);
    return { env: variable };
  };
  const isBoth = core !== undefined && jetstream !== undefined;
  const nats =
    core === undefined
      ? {}
      : {
          nats: {
            configuration: { url: core.url, subjects: core.subjects, ...writeAccess(core, writer("NATS"), refs) },
          },
        };
  const streams =
    jetstream === undefined
      ? {}
      : {
          jetstream: {
            configuration: {
              url: jetstream.url,
              streams: jetstream.streams,
              ...writeAccess(jetstream, writer(isBoth ? "JETSTREAM" : "NATS"), refs),
            },
          },
        };
  return { text: `${JSON.stringify({ ...nats, ...streams }, undefined, 2)}\n`, variables };
}

type Write = (value: string, name: SecretName) => object;

function writeAccess(
  { authorization }: NatsEndpoint,
  write: Write,
  refs: ReadonlyMap<string, SecretRef>,
): { authorization?: object } {
  const written = writeAuthorization(authorization, write, refs);
  return Object.keys(written).length === 0 ? {} : { authorization: written };
}

function writeAuthorization(
  { user, token, clientCert, rootCA, credentials, nkeySeed }: NatsAuthorization,
  write: Write,
  refs: ReadonlyMap<string, SecretRef>,
): object {
  /** No secret, but it may be kept elsewhere all the same. */
  const plain = (value: string, name: SecretName) => (refs.has(value) ? write(value, name) : value);
  return {
    ...(user === undefined
      ? {}
      : { user: { user: plain(user.user, "PASSWORD"), password: write(user.password, "PASSWORD") } }),
    ...(token === undefined ? {} : { token: write(token, "TOKEN") }),
    ...(clientCert === undefined
      ? {}
      : { clientCert: { certPem: plain(clientCert.certPem, "KEY"), keyPem: write(clientCert.keyPem, "KEY") } }),
    ...(rootCA === undefined ? {} : { rootCA: plain(rootCA, "KEY") }),
    ...(credentials === undefined ? {} : { credentials: write(credentials, "CREDENTIALS") }),
    ...(nkeySeed === undefined ? {} : { nkeySeed: write(nkeySeed, "NKEY_SEED") }),
  };
}

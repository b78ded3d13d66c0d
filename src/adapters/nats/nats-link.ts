/** The one connection to an endpoint that its streams share: dialled when somebody needs it, anew after it was lost. */
import { setTimeout as sleep } from "node:timers/promises";
import { connect, errors, type NatsConnection, type PermissionViolationError } from "@nats-io/transport-node";
import type { Connection, NatsEndpoint } from "../../model/connection.ts";
import { SluiceError } from "../../model/problem.ts";
import { connectOptions } from "./connect-options.ts";
import type { DialGate } from "./dial-gate.ts";
import { checkCredentials, explainDialError } from "./explain-dial-error.ts";
import { mapAddress, parseServers, type ServerAddress } from "./server-address.ts";

/** What to dial, read anew for every attempt: credentials expire and are replaced. */
export interface LinkTarget {
  readonly endpoint: NatsEndpoint;
  readonly connection: Pick<Connection, "connectTo" | "handshakeFirst" | "inboxPrefix">;
}

/** A connection that is open. */
export interface OpenLink {
  readonly connection: NatsConnection;
  readonly inboxPrefix: string | undefined;
  /** Tells what the server forbids of what is published without an answer, until the returned function is called. */
  onForbidden(listener: (error: PermissionViolationError) => void): () => void;
}

export interface NatsLink {
  /** For errors, which should name it. */
  readonly domain: { readonly domain?: string };
  /** The open connection, or a new one. One attempt; throws a SluiceError (NATS_UNAVAILABLE, NATS_AUTH). */
  connect(): Promise<OpenLink>;
  /** Somebody else uses it too, and releases it. */
  share(): NatsLink;
  /** All of its users have released it: it is not to be shared any more. */
  readonly isReleased: boolean;
  /** One of its users needs it no more; the last one closes it. */
  release(): Promise<void>;
}

const flushMsMax = 1_000;

/** A link with one user so far. `name` is what the server shows for the connection; `gate`: it is dialled among others. */
export function createNatsLink(
  name: string,
  domain: string | undefined,
  readTarget: () => Promise<LinkTarget>,
  gate?: DialGate,
): NatsLink {
  let users = 1;
  let current: OpenLink | undefined;
  let dialling: Promise<OpenLink> | undefined;
  let closed = false;
  /** Other servers of the cluster, as the last one that answered announced them. */
  let announced: readonly string[] = [];

  async function dial(): Promise<OpenLink> {
    const target = await readTarget();
    const { authorization } = target.endpoint;
    const { connectTo, inboxPrefix } = target.connection;
    const servers = addAnnounced(parseServers(target.endpoint, connectTo), announced, connectTo);
    let failure: unknown;
    for (const server of servers) {
      try {
        checkCredentials(authorization, server);
        const options = connectOptions(server, authorization, name, target.connection);
        const connection = await (gate === undefined ? connect(options) : gate.pass(() => connect(options)));
        announced = connection.info?.connect_urls ?? [];
        return { connection, inboxPrefix, onForbidden: watchForbidden(connection) };
      } catch (error) {
        // A server that answered and refused says more than one that could not be reached.
        const problem = explainDialError(error, server, authorization, target.connection.handshakeFirst);
        if (failure === undefined || problem.problem.code === "NATS_AUTH") failure = problem;
      }
    }
    throw failure;
  }

  async function open(): Promise<OpenLink> {
    const opened = await dial();
    if (closed) {
      await opened.connection.close();
      throw closedError(name);
    }
    current = opened;
    return opened;
  }

  const link: NatsLink = {
    domain: domain === undefined ? {} : { domain },
    async connect() {
      if (closed) throw closedError(name);
      if (current !== undefined && !current.connection.isClosed()) return current;
      dialling ??= open().finally(() => {
        dialling = undefined;
      });
      return dialling;
    },
    share() {
      users++;
      return link;
    },
    get isReleased() {
      return users === 0;
    },
    async release() {
      users--;
      if (users > 0) return;
      closed = true;
      await dialling?.catch(() => undefined);
      if (current !== undefined) await closeInOrder(current.connection);
    },
  };
  return link;
}

/** What was published last, acknowledgements above all, should still arrive. */
async function closeInOrder(connection: NatsConnection): Promise<void> {
  const waited = new AbortController();
  const waiting = sleep(flushMsMax, undefined, { signal: waited.signal }).catch(() => undefined);
  await Promise.race([connection.flush().catch(() => undefined), waiting]);
  waited.abort();
  await connection.close();
}

/** The server complains of a publication without saying to whom: everybody who may have made it is told. */
function watchForbidden(connection: NatsConnection): OpenLink["onForbidden"] {
  const listeners = new Set<(error: PermissionViolationError) => void>();
  const listen = async () => {
    for await (const status of connection.status()) {
      if (status.type !== "error" || !(status.error instanceof errors.PermissionViolationError)) continue;
      for (const listener of listeners) listener(status.error);
    }
  };
  // It ends with the connection, whose loss its users notice themselves.
  listen().catch(() => undefined);
  return (listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  };
}

/** The configured servers, then those announced, which must show a certificate for the host as configured. */
function addAnnounced(
  servers: readonly ServerAddress[],
  announced: readonly string[],
  connectTo: Connection["connectTo"],
): readonly ServerAddress[] {
  const [first] = servers;
  if (first === undefined) return servers;
  const dialled = new Set(servers.map((server) => server.dial));
  const others = announced.map((address) => ({ ...first, configured: address, dial: mapAddress(address, connectTo) }));
  return [...servers, ...others.filter((server) => !dialled.has(server.dial))];
}

function closedError(name: string): SluiceError {
  return new SluiceError({ code: "NATS_UNAVAILABLE", message: `${name} was closed` });
}

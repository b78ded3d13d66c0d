/** The one connection to an endpoint that its streams share: dialled when somebody needs it, anew after it was lost. */
import { connect, type NatsConnection } from "@nats-io/transport-node";
import type { Connection, NatsEndpoint } from "../../model/connection.ts";
import { SluiceError } from "../../model/problem.ts";
import { connectOptions } from "./connect-options.ts";
import { checkCredentials, explainDialError } from "./explain-dial-error.ts";
import { mapAddress, parseServers, type ServerAddress } from "./server-address.ts";

/** What to dial, read anew for every attempt: credentials expire and are replaced. */
export interface LinkTarget {
  readonly endpoint: NatsEndpoint;
  readonly connectTo: Connection["connectTo"];
}

export interface NatsLink {
  /** The open connection, or a new one. One attempt; throws a SluiceError (NATS_UNAVAILABLE, NATS_AUTH). */
  connect(): Promise<NatsConnection>;
  /** One of its users needs it no more; the last one closes it. */
  release(): Promise<void>;
}

/** A link for so many users, each of whom releases it once. `name` is what the server shows for the connection. */
export function createNatsLink(name: string, users: number, readTarget: () => Promise<LinkTarget>): NatsLink {
  let remaining = users;
  let current: NatsConnection | undefined;
  let dialling: Promise<NatsConnection> | undefined;
  let closed = false;
  /** Other servers of the cluster, as the last one that answered announced them. */
  let announced: readonly string[] = [];

  async function dial(): Promise<NatsConnection> {
    const target = await readTarget();
    const { authorization } = target.endpoint;
    const servers = addAnnounced(parseServers(target.endpoint, target.connectTo), announced, target.connectTo);
    let failure: unknown;
    for (const server of servers) {
      try {
        checkCredentials(authorization, server);
        const connection = await connect(connectOptions(server, authorization, name));
        announced = connection.info?.connect_urls ?? [];
        return connection;
      } catch (error) {
        // A server that answered and refused says more than one that could not be reached.
        const problem = explainDialError(error, server, authorization);
        if (failure === undefined || problem.problem.code === "NATS_AUTH") failure = problem;
      }
    }
    throw failure;
  }

  async function open(): Promise<NatsConnection> {
    const connection = await dial();
    if (closed) {
      await connection.close();
      throw closedError(name);
    }
    current = connection;
    return connection;
  }

  return {
    async connect() {
      if (closed) throw closedError(name);
      if (current !== undefined && !current.isClosed()) return current;
      dialling ??= open().finally(() => {
        dialling = undefined;
      });
      return dialling;
    },
    async release() {
      remaining--;
      if (remaining > 0) return;
      closed = true;
      await dialling?.catch(() => undefined);
      await current?.close();
    },
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

/**
 * What there is only one of, by key: the lock and the control socket of a state directory, listeners by address,
 * connections by name. The host owns it, and lends it to whoever is in force.
 */
import type { Settings } from "../../model/settings.ts";
import type { StatusSource } from "../http/status-server.ts";
import type { ServiceConfig } from "../read-config.ts";
import { Connections, type TakenStreams } from "./connections.ts";
import type { Closable, ConnectionConfig, HostParts, ListenerHandlers, OpenConnection } from "./host-parts.ts";
import { closeAll, Lending, type PreparedLending } from "./lending.ts";

/** Who answers what comes in; asked each time, for who is in force changes. */
export interface ResourceUsers {
  readonly answer: (request: unknown) => Promise<string>;
  readonly webhooks: ListenerHandlers;
  readonly status: StatusSource;
  readonly openConnection: (connection: ConnectionConfig) => OpenConnection;
}

export class Resources {
  readonly #parts: Pick<HostParts, "lockState" | "openControl" | "openListener" | "openStatus">;
  readonly #users: ResourceUsers;
  readonly #connections: Connections;
  readonly #listeners = new Lending<Closable>();
  readonly #folders = new Lending<Closable>();

  constructor(
    parts: Pick<HostParts, "lockState" | "openControl" | "openListener" | "openStatus">,
    users: ResourceUsers,
  ) {
    this.#parts = parts;
    this.#users = users;
    this.#connections = new Connections(users.openConnection);
  }

  /** The streams of these connections; those that stay as they are remain open, and are the same. */
  takeStreams(config: ServiceConfig): TakenStreams {
    return this.#connections.take(config);
  }

  takeDerived(connections: readonly ConnectionConfig[]): TakenStreams {
    return this.#connections.takeDerived(connections);
  }

  /** The folder's lock, then its control socket. Throws a SluiceError where another service has them. */
  prepareFolder({ state: { directory } }: Settings): Promise<PreparedLending<Closable>> {
    const { lockState, openControl } = this.#parts;
    const open = async () => {
      const lock = await lockState(directory);
      try {
        const control = await openControl(directory, this.#users.answer);
        return {
          // The socket first; the lock goes whatever becomes of it.
          close: () => closeAll([control, lock]),
        };
      } catch (error) {
        await lock.close();
        throw error;
      }
    };
    return this.#folders.prepare(new Map([[directory, open]]));
  }

  /** Throws a SluiceError where an address can't be listened on. */
  prepareListeners({ settings: { webhooks, server } }: ServiceConfig): Promise<PreparedLending<Closable>> {
    const wanted = new Map<string, () => Promise<Closable>>();
    if (webhooks !== undefined) {
      const { host, port } = webhooks;
      wanted.set(`webhooks at ${host}:${port}`, () => this.#parts.openListener(host, port, this.#users.webhooks));
    }
    if (server !== undefined) {
      const { host, port } = server;
      wanted.set(`status at ${host}:${port}`, () => this.#parts.openStatus(host, port, this.#users.status));
    }
    return this.#listeners.prepare(wanted);
  }

  async closeConnections(): Promise<void> {
    await this.#connections.close();
  }

  /** Closes everything; the folder last, so that nobody else begins before that. */
  async release(): Promise<void> {
    await this.#listeners.close();
    await this.#connections.close();
    await this.#folders.close();
  }
}

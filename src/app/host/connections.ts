/** Connections by name: they outlive whoever reads them, so that nothing is missed while settings change. */
import type { EventStream } from "../../ports/event-stream.ts";
import type { ServiceConfig } from "../read-config.ts";
import type { ConnectionConfig, OpenConnection } from "./host-parts.ts";
import { closeAll } from "./lending.ts";
import { plainText } from "./plain-text.ts";

interface Held {
  readonly open: OpenConnection;
  text: string;
}

export interface TakenStreams {
  readonly streams: readonly EventStream[];
  /** To be called once nobody reads any other. */
  closeOthers(): Promise<void>;
}

export class Connections {
  readonly #openConnection: (connection: ConnectionConfig) => OpenConnection;
  readonly #held = new Map<string, Held>();
  #configured: readonly ConnectionConfig[] = [];
  /** Those that profiles describe. */
  #derived: readonly ConnectionConfig[] = [];

  constructor(openConnection: (connection: ConnectionConfig) => OpenConnection) {
    this.#openConnection = openConnection;
  }

  /** The streams of these connections, and of those that profiles describe; what stays as it is remains open. */
  take({ connections, settings }: Pick<ServiceConfig, "connections" | "settings">): TakenStreams {
    this.#configured = connections;
    const before = [...this.#held];
    const taken = this.#takeAll();
    // What goes is closed where it is, and what is new is there already.
    for (const [name, { open }] of before) if (this.#held.has(name)) open.move(settings);
    return taken;
  }

  /** The same for connections that profiles describe. */
  takeDerived(connections: readonly ConnectionConfig[]): TakenStreams {
    this.#derived = connections;
    return this.#takeAll();
  }

  #takeAll(): TakenStreams {
    const connections = [...this.#configured, ...this.#derived];
    const gone: EventStream[] = [];
    const closing: OpenConnection[] = [];
    const names = new Set(connections.map(({ connection }) => connection.name));
    for (const [name, { open }] of this.#held) {
      if (names.has(name)) continue;
      closing.push(open);
      this.#held.delete(name);
    }
    const streams = connections.flatMap((config) => {
      const { name } = config.connection;
      const text = plainText(config.connection);
      const held = this.#held.get(name);
      if (held === undefined) {
        const open = this.#openConnection(config);
        this.#held.set(name, { open, text });
        return open.streams;
      }
      if (held.text !== text) gone.push(...held.open.change(config));
      held.text = text;
      return held.open.streams;
    });
    return {
      streams,
      closeOthers: () => closeAll([...gone, ...closing]),
    };
  }

  async close(): Promise<void> {
    for (const { open } of this.#held.values()) await open.close();
    this.#held.clear();
  }
}

/** Connections: the streams of events that they bring, and publishing over them. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { openJournal } from "../../adapters/journal/open-journal.ts";
import { openConnection as openNatsConnection } from "../../adapters/nats/open-event-streams.ts";
import { openPublisher } from "../../adapters/nats/open-publisher.ts";
import { systemClock } from "../../adapters/system/system-clock.ts";
import { SluiceError } from "../../model/problem.ts";
import type { Settings } from "../../model/settings.ts";
import type { EventPublisher, EventStream } from "../../ports/event-stream.ts";
import type { Log } from "../../ports/system.ts";
import type { CliContext } from "../cli/context.ts";
import type { OpenConnection } from "../host/host-parts.ts";
import { type ReadConnections, readConnection } from "../read-config.ts";

type ConnectionConfig = ReadConnections["connections"][number];

/** The streams of a connection that does not change. */
export function openStreams(
  context: CliContext,
  settings: Settings,
  config: ConnectionConfig,
  log: Log,
): readonly EventStream[] {
  return openConnection(context, settings, config, log).streams;
}

/** A connection whose settings may change while it is read. */
export function openConnection(
  context: CliContext,
  settings: Settings,
  config: ConnectionConfig,
  log: Log,
): OpenConnection {
  const { name } = config.connection;
  const startedAt = systemClock.now();
  const identity = JSON.stringify([settings.repository.url, settings.output.path]);
  const stateId = createHash("sha256").update(identity).digest("hex").slice(0, 16);
  let current = config;
  const opened = openNatsConnection(config.connection, {
    log,
    openJournal: (onTrouble) => openJournal(join(settings.state.directory, "journal", name), { onTrouble }),
    stateId: () => stateId,
    term: () => startedAt,
    rereadConnection: async () => (await readConnection(context, current.settings)).value ?? current.connection,
  });
  return {
    get streams() {
      return opened.streams;
    },
    change(next) {
      current = next;
      return opened.change(next.connection);
    },
    close: () => opened.close(),
  };
}

/** Publishes over the named connection, or the first; over JetStream where the connection reads the subject from there. */
export async function composePublisher(
  context: CliContext,
  settings: Settings,
  name: string | undefined,
): Promise<EventPublisher> {
  const chosen =
    name === undefined ? settings.connections[0] : settings.connections.find((connection) => connection.name === name);
  if (chosen === undefined) {
    const message = name === undefined ? "the settings name no connection" : `the settings have no connection ${name}`;
    throw new SluiceError({ code: "USAGE", message });
  }
  const { value: connection, problems } = await readConnection(context, chosen);
  if (connection === undefined)
    throw new SluiceError(
      problems[0] ?? { code: "CONNECTION_INVALID", message: `connection ${chosen.name} is not usable` },
    );
  return openPublisher(connection);
}

/** Connections: the streams of events that they bring, and publishing over them. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { hasUnread } from "../../adapters/journal/moved-from.ts";
import { openJournal } from "../../adapters/journal/open-journal.ts";
import type { DialGate } from "../../adapters/nats/dial-gate.ts";
import { openConnection as openNatsConnection } from "../../adapters/nats/open-event-streams.ts";
import { openPublisher } from "../../adapters/nats/open-publisher.ts";
import { compileSubjects } from "../../model/nats-subjects.ts";
import { SluiceError } from "../../model/problem.ts";
import type { Settings } from "../../model/settings.ts";
import type { Lead } from "../../pipeline/loop/leading.ts";
import type { EventPublisher } from "../../ports/event-stream.ts";
import type { Log } from "../../ports/system.ts";
import type { CliContext } from "../cli/context.ts";
import type { ConnectionConfig, OpenConnection } from "../host/host-parts.ts";
import { readConnection, rememberCredentials } from "../read-config.ts";

/**
 * A connection whose settings may change while it is read; it outlives the service that reads it. `gate`: those that Secrets
 * describe are dialled by it.
 */
export function openConnection(
  context: CliContext,
  settings: Settings,
  config: ConnectionConfig,
  log: Log,
  lead: () => Lead,
  gate?: DialGate,
): OpenConnection {
  const { name } = config.connection;
  let current = config;
  let folder = journalFolder(settings, name);
  rememberCredentials(context, config.connection);
  const opened = openNatsConnection(config.connection, {
    log,
    ...(config.settings === undefined && gate !== undefined ? { gate } : {}),
    openJournal: (onTrouble) => openJournal(folder, { onTrouble }),
    hasJournal: () => existsSync(folder),
    stateId: () => lead().stateId,
    term: () => lead().term,
    rereadConnection: async () => {
      const { settings: read, connection } = current;
      return (read === undefined ? undefined : (await readConnection(context, read)).value) ?? connection;
    },
  });
  return {
    get streams() {
      return opened.streams;
    },
    change(next) {
      current = next;
      rememberCredentials(context, next.connection);
      return opened.change(next.connection);
    },
    move(next) {
      const before = folder;
      folder = journalFolder(next, name);
      if (folder !== before) opened.moveJournal(folder);
    },
    close: () => opened.close(),
  };
}

function journalFolder({ state }: Settings, connection: string): string {
  return join(state.directory, "journal", connection);
}

/** Throws a SluiceError (SETTINGS_INVALID) where another journal stands in the way of one that is to be moved there. */
export async function checkJournalFolders(settings: Settings, connections: readonly string[]): Promise<void> {
  for (const name of connections) {
    const folder = journalFolder(settings, name);
    if (!(await hasUnread(folder))) continue;
    throw new SluiceError({
      code: "SETTINGS_INVALID",
      message: `${folder} holds a journal that was never read, and the one that is received into would be moved there`,
      hint: "Name another state.directory, or move that folder away.",
    });
  }
}

/**
 * Publishes over the named connection, or the first; over JetStream where the connection reads the subject from there. `reads`: whether
 * it reads a subject at all, as far as its own words tell.
 */
export async function composePublisher(
  context: CliContext,
  settings: Settings,
  name: string | undefined,
): Promise<{ readonly publisher: EventPublisher; readonly reads: (subject: string) => boolean }> {
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
  const { core, jetstream } = connection;
  const streams = jetstream?.streams ?? [];
  const isNamed = compileSubjects([...(core?.subjects ?? []), ...streams.flatMap(({ subjects }) => subjects)]);
  const hasWhole = streams.some(({ subjects }) => subjects.length === 0);
  return { publisher: openPublisher(connection), reads: (subject) => hasWhole || isNamed(subject) };
}

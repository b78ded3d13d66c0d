/** From a connection to its event streams: one for each JetStream stream, and one for all of its core subjects. */
import { createHash } from "node:crypto";
import type { Connection, NatsEndpoint } from "../../model/connection.ts";
import { reduceSubjects } from "../../model/nats-subjects.ts";
import type { Problem } from "../../model/problem.ts";
import type { EventStream } from "../../ports/event-stream.ts";
import type { Journal } from "../../ports/journal.ts";
import type { Log } from "../../ports/system.ts";
import { createJetStreamStream } from "./jetstream-stream.ts";
import { createJournalStream } from "./journal-stream.ts";
import { createNatsLink, type NatsLink } from "./nats-link.ts";
import { type PullBounds, pullBoundsDefault } from "./pull-batches.ts";

export interface EventStreamOptions {
  readonly log: Log;
  /** Opens the connection's journal; called at the first reading of its core subjects. */
  readonly openJournal: (onTrouble: (problem: Problem | undefined) => void) => Promise<Journal>;
  /** Who reads, for the names of durable consumers: two services never share one. */
  readonly reader: { readonly repository: string; readonly output: string };
  /** The leader's term: a number that grows with each new leader. */
  readonly term: () => number;
  /** Reads the connection's file again, for credentials that were replaced; called before each dialling. */
  readonly rereadConnection?: () => Promise<Connection>;
  readonly bounds?: PullBounds;
}

/** The streams of one connection; none is dialled before it is read. */
export function openEventStreams(connection: Connection, options: EventStreamOptions): readonly EventStream[] {
  const { core, jetstream, name } = connection;
  const { log, bounds = pullBoundsDefault } = options;
  const streams = jetstream?.streams ?? [];
  const subjects = core?.subjects ?? [];

  function createLink(part: "core" | "jetstream", users: number): NatsLink {
    return createNatsLink(`sluice ${name}`, users, async () => {
      const current = (await options.rereadConnection?.()) ?? connection;
      const endpoint = current[part] ?? connection[part];
      if (endpoint === undefined) throw new Error(`connection ${name} has no ${part} endpoint`);
      return { endpoint, connectTo: current.connectTo };
    });
  }

  function openCore(link: NatsLink): EventStream {
    const excluded = streams.flatMap((stream) => stream.subjects);
    return createJournalStream({ connection: name, subjects, excluded, link, openJournal: options.openJournal, log });
  }

  function openStream(stream: { readonly name: string; readonly subjects: readonly string[] }, link: NatsLink) {
    const owner = () => ({ name: consumerName(name, options.reader), term: options.term() });
    const filters = reduceSubjects(stream.subjects);
    return createJetStreamStream({ connection: name, stream: stream.name, filters, link, owner, bounds, log });
  }

  if (streams.length === 0) return subjects.length === 0 ? [] : [openCore(createLink("core", 1))];
  if (subjects.length > 0 && isSameEndpoint(core, jetstream)) {
    const link = createLink("jetstream", streams.length + 1);
    return [...streams.map((stream) => openStream(stream, link)), openCore(link)];
  }
  const link = createLink("jetstream", streams.length);
  const stored = streams.map((stream) => openStream(stream, link));
  return subjects.length === 0 ? stored : [...stored, openCore(createLink("core", 1))];
}

function isSameEndpoint(a: NatsEndpoint | undefined, b: NatsEndpoint | undefined): boolean {
  return a?.url === b?.url && JSON.stringify(a?.authorization) === JSON.stringify(b?.authorization);
}

/** Consumer names allow neither dots nor slashes, and are at most 255 bytes long. */
function consumerName(connection: string, { repository, output }: EventStreamOptions["reader"]): string {
  const identity = JSON.stringify([connection, repository, output]);
  return `sluice-${createHash("sha256").update(identity).digest("hex").slice(0, 16)}`;
}

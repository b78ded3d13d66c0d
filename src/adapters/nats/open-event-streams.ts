/** From a connection to its event streams: one for each JetStream stream, and one for all of its core subjects. */
import type { Connection, NatsEndpoint } from "../../model/connection.ts";
import { coversSubject, reduceSubjects } from "../../model/nats-subjects.ts";
import type { Problem } from "../../model/problem.ts";
import type { EventStream } from "../../ports/event-stream.ts";
import type { Journal } from "../../ports/journal.ts";
import type { Log } from "../../ports/system.ts";
import { createCaptureStream } from "./capture-stream.ts";
import type { DialGate } from "./dial-gate.ts";
import { createHeldSubjects } from "./held-subjects.ts";
import { createJetStreamStream } from "./jetstream-stream.ts";
import { createJournalStream, type JournalStream } from "./journal-stream.ts";
import { createNatsLink, type NatsLink } from "./nats-link.ts";
import { type PullBounds, pullBoundsDefault } from "./pull-batches.ts";

export interface EventStreamOptions {
  readonly log: Log;
  /** Opens the connection's journal; called at the first reading of its core subjects. */
  readonly openJournal: (onTrouble: (problem: Problem | undefined) => void) => Promise<Journal>;
  /** Whether the connection has a journal from before; default: it may have one. */
  readonly hasJournal?: () => boolean;
  /** Of the state that the positions are in; with the term it names consumers. Asked when reading begins. */
  readonly stateId: () => string;
  /** The leader's term: a counter in the state, never a clock. */
  readonly term: () => number;
  /** Reads the connection's file again, for credentials that were replaced; called before each dialling. */
  readonly rereadConnection?: () => Promise<Connection>;
  readonly bounds?: PullBounds;
  /** It is dialled among others; absent: whenever it likes. */
  readonly gate?: DialGate;
}

/** A connection whose settings may change while it is read. Nothing is dialled before it is read. */
export interface OpenConnection {
  /** One for each JetStream stream, then one for all core subjects. */
  readonly streams: readonly EventStream[];
  /**
   * Follows other settings of the same connection. Streams that stay as they are remain the same objects; the journal's
   * does whatever changes, and goes on receiving meanwhile. Credentials alone exchange nothing: they are read when it is
   * dialled next. Returns what is no longer among the streams, to be closed once nobody reads it.
   */
  change(next: Connection): readonly EventStream[];
  /** The journal goes on in this folder. */
  moveJournal(directory: string): void;
  /** Closes all streams. */
  close(): Promise<void>;
}

/** The streams of one connection that never changes. */
export function openEventStreams(connection: Connection, options: EventStreamOptions): readonly EventStream[] {
  return openConnection(connection, options).streams;
}

export function openConnection(first: Connection, options: EventStreamOptions): OpenConnection {
  const { log, bounds = pullBoundsDefault } = options;
  const links = createLinkPool();
  const held = createHeldSubjects();
  /** By all that makes them what they are. */
  let stored = new Map<string, EventStream>();
  let journal: JournalStream | undefined;
  let capture: { readonly stream: EventStream; readonly key: string } | undefined;
  let connection = first;

  /** A share of the link to a part's endpoint, for one user. */
  function openLink(part: "core" | "jetstream"): NatsLink {
    const { name, domain } = connection;
    return links.open(linkKey(connection, part), () =>
      createNatsLink(`sluice ${name}`, domain, () => target(part), options.gate),
    );
  }

  /** Where the settings in force lead, with the credentials that the file has now. */
  async function target(part: "core" | "jetstream") {
    const endpoint = connection[part] ?? connection.core ?? connection.jetstream;
    if (endpoint === undefined) throw new Error(`connection ${connection.name} has no endpoint`);
    const current = (await options.rereadConnection?.())?.[part] ?? endpoint;
    return { endpoint: { url: endpoint.url, authorization: current.authorization }, connection };
  }

  function openStored(): Map<string, EventStream> {
    const all = connection.jetstream?.streams ?? [];
    const opened = all.map(({ name, subjects }): [string, EventStream] => {
      const key = JSON.stringify([name, subjects, linkKey(connection, "jetstream")]);
      const open = () =>
        createJetStreamStream({
          connection: connection.name,
          stream: name,
          filters: reduceSubjects(subjects),
          siblings: () => (connection.jetstream?.streams ?? []).filter((other) => other.name !== name),
          link: openLink("jetstream"),
          owner: () => ({ stateId: options.stateId(), connection: connection.name, term: options.term() }),
          bounds,
          log,
          onHeld: (subjects) => held.tell(name, subjects),
        });
      return [key, stored.get(key) ?? open()];
    });
    return new Map(opened);
  }

  /** Core subjects that no stream of the connection's has. */
  function capturedSubjects(): readonly string[] {
    const stored = connection.jetstream?.streams.flatMap(({ subjects }) => subjects) ?? [];
    const open = (subject: string) => !stored.some((other) => coversSubject(other, subject));
    return reduceSubjects(connection.core?.subjects ?? []).filter(open);
  }

  function openCapture(): typeof capture {
    const { name, capture: settings } = connection;
    const subjects = capturedSubjects();
    if (settings === undefined || subjects.length === 0) return undefined;
    const key = JSON.stringify([settings, subjects, linkKey(connection, "core")]);
    if (capture?.key === key) return capture;
    // What came before is read to its end; there may be a journal of an earlier run.
    const before = journal ?? ((options.hasJournal?.() ?? true) ? openJournalStream() : undefined);
    journal = before;
    const stream = createCaptureStream({
      ...{ connection: name, subjects, settings, link: openLink("core"), bounds, log },
      owner: () => ({ stateId: options.stateId(), connection: name, term: options.term() }),
      endJournal: before === undefined ? undefined : (signal) => before.end(signal),
    });
    return { stream, key };
  }

  function openJournalStream(): JournalStream {
    return createJournalStream({ connection: connection.name, held, openJournal: options.openJournal, log });
  }

  /** The journal follows, is begun, or is over. */
  function openCore(): JournalStream | undefined {
    capture = openCapture();
    if (capture !== undefined) return journal;
    const subjects = connection.core?.subjects ?? [];
    if (subjects.length === 0) return undefined;
    const streams = connection.jetstream?.streams ?? [];
    const isOneServer = connection.core?.url === connection.jetstream?.url;
    held.expect(isOneServer ? streams.filter((stream) => stream.subjects.length === 0).map(({ name }) => name) : []);
    const opened = journal ?? openJournalStream();
    opened.follow({ link: openLink("core"), subjects, excluded: streams.flatMap((stream) => stream.subjects) });
    return opened;
  }

  function open(next: Connection): readonly EventStream[] {
    const before = listStreams();
    connection = next;
    stored = openStored();
    journal = openCore();
    const now = new Set(listStreams());
    return before.filter((stream) => !now.has(stream));
  }

  function listStreams(): readonly EventStream[] {
    const core = [...(journal === undefined ? [] : [journal]), ...(capture === undefined ? [] : [capture.stream])];
    return [...stored.values(), ...core];
  }

  open(first);
  return {
    get streams() {
      return listStreams();
    },
    change: open,
    moveJournal: (directory) => journal?.move(directory),
    async close() {
      await Promise.all(listStreams().map((stream) => stream.close()));
    },
  };
}

/** Links by where they lead; one that all its users have released is made anew. */
function createLinkPool() {
  const links = new Map<string, NatsLink>();
  return {
    open(key: string, create: () => NatsLink): NatsLink {
      const found = links.get(key);
      const link = found === undefined || found.isReleased ? create() : found.share();
      links.set(key, link);
      return link;
    },
  };
}

/** Credentials are no part of it: they are read when the link is dialled. */
function linkKey(connection: Connection, part: "core" | "jetstream"): string {
  const { core, jetstream, connectTo, domain, handshakeFirst, inboxPrefix } = connection;
  const isShared = jetstream !== undefined && jetstream.streams.length > 0 && isSameEndpoint(core, jetstream);
  const used = isShared ? "jetstream" : part;
  return JSON.stringify([used, connection[used]?.url, [...connectTo], domain, handshakeFirst, inboxPrefix]);
}

function isSameEndpoint(a: NatsEndpoint | undefined, b: NatsEndpoint | undefined): boolean {
  return a?.url === b?.url && JSON.stringify(a?.authorization) === JSON.stringify(b?.authorization);
}

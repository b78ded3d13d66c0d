/** Publishing events: over core NATS, or into JetStream with the stream's acknowledgement. */
import { setImmediate as nextTurn } from "node:timers/promises";
import { JetStreamApiError, jetstream } from "@nats-io/jetstream";
import { errors, type PermissionViolationError, type PublishOptions } from "@nats-io/transport-node";
import type { Connection } from "../../model/connection.ts";
import { compileSubjects } from "../../model/nats-subjects.ts";
import type { SluiceError } from "../../model/problem.ts";
import type { EventPublisher } from "../../ports/event-stream.ts";
import { causes } from "./error-causes.ts";
import { explainJetStreamError, explainLoss, explainPermission, streamError } from "./explain-stream-error.ts";
import { writeHeaders } from "./headers.ts";
import { createNatsLink, type NatsLink, type OpenLink } from "./nats-link.ts";

/** The server's code where another stream holds the subject. */
const otherStream = 10060;

export interface PublisherOptions {
  /** The stream that has to acknowledge whatever is published; undefined: as the subject says. */
  readonly stream?: string;
  /** Reads the connection's file again, for credentials that were replaced; called before each dialling. */
  readonly rereadConnection?: () => Promise<Connection>;
}

/**
 * A publisher for a connection. A subject that one of the connection's streams holds is published to JetStream and
 * acknowledged by the stream; any other over core NATS, and resolved when the server has it. Dials when it is first used.
 * Throws SluiceErrors (NATS_UNAVAILABLE, NATS_AUTH, NATS_STREAM).
 */
export function openPublisher(
  connection: Connection,
  { stream, rereadConnection = async () => connection }: PublisherOptions = {},
): EventPublisher {
  const { core, jetstream: stored, domain } = connection;
  const isCore = compileSubjects(core?.subjects ?? []);
  const isNamed = compileSubjects(stored?.streams.flatMap((stream) => stream.subjects) ?? []);
  // What a stream holds that is read whole, only its server knows.
  const isWhole = stored?.streams.some((stream) => stream.subjects.length === 0) ?? false;
  const isStored = (subject: string) => isNamed(subject) || (isWhole && !isCore(subject));
  const link = (part: "core" | "jetstream") => {
    const first = connection[part];
    if (first === undefined) return undefined;
    return createNatsLink(`sluice ${connection.name}`, domain, async () => {
      const { authorization } = (await rereadConnection())[part] ?? first;
      return { endpoint: { url: first.url, authorization }, connection };
    });
  };
  const coreLink = link("core");
  const storedLink = link("jetstream");

  return {
    async publish(subject, payload, headers = new Map()) {
      const intoStream = stream !== undefined || (storedLink !== undefined && isStored(subject));
      const used = intoStream ? (storedLink ?? coreLink) : (coreLink ?? storedLink);
      if (used === undefined) throw new Error(`connection ${connection.name} has no endpoint`);
      const link = await used.connect();
      const opened = link.connection;
      const options = headers.size === 0 ? {} : { headers: writeHeaders(headers) };
      try {
        if (!intoStream) await publishCore(link, subject, payload, options);
        else {
          const expect = stream === undefined ? {} : { expect: { streamName: stream } };
          await jetstream(opened, used.domain).publish(subject, payload, { ...options, ...expect });
        }
      } catch (error) {
        if (!intoStream) throw explainLoss(error);
        throw explainUnheld(error, subject, stream) ?? explainJetStreamError(error, ask(used, subject, stream));
      }
    },
    async close() {
      await coreLink?.release();
      await storedLink?.release();
    },
  };
}

function ask({ domain }: NatsLink, subject: string, stream = subject) {
  return { stream, subjects: [subject], ...domain };
}

/** Resolves when the server has it: what it forbids it says before it answers a ping. */
async function publishCore(
  link: OpenLink,
  subject: string,
  payload: Uint8Array,
  options: PublishOptions,
): Promise<void> {
  let forbidden: PermissionViolationError | undefined;
  const ignore = link.onForbidden((error) => {
    if (error.subject === subject) forbidden = error;
  });
  try {
    link.connection.publish(subject, payload, options);
    await link.connection.flush();
    // The complaint was read before the answer, and its listeners have their turn now.
    await nextTurn();
    if (forbidden !== undefined) throw explainPermission(forbidden);
  } finally {
    ignore();
  }
}

/** No stream takes what was to be kept by this one. */
function explainUnheld(error: unknown, subject: string, stream: string | undefined): SluiceError | undefined {
  if (stream === undefined) return undefined;
  const isSilent = causes(error).some(
    (cause) => cause instanceof errors.NoRespondersError || cause instanceof errors.TimeoutError,
  );
  const isOther = error instanceof JetStreamApiError && error.code === otherStream;
  if (!isSilent && !isOther) return undefined;
  const what = isOther ? `another stream than ${stream} keeps` : `no stream acknowledges`;
  const hint = `Have stream ${stream} keep it: nats stream add ${stream} --subjects ${subject}`;
  return streamError(`${what} what is published on ${subject}`, hint, error);
}

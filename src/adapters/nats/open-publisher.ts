/** Publishing events: over core NATS, or into JetStream with the stream's acknowledgement. */
import { jetstream } from "@nats-io/jetstream";
import type { Connection } from "../../model/connection.ts";
import { compileSubjects } from "../../model/nats-subjects.ts";
import type { EventPublisher } from "../../ports/event-stream.ts";
import { explainJetStreamError, explainLoss } from "./explain-stream-error.ts";
import { writeHeaders } from "./headers.ts";
import { createNatsLink } from "./nats-link.ts";

/**
 * A publisher for a connection. A subject that one of the connection's streams holds is published to JetStream and
 * acknowledged by the stream; any other over core NATS, and resolved when the server has it. Throws SluiceErrors
 * (NATS_UNAVAILABLE, NATS_AUTH, NATS_STREAM).
 */
export function openPublisher(connection: Connection): EventPublisher {
  const { core, jetstream: stored, domain } = connection;
  const isCore = compileSubjects(core?.subjects ?? []);
  const isNamed = compileSubjects(stored?.streams.flatMap((stream) => stream.subjects) ?? []);
  // What a stream holds that is read whole, only its server knows.
  const isWhole = stored?.streams.some((stream) => stream.subjects.length === 0) ?? false;
  const isStored = (subject: string) => isNamed(subject) || (isWhole && !isCore(subject));
  const link = (endpoint: typeof core | typeof stored) =>
    endpoint === undefined
      ? undefined
      : createNatsLink(`sluice ${connection.name}`, domain, async () => ({ endpoint, connection }));
  const coreLink = link(core);
  const storedLink = link(stored);

  return {
    async publish(subject, payload, headers = new Map()) {
      const intoStream = storedLink !== undefined && isStored(subject);
      const opened = (await (intoStream ? storedLink : (coreLink ?? storedLink))?.connect())?.connection;
      if (opened === undefined) throw new Error(`connection ${connection.name} has no endpoint`);
      const options = headers.size === 0 ? {} : { headers: writeHeaders(headers) };
      try {
        if (intoStream) {
          await jetstream(opened, domain === undefined ? {} : { domain }).publish(subject, payload, options);
        } else {
          opened.publish(subject, payload, options);
          await opened.flush();
        }
      } catch (error) {
        throw intoStream
          ? explainJetStreamError(error, { stream: subject, subjects: [subject], ...storedLink.domain })
          : explainLoss(error);
      }
    },
    async close() {
      await coreLink?.release();
      await storedLink?.release();
    },
  };
}

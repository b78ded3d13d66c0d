/** A JetStream stream as an EventStream: read in order from a position, whatever happens to the server or the stream. */
import { jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import type { Delivery, StreamPosition } from "../../model/delivery.ts";
import type { Problem } from "../../model/problem.ts";
import type { EventStream } from "../../ports/event-stream.ts";
import type { Log } from "../../ports/system.ts";
import { createBackoff } from "./backoff.ts";
import { type Binding, bindConsumer, type ConsumerOwner } from "./bind-consumer.ts";
import { explainJetStreamError } from "./explain-stream-error.ts";
import { readHeaders } from "./headers.ts";
import type { NatsLink } from "./nats-link.ts";
import { createOwnedMessages, type OwnedMessages } from "./owned-messages.ts";
import { type PullBounds, pullBatches } from "./pull-batches.ts";
import { createStatusReport } from "./status-report.ts";
import { createTimeFormat } from "./stored-time.ts";
import { untilAborted } from "./until-aborted.ts";

export interface JetStreamStreamOptions {
  /** The connection's name. */
  readonly connection: string;
  /** The stream's name on the server. */
  readonly stream: string;
  /** Subjects to read; none covers another. */
  readonly filters: readonly string[];
  readonly link: NatsLink;
  /** Whose durable consumers are used where consumers own messages; asked at every binding. */
  readonly owner: () => ConsumerOwner;
  readonly bounds: PullBounds;
  readonly log: Log;
}

export function createJetStreamStream(options: JetStreamStreamOptions): EventStream {
  const { stream, filters, link, bounds, log } = options;
  const name = `${options.connection}/${stream}`;
  const closing = new AbortController();
  let owned: OwnedMessages | undefined;

  async function bind(connection: NatsConnection, from: StreamPosition | undefined): Promise<Binding> {
    const manager = await jetstreamManager(connection, { checkAPI: false });
    return bindConsumer(manager, stream, filters, from, options.owner());
  }

  /** What a binding brings, until it fails. */
  async function* readBinding(
    connection: NatsConnection,
    binding: Binding,
    messages: OwnedMessages,
    signal: AbortSignal,
  ): AsyncGenerator<Delivery, void, void> {
    const formatTime = createTimeFormat();
    const consumer = { stream, name: binding.consumer };
    for await (const batch of pullBatches(connection, consumer, bounds, signal)) {
      for (const { info, message } of batch) {
        const time = formatTime(info.nanos);
        const position = binding.owning
          ? messages.accept(info.streamSequence, time, message.reply ?? "")
          : { epoch: binding.epoch, sequence: info.streamSequence, time };
        if (position === undefined) continue;
        const { subject, data } = message;
        const headers = readHeaders(message.headers);
        yield { connection: options.connection, stream: name, position, subject, headers, payload: data };
      }
    }
  }

  return {
    name,
    async *read(from, readSignal, onStatus) {
      const signal = AbortSignal.any([readSignal, closing.signal]);
      const status = createStatusReport(name, log, onStatus);
      const backoff = createBackoff();
      const messages = createOwnedMessages(from, (why) => status.warn(renewedProblem(name, why)));
      owned = messages;
      let last = from;

      status.connecting();
      while (!signal.aborted) {
        let binding: Binding | undefined;
        try {
          const connection = await untilAborted(link.connect(), signal);
          binding = await untilAborted(bind(connection, last), signal);
          if (binding.renewed !== undefined) status.warn(renewedProblem(name, binding.renewed));
          if (binding.unheld.length > 0) status.warn(unheldProblem(name, binding.unheld));
          if (binding.owning) messages.rebind(connection, binding.epoch);
          status.subscribed();
          for await (const delivery of readBinding(connection, binding, messages, signal)) {
            last = delivery.position;
            yield delivery;
            backoff.reset();
          }
        } catch (error) {
          if (signal.aborted) return;
          status.degraded(explainJetStreamError(error, stream, filters).problem);
        } finally {
          await binding?.release();
        }
        await backoff.wait(signal);
      }
    },
    async settle(upTo) {
      await owned?.settle(upTo);
    },
    async close() {
      if (closing.signal.aborted) return;
      closing.abort();
      await link.release();
    },
  };
}

function renewedProblem(stream: string, why: string): Problem {
  return {
    code: "NATS_STREAM",
    severity: "warning",
    message: `${stream} is not the stream that was read before: ${why}`,
    hint: "Reading goes on with the messages that are later than the last one read; compare the entities if some were lost.",
  };
}

function unheldProblem(stream: string, subjects: readonly string[]): Problem {
  return {
    code: "NATS_STREAM",
    severity: "warning",
    message: `${stream} holds no messages of ${subjects.join(", ")}: the stream has other subjects`,
    hint: "Correct the subjects in the connection, or add them to the stream (nats stream edit).",
  };
}

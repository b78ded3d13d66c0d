/**
 * What a stream of limits retention still holds, read once more beside the reading that goes on: by a consumer of its own
 * for each stretch, which goes with it.
 */
import { DeliverPolicy, jetstreamManager, RetentionPolicy, type StreamInfo } from "@nats-io/jetstream";
import type { Delivery } from "../../model/delivery.ts";
import { SluiceError } from "../../model/problem.ts";
import type { StreamPast, Stretch, StretchRead } from "../../ports/event-stream.ts";
import { consumerConfig } from "./consumer-config.ts";
import { type ConsumerOwner, nameConsumer } from "./consumer-names.ts";
import { explainJetStreamError, streamError } from "./explain-stream-error.ts";
import { readHeaders } from "./headers.ts";
import type { NatsLink } from "./nats-link.ts";
import { type PullBounds, type PulledMessage, pullBatches } from "./pull-batches.ts";
import { removeConsumer } from "./remove-consumers.ts";
import { createTimeFormat } from "./stored-time.ts";
import { createdOf, creationOf } from "./stream-identity.ts";
import { untilAborted } from "./until-aborted.ts";

export interface PastOptions {
  readonly connection: string;
  /** The stream's name on the server. */
  readonly stream: string;
  /** None: all that the stream holds. */
  readonly filters: readonly string[];
  readonly link: NatsLink;
  readonly owner: () => ConsumerOwner;
}

/** Of one stretch. */
const stretchBounds: PullBounds = { aheadMessagesMax: 2_000, aheadBytesMax: 8 * 1024 * 1024 };

export function createStreamPast(options: PastOptions): StreamPast {
  const { stream, filters, link } = options;
  const explained = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw explainJetStreamError(error, { stream, subjects: filters, ...link.domain });
    }
  };
  return {
    isKept: (signal) =>
      explained(async () => {
        const { manager } = await openManager(link, signal);
        const { config } = await untilAborted(manager.streams.info(stream), signal);
        return config.retention === RetentionPolicy.Limits;
      }),
    read: (stretch, signal) => explained(() => readStretch(options, stretch, signal)),
  };
}

async function readStretch(options: PastOptions, stretch: Stretch, signal: AbortSignal): Promise<StretchRead> {
  const { stream, filters, link, owner } = options;
  const { manager, connection, inboxPrefix } = await openManager(link, signal);
  const info = await untilAborted(manager.streams.info(stream), signal);
  checkStream(info);
  const { upTo, after } = stretch;
  const isAnother = creationOf(upTo.epoch) !== createdOf({ created: String(info.created) });
  const since = isAnother ? undefined : stretch.since;
  const start = isAnother || since !== undefined ? undefined : after + 1;
  const behind = consumerConfig(info, nameConsumer(owner()), filters, start);
  const config =
    since === undefined ? behind : { ...behind, deliver_policy: DeliverPolicy.StartTime, opt_start_time: since };
  const { name, num_pending } = await untilAborted(manager.consumers.add(stream, config), signal);
  try {
    // Also of another stream: nothing is left of the one that was read, and what it will bring is read live.
    if (num_pending === 0) return { deliveries: [], isEnd: true };
    if (isAnother) {
      const message = `stream ${stream} is another one than the one that was read`;
      throw streamError(message, "It is read again once it is followed.");
    }
    const apiPrefix = link.domain.domain === undefined ? "$JS.API" : `$JS.${link.domain.domain}.API`;
    const consumer = { stream, name, apiPrefix, inboxPrefix };
    const deliveries: Delivery[] = [];
    const taking = takeStretch(options, stretch, deliveries);
    for await (const batch of pullBatches(connection, consumer, stretchBounds, signal)) {
      const read = taking(batch);
      if (read !== undefined) return read;
    }
    // Over a slow link the rest comes with the next stretch.
    if (deliveries.length > 0) return { deliveries, isEnd: false };
    throw signal.reason;
  } finally {
    await removeConsumer(manager, stream, name).catch(() => undefined);
  }
}

/** Gathers what arrives in `deliveries`; says what was read once it is enough, or all. */
function takeStretch({ connection, stream }: PastOptions, { upTo }: Stretch, deliveries: Delivery[]) {
  const formatNanos = createTimeFormat();
  let bytes = 0;
  return (batch: readonly PulledMessage[]): StretchRead | undefined => {
    for (const { info, message } of batch) {
      const { streamSequence: sequence, nanos, pending } = info;
      if (sequence <= upTo.sequence) {
        bytes += message.data.length;
        deliveries.push({
          connection,
          stream: `${connection}/${stream}`,
          position: { epoch: upTo.epoch, sequence, time: formatNanos(nanos) },
          subject: message.subject,
          headers: readHeaders(message.headers),
          payload: message.data,
        });
      }
      if (sequence >= upTo.sequence || pending === 0) return { deliveries, isEnd: true };
      const isFull = deliveries.length >= stretchBounds.aheadMessagesMax || bytes >= stretchBounds.aheadBytesMax;
      if (isFull) return { deliveries, isEnd: false };
    }
    return undefined;
  };
}

/** Kept, and wholly there: a replica that is behind would seem to be at its end. */
function checkStream({ config, cluster }: StreamInfo): void {
  const { name } = config;
  if (config.retention !== RetentionPolicy.Limits) {
    throw streamError(
      `stream ${name} keeps nothing that was read`,
      "Only streams of limits retention can be read again.",
    );
  }
  if (cluster?.replicas?.some(({ current, lag = 0 }) => !current || lag > 0) === true) {
    const message = `a replica of stream ${name} is behind`;
    throw new SluiceError({ code: "NATS_UNAVAILABLE", message, hint: "It is asked again by itself." });
  }
}

async function openManager(link: NatsLink, signal: AbortSignal) {
  const { connection, inboxPrefix } = await untilAborted(link.connect(), signal);
  return { connection, inboxPrefix, manager: await jetstreamManager(connection, { checkAPI: false, ...link.domain }) };
}

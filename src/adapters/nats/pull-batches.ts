/**
 * Reading from a pull consumer at full speed and within bounds: requests overlap, so that messages keep coming while
 * earlier ones are worked on, and what arrives is handed on in batches, in the consumer's order, without gaps.
 */
import { createInbox, errors, type Msg, type NatsConnection } from "@nats-io/transport-node";
import { type DeliveryInfo, parseAckSubject } from "./ack-subject.ts";
import { explainLoss, explainPermission, streamError } from "./explain-stream-error.ts";

export interface PullBounds {
  /** Messages that are asked for or waiting to be read, at most; twice that are in memory. */
  readonly aheadMessagesMax: number;
  /** Bytes that are waiting to be read, from which on no more are asked for. */
  readonly aheadBytesMax: number;
}

export const pullBoundsDefault: PullBounds = { aheadMessagesMax: 4_096, aheadBytesMax: 16 * 1024 * 1024 };

export interface PulledConsumer {
  readonly stream: string;
  readonly name: string;
  /** Of JetStream's requests: `$JS.API`, or `$JS.<domain>.API`. */
  readonly apiPrefix: string;
  /** Of the subject that messages are delivered to; undefined: the usual one. */
  readonly inboxPrefix: string | undefined;
  /** Told once when the server has taken the first request for messages. */
  readonly onAsked?: () => void;
}

export interface PulledMessage {
  readonly info: DeliveryInfo;
  readonly message: Msg;
}

const heartbeatMs = 5_000;
const silenceMsMax = 12_000;
const expiryMs = 30_000;
const nanosPerMs = 1_000_000;
/** Of one request, several of which are open at a time. A message that is larger is asked for alone. */
const requestBytesMax = 4 * 1024 * 1024;

/**
 * Batches as they arrive, without end until the signal aborts. Throws a SluiceError where the consumer has to be bound
 * anew: it was deleted, a delivery is missing, heartbeats fail to come, the connection was lost. Everything before that
 * has been handed on.
 */
export async function* pullBatches(
  connection: NatsConnection,
  consumer: PulledConsumer,
  bounds: PullBounds,
  signal: AbortSignal,
): AsyncGenerator<readonly PulledMessage[], void, void> {
  const inbox = createInbox(consumer.inboxPrefix);
  const subject = `${consumer.apiPrefix}.CONSUMER.MSG.NEXT.${consumer.stream}.${consumer.name}`;
  const batchSize = Math.ceil(bounds.aheadMessagesMax / 2);

  let waiting: PulledMessage[] = [];
  let waitingBytes = 0;
  /** Messages asked for that neither came nor were given up. */
  let requested = 0;
  let expected = 1;
  let requests = 0;
  /** The next message may be larger than a request allows: it is asked for alone and without that bound. */
  let oversized = false;
  let heardAt = performance.now();
  let failure: unknown;
  let wake: (() => void) | undefined;

  function fail(error: unknown): void {
    failure ??= error;
    wake?.();
  }

  function request(): void {
    while (failure === undefined && waitingBytes < bounds.aheadBytesMax) {
      const batch = oversized ? 1 : batchSize;
      const ahead = requested + waiting.length;
      if (requested > 0 ? ahead + batch > bounds.aheadMessagesMax : ahead >= bounds.aheadMessagesMax) return;
      const options = {
        batch,
        expires: expiryMs * nanosPerMs,
        idle_heartbeat: heartbeatMs * nanosPerMs,
        ...(oversized ? {} : { max_bytes: requestBytesMax }),
      };
      if (requested === 0) heardAt = performance.now();
      oversized = false;
      requested += batch;
      requests++;
      connection.publish(subject, JSON.stringify(options), { reply: `${inbox}.${requests}` });
    }
  }

  function receive(message: Msg): void {
    heardAt = performance.now();
    const info = parseAckSubject(message.reply ?? "");
    if (info === undefined) {
      receiveStatus(message);
      return;
    }
    if (info.consumerSequence !== expected) {
      fail(streamError(`stream ${consumer.stream}: a delivery is missing`, "The consumer is bound anew by itself."));
      return;
    }
    expected++;
    requested--;
    waitingBytes += message.data.length;
    if (waiting.push({ info, message }) === 1) wake?.();
  }

  function receiveStatus({ headers }: Msg): void {
    const code = headers?.code ?? 0;
    const description = headers?.description ?? "";
    const given = headers?.get("Nats-Pending-Messages") ?? "";
    if (code === 100) return;
    if (given === "") {
      const reason = code === 503 ? "the consumer is gone" : description;
      fail(streamError(`stream ${consumer.stream}: ${reason}`, "The consumer is bound anew by itself."));
      return;
    }
    // This request is over; as many messages as it still had to bring will not come.
    requested -= Number(given);
    if (description === "Message Size Exceeds MaxBytes") oversized = true;
    request();
  }

  const subscription = connection.subscribe(`${inbox}.*`, {
    callback: (error, message) => {
      if (error === null) receive(message);
      else fail(error instanceof errors.PermissionViolationError ? explainPermission(error) : error);
    },
  });
  const watch = setInterval(() => {
    if (requested > 0 && performance.now() - heardAt > silenceMsMax) {
      fail(streamError(`stream ${consumer.stream}: heartbeats fail to come`, "The consumer is bound anew by itself."));
    }
  }, 1_000);
  const abort = () => wake?.();
  signal.addEventListener("abort", abort);
  connection.closed().then((error) => fail(explainLoss(error)));
  const tellAsked = async () => {
    await connection.flush();
    // What the server forbids comes before its answer, and is told a moment later.
    await new Promise<void>((resolve) => setImmediate(resolve));
    if (failure === undefined && !signal.aborted) consumer.onAsked?.();
  };

  try {
    request();
    // A connection that ends meanwhile is told of as it ends.
    tellAsked().catch(() => undefined);
    while (!signal.aborted) {
      request();
      if (waiting.length === 0 && failure === undefined) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        wake = undefined;
      }
      if (signal.aborted) return;
      if (waiting.length > 0) {
        const batch = waiting;
        waiting = [];
        waitingBytes = 0;
        request();
        yield batch;
      } else if (failure !== undefined) {
        throw failure;
      }
    }
  } finally {
    clearInterval(watch);
    signal.removeEventListener("abort", abort);
    if (!connection.isClosed()) subscription.unsubscribe();
  }
}

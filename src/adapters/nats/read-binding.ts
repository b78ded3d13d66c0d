/** Reading what one binding brings, until it fails or another one is needed. */
import { RetentionPolicy } from "@nats-io/jetstream";
import type { Msg, NatsConnection } from "@nats-io/transport-node";
import type { StreamPosition } from "../../model/delivery.ts";
import type { DeliveryInfo } from "./ack-subject.ts";
import type { Binding } from "./bind-consumer.ts";
import { createLossWatch, type Loss } from "./loss-watch.ts";
import { type PullBounds, type PulledConsumer, pullBatches } from "./pull-batches.ts";
import { createTimeFormat } from "./stored-time.ts";
import { judgeMessage, judgeWithout, type StreamFacts, type Verdict } from "./stream-identity.ts";
import type { PassedMessages, StreamProgress } from "./stream-progress.ts";

export interface BindingContext {
  readonly connection: NatsConnection;
  readonly consumer: PulledConsumer;
  readonly bounds: PullBounds;
  readonly progress: StreamProgress;
  /** How this binding's messages are to be taken, once it is known which stream they are of. */
  readonly begin: (verdict: Verdict) => void;
  readonly onLoss: (loss: Loss) => void;
  readonly onPassed: (passed: PassedMessages) => void;
}

/** A message to hand on. */
export interface NewMessage {
  readonly position: StreamPosition;
  readonly message: Msg;
  /** How many more wait behind it. */
  readonly pending: number;
}

/** The messages have shown which stream this is, and a consumer is to be bound that starts accordingly. */
export class BoundElsewhere extends Error {
  readonly decided: { readonly created: string; readonly verdict: Verdict };

  constructor({ created }: StreamFacts, verdict: Verdict) {
    super("another consumer is to be bound");
    this.decided = { created, verdict };
  }
}

/** Throws a BoundElsewhere, or what pullBatches throws. */
export async function* readBinding(
  binding: Binding,
  context: BindingContext,
  signal: AbortSignal,
): AsyncGenerator<NewMessage, void, void> {
  const { connection, consumer, bounds, progress } = context;
  const formatTime = createTimeFormat();
  const decider = createDecider(binding, context);
  const watch = watchLosses(binding, context);
  const tell = () => {
    for (const loss of watch.take()) context.onLoss(loss);
    const passed = progress.takePassed();
    if (passed !== undefined) context.onPassed(passed);
  };
  try {
    if (decider.isDecided && watch.isDue) tell();
    for await (const batch of pullBatches(connection, consumer, bounds, signal)) {
      for (const { info, message } of batch) {
        const time = formatTime(info.nanos);
        if (!decider.isDecided && !decider.decide(info, time)) continue;
        watch.see(info.streamSequence, info.consumerSequence, info.pending);
        const arrived = { subject: message.subject, sequence: info.streamSequence, time, reply: message.reply ?? "" };
        const position = progress.accept(arrived);
        if (watch.isDue) tell();
        if (position !== undefined) yield { position, message, pending: info.pending };
      }
    }
  } finally {
    if (decider.isDecided) tell();
  }
}

/** Finds out from the first messages which stream this is, where that is not known before. */
function createDecider(binding: Binding, { begin }: BindingContext) {
  const { from, facts, retention, ackPendingMax = Number.POSITIVE_INFINITY } = binding;
  let isDecided = binding.verdict !== undefined;
  /** Messages of a work-queue stream below the position, which mean one thing or another. */
  let below = 0;

  return {
    get isDecided() {
      return isDecided;
    },
    /** False: the message is not to be taken, it comes again. */
    decide({ streamSequence: sequence, pending }: DeliveryInfo, time: string): boolean {
      if (from === undefined) throw new Error("without a position there is nothing to decide");
      if (sequence < from.sequence) {
        below++;
        if (pending > 0 && below < ackPendingMax) return false;
        throw new BoundElsewhere(facts, judgeWithout(facts, from));
      }
      const verdict = judgeMessage(facts, from, { sequence, time });
      // On a work-queue stream the consumer has begun at the beginning anyway.
      const isRightStart = verdict.kind === "same" || retention === RetentionPolicy.Workqueue;
      if (below > 0 || !isRightStart) throw new BoundElsewhere(facts, verdict);
      isDecided = true;
      begin(verdict);
      return true;
    },
  };
}

/** Losses count from what was handed on: what comes again between that and the position is no news. */
function watchLosses(binding: Binding, { progress }: BindingContext) {
  const { from, verdict, facts, isWhole, isKeeperGone, isReplicated, retention, pending, lastSequence } = binding;
  const owned = retention === RetentionPolicy.Limits ? "one replica" : "several";
  const isSame = verdict === undefined || verdict.kind === "same";
  const { handed } = progress;
  const seen = handed !== undefined && from !== undefined && handed.epoch === from.epoch ? handed : from;
  return createLossWatch({
    isWhole,
    from: isSame ? seen : undefined,
    firstSequence: facts.firstSequence,
    lastSequence: facts.lastSequence,
    pending,
    toldBy: isReplicated ? owned : "the stream",
    boundAt: lastSequence,
    isKeeperGone,
  });
}
